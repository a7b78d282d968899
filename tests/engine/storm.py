"""Random senders, workers, people and time, all at once: batches of commands that may be lost, late or repeated."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from engine.hands import Hands
from engine.items import AMOUNT, job
from engine.laws import Laws
from engine.world import World, registration
from mainspring.clock import SECOND
from mainspring.engine.commands import (
    CancelEvent,
    CancelRun,
    Command,
    EnableJob,
    EndWorkers,
    FireTimers,
    Leave,
    RegisterWorker,
    ResumeRun,
    SendEvents,
    TriggerRuns,
)
from mainspring.errors import Conflict, MainspringError, NotFound
from mainspring.model.protocol import Farewell, RunDraft
from mainspring.model.runs import FINAL_RUN_STATUSES

#: A command and what its sender makes of the answer.
Sent = tuple[Command, Callable[[Any], None]]
JOBS = (
    job("bill", "order", max_duration=90 * SECOND),
    job("big", "order", filter={"amount": [{"$gte": 5}]}, attempts=2),
    job("strict", "paid", payload_schema=AMOUNT),
    job("child", ttl=600 * SECOND),
)
TAKES: dict[str, Callable[[Any], bool]] = {
    "bill": lambda payload: True,
    "big": lambda payload: payload["amount"] == 7,
    "strict": lambda payload: payload["amount"] != "many",
}
PAYLOADS = ('{"amount":7}', '{"amount":1}', '{"amount":"many"}')
NAMES = ("order", "paid", "go", "go", "go")
IDS = (None, "c-1", "c-2")


def ignore(answer: Any) -> None:
    """The sender does not care, but the engine may not break."""
    assert not isinstance(answer, Exception) or isinstance(answer, (Conflict, NotFound)), answer


@dataclass
class Storm:
    world: World
    hands: list[Hands] = field(default_factory=list)
    #: Workers that died without a word, and messages that are still on their way from anybody.
    dead: list[Hands] = field(default_factory=list)
    on_the_way: list[Command] = field(default_factory=list)
    sent: list[tuple[SendEvents, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.world.seed)
        self.laws = Laws(self.world, listening={"order": {"bill", "big"}, "paid": {"strict"}}, takes=TAKES)
        self.world.worker(*JOBS).leave()
        self.laws.check()

    # ── one batch ────────────────────────────────────────────────────────────────────────────────────
    def strike(self) -> None:
        """A few things happen at once."""
        self.world.clock.advance(self.random.choice((0, 0, 1, SECOND, 7 * SECOND)))
        if self.random.random() < 0.05:
            self._switch_a_job()
        batch: list[Sent] = []
        for _ in range(self.random.randint(1, 4)):
            batch += self._something([command for command, _ in batch])
        answers = self.world.apply(*[command for command, _ in batch])
        for (command, receive), answer in zip(batch, answers, strict=True):
            if isinstance(answer, Exception) and not isinstance(answer, MainspringError):
                raise answer
            if self.random.random() < 0.1:
                self.on_the_way.append(command)
            receive(answer)
        self.laws.check()

    def _something(self, others: list[Command]) -> Iterator[Sent]:
        kinds = (
            (self._send, 5),
            (self._send_again, 1),
            (self._call, 2),
            (self._claim, 6),
            (self._commit, 14),
            (self._beat, 3),
            (self._fire, 4),
            (self._arrive_late, 2),
            (self._begin_worker, 1),
            (self._lose_worker, 1),
            (self._end_dead, 1),
            (self._leave, 0.4),
            (self._cancel, 0.7),
            (self._resume, 1),
        )
        (kind,) = self.random.choices([k for k, _ in kinds], [weight for _, weight in kinds])
        yield from kind()

    # ── senders and people ───────────────────────────────────────────────────────────────────────────
    def _send(self) -> Iterator[Sent]:
        pick = self.random.choice
        drafts = tuple(
            self.world.draft(
                pick(NAMES),
                pick(PAYLOADS),
                correlation_id=pick(IDS),
                idempotency_key=pick((None, None, f"k-{self.random.randrange(20)}")),
                delay=pick((None, None, 5 * SECOND)),
            )
            for _ in range(self.random.randint(1, 3))
        )
        command = SendEvents(self.world.env, drafts)
        yield command, lambda answer: self.sent.append((command, answer))

    def _send_again(self) -> Iterator[Sent]:
        """I11: the same request gives the same events, and what was delivered the same runs."""
        if not self.sent:
            return
        command, first = self.random.choice(self.sent)

        def compare(answer: Any) -> None:
            assert [s.event.id for s in answer] == [s.event.id for s in first]
            for again, before in zip(answer, first, strict=True):
                assert again.is_duplicate
                assert set(before.runs) <= set(again.runs)
                assert before.event.delivered_at is None or len(before.runs) == len(again.runs)

        yield command, compare

    def _call(self) -> Iterator[Sent]:
        draft = RunDraft(
            self.world.ids.new("run"),
            self.random.choice(("bill", "child")),
            "{}",
            delay=self.random.choice((None, 3 * SECOND)),
            priority=self.random.choice((0, 0, 1)),
            idempotency_key=self.random.choice((None, f"r-{self.random.randrange(10)}")),
        )
        yield TriggerRuns(self.world.env, (draft,)), ignore

    def _any_run(self) -> str | None:
        runs = [r.id for r in self.laws.before.runs.values() if r.status not in FINAL_RUN_STATUSES]  # type: ignore[union-attr]
        return self.random.choice(runs) if runs else None

    def _cancel(self) -> Iterator[Sent]:
        if (run_id := self._any_run()) is not None:
            yield CancelRun(self.world.env, run_id), ignore
        if self.sent:
            command, _ = self.random.choice(self.sent)
            yield CancelEvent(self.world.env, command.events[0].id), ignore

    def _resume(self) -> Iterator[Sent]:
        drifted = [w.run_id for w in self.laws.before.waits.values() if w.kind == "drift"]  # type: ignore[union-attr]
        for run_id in drifted[:1]:
            yield ResumeRun(self.world.env, run_id), ignore

    def _switch_a_job(self) -> None:
        """Alone, so that it is clear which events it concerns."""
        enabled = "bill" not in self.laws.listening["order"]
        self.world.do(EnableJob(self.world.env, "bill", enabled))
        self.laws.listening["order"] ^= {"bill"}

    # ── workers and time ─────────────────────────────────────────────────────────────────────────────
    def _idle(self) -> Hands | None:
        """A worker that is not already part of this batch."""
        return self.random.choice(self.hands) if self.hands else None

    def _begin_worker(self) -> Iterator[Sent]:
        if len(self.hands) >= 4:
            return
        hands = Hands(self.world, self.laws, self.random, self.world.ids.new("wrk"))
        self.hands.append(hands)
        yield RegisterWorker(self.world.env, registration(hands.id, *JOBS)), ignore

    def _claim(self) -> Iterator[Sent]:
        if hands := self._idle():
            yield from hands.claim()

    def _commit(self) -> Iterator[Sent]:
        if hands := self._idle():
            yield from hands.commit()

    def _beat(self) -> Iterator[Sent]:
        if hands := self._idle():
            yield from hands.beat()

    def _lose_worker(self) -> Iterator[Sent]:
        if hands := self._idle():
            self.hands.remove(hands)
            self.dead.append(hands)
        yield from ()

    def _end_dead(self) -> Iterator[Sent]:
        if self.dead:
            hands = self.dead.pop()
            blames = self.random.random() < 0.7
            yield (
                EndWorkers("exited", environment_id=self.world.env, worker_id=hands.id, blames=blames),
                ignore,
            )

    def _leave(self) -> Iterator[Sent]:
        if hands := self._idle():
            self.hands.remove(hands)
            yield Leave(self.world.env, Farewell(hands.id)), ignore

    def _fire(self) -> Iterator[Sent]:
        yield FireTimers(self.random.choice((1, 2, 1_000))), ignore

    def _arrive_late(self) -> Iterator[Sent]:
        """A message sent long ago, perhaps by the dead, arrives (again); nobody hears the answer."""
        if self.on_the_way:
            yield self.random.choice(self.on_the_way), lambda answer: None

    # ── the end ──────────────────────────────────────────────────────────────────────────────────────
    def calm(self) -> None:
        """I5: with one honest worker, every event that is waited for and enough time, every run ends."""
        for worker_id in self.laws.check().workers:  # those too that a late message brought back
            self.world.do(EndWorkers("exited", worker_id=worker_id, blames=False))
        honest = self.world.worker(*JOBS)
        for _ in range(300):
            now = self.laws.check()
            left = [run for run in now.runs.values() if run.status not in FINAL_RUN_STATUSES]
            if not left:
                return
            for wait in list(now.waits.values()):
                if wait.kind == "drift":
                    self.world.apply(ResumeRun(self.world.env, wait.run_id))
            for correlation_id in IDS:
                self.world.send("go", correlation_id=correlation_id)
            self.world.advance(61)
            self.world.fire()
            for run in honest.take(5):
                self.laws.grant(run.run_id, run.lease, honest.id)
                honest.report(run, Hands.last_word(run))
        raise AssertionError(f"I5: these never end: {left}")
