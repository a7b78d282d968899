"""What must hold after every batch, whatever came together: read off the tables, compared with the batch before."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.world import World
from mainspring.engine.blame import MAX_DEATHS
from mainspring.model.events import Event
from mainspring.model.pending import pending_reason
from mainspring.model.runs import FINAL_RUN_STATUSES, RUN_MOVES, Run
from mainspring.model.tasks import FINAL_TASK_STATUSES, TASK_MOVES, Task
from mainspring.model.waits import Wait, event_channel
from mainspring.model.workers import Worker
from mainspring.storage.shapes import EVENT, RUN, TASK, WAIT, WORKER, Shape

#: A task of a wait begins WAITING; any other begins RUNNING, or is there at once.
TaskId = tuple[str, str]


def reachable(moves: dict[Any, frozenset[Any]]) -> dict[Any, set[Any]]:
    """What each status may become by any number of allowed moves: a batch may hold several."""
    found: dict[Any, set[Any]] = {}
    for status in moves:
        seen, edge = {status}, {status}
        while edge:
            edge = {after for before in edge for after in moves[before]} - seen
            seen |= edge
        found[status] = seen
    return found


RUN_WAYS, TASK_WAYS = reachable(RUN_MOVES), reachable(TASK_MOVES)


@dataclass
class Snapshot:
    """The tables at one moment."""

    runs: dict[str, Run]
    tasks: dict[TaskId, Task]
    waits: dict[TaskId, Wait]
    events: dict[str, Event]
    workers: dict[str, Worker]
    #: What waits for several runs still wait for.
    awaited: dict[TaskId, set[str]]

    @classmethod
    def take(cls, world: World) -> "Snapshot":
        writer = world.connection

        def rows(table: str, shape: Shape[Any]) -> list[Any]:
            columns = ", ".join(shape.columns)
            return shape.values(writer.execute(f"select {columns} from {table}").fetchall())

        awaited: dict[TaskId, set[str]] = {}
        for run_id, key, target in writer.execute("select run_id, task_key, target_run_id from awaited_runs"):
            awaited.setdefault((run_id, key), set()).add(target)
        return cls(
            {run.id: run for run in rows("runs", RUN)},
            {(task.run_id, task.key): task for task in rows("tasks", TASK)},
            {(wait.run_id, wait.task_key): wait for wait in rows("waits", WAIT)},
            {event.id: event for event in rows("events", EVENT)},
            {worker.id: worker for worker in rows("workers", WORKER)},
            awaited,
        )


@dataclass
class Laws:
    """Remembers what was promised to senders and workers, and holds the tables to it."""

    world: World
    #: Outputs of tasks that a worker was told are kept.
    kept: dict[TaskId, str] = field(default_factory=dict)
    #: Endings that a worker was told are kept.
    ended: dict[str, str] = field(default_factory=dict)
    #: What each event wait asked for.
    asked: dict[TaskId, tuple[str, str | None]] = field(default_factory=dict)
    #: Who was granted which lease.
    granted: dict[tuple[str, int], str] = field(default_factory=dict)
    #: Jobs by the event they listen for, of those that are enabled; and which payloads each takes.
    listening: dict[str, set[str]] = field(default_factory=dict)
    takes: dict[str, Callable[[Any], bool]] = field(default_factory=dict)
    before: Snapshot | None = None

    def check(self) -> Snapshot:
        now = Snapshot.take(self.world)
        for run in now.runs.values():
            self._run(run, now)
        for task in now.tasks.values():
            self._task(task, now)
        for wait in now.waits.values():
            self._wait(wait, now)
        self._events(now)
        self._promises(now)
        if self.before is not None:
            self._moves(self.before, now)
            self._timers(self.before, now)
        self.before = now
        return now

    # ── one thing at a time ──────────────────────────────────────────────────────────────────────────
    def _run(self, run: Run, now: Snapshot) -> None:
        assert (run.worker_id is not None) == (run.status == "RUNNING"), run
        if run.worker_id is not None:
            assert now.workers[run.worker_id].status != "GONE", run
        assert not run.is_ready or run.status == "PENDING", run
        assert (run.finished_at is not None) == (run.status in FINAL_RUN_STATUSES), run
        assert run.faults <= run.crashes < MAX_DEATHS, run
        assert run.noticed <= run.notices, run
        waits = [wait for wait in now.waits.values() if wait.run_id == run.id]
        if run.status == "WAITING":
            assert waits, f"I5: it waits for nothing: {run}"
        if run.status == "PENDING":
            assert pending_reason(run, self.world.now, set()), "I5"
            assert run.is_ready or run.timer_at is not None, f"I5: nothing will ever start it: {run}"
        if run.status in FINAL_RUN_STATUSES:
            assert waits == [], run
            assert run.timer_at is None, run
        elif run.deadline_at is not None:
            assert run.timer_at is not None, f"I5: its deadline would be missed: {run}"
            assert run.timer_at <= run.deadline_at, run

    def _task(self, task: Task, now: Snapshot) -> None:
        run = now.runs[task.run_id]
        is_open = task.status not in FINAL_TASK_STATUSES
        assert not (is_open and run.status in FINAL_RUN_STATUSES), (task, run)
        assert (task.status == "WAITING") <= ((task.run_id, task.key) in now.waits), f"I5: no wait: {task}"
        if task.event_id is not None:
            event = now.events[task.event_id]
            assert event.delivered_at is not None
            assert event.delivered_at >= run.created_at, "I7: from before the run"
            assert event.id != run.event_id, "I7: the event that started the run"
            name, correlation_id = self.asked[task.run_id, task.key]
            assert event.name == name, "I7: crossed"
            assert correlation_id is None or event.correlation_id == correlation_id, "I7: ids crossed"

    def _wait(self, wait: Wait, now: Snapshot) -> None:
        run = now.runs[wait.run_id]
        if wait.kind == "drift":
            assert run.status == "WAITING", (wait, run)
            return
        task = now.tasks[wait.run_id, wait.task_key]
        assert task.status == ("RETRYING" if wait.kind == "retry" else "WAITING"), (wait, task)
        if wait.kind == "event":
            assert wait.channel == event_channel(*self.asked[wait.run_id, wait.task_key])

        if wait.kind == "runs":
            targets = now.awaited.get((wait.run_id, wait.task_key), set())
            assert targets, f"I5: the last of its runs has ended: {wait}"
            assert all(now.runs[target].status not in FINAL_RUN_STATUSES for target in targets), wait

    def _events(self, now: Snapshot) -> None:
        """I1: once delivered, every enabled matching job has exactly one run for it."""
        started: dict[str, list[str]] = {}
        for run in now.runs.values():
            if run.event_id is not None:
                started.setdefault(run.event_id, []).append(run.job_id)
        known = self.before.events if self.before is not None else {}
        for event in now.events.values():
            jobs = started.get(event.id, [])
            assert len(jobs) == len(set(jobs)), f"I1: twice for one event: {event}"
            if event.delivered_at is None:
                assert jobs == [], event
            elif event.id not in known or known[event.id].delivered_at is None:
                payload = json.loads(event.payload)
                wanted = {name for name in self.listening.get(event.name, ()) if self.takes[name](payload)}
                assert set(jobs) == wanted, f"I1: {event}"
        used = [(t.run_id, t.event_id) for t in now.tasks.values() if t.event_id is not None]
        assert len(used) == len(set(used)), "I7: one event for two waits of a run"

    # ── promises and moves ───────────────────────────────────────────────────────────────────────────
    def _promises(self, now: Snapshot) -> None:
        for task_id, output in self.kept.items():
            task = now.tasks[task_id]
            assert (task.status, task.output) == ("SUCCESS", output), f"I2, I3: {task}"
        for run_id, status in self.ended.items():
            assert now.runs[run_id].status == status, f"an end that was confirmed: {now.runs[run_id]}"

    def grant(self, run_id: str, lease: int, worker_id: str) -> None:
        """A worker was handed a lease."""
        assert self.granted.setdefault((run_id, lease), worker_id) == worker_id, (
            "I4: one lease for two workers"
        )

    def _moves(self, before: Snapshot, now: Snapshot) -> None:
        for old in before.runs.values():
            run = now.runs[old.id]
            assert run.status in RUN_WAYS[old.status], (old, run)
            assert run.lease >= old.lease, (old, run)
            if old.status in FINAL_RUN_STATUSES:
                assert run == old, "a final run changed"
        for task_id, was in before.tasks.items():
            task = now.tasks[task_id]
            assert task.status in TASK_WAYS[was.status], (was, task)
            if was.status in FINAL_TASK_STATUSES:
                kept = (task.status, task.output, task.failure, task.finished_at, task.attempt, task.event_id)
                assert kept == (
                    was.status,
                    was.output,
                    was.failure,
                    was.finished_at,
                    was.attempt,
                    was.event_id,
                )
                assert was.position in (None, task.position), "it reached user code in another order"

    def _timers(self, before: Snapshot, now: Snapshot) -> None:
        """I9: what ended by time did not end early."""
        for task_id, wait in before.waits.items():
            task = now.tasks.get(task_id)
            if task_id in now.waits or task is None or task.status in ("CANCELLED", "RUNNING"):
                continue
            timed_out = task.status == "FAILED" and json.loads(task.failure or "{}")["code"] == "wait_timeout"
            if wait.kind in ("time", "retry") or timed_out:
                assert wait.due_at is not None
                assert wait.due_at <= self.world.now, f"I9: early: {wait}"
