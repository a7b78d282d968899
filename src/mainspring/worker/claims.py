"""Asking for work: one open long poll, replaced by a newer one when slots free up while it could take none.

Its answers also carry notices about the runs this worker holds.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context

from mainspring import faults
from mainspring.clock import Clock
from mainspring.errors import MainspringError, UnknownWorker
from mainspring.model.protocol import ClaimAnswer, ClaimRequest
from mainspring.worker.backend import Backend
from mainspring.worker.patience import Patience, is_passing


class Claims:
    """The claims of one worker. `free` says how many runs it can take; `heard` takes each answer, before the
    claim counts as over; `gave_up` is told that an answer may have been lost."""

    def __init__(
        self,
        backend: Backend,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        *,
        free: Callable[[], int],
        heard: Callable[[ClaimAnswer], None],
        gave_up: Callable[[], None],
        failed: Callable[[MainspringError], None],
    ) -> None:
        self._backend = backend
        self._loop = loop
        self._free = free
        self._heard = heard
        self._gave_up = gave_up
        self._failed = failed
        self._patience = Patience(clock, "a claim")
        self._worker_id = ""
        self._seq = 0
        #: The newest claim, while it is open, and the slots it offers.
        self._open: asyncio.Task[None] | None = None
        self._offered = 0
        self._strands: set[asyncio.Task[None]] = set()
        self._over: set[int] = set()
        #: All claims up to this one are over.
        self.done = 0
        self.answered = 0
        #: Notices received and not yet acknowledged: run -> number.
        self._noticed: dict[str, int] = {}
        self._is_paused = False
        self._is_due = False

    def start(self, worker_id: str) -> None:
        """Begins to ask, under a new id."""
        self.stop()
        self._worker_id = worker_id
        self._is_paused = False
        self._seq = self.done = 0
        self._over.clear()
        self._noticed.clear()
        self._ask()

    def stop(self) -> None:
        """Asks no more, and withdraws what is open."""
        self._worker_id = ""
        self._open = None
        for strand in self._strands:
            strand.cancel()

    def withdraw(self) -> None:
        """What is offered must not be taken any more: from now on only news is asked for. A run that is granted
        at this very moment is not held here, which the server is told by heartbeat or farewell."""
        if self._worker_id:
            for strand in self._strands:
                strand.cancel()
            self._ask()

    def refresh(self) -> None:
        """The number of free slots has changed."""
        if self._offered == 0 and not self._is_due and self._open is not None and self._free() > 0:
            self._is_due = True  # several runs that end in one turn make one claim
            self._loop.call_soon(self._ask_if_free, context=Context())

    def noticed(self, run_id: str, number: int) -> None:
        """A notice was received: the next claim says so."""
        self._noticed[run_id] = max(number, self._noticed.get(run_id, 0))

    def _ask_if_free(self) -> None:
        self._is_due = False
        if self._worker_id and not self._is_paused and self._offered == 0 and self._free() > 0:
            self._ask()

    def _ask(self) -> None:
        self._seq += 1
        self._offered = max(0, self._free())
        request = ClaimRequest(self._worker_id, self._seq, self._offered, tuple(self._noticed.items()))
        strand = self._open = self._loop.create_task(self._claim(request), context=Context())
        self._strands.add(strand)
        strand.add_done_callback(self._strands.discard)

    async def _claim(self, request: ClaimRequest) -> None:
        try:
            answer = await self._backend.claim(request)
        except asyncio.CancelledError:
            strand = asyncio.current_task()
            if strand is None or strand.cancelling():
                self._end(request, ask=False)
                raise
            await self._unanswered(request, RuntimeError("the claim was cancelled on its way"))
            return
        except UnknownWorker:
            answer = ClaimAnswer(unknown_worker=True)
        except Exception as error:
            await self._unanswered(request, error)
            return
        faults.at("claim.answered")
        if request.worker_id != self._worker_id:
            return
        self._patience.answered()
        self.answered += 1
        for run_id, number in request.noticed:
            if self._noticed.get(run_id) == number:
                del self._noticed[run_id]
        self._heard(answer)
        self._end(request)

    async def _unanswered(self, request: ClaimRequest, error: Exception) -> None:
        """What it may have been granted is given up: the next heartbeat says that it is not held here."""
        if request.worker_id != self._worker_id:
            return
        if isinstance(error, MainspringError) and not is_passing(error):
            self._failed(error)
            return
        self._is_paused = True
        self._end(request, ask=False)
        self._gave_up()
        await self._patience.wait(error)
        self._is_paused = False
        if request.worker_id == self._worker_id and self._is_newest(request):
            self._ask()

    def _is_newest(self, request: ClaimRequest) -> bool:
        return request.claim_seq == self._seq

    def _end(self, request: ClaimRequest, *, ask: bool = True) -> None:
        """The claim is over; if it was the newest, another follows."""
        if request.worker_id != self._worker_id:
            return  # the answer made the worker stop, or register again
        self._over.add(request.claim_seq)
        while self.done + 1 in self._over:
            self.done += 1
            self._over.discard(self.done)
        if ask and self._is_newest(request):
            self._ask()
