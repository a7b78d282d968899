"""A rehearsal: the code as it is now is led over what is known of a run, up to the first thing that it has not done
before.

Finished tasks answer from their checkpoints, in the same order as for a worker. What is new is noted and never begun:
no task is called, nothing is sent, kept or waited for, no hook is called. Plain code between the calls of `io` is at
work as ever.
"""

import asyncio
import functools
from collections.abc import Iterator, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from mainspring.clock import Clock, SystemClock
from mainspring.errors import ControlFlow
from mainspring.model.limits import Limits
from mainspring.model.protocol import ClaimedRun, Registered
from mainspring.model.tasks import FINAL_TASK_STATUSES, Checkpoint, TaskKind, TaskLabel
from mainspring.sdk.ambient import io
from mainspring.sdk.context import begin_run
from mainspring.worker.body import context_of
from mainspring.worker.held import AnyJob, Held, Workplace
from mainspring.worker.hooks import within_middleware
from mainspring.worker.imagined import IMAGINABLE, Beyond, ImaginedRuntime
from mainspring.worker.keys import current_place, parents_of
from mainspring.worker.outbox import Channel, Outbox
from mainspring.worker.passage import Call, Passage
from mainspring.worker.replay import Drift
from mainspring.worker.runtime import RunRuntime
from mainspring.worker.shown import Shown
from mainspring.worker.stops import Guarded, Suspended
from mainspring.worker.strands import Ours, current_strands, install_factory, settle

#: What made the code stand still: it asked for something new or open, came to its end, does not fit, or cannot be
#: told: it was at work for too long, or what it does next hangs on a timer of its own.
How = Literal["asked", "returned", "raised", "drifted", "late", "timed"]
#: In what a call differs from what was kept under its key.
Difference = Literal["kind", "input", "output", "given_up"]

#: Seconds between looks at code that is busy with something else than `io`, and for code that is to stop.
_LOOK_EVERY = 0.02
_STOPPING = 1.0
#: What is imagined of new tasks goes no further than this: a loop may ask for ever.
_MOST_IMAGINED = 200


@dataclass(slots=True)
class Came:
    """How far the code came."""

    how: How = "asked"
    #: Outcomes in the order in which the code got them.
    handed: list[Checkpoint] = field(default_factory=list)
    #: Calls that nothing is known of.
    asked: list[TaskLabel] = field(default_factory=list)
    #: What is known of and was not asked for, without what the code had given up.
    left: list[Checkpoint] = field(default_factory=list)
    #: Where the code does not fit: in what, under which key, in words.
    difference: Difference | None = None
    key: str | None = None
    message: str = ""
    #: What the call there is called now.
    now: str = ""
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """Where rehearsals take place. `patience`: seconds for plain code between two calls of `io`."""

    project: str = ""
    environment: str = ""
    patience: float = 5.0
    clock: Clock = field(default_factory=SystemClock)


async def rehearse(claimed: ClaimedRun, job: AnyJob, scene: Scene, *, imagines: bool | None = None) -> Came:
    """Leads the job's function over the run. `imagines`: new tasks answer with something that stands for anything,
    and is taken for true or for false, to see whether the code still comes to what it leaves out otherwise."""
    loop = asyncio.get_running_loop()
    install_factory(loop)
    workplace = Workplace(
        loop=loop,
        clock=scene.clock,
        outbox=_Nowhere(),
        jobs={},
        registered=Registered(scene.project, scene.environment, 0, 0, 1 << 40, 1 << 30),
        limits=Limits(),
        context=copy_context(),
    )
    # As by a claim, which is of the version that the worker has.
    bare = replace(claimed, job_version=job.version, checkpoints=tuple(_of_body(claimed.checkpoints)))
    return await _Rehearsal(Held(bare, job, workplace), imagines).play(scene.patience)


def _of_body(checkpoints: Sequence[Checkpoint]) -> Iterator[Checkpoint]:
    """Those that the body itself asks for: not what is nested in its tasks, and no hooks."""
    keys = {one.key for one in checkpoints}
    for one in checkpoints:
        if not one.key.startswith("#") and keys.isdisjoint(parents_of(one.key)):
            yield one


class _Nowhere(Outbox):
    """Where everything that is reported goes."""

    def __init__(self) -> None: ...

    def gather(self, channel: Channel, *, lazy: bool, alone: bool) -> None:
        channel.entries.clear()


class _Passage(Passage):
    """A passage in which nothing new begins."""

    def __init__(self, held: Held, owner: "_Rehearsal", imagines: bool | None) -> None:
        super().__init__(held, owner)
        self._went_on = owner.went_on
        self._imagines = imagines
        self.handed: list[Checkpoint] = []
        self.asked: list[TaskLabel] = []
        self.reached: set[str] = set()
        self.is_at_open_task = False
        self.difference: Difference | None = None
        #: What the call that does not fit is called now.
        self.now = ""

    async def call(self, key: str, kind: TaskKind, name: str, fingerprint: str, **shown: Any) -> Call:
        label = self.name(self.here(), key, kind, name, fingerprint, **shown)
        self._went_on()
        if self._imagines is not None and self.asked:  # what it is given may come from what was imagined
            label = replace(label, fingerprint="")
        try:
            known = self.visit(label)
        except Drift as drift:
            self.owner.drifted(drift.message, drift.key)
            known = await self.never()
        if known is None:
            self.asked.append(label)
            if self._imagines is not None and kind in IMAGINABLE and len(self.asked) < _MOST_IMAGINED:
                raise Beyond
        elif known.status in FINAL_TASK_STATUSES:
            return Call(label, known)
        else:
            self.is_at_open_task = True
        self.turns.wake()
        await self.never()
        raise AssertionError("it stands still until the passage is stopped")

    def visit(self, label: TaskLabel) -> Checkpoint | None:
        self.reached.add(label.key)
        try:
            return super().visit(label)
        except Drift:
            self.difference = "input" if self.held.checkpoints[label.key].kind == label.kind else "kind"
            self.now = label.name
            raise

    async def replayed(self, known: Checkpoint) -> None:
        await super().replayed(known)
        self.handed.append(known)

    def left(self) -> list[Checkpoint]:
        """What was not asked for, in the order in which it reached the code."""
        return [
            one
            for one in self.held.claimed.checkpoints
            if one.key not in self.reached and one.status != "CANCELLED" and one.kind != "value"
        ]


class _Rehearsal:
    """Of one run: the owner of its passage."""

    def __init__(self, held: Held, imagines: bool | None) -> None:
        self._held = held
        self._loop = held.workplace.loop
        self._passage = _Passage(held, self, imagines)
        passage, shown = self._passage, Shown(held)
        self._runtime = (
            RunRuntime(passage, shown) if imagines is None else ImaginedRuntime(passage, shown, imagines)
        )
        self._context = context_of(held, is_replay=self._passage.replay.is_replaying)
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._came = Came()

    async def play(self, patience: float) -> Came:
        passage = self._passage
        context = self._held.workplace.context.copy()
        context.run(current_strands.set, passage.strands)
        context.run(current_place.set, passage.body)
        strand = self._loop.create_task(Guarded(self._body(), passage.reason), context=context)
        passage.strands.begin(strand)
        strand.add_done_callback(self._played, context=Context())
        try:
            async with asyncio.timeout(patience) as self._limit:
                self._patience = patience
                await self._over
        except TimeoutError:
            self._came.how = "late"
        finally:
            await self._stop()
        came = self._came
        came.handed, came.asked, came.left = passage.handed, passage.asked, passage.left()
        return came

    async def _body(self) -> None:
        begin_run(self._runtime, self._context, self._held.job.connectors)
        held, context = self._held, self._context
        call = functools.partial(held.job.call, held.claimed.payload, io, context)
        try:
            await (within_middleware(held, context, call) if held.job.middlewares else call())
        except (SystemExit, KeyboardInterrupt) as error:  # asyncio would end the loop for these
            self._came.error = error
            self._end("raised")

    def went_on(self) -> None:
        """The code has come to a call of `io`: its time begins anew."""
        if not self._limit.expired():
            self._limit.reschedule(self._loop.time() + self._patience)

    def _played(self, strand: "asyncio.Task[None]") -> None:
        error = asyncio.CancelledError() if strand.cancelled() else strand.exception()
        if self._over.done() or isinstance(error, ControlFlow):
            return
        self._came.error = error
        self._end("returned" if error is None else "raised")

    def _end(self, how: How) -> None:
        if not self._over.done():
            self._came.how = how
            self._over.set_result(None)

    async def _stop(self) -> None:
        passage = self._passage
        passage.end(Suspended)
        passage.strands.cancel()
        stopped = Ours(loop=self._loop)
        passage.strands.when_over(functools.partial(settle, stopped), Context())
        with suppress(TimeoutError):
            await asyncio.wait_for(stopped, _STOPPING)
        passage.is_closed = True
        passage.strands.forget()

    # ── what the passage tells ───────────────────────────────────────────────────────────────────────
    def reached_safe_point(self) -> None:
        pass

    def takes_over(self) -> bool:
        return False

    def consider_parking(self) -> None:
        self._passage.turns.wake()

    def caught_up(self) -> None:
        self._context.run.is_replay = False

    def is_idle(self) -> None:
        passage = self._passage
        if self._over.done():
            return
        if not passage.strands.are_blocked_on(Ours):
            self._loop.call_later(_LOOK_EVERY, passage.turns.wake, context=Context())
        elif passage.hopeless and passage.strands.have_timeouts():
            self._end("timed")
        elif passage.hopeless and not (passage.asked or passage.is_at_open_task):
            key = next(iter(passage.hopeless))
            passage.difference = "given_up"
            self.drifted(
                f"the code waits for '{key}', which it had stopped waiting for when it ran first", key
            )
        else:
            self._end("asked")

    def drifted(self, message: str, key: str | None) -> None:
        if not self._over.done():
            self._came.difference = self._passage.difference or "output"
            self._came.message, self._came.key, self._came.now = message, key, self._passage.now
            self._end("drifted")
