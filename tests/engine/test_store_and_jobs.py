"""The store from outside: conditional writes in order; and what the engine knows of jobs."""

import pytest

from engine.items import AMOUNT, done, job, setting
from engine.world import World, registration
from mainspring.engine import jobs
from mainspring.engine.commands import EnableJob, RegisterWorker, StoreResult, UseStore
from mainspring.engine.inspect import get_job, get_store_entry, list_jobs, list_store
from mainspring.errors import Conflict, InvalidFilter, InvalidSchema, NotFound, ProtocolMismatch
from mainspring.model.protocol import Registration
from mainspring.model.store import StoreOperation


def use(world: World, verb: str, key: str, **options: object) -> StoreResult:
    operation = StoreOperation(verb, "environment", "", key, **options)  # type: ignore[arg-type]
    result: StoreResult = world.do(UseStore(world.env, operation))
    return result


# ── the store ────────────────────────────────────────────────────────────────────────────────────────
def test_versions_grow_with_every_write(world: World) -> None:
    assert use(world, "get", "k") == StoreResult(True, False, None, 0)
    assert use(world, "set", "k", value="1") == StoreResult(True, True, "1", 1)
    assert use(world, "set", "k", value="2") == StoreResult(True, True, "2", 2)
    assert use(world, "get", "k") == StoreResult(True, True, "2", 2)
    assert use(world, "delete", "k") == StoreResult(True, True, None, 0)
    assert use(world, "delete", "k") == StoreResult(True, False, None, 0)
    assert not use(world, "has", "k").exists


def test_a_conditional_write_meets_its_version_or_changes_nothing(world: World) -> None:
    assert use(world, "set", "k", value="1", expected_version=0).ok
    assert use(world, "set", "k", value="2", expected_version=0) == StoreResult(False, True, "1", 1)
    assert not use(world, "delete", "k", expected_version=9).ok
    assert use(world, "get", "k").value == "1"
    assert use(world, "set", "k", value="2", expected_version=1).version == 2
    assert use(world, "delete", "k", expected_version=2).ok
    assert not use(world, "set", "k", value="3", expected_version=2).ok


def test_of_many_in_one_batch_each_sees_the_one_before(world: World) -> None:
    def raise_to(value: str, expected: int) -> UseStore:
        return UseStore(world.env, setting("k", value, expected))

    results = world.apply(*(raise_to(str(n), 0) for n in range(3)), raise_to("9", 1), raise_to("10", 2))
    assert [result.ok for result in results] == [True, False, False, True, True]
    assert use(world, "get", "k") == StoreResult(True, True, "10", 3)


def test_a_value_deleted_and_set_in_one_batch(world: World) -> None:
    use(world, "set", "k", value="1")
    delete = UseStore(world.env, StoreOperation("delete", "environment", "", "k"))
    world.apply(
        delete, UseStore(world.env, setting("k", "2")), delete, UseStore(world.env, setting("k", "3", 0))
    )
    assert use(world, "get", "k").value == "3"


def test_places_are_apart(world: World) -> None:
    other = world.environment("other")
    places = [
        (world.env, "environment", ""),
        (world.env, "job", "bill"),
        (world.env, "run", "run_1"),
        (other, "environment", ""),
    ]
    for number, (env, scope, owner) in enumerate(places):
        world.do(UseStore(env, StoreOperation("set", scope, owner, "k", str(number))))  # type: ignore[arg-type]
    with world.read() as tx:
        found = [get_store_entry(tx, env, scope, owner, "k") for env, scope, owner in places]  # type: ignore[arg-type]
        assert [entry.value for entry in found if entry] == ["0", "1", "2", "3"]
        assert get_store_entry(tx, other, "job", "bill", "k") is None


def test_keys_are_listed_in_pages(world: World) -> None:
    for key in ("a/1", "a/2", "a/3", "b", "a%", "A/1"):
        use(world, "set", key, value="1")
    with world.read() as tx:
        page = list_store(tx, world.env, ("environment", ""), prefix="a/", limit=2)
        assert ([e.key for e in page.data], page.next_cursor) == (["a/1", "a/2"], "a/2")
        page = list_store(tx, world.env, ("environment", ""), prefix="a/", limit=2, after=page.next_cursor)
        assert ([e.key for e in page.data], page.next_cursor) == (["a/3"], None)
        assert [e.key for e in list_store(tx, world.env, ("environment", ""), prefix="a%").data] == ["a%"]


# ── jobs ─────────────────────────────────────────────────────────────────────────────────────────────
def test_jobs_are_shown_with_what_their_runs_came_to(world: World) -> None:
    puppet = world.worker(job("bill", "order", tags=("money",)), job("ship"))
    world.call("bill")
    puppet.report(puppet.take_one(), done())
    last = world.call("bill")
    with world.read() as tx:
        bill, ship = list_jobs(tx, world.env)
        assert get_job(tx, world.env, "nope") is None
    assert (bill.spec.id, bill.spec.tags, bill.enabled, bill.served) == ("bill", ("money",), True, True)
    assert bill.counts == {"SUCCESS": 1, "PENDING": 1}
    assert bill.last_runs[0].id == last.id
    assert (ship.counts, ship.last_runs) == ({}, ())
    puppet.leave()
    world.do(EnableJob(world.env, "ship", False))
    with world.read() as tx:
        bill, ship = list_jobs(tx, world.env)
    assert (bill.served, ship.enabled) == (False, False)


def test_a_registration_that_the_engine_could_not_use_is_refused(world: World) -> None:
    for spec, error in (
        (job("bad", payload_schema={"type": "no-such-type"}), InvalidSchema),
        (job("bad", payload_schema={"$ref": "#/$defs/missing"}), InvalidSchema),
        (job("bad", "order", filter={"amount": 5}), InvalidFilter),
    ):
        with pytest.raises(error):
            world.do(RegisterWorker(world.env, registration("wrk_1", job("fine"), spec)))
    with world.read() as tx:
        assert list_jobs(tx, world.env) == []
    old = Registration("wrk_1", "n", "a", "1", "h", 1, 1, (), protocol=99)
    with pytest.raises(ProtocolMismatch, match="99"):
        world.do(RegisterWorker(world.env, old))


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9/schema.json", "file:///etc/hostname", "other.json"])
def test_a_schema_may_not_make_the_server_fetch_anything(world: World, uri: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        world.worker(job("bad", payload_schema={"$ref": uri}))
    assert "\n" not in str(caught.value)


def test_schemas_may_refer_to_themselves_and_to_the_standard(world: World) -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {"A": AMOUNT},
        "$ref": "#/$defs/A",
    }
    world.worker(job("bill", "order", payload_schema=schema))
    assert len(world.send("order").rejections) == 1
    assert len(world.send("order", '{"amount":1}').runs) == 1


def test_a_worker_id_of_another_environment_cannot_be_taken_over(world: World) -> None:
    puppet = world.worker(job("bill"))
    other = world.environment("other")
    with pytest.raises(Conflict, match="taken"):
        world.do(RegisterWorker(other, registration(puppet.id, job("theirs"))))
    assert world.worker_row(puppet.id).job_ids == '["bill"]'
    with world.read() as tx:
        assert list_jobs(tx, other) == []
    with pytest.raises(NotFound):
        world.do(EnableJob(other, "bill", False))


def test_every_version_of_a_job_is_held_against_its_own_schema(world: World) -> None:
    """Schemas are compiled once and found again by their job; none stays behind when the job changes."""
    for key in ("amount", "sum"):
        schema = {"type": "object", "required": [key]}
        world.worker(job("bill", "order", payload_schema=schema))
        for _ in range(2):
            (rejection,) = world.send("order", "{}").rejections
            assert [problem.path for problem in rejection.errors] == [key]


def test_more_schemas_than_are_kept_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MAX_KEPT", 2)
    specs = [job(f"j{n}", payload_schema={"required": [f"f{n}"], "type": "object"}) for n in range(5)]
    for _ in range(2):
        found = [jobs.payload_problems(spec, {})[0].path for spec in specs]
        assert found == [f"f{n}" for n in range(5)]
