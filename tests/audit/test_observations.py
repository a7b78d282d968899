"""What clients saw against what is kept: every kind of contradiction is found, and unknown outcomes are none."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from audit.scene import Scene
from engine.items import done, started, succeeded
from mainspring.audit.clients import check_finished, check_observations
from mainspring.audit.observations import ObservationLog, read_observations
from mainspring.engine.commands import SendEvents
from mainspring.model.protocol import ClaimedRun


@dataclass
class Seen:
    """A scene, and the log of a sender and a worker in it who note all they do."""

    scene: Scene
    log: ObservationLog
    event_id: str
    run: ClaimedRun

    @classmethod
    def of(cls, scene: Scene) -> "Seen":
        world, log = scene.world, ObservationLog()
        for left in ("pending", "delayed"):
            scene.cancel(left)
        scene.spoil("update runs set is_ready = (1 = 0), timer_at = 5000000000000000 where job_id = 'child'")
        draft = world.draft("order", '{"amount":1}', idempotency_key="k-1")
        asking = log.ask("send_event", event_id=draft.id, name="order")
        (sent,) = world.do(SendEvents(world.env, (draft,)))
        asking.ok(event_id=sent.event.id, runs={r.id: r.job_id for r in sent.runs}, rejected=[])
        worker = scene.honest_worker()
        claiming = log.ask("claim", sent.runs[0].id, worker_id=worker.id)
        run = worker.take_one()
        claiming.ok(lease=run.lease, finished={})
        log.ask("begin_task", run.run_id, "a", lease=1).ok()
        finishing = log.ask("finish_task", run.run_id, "a", lease=1, status="SUCCESS", output='"one"')
        worker.report(run, started("a"), succeeded("a", '"one"'))
        finishing.ok()
        ending = log.ask("end_run", run.run_id, lease=1, status="SUCCESS", output='{"total": 1}')
        worker.report(run, done('{"total":1}'))
        ending.ok()
        log.ask("read_run", run.run_id).ok(status="SUCCESS", output='{"total":1}')
        return cls(scene, log, sent.event.id, run)

    def found(self) -> set[str]:
        seen = self.log.observations()
        return {f.rule.id for f in check_observations(self.scene.world.database, seen)}


@pytest.fixture
def seen(scene: Scene) -> Seen:
    return Seen.of(scene)


def test_a_true_account_is_believed(seen: Seen) -> None:
    assert seen.found() == set()


def test_what_is_unknown_may_be_either(seen: Seen) -> None:
    run_id = seen.run.run_id
    seen.log.ask("send_event", event_id="evt_nowhere", name="order")
    seen.log.ask("send_event", event_id=seen.event_id, name="order")
    seen.log.ask("trigger_run", "run_nowhere", job_id="bill")
    seen.log.ask("finish_task", run_id, "b", lease=1, status="SUCCESS", output="1")
    seen.log.ask("end_run", run_id, lease=1, status="FAILED")
    assert seen.found() == set()


LIES: dict[str, tuple[Callable[[Seen, ObservationLog, str], object], str]] = {
    "an event that was confirmed and is not there": (
        lambda s, log, run: log.ask("send_event", event_id="evt_gone", name="order").ok(event_id="evt_gone"),
        "confirmed-lost",
    ),
    "a run of an event that was confirmed and is not there": (
        lambda s, log, run: log.ask("send_event", event_id=s.event_id).ok(
            event_id=s.event_id, runs={run: "bill", "run_gone": "big"}
        ),
        "confirmed-lost",
    ),
    "an event that was kept under another name": (
        lambda s, log, run: log.ask("send_event", event_id=s.event_id, name="other").ok(
            event_id=s.event_id, runs={run: "bill"}
        ),
        "outcome-changed",
    ),
    "a run that was confirmed and is not there": (
        lambda s, log, run: log.ask("trigger_run", "run_gone", job_id="bill").ok(run_id="run_gone"),
        "confirmed-lost",
    ),
    "a run of another job than was asked for": (
        lambda s, log, run: log.ask("trigger_run", run, job_id="big").ok(run_id=run),
        "outcome-changed",
    ),
    "a run that was refused and is there": (
        lambda s, log, run: log.ask("trigger_run", s.scene.runs["pending"], job_id="bill").refused(),
        "refused-kept",
    ),
    "one idempotency key, two runs": (
        lambda s, log, run: [
            log.ask("trigger_run", one, job_id="bill", idempotency_key="k").ok(run_id=one)
            for one in (run, s.scene.runs["pending"])
        ],
        "answers-differ",
    ),
    "one request, two events": (
        lambda s, log, run: log.ask("send_event", event_id=s.event_id).ok(
            event_id=s.scene.event_id(), runs={}
        ),
        "answers-differ",
    ),
    "a second answer that knows nothing of the run": (
        lambda s, log, run: log.ask("send_event", event_id=s.event_id).ok(event_id=s.event_id, runs={}),
        "answers-differ",
    ),
    "one lease, two holders": (
        lambda s, log, run: log.ask("claim", run, worker_id="wrk_other").ok(lease=1, finished={"a": '"one"'}),
        "lease-granted-twice",
    ),
    "a lease that was granted and is not counted": (
        lambda s, log, run: log.ask("claim", run, worker_id="wrk").ok(lease=2, finished={"a": '"one"'}),
        "confirmed-lost",
    ),
    "a claim without what had finished": (
        lambda s, log, run: log.ask("claim", run, worker_id=s.scene.worker.id + "2").ok(lease=2, finished={}),
        "checkpoint-withheld",
    ),
    "a claim that tells another output": (
        lambda s, log, run: log.ask("claim", run, worker_id="wrk").ok(lease=2, finished={"a": '"two"'}),
        "outcome-changed",
    ),
    "a task that was confirmed and is not there": (
        lambda s, log, run: log.ask("finish_task", run, "b", lease=1, status="SUCCESS", output="1").ok(),
        "confirmed-lost",
    ),
    "a task whose output is another": (
        lambda s, log, run: log.ask("finish_task", run, "a", lease=1, status="SUCCESS", output="1").ok(),
        "outcome-changed",
    ),
    "a task that was confirmed as failed": (
        lambda s, log, run: log.ask("finish_task", run, "a", lease=1, status="FAILED").ok(),
        "outcome-changed",
    ),
    "a task that was confirmed under two leases": (
        lambda s, log, run: log.ask("finish_task", run, "a", lease=2, status="SUCCESS", output='"one"').ok(),
        "completed-twice",
    ),
    "a task each of whose ends was refused": (
        lambda s, log, run: log.ask(
            "finish_task", s.scene.runs["finished"], "a", lease=1, status="SUCCESS"
        ).refused(),
        "refused-kept",
    ),
    "a body that began after its end was confirmed": (
        lambda s, log, run: log.ask("begin_task", run, "a", lease=2).ok(),
        "done-again",
    ),
    "a write after a newer lease": (
        lambda s, log, run: (
            log.ask("claim", run, worker_id="wrk").ok(lease=2, finished={"a": '"one"'}),
            log.ask("finish_task", run, "a", lease=1, status="SUCCESS", output='"one"').ok(),
        ),
        "stale-write-kept",
    ),
    "a run that ended otherwise than was confirmed": (
        lambda s, log, run: log.ask("end_run", run, lease=1, status="CANCELLED").ok(),
        "outcome-changed",
    ),
    "a run that was read with another output": (
        lambda s, log, run: log.ask("read_run", run).ok(status="SUCCESS", output="2"),
        "outcome-changed",
    ),
    "a run that somebody saw end before it goes on": (
        lambda s, log, run: log.ask("read_run", s.scene.runs["running"]).ok(status="FAILED"),
        "outcome-changed",
    ),
    "a cancelled run that is not there": (
        lambda s, log, run: log.ask("cancel_run", "run_gone").ok(status="CANCELLED"),
        "confirmed-lost",
    ),
    "a wait with two outcomes": (
        lambda s, log, run: [
            log.ask("hear_wait", run, "a").ok(status="SUCCESS", output=text) for text in ('"one"', '"two"')
        ],
        "resolved-twice",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_contradiction_is_found(lie: str, seen: Seen) -> None:
    tell, rule = LIES[lie]
    tell(seen, seen.log, seen.run.run_id)
    assert rule in seen.found()


def test_a_lost_row_is_noticed_by_whoever_was_told_of_it(seen: Seen) -> None:
    """The database alone looks whole: only its clients know better."""
    run_id = seen.run.run_id
    seen.scene.spoil(
        "delete from history where run_id = '{run}'; delete from tasks where run_id = '{run}';"
        "delete from runs where id = '{run}'; delete from events where id = '{event}'",
        run=run_id,
        event=seen.event_id,
    )
    assert all(finding.run_id != run_id for finding in seen.scene.audit())
    assert seen.found() == {"confirmed-lost"}


def test_all_runs_have_ended_or_are_named(scene: Scene) -> None:
    open_runs = {finding.run_id for finding in check_finished(scene.world.database)}
    assert scene.runs["finished"] not in open_runs
    assert {scene.runs[name] for name in ("pending", "running", "sleeping")} <= open_runs


# ── the log ──────────────────────────────────────────────────────────────────────────────────────────
def test_a_log_of_lines_is_read_as_it_was_written() -> None:
    lines = io.StringIO()
    log = ObservationLog(lines, name="worker-1")
    log.ask("claim", "run_1", worker_id="w").ok(lease=3, finished={"a": "1"})
    log.ask("finish_task", "run_1", "b", lease=3, status="SUCCESS").refused(code="lost")
    log.ask("end_run", "run_1", lease=3, status="SUCCESS")
    assert read_observations(lines.getvalue().splitlines()) == log.observations()
    assert [one.outcome for one in log.observations()] == ["ok", "refused", "unknown"]


def test_logs_of_several_processes_are_one_account() -> None:
    ticks = iter(range(100))
    files = [io.StringIO(), io.StringIO()]
    logs = [ObservationLog(file, now=lambda: next(ticks), name=str(i)) for i, file in enumerate(files)]
    logs[1].ask("read_run", "run_2").ok(status="SUCCESS")
    logs[0].ask("read_run", "run_1").ok(status="FAILED")
    seen = read_observations("".join(file.getvalue() for file in files).splitlines())
    assert [(one.run_id, one.invoked, one.answered) for one in seen] == [("run_2", 0, 1), ("run_1", 2, 3)]


def test_a_line_cut_short_by_a_kill_leaves_an_unknown() -> None:
    lines = io.StringIO()
    log = ObservationLog(lines)
    log.ask("read_run", "run_1").ok(status="SUCCESS")
    (seen,) = read_observations(lines.getvalue()[:-10].splitlines())
    assert (seen.outcome, seen.answered) == ("unknown", None)
