"""The invariants of architecture.md, held against every commit and every word of user code."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from mainspring.clock import SECOND
from mainspring.engine.blame import MAX_DEATHS
from mainspring.model.protocol import CommitAnswer, CommitRequest
from mainspring.model.queues import BEHIND, HELD, UNSERVED
from mainspring.model.runs import FINAL_RUN_STATUSES, RUN_MOVES, Run
from mainspring.model.tasks import FINAL_TASK_STATUSES, TASK_MOVES, Task
from mainspring.model.waits import Wait
from simulation.bells import Bells
from simulation.drains import Drains
from simulation.joined import Joined
from simulation.places import Places
from simulation.questions import Questions
from simulation.singles import Singles
from simulation.slots import Slots
from simulation.tables import Change, Tables, TaskId


class Broken(AssertionError):
    """An invariant does not hold. The first word of the message names it."""


#: What was broken in the seed that is played.
violations: list[AssertionError] = []


def hold(condition: Any, law: str, *about: Any) -> None:
    """Raises `Broken`, and remembers it: whoever is in between may catch it."""
    if not condition:
        broken = Broken(f"{law}: " + "; ".join(str(one) for one in about))
        violations.append(broken)
        raise broken


def _reachable(moves: dict[Any, frozenset[Any]]) -> dict[Any, set[Any]]:
    """What each status may become by any number of allowed moves: a commit may hold several."""
    found: dict[Any, set[Any]] = {}
    for status in moves:
        seen, edge = {status}, {status}
        while edge:
            edge = {after for before in edge for after in moves[before]} - seen
            seen |= edge
        found[status] = seen
    return found


RUN_WAYS, TASK_WAYS = _reachable(RUN_MOVES), _reachable(TASK_MOVES)


class Laws:
    """`committed` is called after every commit, with the time of the server copy that made it."""

    def __init__(self, tables: Tables, expected_jobs: Callable[[str, Any], set[str]]) -> None:
        self.tables = tables
        self.slots = Slots(tables, hold)
        self.places = Places(tables, hold)
        self.bells = Bells(tables, hold)
        self.questions = Questions(tables, hold)
        self.joined = Joined(tables, hold)
        self.singles = Singles(tables, hold)
        self.drains = Drains(tables, hold)
        self._expected_jobs = expected_jobs
        #: Spans that waits asked for, and when (monotonic); and what event waits asked for, as user code said.
        self.delays: dict[TaskId, tuple[int, int]] = {}
        self.asked: dict[TaskId, tuple[str, str | None]] = {}
        self.granted: dict[tuple[str, int], str] = {}
        #: As they stood before the last commit: (lease, worker, status).
        self.leases_before: dict[str, tuple[int, str | None, str]] = {}
        self.commits = 0
        #: By run and event: the commit in which it began, or was delivered. Clocks do not tell: they jump.
        self.begun: dict[str, int] = {}
        self.delivered: dict[str, int] = {}

    def committed(self, now: int, at: int) -> None:
        """`now` by the clock of the server that did it, `at` by the one that nobody can set."""
        self.commits += 1
        change = self.tables.read()
        for event_id, (_, event) in change.events.items():
            if event is not None and event.delivered_at is not None:
                self.delivered.setdefault(event_id, self.commits)
        for run_id in change.runs:
            self.begun.setdefault(run_id, self.commits)
        self.leases_before = {
            run_id: (before.lease, before.worker_id, before.status)
            for run_id, (before, _) in change.runs.items()
            if before is not None
        }
        for run_id, (before, run) in change.runs.items():
            hold(run is not None, "I1", "a run is gone", run_id)
            assert run is not None
            self._run(before, run, now)
        for task_id, (was, task) in change.tasks.items():
            hold(task is not None, "I2", "a task is gone", task_id)
            assert task is not None
            self._task(was, task, now)
        self.slots.committed(change, now)
        self.places.committed(change)
        self.bells.committed(change)
        self.questions.committed()
        self.joined.committed(change)
        self.singles.committed(change)
        self.drains.committed(change)
        self._waits(change, now, at)
        self._events(change, now)
        self._cancels(change)
        for run_id in {*change.runs, *(run_id for run_id, _ in change.waits)}:
            self._stands(self.tables.runs[run_id])

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────────
    def _run(self, old: Run | None, run: Run, now: int) -> None:
        hold((run.worker_id is not None) == (run.status == "RUNNING"), "I4", run)
        hold(not run.is_ready or run.status == "PENDING", "I5", run)
        hold((run.finished_at is not None) == (run.status in FINAL_RUN_STATUSES), "I5", run)
        hold(run.faults <= run.crashes < MAX_DEATHS, "I10", run)
        for other in (
            self.tables.events.get(run.event_id or ""),
            self.tables.runs.get(run.parent_run_id or ""),
        ):
            hold(other is None or other.environment_id == run.environment_id, "I12", run, other)
        if run.worker_id is not None:
            holder = self.granted.setdefault((run.id, run.lease), run.worker_id)
            hold(holder == run.worker_id, "I4", "one lease for two workers", run)
        if run.finished_at is not None and (old is None or old.finished_at is None):
            hold(run.finished_at == now, "I9", "the end is not by the server's clock", run)
        if old is None:
            return
        hold(run.status in RUN_WAYS[old.status], "I5", "a move that is not allowed", old, run)
        hold(run.lease >= old.lease, "I4", old, run)
        if old.status in FINAL_RUN_STATUSES:
            hold(run == old, "I2", "a final run changed", old, run)
        if run.status == "RUNNING" and old.status == "RUNNING" and run.worker_id != old.worker_id:
            hold(run.lease > old.lease, "I4", "a lease changed hands", old, run)

    def _cancels(self, change: Change) -> None:
        """I5: what ended cancelled, or was to, leaves nothing at work that was not asked to stop."""
        for run_id, (_, run) in change.runs.items():
            for parent, child in self._families(run_id, run):
                is_stopped = child.status in FINAL_RUN_STATUSES or child.cancel_requested_at is not None
                was_cancelled = parent.status in FINAL_RUN_STATUSES and (
                    parent.status == "CANCELLED" or parent.cancel_requested_at is not None
                )
                hold(is_stopped or not was_cancelled, "I5", "a child outlives the cancel", parent, child)

    def _families(self, run_id: str, run: Run | None) -> list[tuple[Run, Run]]:
        """This run as a child, and as a parent."""
        parent = self.tables.runs.get((run and run.parent_run_id) or "")
        pairs = [(run, one) for one in self.tables.runs.values() if run and one.parent_run_id == run_id]
        return [*pairs, (parent, run)] if run and parent else pairs

    def _stands(self, run: Run) -> None:
        """I5: whatever is not over will go on by something."""
        waits = self.tables.waits_of.get(run.id, set())
        if run.status == "WAITING":
            hold(waits, "I5", "it waits for nothing", run)
        elif run.status == "PENDING":
            is_watched = run.is_ready or run.timer_at is not None or run.slot in (HELD, UNSERVED, BEHIND)
            hold(is_watched, "I5", "nothing will ever start it", run)
        elif run.status in FINAL_RUN_STATUSES:
            hold(not waits, "I5", "it is over and waits", run)
            hold(run.timer_at is None, "I5", run)
        if run.status not in FINAL_RUN_STATUSES and run.deadline_at is not None:
            hold(run.timer_at is not None and run.timer_at <= run.deadline_at, "I5", "its deadline", run)

    def _task(self, was: Task | None, task: Task, now: int) -> None:
        run = self.tables.runs[task.run_id]
        is_open = task.status not in FINAL_TASK_STATUSES
        hold(not (is_open and run.status in FINAL_RUN_STATUSES), "I5", task, run)
        if task.status == "WAITING":
            hold((task.run_id, task.key) in self.tables.waits, "I5", "no wait", task)
        if not is_open:
            hold((task.run_id, task.key) not in self.tables.waits, "I7", "resolved, and waiting still", task)
        if task.kept_from is not None and was is None:
            self._keeps(task, run)
        elif task.event_id is not None and task.kept_from is None:
            self._event_of(task, run)
        if was is None:
            return
        hold(task.status in TASK_WAYS[was.status], "I2", was, task)
        if was.status in FINAL_TASK_STATUSES:
            hold(_kept(task) == _kept(was), "I2", "a finished task changed", was, task)
            hold(was.position in (None, task.position), "I2", "another order", was, task)

    def _keeps(self, task: Task, run: Run) -> None:
        """I2: a replay keeps what the run that it replays came to, and nothing from its task on."""
        kept = self.tables.tasks.get((run.replay_of or "", task.key))
        hold(kept is not None and _kept(kept) == _kept(task), "I2", "kept otherwise", task, kept)
        hold(task.key != run.replay_from, "I2", "it is to run again", task)

    def _event_of(self, task: Task, run: Run) -> None:
        event = self.tables.events[task.event_id or ""]
        hold(event.delivered_at is not None, "I7", task)
        hold(event.environment_id == run.environment_id, "I12", "another's event", task, event)
        hold(self.delivered[event.id] >= self.begun[run.id], "I7", "from before the run", task, event)
        hold(event.id != run.event_id, "I7", "the event that started the run", task)
        asked = self.asked.get((task.run_id, task.key))
        if asked is not None:
            hold(event.name == asked[0], "I7", "crossed", task, event)
            hold(asked[1] is None or event.correlation_id == asked[1], "I7", "ids crossed", task, event)

    # ── waits and events ─────────────────────────────────────────────────────────────────────────────
    def _waits(self, change: Change, now: int, at: int) -> None:
        for task_id, (old, wait) in change.waits.items():
            if wait is not None and wait.kind != "drift":
                task = self.tables.tasks[task_id]
                status = "RETRYING" if wait.kind == "retry" else "WAITING"
                hold(task.status == status, "I5", wait, task)
            if old is None and wait is not None:
                self._begun(wait, now, at)
            if old is not None and wait is None:
                self._over(old, now)

    def _begun(self, wait: Wait, now: int, at: int) -> None:
        hold(wait.kind != "drift", "I2", "replay did not fit", wait)
        hold(wait.created_at == now, "I9", "a wait is not by the server's clock", wait, now)
        asked = self.delays.get((wait.run_id, wait.task_key))
        if asked is not None:
            span, asked_at = asked  # from when it was asked for; at the latest from when that was kept
            is_right = wait.due_at is not None and asked_at <= wait.due_at - now - span + at <= at
            hold(is_right, "I9", f"{span} asked for", wait, now)
        if wait.kind == "event":
            self._no_early_event(wait)

    def _no_early_event(self, wait: Wait) -> None:
        """I7: an event that came between the run's begin and this wait has resolved it already."""
        asked = self.asked.get((wait.run_id, wait.task_key))
        run = self.tables.runs[wait.run_id]
        if asked is None:
            return
        used = {task.event_id for task in self.tables.tasks.values() if task.run_id == run.id}
        for event in self.tables.events.values():
            if event.name != asked[0] or event.id == run.event_id or event.id in used:
                continue
            if event.environment_id != run.environment_id:
                continue
            if asked[1] is not None and event.correlation_id != asked[1]:
                continue
            is_early = self.delivered.get(event.id, 0) > self.begun[run.id]
            hold(not is_early, "I7", "an early event was passed over", wait, event)

    def _over(self, wait: Wait, now: int) -> None:
        """I9: what ended by time did not end early."""
        task = self.tables.tasks.get((wait.run_id, wait.task_key))
        if task is None or task.status in ("CANCELLED", "RUNNING", "RETRYING"):
            return
        timed_out = task.status == "FAILED" and json.loads(task.failure or "{}").get("code") == "wait_timeout"
        if wait.kind in ("time", "retry") or (
            timed_out and wait.kind not in ("token", "approval")
        ):  # see `Questions`
            hold(wait.due_at is not None and wait.due_at <= now, "I9", "early", wait, now)

    def _events(self, change: Change, now: int) -> None:
        """I1: once delivered, every matching job has exactly one run for it."""
        for event_id, (old, event) in change.events.items():
            hold(event is not None, "I1", "an event is gone", event_id)
            assert event is not None
            jobs = Counter(self.tables.runs_of_event.get(event_id, []))
            if event.delivered_at is None:
                hold(not jobs, "I1", event)
            elif old is None or old.delivered_at is None:
                wanted = Counter(self._expected_jobs(event.name, json.loads(event.payload)))
                hold(jobs == wanted, "I1", f"{jobs} instead of {wanted}", event)
                hold(event.deliver_at <= now, "I9", "delivered early", event)
        for run_id, (before, run) in change.runs.items():
            if before is None and run is not None and run.event_id is not None and run.replay_of is None:
                jobs = Counter(self.tables.runs_of_event[run.event_id])  # those that it joined among them
                hold(max(jobs.values()) == 1, "I1", "twice for one event", run_id, jobs)

    def commit_seqs(self, worker_ids: set[str]) -> dict[str, int]:
        """How far the commits of these workers are applied."""
        marks = ",".join("?" * len(worker_ids))
        return dict(
            self.tables.rows(f"select id, commit_seq from workers where id in ({marks})", *worker_ids)  # type: ignore[arg-type]
        )

    # ── what was answered ────────────────────────────────────────────────────────────────────────────
    def answered(self, request: CommitRequest, answer: CommitAnswer, is_first: bool) -> None:
        """I4: a report that was taken came from who held the lease when it was. (A repeat of one that was taken
        is told the same, whoever holds it now.)"""
        if not is_first or answer.unknown_worker:
            return
        for report, told in zip(request.reports, answer.reports, strict=True):
            if told.status != "ok":
                continue
            run = self.tables.runs[report.run_id]
            standing = self.leases_before.get(run.id, (run.lease, run.worker_id, run.status))
            wanted = (report.lease, request.worker_id, "RUNNING")
            hold(standing == wanted, "I4", "taken from who did not hold it", standing, wanted, run)


def _kept(task: Task) -> tuple[Any, ...]:
    return (task.status, task.output, task.failure, task.finished_at, task.attempt, task.event_id)


def delay_of(seconds: float) -> int:
    return int(seconds * SECOND)
