"""Group commit: one thread applies whatever gathered while the last transaction was committing.

No timers and no batch size: a lone command pays one commit, a hundred concurrent ones share it. Answers go out
after the commit, one call per event loop. Claims that find nothing stay open here and are looked at again in
the very transaction that makes runs ready, so a start reaches a worker without a second commit.
"""

import asyncio
import logging
import secrets
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future as ThreadFuture
from copy import copy
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from mainspring import faults
from mainspring.clock import Clock
from mainspring.engine.apply import apply, apply_open_claims
from mainspring.engine.batch import Batch, Tally
from mainspring.engine.commands import Claim, Command
from mainspring.engine.timing import Timing
from mainspring.errors import DatabaseUnavailable, MainspringError, ServerUnavailable, TransactionConflict
from mainspring.ids import IdSource
from mainspring.model.limits import Limits
from mainspring.model.protocol import ClaimAnswer
from mainspring.model.wake import Wake
from mainspring.storage.database import Database, Transaction

log = logging.getLogger("mainspring.engine")

#: Deadlocks and lost races in a row after which the commands are tried one by one.
MAX_CONFLICTS = 5

AnyFuture = asyncio.Future[Any] | ThreadFuture[Any]
#: Environment and worker: another environment's worker of the same id is another worker.
_Claimant = tuple[str, str]


@dataclass(slots=True, eq=False)
class Submission:
    """A command and who waits for its result."""

    command: Command
    future: AnyFuture
    loop: asyncio.AbstractEventLoop | None


class Hints(Protocol):
    """How servers on one database tell each other that something is worth a look; see `hints/`."""

    def announce(self, tx: Transaction, wake: Wake) -> None:
        """Inside the transaction: the others hear of it if and when it commits."""
        ...

    def start(self, on_wake: Callable[[Wake], None]) -> None:
        """`on_wake` is called, on any thread, with what others committed."""
        ...

    def stop(self) -> None: ...


class NoHints:
    """One process on its database: there is nobody to tell."""

    def announce(self, tx: Transaction, wake: Wake) -> None: ...

    def start(self, on_wake: Callable[[Wake], None]) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Hint:
    """Another server committed something."""

    wake: Wake


@dataclass(frozen=True, slots=True)
class _Withdrawal:
    """An open claim that its sender no longer waits for."""

    submission: Submission


_STOP = object()


class Committer:
    """Owns the write side of the database. `submit` from a loop, `submit_blocking` from a thread."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        ids: IdSource,
        limits: Limits,
        timing: Timing,
        hints: Hints,
        on_commit: Callable[[Wake], None],
        awaited: Callable[[Iterable[str]], list[str]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._limits = limits
        self._timing = timing
        self._hints = hints
        self._on_commit = on_commit
        self._awaited = awaited
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._open_claims: dict[_Claimant, Submission] = {}
        # Rows of one's own among the counts; where nobody else writes they need no name.
        self._tally = Tally(0 if database.dialect == "sqlite" else secrets.randbits(31))
        self._thread = threading.Thread(target=self._run, name="mainspring-committer", daemon=True)
        #: Nothing is put into the inbox after _STOP: it would never be answered.
        self._gate = threading.Lock()
        self._stopped = False

    def start(self) -> None:
        self._thread.start()
        self._hints.start(lambda wake: self._inbox.put(_Hint(wake)))

    def stop(self) -> None:
        """Commits what was submitted, answers open claims with nothing, ends the thread. Blocks."""
        with self._gate:
            stopped, self._stopped = self._stopped, True
            if not stopped:
                self._inbox.put(_STOP)
        if not stopped:
            self._hints.stop()
            self._thread.join()

    def submit(self, command: Command, loop: asyncio.AbstractEventLoop | None = None) -> Submission:
        """From an event loop, which need not be looked up where it is given; await the submission's future."""
        loop = loop or asyncio.get_running_loop()
        return self._put(Submission(command, loop.create_future(), loop))

    def submit_blocking(self, command: Command) -> Any:
        """From a thread of the caller's own; returns the result or raises the refusal."""
        future: ThreadFuture[Any] = ThreadFuture()
        self._put(Submission(command, future, None))
        return future.result()

    def withdraw(self, submission: Submission) -> None:
        """Ends an open claim: it is answered with nothing unless it was granted something first."""
        self._inbox.put(_Withdrawal(submission))

    def _put(self, submission: Submission) -> Submission:
        with self._gate:
            if not self._stopped:
                self._inbox.put(submission)
                return submission
        _settle(
            [(submission, ServerUnavailable("the engine is stopping", mend="Send it again in a moment."))]
        )
        return submission

    # ── the committer's thread ───────────────────────────────────────────────────────────────────────
    def _run(self) -> None:
        while self.go():
            pass
        self._answer_empty(list(self._open_claims.values()))

    def go(self) -> bool:
        """Waits for something to arrive and commits all that has gathered; False once it was told to stop.
        Called in the committer's thread, and by the simulator, which has none."""
        arrived = [self._inbox.get()]
        while True:
            try:
                arrived.append(self._inbox.get_nowait())
            except Empty:
                break
        withdrawn = {item.submission for item in arrived if isinstance(item, _Withdrawal)}
        submissions = [item for item in arrived if isinstance(item, Submission)]
        # A claim that is gone is granted nothing, whether it came before or in this very go.
        self._answer_empty(list(withdrawn))
        _settle([(s, ClaimAnswer()) for s in submissions if s in withdrawn])
        submissions = [s for s in submissions if s not in withdrawn]
        hints = [item.wake for item in arrived if isinstance(item, _Hint)]
        for wake in hints:
            submissions += self._take_concerned(wake)
        if submissions:
            self._commit(submissions)
        for wake in hints:
            self._on_commit(wake)
        return not any(item is _STOP for item in arrived)

    def _answer_empty(self, submissions: list[Submission]) -> None:
        still_open = [s for s in submissions if self._open_claims.get(_claimant(s)) is s]
        for submission in still_open:
            del self._open_claims[_claimant(submission)]
        _settle([(submission, ClaimAnswer()) for submission in still_open])

    def _commit(self, submissions: list[Submission]) -> None:
        """One transaction for all; if one of them breaks it, each alone, so that only that one fails."""
        try:
            settled, wake = self._transact_again(submissions)
        except DatabaseUnavailable as error:
            # Perhaps it was committed all the same: whoever waits looks again, and an open claim that it may
            # have granted something ends, so that the next heartbeat undoes what never arrived.
            self._answer_empty(list(self._open_claims.values()))
            settled, wake = [(s, error) for s in submissions], Wake(is_everything=True)
        except Exception as error:
            if len(submissions) > 1:
                for submission in submissions:
                    self._commit([submission])
                return
            log.exception("command %s failed", type(submissions[0].command).__name__)
            settled, wake = [(submissions[0], error)], None
        _settle(settled)
        faults.at("batch.answered")
        if wake is not None:
            self._on_commit(wake)

    def _transact_again(self, submissions: list[Submission]) -> tuple[list[tuple[Submission, Any]], Wake]:
        """Tries anew while other servers are faster, and where a connection broke before the commit was sent;
        nothing of a lost try is kept."""
        for _ in range(MAX_CONFLICTS):
            try:
                return self._transact(submissions)
            except TransactionConflict:
                continue
            except DatabaseUnavailable as error:
                if not error.nothing_committed:
                    raise
        return self._transact(submissions)

    def _transact(self, submissions: list[Submission]) -> tuple[list[tuple[Submission, Any]], Wake]:
        claims = {_claimant(s): s for s in submissions if isinstance(s.command, Claim)}
        others = [s for s in submissions if not isinstance(s.command, Claim)]
        faults.at("batch.begin")
        with self._database.write() as tx:
            batch = Batch(tx, self._clock.now(), ids=self._ids, limits=self._limits, timing=self._timing)
            batch.awaited = self._awaited
            batch.tally = self._tally
            batch.claims = [s.command for s in {**self._open_claims, **claims}.values()]
            results = apply(batch, [s.command for s in others])
            handed = {c: s for c, s in self._open_claims.items() if c in batch.handed}
            looked_at = {**handed, **self._concerned(batch.wake), **claims}
            commands = [s.command for s in looked_at.values() if isinstance(s.command, Claim)]
            answers = apply_open_claims(batch, commands)
            self._hints.announce(tx, batch.wake)
            faults.at("batch.applied")
        faults.at("batch.committed")
        settled = list(zip(others, results, strict=True))
        settled += self._keep_open(list(zip(looked_at.values(), answers, strict=True)))
        refilled = Wake(ready=batch.refilled)
        if batch.refilled and self._concerned(refilled):
            self._inbox.put(_Hint(refilled))  # those who were looked at first took all there was then
        settled += [
            (s, ClaimAnswer())
            for s in submissions
            if isinstance(s.command, Claim) and claims[_claimant(s)] is not s
        ]
        return settled, batch.wake

    def _concerned(self, wake: Wake) -> dict[_Claimant, Submission]:
        """Open claims that this batch may have something for."""
        if wake.is_everything:
            return dict(self._open_claims)
        if not wake.ready and not wake.attention:
            return {}
        return {
            (environment_id, worker_id): submission
            for (environment_id, worker_id), submission in self._open_claims.items()
            if worker_id in wake.attention or environment_id in wake.ready
        }

    def _take_concerned(self, wake: Wake) -> list[Submission]:
        """Open claims that another server's batch may have something for, to be applied like new ones."""
        concerned = self._concerned(wake)
        for claimant in concerned:
            del self._open_claims[claimant]
        return list(concerned.values())

    def _keep_open(
        self, answered: list[tuple[Submission, ClaimAnswer | None]]
    ) -> list[tuple[Submission, Any]]:
        """Claims with an answer are settled, the others wait; a worker's newer claim replaces its older one."""
        settled: list[tuple[Submission, Any]] = []
        for submission, answer in answered:
            claimant = _claimant(submission)
            older = self._open_claims.pop(claimant, None)
            if older is not None and older is not submission:
                settled.append((older, ClaimAnswer()))
            if answer is None and _stays_open(submission):
                self._open_claims[claimant] = submission
            else:
                settled.append((submission, answer or ClaimAnswer()))
        return settled


def _claimant(submission: Submission) -> _Claimant:
    assert isinstance(submission.command, Claim)
    return (submission.command.environment_id, submission.command.request.worker_id)


def _stays_open(submission: Submission) -> bool:
    """A claim that may not wait is answered at once, with nothing if need be."""
    assert isinstance(submission.command, Claim)
    return submission.command.request.wait > 0


def _settle(results: list[tuple[Submission, Any]]) -> None:
    """Hands out results: threads at once, each event loop with one call."""
    if not results:
        return
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[AnyFuture, Any]]] = {}
    for submission, result in results:
        if submission.loop is None:
            _resolve([(submission.future, result)])
        else:
            by_loop.setdefault(submission.loop, []).append((submission.future, result))
    for loop, settled in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, settled)
        except RuntimeError:  # the loop is closed: nobody waits there any more
            log.debug("%d answers had no loop to go to", len(settled))


def _resolve(settled: list[tuple[AnyFuture, Any]]) -> None:
    for future, result in settled:
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(_copy(result))
        else:
            future.set_result(result)


def _copy(error: Exception) -> Exception:
    """Several waiters may share one refusal; each raises its own, or their tracebacks would grow together."""
    if not isinstance(error, MainspringError):
        return error
    own = copy(error)
    own.__cause__ = error.__cause__
    return own
