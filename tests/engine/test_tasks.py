"""Tasks: their attempts, their retries, and that a finished one never changes (I2)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import json
from dataclasses import replace

import pytest

from engine.items import done, error, failed, job, label, parked, started, succeeded
from engine.puppet import Puppet, report
from engine.world import World
from mainspring.clock import SECOND
from mainspring.engine.account import run_logs, run_tasks
from mainspring.engine.spans import run_trace
from mainspring.engine.views import LogQuery
from mainspring.model.logs import LogLevel
from mainspring.model.protocol import (
    ClaimedRun,
    LogWritten,
    RunChanged,
    RunReleased,
    TaskStarted,
    TaskSucceeded,
)
from mainspring.model.tasks import TaskLabel


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("bill"))


@pytest.fixture
def run(world: World, puppet: Puppet) -> ClaimedRun:
    world.call("bill")
    return puppet.take_one()


# ── one attempt ──────────────────────────────────────────────────────────────────────────────────────
def test_a_task_that_runs_and_ends(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    full = TaskLabel("a", "task", "Charge", None, "f1", "card", '{"amount":1}', '[{"label":"x"}]')
    puppet.report(run, TaskStarted(full, 1))
    task = world.task(run.run_id, "a")
    assert (task.status, task.attempt, task.started_at) == ("RUNNING", 1, world.now)
    assert (task.name, task.icon, task.params) == ("Charge", "card", '{"amount":1}')
    assert (task.properties, task.fingerprint) == ('[{"label":"x"}]', "f1")
    began = world.now
    world.advance(2)
    puppet.report(run, TaskSucceeded(full, 1, 1_500_000, '{"id":7}', 1))
    task = world.task(run.run_id, "a")
    assert (task.status, task.output, task.position) == ("SUCCESS", '{"id":7}', 1)
    assert (task.started_at, task.finished_at) == (began, world.now)
    assert world.attempts(run.run_id, "a") == [], "a try that went well needs no row"


def test_begun_and_ended_in_one_report_is_one_row(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    world.advance(2)
    puppet.report(run, started("a"), succeeded("a", '"A"'), started("b"))
    tasks = world.tasks(run.run_id)
    assert {key: task.status for key, task in tasks.items()} == {"a": "SUCCESS", "b": "RUNNING"}
    assert tasks["a"].started_at == world.now - 1_000, "counted back by how long it took"
    assert world.kinds(run.run_id)[-3:] == ["TASK_STARTED a", "TASK_COMPLETED a", "TASK_STARTED b"]


@pytest.mark.parametrize("is_shown", [False, True])
def test_a_task_done_at_once_is_kept_with_all_that_is_said_of_it(
    world: World, puppet: Puppet, run: ClaimedRun, is_shown: bool
) -> None:
    shown = ("card", '{"amount":1}', '[{"label":"x"}]') if is_shown else (None, None, None)
    world.advance(2)
    full = TaskLabel("a/b", "task", "Charge", "a", "f1", *shown)
    puppet.report(run, TaskSucceeded(full, 1, 1_500_000, '{"id":7}', 3, is_whole=True))
    task = world.task(run.run_id, "a/b")
    assert (task.name, task.parent_key, task.kind, task.fingerprint) == ("Charge", "a", "task", "f1")
    assert (task.icon, task.params, task.properties) == shown
    assert (task.status, task.attempt, task.output, task.position) == ("SUCCESS", 1, '{"id":7}', 3)
    assert (task.started_at, task.finished_at) == (world.now - 1_500_000, world.now)


def test_a_task_done_at_once_ends_what_an_earlier_lease_told_of_it(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    began = world.now
    puppet.report(run, started("a"), RunReleased())
    world.advance(2)
    again = puppet.take_one()
    whole = TaskSucceeded(label("a"), 1, 1_000, '"A"', 1, is_whole=True)
    puppet.report(again, whole)
    assert (world.task(run.run_id, "a").status, world.task(run.run_id, "a").output) == ("SUCCESS", '"A"')
    assert world.task(run.run_id, "a").started_at == began
    puppet.report(again, replace(whole, output='"B"'), replace(whole, output='"C"'))
    assert world.task(run.run_id, "a").output == '"A"', "what is finished never changes (I2)"


def test_an_outcome_that_came_before_its_start_was_told_tells_of_both(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    world.advance(2)
    puppet.report(run, TaskSucceeded(label("a"), 1, 1_000, '"A"', 1, is_whole=True))
    task = world.task(run.run_id, "a")
    assert (task.status, task.output, task.started_at) == ("SUCCESS", '"A"', world.now - 1_000)
    assert world.kinds(run.run_id)[-2:] == ["TASK_STARTED a", "TASK_COMPLETED a"]


def test_nested_tasks_know_their_parents(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, TaskStarted(TaskLabel("a/b", "task", "b", parent_key="a"), 1))
    assert world.task(run.run_id, "a/b").parent_key == "a"


# ── several ──────────────────────────────────────────────────────────────────────────────────────────
def test_three_attempts_with_their_errors(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    for attempt in (1, 2):
        puppet.report(run, started("a", attempt))
        assert world.task(run.run_id, "a").status == "RUNNING"
        puppet.report(run, failed("a", attempt, retry_in=attempt, message=f"failure {attempt}"))
        task = world.task(run.run_id, "a")
        assert (task.status, task.attempt) == ("RETRYING", attempt)
        assert task.next_attempt_at == world.now + attempt * SECOND
        assert json.loads(task.failure or "")["message"] == f"failure {attempt}"
        assert world.waits(run.run_id) == {}, "a short pause is slept in place"
        world.advance(attempt)
    puppet.report(run, started("a", 3), succeeded("a", attempt=3))
    task = world.task(run.run_id, "a")
    assert (task.status, task.attempt, task.failure, task.next_attempt_at) == ("SUCCESS", 3, None, None)
    tries = world.attempts(run.run_id, "a")
    assert [(t.number, json.loads(t.failure)["message"]) for t in tries] == [
        (1, "failure 1"),
        (2, "failure 2"),
    ]
    assert all(t.started_at == t.finished_at - 1_000 for t in tries)
    with world.read() as tx:
        (view,) = run_tasks(tx, world.env, run.run_id) or []
    assert [t.number for t in view.attempts] == [1, 2]
    assert world.kinds(run.run_id)[2:] == [
        "TASK_STARTED a",
        "TASK_RETRIED a",
        "TASK_STARTED a",
        "TASK_RETRIED a",
        "TASK_STARTED a",
        "TASK_COMPLETED a",
    ]


def test_a_task_that_used_up_its_attempts_is_failed_and_the_run_goes_on(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, started("a"), failed("a", 1, message="no card"))
    task = world.task(run.run_id, "a")
    assert (task.status, task.position, task.finished_at) == ("FAILED", 1, world.now)
    assert json.loads(task.failure or "") == {
        "type": "ValueError",
        "message": "no card",
        "code": "error",
        "traceback": None,
        "task_key": None,
        "path": None,
    }
    assert len(world.attempts(run.run_id, "a")) == 1
    assert world.status(run.run_id) == "RUNNING"


def test_several_attempts_in_one_report(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(
        run,
        failed("a", 1, retry_in=0),
        started("a", 2),
        failed("a", 2, retry_in=0),
        succeeded("a", attempt=3),
    )
    assert (world.task(run.run_id, "a").status, world.task(run.run_id, "a").attempt) == ("SUCCESS", 3)
    assert [t.number for t in world.attempts(run.run_id, "a")] == [1, 2]


# ── finished is finished ─────────────────────────────────────────────────────────────────────────────
def test_I2_a_finished_task_never_changes(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, succeeded("a", '"first"', position=1), failed("b", 1, message="first"))
    kept = world.tasks(run.run_id)
    for key in ("a", "b"):
        puppet.report(run, started(key, 2))
        puppet.report(run, succeeded(key, '"second"', attempt=2, position=9))
        puppet.report(run, failed(key, 3, message="second"))
        puppet.report(run, failed(key, 4, retry_in=60))
    assert world.tasks(run.run_id) == kept


def test_I2_a_task_begun_by_a_dead_worker_is_begun_again(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, succeeded("a"), started("b"))
    puppet.die()
    other = world.worker(job("bill"))
    again = other.take_one()
    assert [(c.key, c.status, c.attempt) for c in again.checkpoints] == [
        ("a", "SUCCESS", 1),
        ("b", "RUNNING", 1),
    ]
    other.report(again, started("b"), succeeded("b", position=2), done())
    assert world.status(run.run_id) == "SUCCESS"


def test_what_is_open_when_a_run_ends_ends_with_it(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, started("a"), failed("b", retry_in=60, frees_slot=True), succeeded("c"))
    puppet.report(run, done())
    assert {key: t.status for key, t in world.tasks(run.run_id).items()} == {
        "a": "CANCELLED",
        "b": "CANCELLED",
        "c": "SUCCESS",
    }
    assert world.waits(run.run_id) == {}


# ── long pauses ──────────────────────────────────────────────────────────────────────────────────────
def test_I9_a_long_pause_frees_the_slot_and_ends_at_its_time(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    answer = puppet.report(run, started("a"), failed("a", retry_in=60, frees_slot=True), parked("a"))
    assert answer.parked
    assert world.status(run.run_id) == "WAITING"
    (wait,) = world.view(run.run_id).waiting_for
    assert (wait.task_key, wait.kind, wait.due_at) == ("a", "retry", world.now + 60 * SECOND)
    world.advance(59.999999)
    world.fire()
    assert world.status(run.run_id) == "WAITING"
    world.advance(0.000001)
    world.fire()
    assert world.status(run.run_id) == "PENDING"
    assert world.waits(run.run_id) == {}
    again = puppet.take_one()
    (checkpoint,) = again.checkpoints
    assert (checkpoint.status, checkpoint.attempt, checkpoint.next_attempt_in) == ("RETRYING", 1, 0)
    puppet.report(again, started("a", 2), succeeded("a", attempt=2), done())
    assert world.status(run.run_id) == "SUCCESS"


def test_a_pause_that_ends_while_the_run_is_held_is_a_notice(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, failed("a", retry_in=60, frees_slot=True), started("b"))
    world.advance(60)
    world.fire()
    assert world.wake.attention == {puppet.id}
    told = puppet.claim(0)
    assert told is not None
    (notice,) = told.notices
    assert [(c.key, c.status, c.next_attempt_in) for c in notice.resolved] == [("a", "RETRYING", 0)]


def test_a_run_taken_over_in_a_pause_is_told_how_much_is_left(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, failed("a", retry_in=60, frees_slot=True))
    world.advance(20)
    puppet.die()
    (checkpoint,) = world.worker(job("bill")).take_one().checkpoints
    assert checkpoint.next_attempt_in == 40 * SECOND
    assert "retry" in {wait.kind for wait in world.waits(run.run_id).values()}


# ── what rides along ─────────────────────────────────────────────────────────────────────────────────
def log(number: int, message: str, level: LogLevel = "INFO", **more: object) -> LogWritten:
    return LogWritten(number, 500, level, message, **more)  # type: ignore[arg-type]


def test_log_lines_keep_their_order_and_can_be_searched(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, log(1, "one", task_key="a", fields='{"n":1}'), log(2, "50% of_it", "ERROR"))
    puppet.die()
    again = world.worker(job("bill")).take_one()
    assert again.lease == 2

    def lines(**query: object) -> list[str]:
        with world.read() as tx:
            page = run_logs(tx, world.env, run.run_id, LogQuery(**query))  # type: ignore[arg-type]
        assert page is not None
        return [line.message for line in page.data]

    assert lines() == ["one", "50% of_it"]
    assert lines(level="WARNING") == ["50% of_it"]
    assert lines(text="0% OF_") == ["50% of_it"]
    assert lines(text="n%e") == lines(text="0_") == []
    assert lines(limit=1) == ["one"]
    assert lines(cursor="1.1") == ["50% of_it"]
    with world.read() as tx:
        page = run_logs(tx, world.env, run.run_id, LogQuery())
    assert page is not None
    assert page.data[0].at == world.now - 500
    assert (page.data[0].task_key, page.data[0].fields, page.next_cursor) == ("a", '{"n":1}', "1.2")


def test_what_is_shown_live(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, RunChanged(tags='["a"]', progress='{"at":1}'))
    puppet.report(run, RunChanged(metadata='{"k":1}'), RunChanged(progress='{"at":2}'))
    kept = world.run(run.run_id)
    assert (kept.tags, kept.metadata, kept.progress) == ('["a"]', '{"k":1}', '{"at":2}')


def test_the_trace_is_the_run_and_its_tasks(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(
        run,
        failed("a", 1, retry_in=0),
        succeeded("a", attempt=2),
        TaskStarted(TaskLabel("a/b", "task", "b", "a"), 1),
    )
    other = world.environment("other")
    with world.read() as tx:
        spans = run_trace(tx, world.env, run.run_id)
        assert run_trace(tx, other, run.run_id) is None
    assert spans is not None
    assert [(s.id, s.parent_id, s.kind, s.status) for s in spans] == [
        (run.run_id, None, "run", "RUNNING"),
        ("a", run.run_id, "task", "SUCCESS"),
        ("a/b", "a", "task", "RUNNING"),
    ]
    assert len(spans[1].attempts) == 1


def test_a_lost_report_keeps_not_even_its_log(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.die()
    puppet.commit(report(run, log(1, "from the grave"), failed("a", message=error().message)))
    with world.read() as tx:
        page = run_logs(tx, world.env, run.run_id, LogQuery())
    assert page is not None
    assert page.data == []


def test_an_attempt_that_began_before_the_timer_fired_ends_the_pause(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    """Taken over just when its pause was over: the wait is not left behind, nor does it wake the run later."""
    puppet.report(run, failed("a", retry_in=60, frees_slot=True))
    puppet.die()
    world.advance(60)
    other = world.worker(job("bill"))
    again = other.take_one()
    assert again.checkpoints[0].next_attempt_in == 0
    other.report(again, started("a", 2))
    assert world.waits(run.run_id) == {}
    other.report(again, failed("a", 2, retry_in=60, frees_slot=True))
    assert list(world.waits(run.run_id)) == ["a"]
    other.report(again, started("a", 3), failed("a", 3, retry_in=60, frees_slot=True))
    assert list(world.waits(run.run_id)) == ["a"]
    other.report(again, failed("a", 4, retry_in=60, frees_slot=True), succeeded("a", attempt=5), done())
    assert world.waits(run.run_id) == {}
