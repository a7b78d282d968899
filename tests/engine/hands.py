"""A worker in the storm: honest as the protocol asks, but its answers get lost and it may die at any moment."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from engine.items import (
    await_run,
    await_runs,
    broke,
    done,
    failed,
    listen,
    parked,
    sent,
    setting,
    sleep,
    started,
    succeeded,
    triggered,
    used,
)
from engine.laws import Laws
from engine.world import World
from mainspring.engine.commands import Beat, Claim, Command, Commit
from mainspring.model.protocol import (
    ClaimAnswer,
    ClaimedRun,
    ClaimRequest,
    CommitAnswer,
    CommitRequest,
    Heartbeat,
    Item,
    ReportAnswer,
    RunCancelConfirmed,
    RunDraft,
    RunDrifted,
    RunReleased,
    RunReport,
    RunSucceeded,
    TaskSucceeded,
    WaitCancelled,
    WaitDelivered,
)
from mainspring.model.tasks import FINAL_TASK_STATUSES, Checkpoint

Sent = tuple[Command, Callable[[Any], None]]


@dataclass
class Held:
    """A run as its holder knows it."""

    run: ClaimedRun
    #: Status of each task, by key.
    tasks: dict[str, str]
    attempts: dict[str, int]
    position: int

    @classmethod
    def of(cls, run: ClaimedRun) -> "Held":
        return cls(
            run,
            {c.key: _status(c) for c in run.checkpoints},
            {c.key: c.attempt for c in run.checkpoints},
            max((c.position or 0 for c in run.checkpoints), default=0),
        )

    def hear(self, checkpoints: tuple[Checkpoint, ...]) -> None:
        """What was said may be old news: a task that has finished stays so."""
        for found in checkpoints:
            if self.tasks.get(found.key) not in FINAL_TASK_STATUSES:
                self.tasks[found.key] = _status(found)

    def keys(self, status: str) -> list[str]:
        return [key for key, found in self.tasks.items() if found == status]

    def next_position(self) -> int:
        self.position += 1
        return self.position


def _status(checkpoint: Checkpoint) -> str:
    if checkpoint.status == "RETRYING" and not checkpoint.next_attempt_in:
        return "DUE"
    if checkpoint.status in ("SUCCESS", "FAILED") and checkpoint.position is None:
        return "RESOLVED"
    return checkpoint.status


@dataclass
class Hands:
    world: World
    laws: Laws
    random: random.Random
    id: str
    claims: int = 0
    claims_done: int = 0
    commits: int = 0
    held: dict[str, Held] = field(default_factory=dict)
    #: Sent and not answered yet: sent again until it is.
    unanswered: Commit | None = None
    #: In the batch that is being put together, one of each kind at most.
    is_claiming: bool = False

    # ── claims and heartbeats ────────────────────────────────────────────────────────────────────────
    def claim(self) -> Iterator[Sent]:
        if self.is_claiming:
            return
        self.is_claiming = True
        self.claims += 1
        request = ClaimRequest(self.id, self.claims, self.random.randint(0, 3))

        def receive(answer: ClaimAnswer | None) -> None:
            self.is_claiming = False
            for run in answer.runs if answer else ():
                self.laws.grant(run.run_id, run.lease, self.id)
            if answer is not None and answer.unknown_worker:
                self.held.clear()
            if answer is None or self.random.random() < 0.15:  # nothing there, or lost on its way
                self.claims_done = request.claim_seq
                return
            for run in answer.runs:
                self.held[run.run_id] = Held.of(run)
            for notice in answer.notices:
                self._notice(notice.run_id, notice.lease, notice.resolved)
            self.claims_done = request.claim_seq

        yield Claim(self.world.env, request), receive

    def beat(self) -> Iterator[Sent]:
        held = tuple((run_id, held.run.lease) for run_id, held in self.held.items())

        def receive(answer: Any) -> None:
            if answer.unknown_worker:
                self.held.clear()
            for notice in answer.notices:
                if notice.lease_ended:
                    if self.held.get(notice.run_id) and self.held[notice.run_id].run.lease == notice.lease:
                        del self.held[notice.run_id]
                else:
                    self._notice(notice.run_id, notice.lease, notice.resolved)

        yield (
            Beat(self.world.env, Heartbeat(self.id, held, self.claims_done, self.claims_done + self.commits)),
            receive,
        )

    def _notice(self, run_id: str, lease: int, resolved: tuple[Checkpoint, ...]) -> None:
        held = self.held.get(run_id)
        if held is not None and held.run.lease == lease and self.unanswered is None:
            held.hear(resolved)

    # ── commits ──────────────────────────────────────────────────────────────────────────────────────
    def commit(self) -> Iterator[Sent]:
        """What it has to say, or what it said before if nobody answered; sometimes twice at once."""
        if self.unanswered is None:
            reports = tuple(self._report(held) for held in list(self.held.values())[:3])
            if not reports:
                return
            self.commits += 1
            self.unanswered = Commit(self.world.env, CommitRequest(self.id, self.commits, reports))
        command = self.unanswered
        for _ in range(self.random.choice((1, 1, 1, 2))):
            yield command, lambda answer: self._receive(command, answer)

    def _receive(self, command: Commit, answer: CommitAnswer) -> None:
        if self.unanswered is not command or self.random.random() < 0.15:  # known already, or lost on its way
            return
        self.unanswered = None
        if answer.unknown_worker:
            self.held.clear()
        for said, told in zip(command.request.reports, answer.reports, strict=False):
            if told.status == "lost":
                self.held.pop(said.run_id, None)
            else:
                self._kept(said, told)

    def _kept(self, said: RunReport, told: ReportAnswer) -> None:
        last = said.items[-1]
        for item in said.items:
            if isinstance(item, TaskSucceeded):
                self.laws.kept[said.run_id, item.task.key] = item.output
        if isinstance(last, RunSucceeded):
            self.laws.ended[said.run_id] = "SUCCESS"
        if (
            last.kind
            in ("run_succeeded", "run_attempt_failed", "run_drifted", "run_released", "run_cancelled")
            or told.parked
        ):
            self.held.pop(said.run_id, None)
        elif said.run_id in self.held:
            self.held[said.run_id].hear(told.resolved)

    def _report(self, held: Held) -> RunReport:
        return RunReport(held.run.run_id, held.run.lease, tuple(self._items(held)))

    def _items(self, held: Held) -> list[Item]:
        """What the code of a run does next."""
        key = f"k{len(held.tasks) + 1}"
        run_id = held.run.run_id
        kinds: list[Callable[[], list[Item]]] = [
            lambda: self._task(held, key),
            lambda: self._task(held, key),
            lambda: self._wait(held, key),
            lambda: self._effect(held, key),
            lambda: self._go_on(held),
            lambda: self._park(held),
            lambda: self._park(held),
            lambda: self._end(held),
        ]
        items = self.random.choice(kinds)()
        assert items, run_id
        return items

    def _task(self, held: Held, key: str) -> list[Item]:
        outcome = self.random.choice(("runs", "ends", "ends", "retries", "retries long", "fails"))
        if outcome == "runs":
            held.tasks[key] = "RUNNING"
            return [started(key)]
        if outcome == "ends":
            held.tasks[key] = "SUCCESS"
            return [started(key), succeeded(key, f'"{key}"', position=held.next_position())]
        if outcome == "fails":
            held.tasks[key] = "FAILED"
            return [failed(key)]
        held.tasks[key] = "RETRYING" if outcome == "retries long" else "DUE"
        return [
            failed(key, retry_in=9 if outcome == "retries long" else 0, frees_slot=outcome == "retries long")
        ]

    def _wait(self, held: Held, key: str) -> list[Item]:
        held.tasks[key] = "WAITING"
        if self.random.random() < 0.4:
            return [sleep(key, self.random.choice((0, 2, 10)))]
        correlation_id = self.random.choice((None, "c-1", "c-2"))
        self.laws.asked[held.run.run_id, key] = ("go", correlation_id)
        return [listen(key, "go", correlation_id, timeout=self.random.choice((None, 15)))]

    def _effect(self, held: Held, key: str) -> list[Item]:
        held.tasks[key] = "SUCCESS"
        position = held.next_position()
        kind = self.random.choice(("send", "store", "child"))
        if kind == "send":
            draft = self.world.draft(
                self.random.choice(("go", "order")), '{"amount":1}', correlation_id="c-1"
            )
            return [sent(key, draft, position=position)]
        if kind == "store":
            return [used(key, setting(f"{held.run.run_id}/{key}", "1"), position=position)]
        held.tasks[f"{key}/result"] = "WAITING"
        if self.random.random() < 0.5:
            several = [RunDraft(self.world.ids.new("run"), "child", "{}") for _ in range(3)]
            return [
                triggered(key, *several, position=position),
                await_runs(f"{key}/result", *[one.run_id for one in several]),
            ]
        child = RunDraft(self.world.ids.new("run"), "child", "{}")
        return [triggered(key, child, position=position), await_run(f"{key}/result", child.run_id)]

    def _go_on(self, held: Held) -> list[Item]:
        """Something open moves: an attempt ends, the next one begins, a wait is given up."""
        if keys := held.keys("RUNNING"):
            held.tasks[keys[0]] = "SUCCESS"
            return [succeeded(keys[0], f'"{keys[0]}"', held.attempts.get(keys[0], 1), held.next_position())]
        if keys := held.keys("DUE"):
            attempt = held.attempts.get(keys[0], 1) + 1
            held.tasks[keys[0]], held.attempts[keys[0]] = "SUCCESS", attempt
            return [started(keys[0], attempt), succeeded(keys[0], '"late"', attempt, held.next_position())]
        if keys := held.keys("RESOLVED"):
            held.tasks[keys[0]] = "SUCCESS"
            return [WaitDelivered(keys[0], held.next_position())]
        if keys := held.keys("WAITING"):
            held.tasks[keys[0]] = "CANCELLED"
            return [WaitCancelled(keys[0], held.next_position())]
        return self._end(held)

    def _park(self, held: Held) -> list[Item]:
        if held.keys("RUNNING") or held.keys("DUE"):
            return self._go_on(held)
        keys = held.keys("WAITING") + held.keys("RETRYING")
        return [parked(*keys)] if keys else self._end(held)

    def _end(self, held: Held) -> list[Item]:
        if self.random.random() < 0.5:
            return self._task(held, f"k{len(held.tasks) + 1}")
        endings: list[Item] = [
            done(),
            done(),
            broke(),
            broke(retry_in=4),
            RunReleased(),
            RunDrifted("the code changed", None),
        ]
        return [RunCancelConfirmed() if held.run.cancel_requested else self.random.choice(endings)]

    @staticmethod
    def last_word(run: ClaimedRun) -> Item:
        return RunCancelConfirmed() if run.cancel_requested else done()
