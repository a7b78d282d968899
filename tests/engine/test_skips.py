"""Why a job did not take an event: disabled, another source, a filter that does not match; or nobody listens."""

from dataclasses import replace
from typing import Any

import pytest

from engine.items import AMOUNT, job, listen
from engine.world import World
from mainspring.clock import SECOND
from mainspring.engine.commands import EnableJob
from mainspring.engine.inspect import get_event, list_events
from mainspring.engine.takers import MOST_TAKERS
from mainspring.engine.views import EventQuery, EventView
from mainspring.model.filters import matches, misfit
from mainspring.model.protocol import RunParked


def view(world: World, event_id: str) -> EventView:
    with world.read() as tx:
        found = get_event(tx, world.env, event_id)
    assert found is not None
    return found


def reasons(world: World, event_id: str) -> dict[str, str]:
    return {skip.job_id: skip.reason for skip in view(world, event_id).skips}


def test_a_job_that_is_disabled_would_have_taken_it(world: World) -> None:
    world.worker(job("bill", "order"), job("ship", "order"))
    world.do(EnableJob(world.env, "bill", False))
    sent = world.send("order", idempotency_key="o-1")
    assert [run.job_id for run in sent.runs] == ["ship"]
    assert [(skip.job_id, skip.reason) for skip in sent.skips] == [("bill", "disabled")]
    assert world.send("order", idempotency_key="o-1").skips == sent.skips
    world.do(EnableJob(world.env, "bill", True))
    assert reasons(world, sent.event.id) == {"bill": "disabled"}, "it was, when the event came"
    with world.read() as tx:
        (listed,) = list_events(tx, world.env, EventQuery()).data
    assert listed.skips == sent.skips


def test_a_delayed_event_keeps_who_was_disabled_when_it_was_delivered(world: World) -> None:
    world.worker(job("bill", "order", payload_schema=AMOUNT), job("ship", "order", payload_schema=AMOUNT))
    world.do(EnableJob(world.env, "bill", False))
    sent = world.send("order", delay=5 * SECOND)
    assert view(world, sent.event.id).skips == ()
    world.advance(5)
    world.fire()
    assert reasons(world, sent.event.id) == {"bill": "disabled"}
    assert [one.job_id for one in view(world, sent.event.id).rejections] == ["ship"]


def test_each_job_that_listens_says_why_it_did_not_start(world: World) -> None:
    world.worker(
        job("all", "order"),
        job("large", "order", filter={"order": {"amount": [{"$gte": 100}]}}),
        job("shop", "order", source="shop"),
        job("off", "order", enabled=False),
        job("other", "paid"),
    )
    sent = world.send("order", '{"order":{"amount":5}}')
    assert reasons(world, sent.event.id) == {"large": "filter", "shop": "source", "off": "disabled"}
    messages = {skip.job_id: skip.message for skip in view(world, sent.event.id).skips}
    assert "order.amount" in messages["large"]
    world.advance(1)
    world.worker(job("late", "order"))
    assert reasons(world, sent.event.id)["late"] == "registered_later"


def test_several_triggers_of_which_none_fits(world: World) -> None:
    spec = job("bill", "order", source="shop")
    world.worker(replace(spec, triggers=(*spec.triggers, *job("x", "order", filter={"a": [1]}).triggers)))
    assert reasons(world, world.send("order").event.id) == {"bill": "source"}


def test_a_name_that_nobody_listens_for_gets_a_hint(world: World) -> None:
    world.worker(job("bill", "order.created"))
    near = view(world, world.send("order.creatd").event.id)
    assert near.hint == "no job listens for 'order.creatd': did you mean 'order.created'?"
    assert view(world, world.send("visit").event.id).hint == "no job listens for 'visit'"
    assert view(world, world.send("order.created").event.id).hint is None


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({"a": {"b": 1}, "c": 2}, None),
        ({"a": {"b": 2}, "c": 2}, "a.b"),
        ({"c": 2}, "a.b"),
        ({"a": {"b": 1}}, "c"),
        ("text", "a.b"),
        ([{"a": {"b": 1}, "c": 2}], None),
        ([], "$"),
    ],
)
def test_a_misfit_is_where_the_filter_does_not_match(payload: Any, path: str | None) -> None:
    condition = {"a": {"b": [1]}, "c": [{"$exists": True}]}
    assert misfit(condition, payload) == path
    assert matches(condition, payload) is (path is None)


def test_runs_that_waited_for_an_event_are_told_the_oldest_first_and_not_too_many(world: World) -> None:
    worker = world.worker(job("ship", "order"))
    for _ in range(MOST_TAKERS + 1):
        world.send("order")
        worker.report(worker.take_one(), listen("picked", "parcel"), RunParked(("picked",)))
    sent, later = world.send("parcel").event.id, world.send("parcel").event.id
    took = view(world, sent)
    assert (len(took.takers), took.has_more_takers, took.hint) == (MOST_TAKERS, True, None)
    assert (took.takers[0].job_id, took.takers[0].task_key) == ("ship", "picked")
    assert [one.run_id for one in took.takers] == sorted(one.run_id for one in took.takers)
    nobody = view(world, later)
    assert (nobody.takers, nobody.hint) == ((), "no job listens for 'parcel'")
    with world.read() as tx:
        listed = {one.event.id: one for one in list_events(tx, world.env, EventQuery(name="parcel")).data}
    assert (listed[sent].takers, listed[later].takers) == (took.takers, ())
