"""Groups of failures in the engine: counted with the failure, once however many, and by two servers none is lost."""

import asyncio
from typing import Any

import pytest

from engine.items import broke, done, error, job, label
from engine.live import Faulty
from engine.pair import Pair
from engine.puppet import Puppet, report
from engine.world import World
from mainspring.clock import HOUR, MINUTE
from mainspring.engine.bulks import count_runs
from mainspring.engine.error_commands import ChangeError
from mainspring.engine.error_groups import PORTION
from mainspring.engine.error_reads import ErrorQuery, ErrorView, WholeErrorView, get_error, list_errors
from mainspring.engine.inspect import list_runs
from mainspring.engine.views import RunQuery
from mainspring.errors import NotFound
from mainspring.model.protocol import TaskAttemptFailed

ROUNDS = 12


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("bill", max_duration=10 * MINUTE), job("ship"), job("poison"))


def groups(world: World, **wanted: Any) -> list[ErrorView]:
    with world.read() as tx:
        return list_errors(tx, world.env, ErrorQuery(**wanted), world.now).data


def whole(world: World, error_id: str) -> WholeErrorView:
    with world.read() as tx:
        found = get_error(tx, world.env, error_id, "24h", world.now)
    assert found is not None
    return found


def fail(world: World, puppet: Puppet, *messages: str, job_id: str = "bill") -> list[str]:
    """Runs that fail so, all in one batch."""
    for _ in messages:
        world.call(job_id)
    runs = puppet.take(len(messages))
    puppet.commit(*(report(run, broke(text)) for run, text in zip(runs, messages, strict=True)))
    return [run.run_id for run in runs]


def task_failed(key: str, type: str, message: str) -> tuple[Any, ...]:
    cause = error(message)
    at = TaskAttemptFailed(label(key), 1, 1_000, cause.__class__(type, message), None, False, 1)
    said = f"task '{key}' failed after 1 attempt: {type}: {message}"
    return at, broke(said, code="task_failed", task_key=key)


# ── what belongs together ────────────────────────────────────────────────────────────────────────────
def test_failures_of_one_class_job_and_task_are_one_group(world: World, puppet: Puppet) -> None:
    first, *_, last = fail(world, puppet, "no order 1", "no order 2", "no order 3")
    (view,) = groups(world)
    group = view.group
    assert (group.job_id, group.task, group.type, group.runs) == ("bill", None, "ValueError", 3)
    assert (group.status, group.last_run_id, group.message) == ("unresolved", last, "no order 3")
    assert world.view(first).error_id == group.id
    fail(world, puppet, "no order 4", job_id="ship")
    assert {one.group.job_id: one.group.runs for one in groups(world)} == {"bill": 3, "ship": 1}
    assert [one.group.job_id for one in groups(world, job_id="ship")] == ["ship"]


def test_a_failed_task_is_grouped_by_what_it_failed_with(world: World, puppet: Puppet) -> None:
    for number, (type, message) in enumerate([("KeyError", "'a'"), ("KeyError", "'b'"), ("OSError", "disk")]):
        world.call("bill")
        puppet.report(puppet.take_one(), *task_failed(f"page {number}#2", type, message))
    found = {(one.group.task, one.group.type): (one.group.runs, one.group.message) for one in groups(world)}
    assert found == {("page *", "KeyError"): (2, "'b'"), ("page *", "OSError"): (1, "disk")}


def test_a_run_past_its_time_and_one_that_kills_its_workers_count(world: World, puppet: Puppet) -> None:
    world.call("bill")
    puppet.take_one()
    world.advance(601)
    world.fire()
    puppet.die(blames=False)
    world.call("poison")
    for _ in range(3):
        worker = world.worker(job("poison"))
        worker.take()
        worker.die(fault="SIGSEGV")
    found = {one.group.type: (one.group.job_id, one.group.runs) for one in groups(world)}
    assert found == {"TimedOut": ("bill", 1), "WorkerCrashed": ("poison", 1)}


def test_runs_that_succeed_or_are_cancelled_are_in_no_group(world: World, puppet: Puppet) -> None:
    run = world.call("bill")
    puppet.report(puppet.take_one(), done())
    assert groups(world) == []
    assert world.view(run.id).error_id is None


def test_what_it_costs_grows_with_the_groups_and_not_with_the_runs(world: World, puppet: Puppet) -> None:
    said: list[str] = []
    world.database = Faulty(world.database, before=lambda statement, values: said.append(statement))

    def concerned() -> list[str]:
        """Each statement once: rows of many go together."""
        found = list(dict.fromkeys(one for one in said if "error" in one or "failures" in one))
        said.clear()
        return found

    world.call("bill")
    puppet.report(puppet.take_one(), done())
    assert concerned() == [], "a success pays nothing"
    fail(world, puppet, "a", "b")
    concerned()
    fail(world, puppet, "a")
    alone = concerned()
    assert "save_error" in alone
    fail(world, puppet, *map(str, range(50)))
    assert concerned() == alone


def test_another_environment_sees_none_of_it(world: World, puppet: Puppet) -> None:
    fail(world, puppet, "no")
    (view,) = groups(world)
    other = world.environment("other")
    with world.read() as tx:
        assert list_errors(tx, other, ErrorQuery(), world.now).data == []
        assert get_error(tx, other, view.group.id, "24h", world.now) is None
    with pytest.raises(NotFound):
        world.do(ChangeError(other, view.group.id, "resolved"))
    assert groups(world)[0].group.status == "unresolved"


# ── how it is told ───────────────────────────────────────────────────────────────────────────────────
def test_it_is_told_when_it_came_and_in_which_versions(world: World, puppet: Puppet) -> None:
    fail(world, puppet, "a", "b")
    world.advance(5 * 3600)
    newer = world.worker(job("bill", version="2.0.0"), name="newer")
    puppet.leave()
    fail(world, newer, "c")
    (view,) = groups(world)
    assert (view.counts.every, len(view.counts.runs), sum(view.counts.runs)) == (HOUR, 24, 3)
    assert (view.counts.runs[-1], view.counts.runs[-6]) == (1, 2)
    assert sum(groups(world, reach="7d")[0].counts.runs) == 3
    versions = [(one.version, one.runs) for one in whole(world, view.group.id).versions]
    assert versions == [("2.0.0", 1), ("1.0.0", 2)]
    world.advance(24 * 3600)
    assert sum(groups(world)[0].counts.runs) == 0
    assert groups(world)[0].group.runs == 3


def test_pages_follow_one_another_and_filters_narrow_them(world: World, puppet: Puppet) -> None:
    for number in range(7):
        world.call("bill")
        puppet.report(puppet.take_one(), *task_failed("t", f"Error{number}", f"Message {number}"))
        world.advance(60)
    seen: list[str] = []
    cursor = None
    while True:
        with world.read() as tx:
            page = list_errors(tx, world.env, ErrorQuery(limit=3, cursor=cursor), world.now)
        seen += [view.group.type for view in page.data]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"Error{number}" for number in reversed(range(7))]
    assert [one.group.type for one in groups(world, text="MESSAGE 3")] == ["Error3"]
    assert len(groups(world, since=world.now - 2 * MINUTE)) == 2
    assert groups(world, status="resolved") == []


def test_the_runs_of_a_group_are_a_list_and_counted(world: World, puppet: Puppet) -> None:
    failed = fail(world, puppet, *"abcde")
    fail(world, puppet, "x", job_id="ship")
    (group,) = [one.group for one in groups(world, job_id="bill")]
    found: list[str] = []
    cursor = None
    while not found or cursor is not None:
        with world.read() as tx:
            query = RunQuery(error_id=group.id, limit=2, cursor=cursor)
            page = list_runs(tx, world.env, query, world.now)
        found += [view.run.id for view in page.data]
        cursor = page.next_cursor
    assert found == sorted(failed, reverse=True)
    with world.read() as tx:
        assert count_runs(tx, world.env, RunQuery(error_id=group.id)) == (5, True)


# ── what people say ──────────────────────────────────────────────────────────────────────────────────
def test_a_resolved_group_comes_back_by_itself(world: World, puppet: Puppet) -> None:
    fail(world, puppet, "a")
    (view,) = groups(world)
    world.do(ChangeError(world.env, view.group.id, "resolved", "ann"))
    assert groups(world, status="unresolved") == []
    world.advance(60)
    (again,) = fail(world, puppet, "b")
    (view,) = groups(world, status="unresolved")
    assert (view.group.came_back_at, view.group.resolved_by) == (world.now, "ann")
    told = [(one.kind, one.made_by, one.run_id) for one in whole(world, view.group.id).changes]
    assert told == [("came_back", None, again), ("resolved", "ann", None)]


def test_an_ignored_group_opens_when_its_time_is_over(world: World, puppet: Puppet) -> None:
    fail(world, puppet, "a")
    (view,) = groups(world)
    world.do(ChangeError(world.env, view.group.id, "ignored", "ann", until=world.now + HOUR))
    assert world.wake.timer_at == world.now + HOUR
    fail(world, puppet, "b")
    assert [one.group.runs for one in groups(world, status="ignored")] == [2]
    world.advance(3600)
    world.fire()
    assert [one.group.ignored_until for one in groups(world, status="unresolved")] == [None]
    assert [one.kind for one in whole(world, view.group.id).changes] == ["ignore_ended", "ignored"]


# ── failures of before ───────────────────────────────────────────────────────────────────────────────
def test_failures_that_nobody_counted_are_counted_by_and_by(world: World, puppet: Puppet) -> None:
    failed = fail(world, puppet, *map(str, range(10)))
    (view,) = groups(world)
    world.do(ChangeError(world.env, view.group.id, "resolved"))
    forget(world)
    assert groups(world) == []
    world.fire()
    (view,) = groups(world)
    assert (view.group.runs, sum(view.counts.runs), view.group.last_run_id) == (10, 10, max(failed))
    assert world.fire().next_at is None
    assert groups(world)[0].group.runs == 10, "each once"


def test_so_many_of_them_go_on_in_the_next_batch(world: World, puppet: Puppet) -> None:
    for _ in range(PORTION // 100):
        fail(world, puppet, *map(str, range(100)))
    fail(world, puppet, "one more")
    forget(world)
    world.fire()
    assert [one.group.runs for one in groups(world)] == [PORTION]
    assert world.wake.timer_at is not None
    world.fire()
    assert [one.group.runs for one in groups(world)] == [PORTION + 1]


def forget(world: World) -> None:
    """As a server of before leaves it."""
    with world.database.write() as tx:
        for table in ("errors", "error_hours", "error_versions", "error_changes"):
            tx.script(f"delete from {table}")
        tx.script("update runs set error_id = null")


# ── two servers ──────────────────────────────────────────────────────────────────────────────────────
async def test_two_servers_on_one_group_lose_no_count(pair: Pair) -> None:
    workers = [await live.worker(job("bill")) for live in (pair.a, pair.b)]
    for _ in range(ROUNDS):
        for live in (pair.a, pair.b):
            await live.call("bill")
        runs = [await worker.take_one() for worker in workers]
        await asyncio.gather(
            *(worker.report(run, broke("no")) for worker, run in zip(workers, runs, strict=True))
        )
    page = await pair.a.engine.read(list_errors, pair.a.env, ErrorQuery(), pair.a.engine.clock.now())
    assert [view.group.runs for view in page.data] == [2 * ROUNDS]
    assert sum(page.data[0].counts.runs) == 2 * ROUNDS


async def test_a_group_that_both_make_at_once_is_one(pair: Pair) -> None:
    one, two = [await live.worker(job("bill")) for live in (pair.a, pair.b)]
    for live in (pair.a, pair.b):
        await live.call("bill")
    first, second = await one.take_one(), await two.take_one()
    await pair.race(one.report(first, broke("a")), two.report(second, broke("b")))
    page = await pair.a.engine.read(list_errors, pair.a.env, ErrorQuery(), pair.a.engine.clock.now())
    assert [view.group.runs for view in page.data] == [2]
