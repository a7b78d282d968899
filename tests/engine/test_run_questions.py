"""Every filter of the list of runs finds what fits and nothing else, and the count agrees with the list."""

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.items import job, triggered
from engine.puppet import Puppet
from engine.world import World
from mainspring.engine import lists
from mainspring.engine.bulks import count_runs, criteria_of, query_of
from mainspring.engine.lists import count_matches, find_runs
from mainspring.engine.views import RunQuery
from mainspring.model.payload_paths import PayloadTerm
from mainspring.model.protocol import RunDraft


def ids(world: World, **asked: Any) -> set[str]:
    """The runs of all pages; the count and a bulk action's criteria say the same."""
    query = RunQuery(limit=2, **asked)
    found: list[str] = []
    cursor = None
    with world.read() as tx:
        while not found or cursor is not None:
            page = find_runs(tx, world.env, replace(query, cursor=cursor))
            found += [run_id for _, run_id in page.places]
            cursor = page.cursor
            if cursor is None:
                break
        assert count_runs(tx, world.env, query) == (len(found), True)
    kept = json.loads(json.dumps(criteria_of(query)))
    assert replace(query_of(kept, world.now, limit=2), until=query.until) == query
    assert len(set(found)) == len(found)
    return set(found)


def payload(**paths: str) -> tuple[PayloadTerm, ...]:
    return tuple(PayloadTerm(path.replace("__", "."), text) for path, text in paths.items())


@pytest.fixture(autouse=True)
def puppet(world: World) -> Puppet:
    return world.worker(job("mail"), job("bill", "order.created"))


def test_runs_are_found_by_what_started_them_and_where_they_wait(world: World, puppet: Puppet) -> None:
    parent = world.call("mail", tags=("vip", "eu"))
    child = world.ids.new("run")
    puppet.report(puppet.take_one(), triggered("c", RunDraft(child, "mail", "{}", tags=("vip",))))
    called = world.call("mail", queue="bill", is_test=True)
    (sent,) = world.send("order.created").runs
    assert ids(world, queue="bill") == {called.id, sent.id}
    assert ids(world, is_test=True) == {called.id}
    assert ids(world, is_test=False) == {sent.id, parent.id, child}
    assert ids(world, event_name="order.created") == {sent.id}
    assert ids(world, event_name="other") == set()
    assert ids(world, is_root=True) == {called.id, sent.id, parent.id}
    assert ids(world, is_root=False) == ids(world, parent_run_id=parent.id) == {child}
    assert ids(world, tags=("vip",)) == {parent.id, child}
    assert ids(world, tags=("eu", "vip")) == {parent.id}
    assert ids(world, tags=("vip", "us")) == set()
    assert ids(world, job_id="mail", tags=("vip",)) == {parent.id, child}


@pytest.mark.parametrize("length", [3, 9, 12, 18, 30])
def test_a_run_is_found_by_the_beginning_of_its_id(world: World, length: int) -> None:
    runs = [world.call("mail").id for _ in range(5)]
    for run_id in runs:
        world.advance(1)
        prefix = run_id[:length]
        assert ids(world, id_prefix=prefix) == {one for one in runs if one.startswith(prefix)}
    assert ids(world, id_prefix="run_zz") == set()


def test_runs_are_found_by_what_is_in_their_payload(world: World) -> None:
    def call(value: Any, **dumps: Any) -> str:
        return world.call("bill", json.dumps(value, **dumps)).id

    one = call({"order_id": "o1", "amount": 5, "items": [{"sku": "A"}]})
    two = call({"order_id": "o2", "amount": 5.0, "vip": True})
    accent = call({"order_id": "caf\u00e9"}, ensure_ascii=False)
    escaped = call({"order_id": "caf\u00e9"})
    call({"other": "o1"})
    call("o1")
    call([1, 2])
    assert ids(world, payload=payload(order_id="o1")) == {one}
    assert ids(world, payload=payload(amount="5")) == {one, two}
    assert ids(world, payload=payload(amount="5", vip="true")) == {two}
    assert ids(world, payload=payload(items__sku="A")) == {one}
    assert ids(world, payload=payload(order_id="caf\u00e9")) == {accent, escaped}
    assert ids(world, payload=payload(order_id="o1"), job_id="mail") == set()


def test_an_encrypted_payload_is_passed_over_and_said_so(world: World) -> None:
    world.call("bill", '{"$encrypted":"mainspring:order_id o1"}')
    partly = world.call("bill", '{"order_id":"o1","card":{"$encrypted":"mainspring:x"}}')
    with world.read() as tx:
        found = find_runs(tx, world.env, RunQuery(payload=payload(order_id="o1")))
        none = find_runs(tx, world.env, RunQuery(payload=payload(order_id="o2")))
    assert ([run_id for _, run_id in found.places], found.sealed) == ([partly.id], 1)
    assert (none.places, none.sealed) == ([], 2)


def test_long_payloads_end_a_page_early_and_are_gone_on_with(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "_PAYLOAD_PORTIONS", (2, 4, 8))
    monkeypatch.setattr(lists, "_MOST_READ", 1_000)
    runs = [world.call("bill", json.dumps({"n": 1, "text": "x" * 600})).id for _ in range(9)]
    with world.read() as tx:
        page = find_runs(tx, world.env, RunQuery(limit=50, payload=payload(n="1")))
        rest = find_runs(tx, world.env, RunQuery(limit=50, payload=payload(n="1"), cursor=page.cursor))
    assert len(page.places) == 2
    assert page.cursor is not None
    assert page.looked_to == page.places[-1][0]
    assert {run_id for _, run_id in (*page.places, *rest.places)} <= set(runs)


def test_counting_ends_somewhere(world: World) -> None:
    for _ in range(7):
        world.call("bill")
    with world.read() as tx:
        assert count_matches(tx, world.env, RunQuery(job_id="bill"), 5, (2, 4, 8)) == (5, False)
        assert count_matches(tx, world.env, RunQuery(job_id="bill"), 7, (2, 4, 8)) == (7, True)
        assert count_matches(tx, world.env, RunQuery(queue="none"), 5, (2, 4)) == (0, False)
