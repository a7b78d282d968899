"""The worker: registers, claims runs for its free slots, executes them, keeps their leases, drains and leaves."""

import asyncio
import contextlib
import hashlib
import logging
import os
import socket
from collections.abc import Callable, Iterable, Sequence
from contextvars import Context, copy_context
from typing import ClassVar

from mainspring.clock import SECOND, Clock, SystemClock
from mainspring.duration import format_duration
from mainspring.errors import MainspringError, UnknownWorker
from mainspring.ids import new_id
from mainspring.model.limits import Limits
from mainspring.model.protocol import (
    ClaimAnswer,
    Farewell,
    Heartbeat,
    HeartbeatAnswer,
    Notice,
    Registered,
    Registration,
)
from mainspring.sdk.client import Client
from mainspring.worker import capture
from mainspring.worker.backend import Backend
from mainspring.worker.claims import Claims
from mainspring.worker.dormant import Dormant
from mainspring.worker.held import Workplace
from mainspring.worker.keeper import Keeper
from mainspring.worker.outbox import Outbox
from mainspring.worker.patience import Patience, is_passing
from mainspring.worker.roster import Roster
from mainspring.worker.sealing import SealedBackend
from mainspring.worker.strands import install_factory

log = logging.getLogger("mainspring.worker")

#: Seconds that runs get to report their end once the time to drain is over.
_LAST_WORDS = 5.0


class Worker:
    """Executes runs of a client's jobs on this event loop."""

    #: What keeps its leases, and what runs print: where time is played (`testing/`, the simulator) nothing beats.
    keeper: ClassVar[type[Keeper]] = Keeper
    capturing = staticmethod(capture.capturing)

    def __init__(
        self,
        client: Client,
        backend: Backend,
        *,
        slots: int = 100,
        clock: Clock | None = None,
        name: str = "",
        app: str = "",
        worker_id: str | None = None,
        drain_timeout: int = 30 * SECOND,
        limits: Limits | None = None,
        parked_runs: int = 1_000,
        always_replay: bool = False,
        echoes: bool = True,
        pinned_only: bool = False,
        queues: Sequence[str] = (),
        ready: Callable[[str], None] | None = None,
        retiring: Callable[[], None] | None = None,
    ) -> None:
        """`slots`: runs executed side by side. `name`: a label for people and supervisors (the host's name when
        empty); `app`: the app's reference, as it is shown. `drain_timeout` (microseconds): how long a draining
        worker lets task attempts go on. `parked_runs`: parked runs whose code stays in memory (a run counts
        as many as it has asyncio tasks). `always_replay` (forced replay, for tests): user code begins anew after
        every outcome. `echoes`: what runs print is also printed here, not only kept. `pinned_only`: it
        takes only runs that are bound to its versions of the jobs, and its versions become no current ones. `queues`:
        those that it takes from, all if none is named; `InvalidQueue` for one in which no job stands. `ready` is
        called with the worker's id after every registration, `retiring` when an operator drains it."""
        self._client = client
        self._backend = backend if client.sealing is None else SealedBackend(backend, client.sealing)
        self._slots = slots
        self._clock = clock or SystemClock()
        self._name = name or socket.gethostname()
        self._app = app or client.name
        self._drain_timeout = drain_timeout
        self._limits = limits or Limits()
        self._always_replay = always_replay
        self._echoes = echoes
        self._pinned_only = pinned_only
        self._queues = tuple(queues)
        self._ready = ready
        self._retiring = retiring
        self.worker_id = worker_id or new_id("wrk")
        self.is_draining = False
        self._is_retiring = False
        self._roster = Roster(self._let_go, Dormant(0 if always_replay else parked_runs))
        self._is_joining = False
        self._is_watching = False

    async def run(self) -> None:
        """Registers, works, and returns once it has drained. Raises when the server refuses this worker
        (`Unauthorized`, `ProtocolMismatch`)."""
        self._loop = asyncio.get_running_loop()
        self._is_empty = asyncio.Event()
        install_factory(self._loop)
        self._stopped: asyncio.Future[None] = self._loop.create_future()
        self._outbox = Outbox(
            self._backend, self._clock, self._loop, on_unknown=self._unknown, on_fatal=self._fail
        )
        self._claims = Claims(
            self._backend,
            self._clock,
            self._loop,
            free=self._free,
            heard=self._claimed,
            gave_up=lambda: self._keeper.nudge(),
            failed=self._fail,
        )
        self._keeper = self.keeper(self._backend, self, self._loop)
        with self.capturing(echoes=self._echoes):
            sender = self._loop.create_task(self._outbox.run(), context=Context())
            sender.add_done_callback(self._sender_ended)
            self._context = copy_context()
            self._begin_to_join()
            try:
                await self._stopped
            finally:
                await self._leave(sender)

    def drain(self) -> None:
        """Takes nothing new and gives runs back at their next checkpoint; `run` then returns. What has not got
        there after `drain_timeout` is given back as it is."""
        if self.is_draining:
            return
        self.is_draining = True
        self._claims.withdraw()
        self._roster.give_back()
        self._timer = self._loop.create_task(self._clock.sleep(self._drain_timeout), context=Context())
        self._timer.add_done_callback(self._out_of_time)
        self._check_drained()

    def retire(self) -> None:
        """Takes nothing new, and lets what it holds go on to its end or its next wait, however long that takes;
        `run` then returns."""
        if self.is_leaving:
            return
        self._is_retiring = True
        log.info("told to take nothing more: %d runs go on, then this worker leaves", len(self._roster))
        if self._retiring is not None:
            self._retiring()
        self._claims.withdraw()
        self._check_drained()

    @property
    def is_leaving(self) -> bool:
        """Whether it takes nothing new any more."""
        return self.is_draining or self._is_retiring

    def _out_of_time(self, timer: "asyncio.Task[None]") -> None:
        if not timer.cancelled():
            self.give_back_now()

    def give_back_now(self) -> None:
        """Gives back every run as it is, and returns from `run` as soon as the server knows."""
        self._roster.give_back(at_once=True)
        self._loop.call_later(_LAST_WORDS, self._end)

    @property
    def running(self) -> int:
        """Runs held."""
        return len(self._roster)

    @property
    def released(self) -> int:
        """Runs given back unfinished."""
        return self._roster.released

    # ── joining and leaving ──────────────────────────────────────────────────────────────────────────
    def _begin_to_join(self) -> None:
        """Beside `run`, which may be told to stop before the server has answered."""
        self._is_joining = True
        self._joining = self._loop.create_task(self._join(), context=self._context.copy())
        self._joining.add_done_callback(self._joined)

    async def _join(self) -> None:
        """Registers, however long the server takes to answer, and begins to claim."""
        patience = Patience(self._clock, "the registration")
        while True:
            try:
                registered = await self._backend.register(self._registration())
                break
            except UnknownWorker:
                self.worker_id = new_id("wrk")
            except Exception as error:
                if isinstance(error, MainspringError) and not is_passing(error):
                    raise
                await patience.wait(error)
        patience.answered()
        self._is_joining = False
        self._set_up(registered)

    def _set_up(self, registered: Registered) -> None:
        self._workplace = Workplace(
            loop=self._loop,
            clock=self._clock,
            outbox=self._outbox,
            jobs=self._client.registered,
            registered=registered,
            limits=self._limits,
            context=self._context,
            always_replay=self._always_replay,
        )
        self._outbox.restart(self.worker_id)
        self._keeper.start(registered)
        self._claims.start(self.worker_id)
        if not self._is_watching:
            self._is_watching = True
            self._watch_leases()
        if self._ready is not None:
            self._ready(self.worker_id)
        self._check_drained()

    def _registration(self) -> Registration:
        return Registration(
            worker_id=self.worker_id,
            name=self._name,
            app=self._app,
            code_version=self._code_version(),
            hostname=socket.gethostname(),
            pid=os.getpid(),
            slots=self._slots,
            jobs=self._client.job_specs(),
            pinned_only=self._pinned_only,
            queues=self._queues,
        )

    def _code_version(self) -> str:
        """Changes when a job or the code of its function changes."""
        digest = hashlib.blake2b(digest_size=8)
        for job_id, job in sorted(self._client.registered.items()):
            code = getattr(job.fn, "__code__", None)
            digest.update(f"{job_id}@{job.version}".encode())
            digest.update(b"" if code is None else code.co_code)
        return digest.hexdigest()

    async def _leave(self, sender: "asyncio.Task[None]") -> None:
        sender.remove_done_callback(self._sender_ended)
        self._joining.cancel()
        self._roster.revoke()
        self._claims.stop()
        self._keeper.stop()
        if self.is_draining:
            self._timer.cancel()
        if not self._roster.is_vacant():
            self._is_empty.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_empty.wait(), _LAST_WORDS)
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
        try:
            await asyncio.wait_for(self._backend.farewell(Farewell(self.worker_id)), _LAST_WORDS)
        except (MainspringError, TimeoutError) as error:
            log.debug("farewell was not answered: %s", error)

    def _end(self) -> None:
        if not self._stopped.done():
            self._stopped.set_result(None)

    def _fail(self, error: Exception) -> None:
        """The server refuses this worker, or something of ours broke: nothing more can be done here."""
        if not self._stopped.done():
            self._stopped.set_exception(error)

    def _sender_ended(self, sender: "asyncio.Task[None]") -> None:
        if not sender.cancelled():
            error = sender.exception()
            self._fail(error if isinstance(error, Exception) else RuntimeError("the outbox stopped"))

    def _unknown(self) -> None:
        """The server does not know this worker any more: its leases are gone. Begin anew under another id."""
        if self._is_joining or self._stopped.done():
            return
        log.warning("the server does not know this worker any more; it registers again")
        self._claims.stop()
        self._roster.revoke()
        if self.is_leaving:
            self._end()
            return
        self.worker_id = new_id("wrk")
        self._begin_to_join()

    def _joined(self, joining: "asyncio.Task[None]") -> None:
        if not joining.cancelled() and (error := joining.exception()) is not None:
            self._fail(error if isinstance(error, Exception) else RuntimeError("registration stopped"))

    # ── claims, notices, leases ──────────────────────────────────────────────────────────────────────
    def _free(self) -> int:
        return 0 if self.is_leaving else self._slots - len(self._roster)

    def _claimed(self, answer: ClaimAnswer) -> None:
        if answer.unknown_worker:
            self._unknown()
            return
        for claimed in answer.runs:
            self._roster.take_on(claimed, self._workplace)
        self._tell(answer.notices)
        self._check_drained()  # that claim was perhaps the last that could have brought runs

    def _tell(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            self._claims.noticed(notice.run_id, notice.number)
            self._roster.tell(notice)

    def _let_go(self) -> None:
        if self._roster.is_vacant():
            self._is_empty.set()
        self._claims.refresh()
        self._check_drained()

    def _check_drained(self) -> None:
        if self.is_leaving and not self._roster:
            self._end()

    def _watch_leases(self) -> None:
        """Stops every run whose lease must have ended because no heartbeat was answered. On the loop, so that a
        heartbeat that hangs cannot keep it from being seen."""
        if self._stopped.done():
            return
        if self._roster and self._keeper.is_lease_over():
            silence = format_duration(self._workplace.registered.lease_timeout)
            log.warning("no heartbeat was answered for %s: the leases are over, the runs stop here", silence)
            self._roster.revoke()
        every = self._workplace.registered.heartbeat_every / SECOND
        self._loop.call_later(every, self._watch_leases, context=Context())

    # ── what the keeper asks and tells ───────────────────────────────────────────────────────────────
    def snapshot(self, blocked_stack: str | None) -> Heartbeat:
        # Claims first: a run granted by a claim that counts as over is held by then.
        done = self._claims.done
        return Heartbeat(
            self.worker_id,
            held=self._roster.leases(),
            claims_done=done,
            progress=self._claims.answered + self._outbox.acknowledged,
            is_draining=self.is_leaving,
            blocked_stack=blocked_stack,
        )

    def heard(self, heartbeat: Heartbeat, answer: HeartbeatAnswer) -> None:
        if heartbeat.worker_id != self.worker_id:
            return
        if answer.unknown_worker:
            self._unknown()
            return
        self._tell(answer.notices)
        if answer.drain:
            self.retire()

    def failed(self, error: MainspringError) -> None:
        self._fail(error)
