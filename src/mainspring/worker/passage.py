"""One passage through a run's body: what all calls of `io` in it share, and the rules they begin and end by.

Usually a run has one passage per lease; under forced replay it has many. Once a passage is stopped, whatever
its code still asks for is refused.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mainspring.codec import clean_text, encode
from mainspring.errors import ControlFlow, DefinitionError, LimitExceeded
from mainspring.model.tasks import Checkpoint, TaskKind, TaskLabel
from mainspring.worker.held import Held
from mainspring.worker.keys import NOTIFIED, OUTCOME_KEY, Place, current_place
from mainspring.worker.outbox import Channel
from mainspring.worker.replay import Drift, Replay
from mainspring.worker.stops import Stop, Suspended, stop_error
from mainspring.worker.strands import Ours, Strands, WaitFuture
from mainspring.worker.turns import Turns

#: Of the name and icon a task is shown with this many bytes are kept.
_LONGEST_NAME = 1_024


class Owner(Protocol):
    """The tenure that a passage belongs to, as far as the passage speaks to it."""

    def reached_safe_point(self) -> None:
        """No task attempt is in progress: a good moment to give the run back, if that was asked for."""
        ...

    def takes_over(self) -> bool:
        """Asked before a fresh result is handed out. True: the passage ends here instead."""
        ...

    def is_idle(self) -> None:
        """User code is idle and no result is ready for it."""
        ...

    def consider_parking(self) -> None:
        """Something changed after which the run may have nothing to do but wait."""
        ...

    def drifted(self, message: str, key: str | None) -> None:
        """The code does not fit the checkpoints."""
        ...

    def caught_up(self) -> None:
        """All that was known from before has been handed out."""
        ...


@dataclass(slots=True)
class Waiter:
    """User code blocked on something durable. `attempt`: of the task whose retry it waits for."""

    future: WaitFuture
    attempt: int | None = None
    outcome: Checkpoint | None = None


@dataclass(slots=True)
class Call:
    """A call of `io`: what it is, and what is known of it from before."""

    label: TaskLabel
    known: Checkpoint | None


class Passage:
    """What the calls of one passage share."""

    def __init__(self, held: Held, owner: Owner, hooks: str | None = None) -> None:
        """`hooks`: only hooks of this name are called, and the body is not."""
        self.held = held
        self.owner = owner
        self.loop = held.workplace.loop
        self.clock = held.workplace.clock
        self.body = Place()
        self.strands = Strands(self.loop)
        known: Mapping[str, Checkpoint] = held.checkpoints
        if hooks is not None or OUTCOME_KEY in known:
            known = {key: one for key, one in known.items() if key.startswith(f"#{hooks or 'on_'}")}
        self.replay = Replay(known, owner.caught_up)
        self.turns = Turns(
            self.loop,
            self.strands,
            self.replay.expected_positions(),
            intercept=owner.takes_over,
            idle=owner.is_idle,
        )
        #: Why the passage must end, once it must.
        self.stop: Stop | None = None
        #: All of its code has ended.
        self.is_closed = False
        #: The run is to be given back: nothing new begins.
        self.is_leaving = False
        #: Set while the server is asked to park the run, and while it is parked; resolved when the code goes on.
        self.parking: Ours | None = None
        #: The run is parked, and the code stays here in case it comes back: whatever stirs is refused.
        self.is_dormant = False
        #: Task attempts in progress.
        self.attempts = 0
        #: By key, what user code is blocked on; and how many wait for something given up on the first run.
        self.waiters: dict[str, Waiter] = {}
        self.hopeless: dict[str, WaitFuture] = {}
        self._calls = 0

    @property
    def channel(self) -> Channel:
        """The way out, under the lease of the moment."""
        return self.held.channel

    def reason(self) -> Stop | None:
        """Why user code must stop now; None lets it go on."""
        return self.stop

    # ── beginning a call ─────────────────────────────────────────────────────────────────────────────
    def here(self) -> Place:
        """Where we are. Raises the reason when the passage, or the attempt we are in, is over."""
        if self.stop is not None:
            raise stop_error(self.stop)
        if self.is_dormant:
            raise stop_error(Suspended)
        place = current_place.get() or self.body
        if not place.is_open:
            if place.key == NOTIFIED:
                raise DefinitionError(
                    "a hook on_wait or on_resume asked for something durable",
                    mend="Only log there, and set metadata.",
                )
            raise Suspended("this attempt of the task is over; the run went on without it")
        self.strands.touch()
        self.turns.stir()
        return place

    async def call(self, key: str, kind: TaskKind, name: str, fingerprint: str, **shown: Any) -> Call:
        """Begins a call: its full key, and what is known of it. `shown` are the label's icon, params and
        properties, as values."""
        place = self.here()
        if self.parking is not None:
            await self.parking
            place = self.here()
        label = self.name(place, key, kind, name, fingerprint, **shown)
        try:
            return Call(label, self.visit(label))
        except Drift as drift:
            self.owner.drifted(drift.message, drift.key)
            await self.never()
            raise

    def name(
        self, place: Place, key: str, kind: TaskKind, name: str, fingerprint: str, **shown: Any
    ) -> TaskLabel:
        """The label of a call. Raises LimitExceeded."""
        self._calls += 1
        limit = self.held.workplace.registered.max_tasks_per_run
        if self._calls > limit:
            raise LimitExceeded(
                f"the run has more than {limit:,} tasks (max_tasks_per_run)",
                limit=limit,
                setting="max_tasks_per_run",
            )
        full = place.next_key(key)
        texts: dict[str, str] = {}
        for field, value in shown.items():
            if value is not None:
                texts[field] = self._text(field, full, value)
        return TaskLabel(full, kind, clean_text(name, _LONGEST_NAME), place.key, fingerprint, **texts)

    def _text(self, field: str, key: str, value: Any) -> str:
        if field == "icon":
            return clean_text(str(value), _LONGEST_NAME)
        limit = self.held.workplace.registered.max_payload_bytes
        return encode(value, what=f"the {field} of '{key}'", limit=limit)

    def visit(self, label: TaskLabel) -> Checkpoint | None:
        """What is known of a call from before. Raises `Drift`."""
        known = self.replay.visit(label.key, label.kind, label.fingerprint)
        if known is None:
            if self.replay.is_replaying and self.strands.is_single():
                self.replay.catch_up()  # a lone strand does something new: nothing old can follow
        elif known.status not in ("SUCCESS", "FAILED"):
            self.replay.check_caught_up()
        return known

    async def begin(self) -> None:
        """Called before anything new is begun: does not return when the run is about to be given back."""
        if self.is_leaving:
            await self.leave()

    async def leave(self) -> None:
        """Does not return: the run is about to be given back."""
        self.owner.reached_safe_point()
        await self.never()

    async def never(self) -> Any:
        """Blocks until the passage is stopped."""
        await Ours(loop=self.loop)

    # ── results ──────────────────────────────────────────────────────────────────────────────────────
    async def replayed(self, known: Checkpoint) -> None:
        """Returns when it is the turn of a result known from before."""
        with self.replay.handing_out():
            if known.position is not None:
                await self.turns.replayed(known.position)

    def is_failure(self, error: BaseException) -> bool:
        """Whether what user code raised is its own failure, to be kept and perhaps tried again; False for what
        must pass: the end of this passage, a cancelled strand, an interrupted process."""
        if self.stop is not None or isinstance(error, ControlFlow | KeyboardInterrupt | GeneratorExit):
            return False
        if isinstance(error, asyncio.CancelledError):
            strand = asyncio.current_task()
            return strand is None or strand.cancelling() == 0  # nobody cancelled us: user code raised it
        return True

    # ── waiting ──────────────────────────────────────────────────────────────────────────────────────
    def expect(self, key: str, attempt: int | None = None) -> Waiter:
        """User code is about to block on the wait, or the retry, of this key."""
        waiter = Waiter(WaitFuture(loop=self.loop), attempt)
        self.waiters[key] = waiter
        return waiter

    def is_safe(self) -> bool:
        """Whether the passage may end here without repeating anything: no attempt in progress, no result of one
        on its way, and no plain `def` at work, which nothing can stop half-way."""
        return self.attempts == 0 and self.turns.is_empty() and not self.strands.are_in_threads()

    def is_quiet(self) -> bool:
        """Whether all of the code waits for durable waits alone."""
        return self.is_safe() and self.strands.are_blocked_on(WaitFuture) and not self.strands.have_timeouts()

    def end(self, stop: Stop) -> None:
        """From now on every call is refused, and nothing is handed out."""
        self.stop = stop
        self.turns.close()

    # ── staying in memory ────────────────────────────────────────────────────────────────────────────
    def may_rest(self) -> bool:
        """Whether code that is parked can stay as it is and go on from there: all that was known has been asked
        for, nothing stirs, and no thread is held meanwhile."""
        return self.replay.is_through() and not self.strands.hold_threads() and self.is_quiet()
