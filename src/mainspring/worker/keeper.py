"""The lease keeper: beats in a thread of its own, so that user code that blocks the event loop loses nothing.

It also watches the loop: one that has not turned for a while is reported with the stack that blocks it.
"""

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from mainspring.clock import SECOND
from mainspring.errors import MainspringError, UnknownWorker
from mainspring.model.protocol import Heartbeat, HeartbeatAnswer, Registered
from mainspring.worker.backend import Backend
from mainspring.worker.failures import is_ours
from mainspring.worker.patience import is_passing

log = logging.getLogger("mainspring.worker")

#: Seconds without a turn of the loop after which it counts as blocked.
BLOCKED_AFTER = 5.0
#: Seconds until a heartbeat that got no answer is sent again.
_AGAIN_AFTER = 0.5


class Kept(Protocol):
    """The worker, as its keeper sees it."""

    def snapshot(self, blocked_stack: str | None) -> Heartbeat:
        """What to say. Called in the keeper's thread: must be consistent in itself."""
        ...

    def heard(self, heartbeat: Heartbeat, answer: HeartbeatAnswer) -> None:
        """An answer, on the loop."""
        ...

    def failed(self, error: MainspringError) -> None:
        """The server refuses this worker's heartbeats (wrong key, other protocol), on the loop."""
        ...


class Keeper:
    """Beats for one worker until stopped."""

    def __init__(
        self,
        backend: Backend,
        worker: Kept,
        loop: asyncio.AbstractEventLoop,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._backend = backend
        self._worker = worker
        self._loop = loop
        self._monotonic = monotonic
        self._loop_thread = threading.get_ident()
        self._every = 3.0
        self._timeout = 10.0
        self._stopped = threading.Event()
        self._nudged = threading.Event()
        self._thread: threading.Thread | None = None
        #: When the last answered heartbeat was sent; when the loop was asked to turn, while it has not.
        self._answered_at = monotonic()
        self._asked_at: float | None = None
        self._said_at: str | None = None

    def start(self, registered: Registered) -> None:
        """Starts beating, or goes on under another registration."""
        self._every = registered.heartbeat_every / SECOND
        self._timeout = registered.lease_timeout / SECOND
        self._answered_at = self._monotonic()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="mainspring-keeper", daemon=True)
            self._thread.start()

    def nudge(self) -> None:
        """Beat now."""
        self._nudged.set()

    def stop(self) -> None:
        """Stops beating; does not wait for a heartbeat that is under way."""
        self._stopped.set()
        self._nudged.set()

    def is_lease_over(self) -> bool:
        """Whether no heartbeat has been answered for so long that the leases have ended. The server counts from
        when it heard, which was earlier than when we learned that it had: so this is never too early."""
        return self._monotonic() - self._answered_at > self._timeout

    # ── in the thread ────────────────────────────────────────────────────────────────────────────────
    def _run(self) -> None:
        pause = self._every
        while True:
            self._nudged.wait(pause)
            self._nudged.clear()
            if self._stopped.is_set():
                return
            try:
                pause = self._every if self._beat() else min(_AGAIN_AFTER, self._every)
            except RuntimeError:
                return  # the loop is closed: there is nobody left to keep leases for

    def _beat(self) -> bool:
        """One heartbeat; whether it was answered."""
        began = self._monotonic()
        heartbeat = self._worker.snapshot(self._blocked_at())
        try:
            answer = self._backend.heartbeat(heartbeat)
        except UnknownWorker:
            answer = HeartbeatAnswer(unknown_worker=True)
        except Exception as error:
            self._unanswered(error)
            return False
        self._answered_at = began
        self._loop.call_soon_threadsafe(self._worker.heard, heartbeat, answer)
        return True

    def _unanswered(self, error: Exception) -> None:
        if isinstance(error, MainspringError) and not is_passing(error):
            self._loop.call_soon_threadsafe(self._worker.failed, error)
        elif not isinstance(error, MainspringError):
            log.error("a heartbeat failed unexpectedly", exc_info=error)

    def _blocked_at(self) -> str | None:
        """The user's frames of what blocks the loop, if something does."""
        now = self._monotonic()
        if self._asked_at is None:
            self._asked_at = now
            self._loop.call_soon_threadsafe(self._turned)
            return None
        if now - self._asked_at < BLOCKED_AFTER:
            return None
        frame = sys._current_frames().get(self._loop_thread)
        if frame is None:
            return None
        frames = [one for one in traceback.extract_stack(frame) if not is_ours(one.filename)]
        if frames and self._said_at is None:
            self._said_at = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
            log.warning(
                "the event loop has been blocked for %.0f seconds at %s:%s; use await, or a plain `def` task, "
                "which runs in a thread",
                now - self._asked_at,
                frames[-1].filename,
                frames[-1].lineno,
            )
        return "".join(traceback.format_list(frames)) or None

    def _turned(self) -> None:
        """On the loop: it turns."""
        self._asked_at = None
        self._said_at = None
