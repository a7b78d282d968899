"""Taps: the backend, door and clock of a worker, wrapped so that the world sees what is still under way."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from mainspring.clock import FakeClock, Instant
from mainspring.errors import ServerUnavailable
from mainspring.model.protocol import (
    ClaimAnswer,
    ClaimRequest,
    CommitAnswer,
    CommitRequest,
    Farewell,
    Heartbeat,
    HeartbeatAnswer,
    Registered,
    Registration,
)
from mainspring.model.streams import Streamed
from mainspring.sdk.door import Door
from mainspring.testing.lives import Life, current_life
from mainspring.worker.backend import Backend


class Wire:
    """What was asked and has no answer yet."""

    def __init__(self) -> None:
        self._asked: dict[int, tuple[Life | None, str, Any]] = {}
        self._count = 0

    def ask(self, verb: str, message: Any) -> int:
        self._count += 1
        self._asked[self._count] = (current_life.get(), verb, message)
        return self._count

    def answered(self, number: int) -> None:
        del self._asked[number]

    def open(self) -> list[tuple[str, Any]]:
        """Verb and message of what the living wait for."""
        return [
            (verb, message) for life, verb, message in self._asked.values() if not (life and life.is_over)
        ]


class TappedBackend:
    """Implements `Backend`."""

    def __init__(self, inner: Backend, life: Life) -> None:
        self._inner = inner
        self._life = life
        self.wire = Wire()
        #: Of the last registration that was answered.
        self.worker_id: str | None = None
        self.registered = asyncio.Event()
        #: Heartbeats answered, up to the one being told to the worker.
        self.beats = 0
        self._loop = asyncio.get_running_loop()
        #: Answers that got lost on the way here.
        self.lost = 0
        self._loses = ("", 0, 0)
        self._answers = 0

    def lose_answers(self, verb: str, *, every: int, at_most: int = 1_000) -> None:
        """From now on every so-manieth answer of this kind gets lost, though what was asked has been done."""
        self._loses, self._answers = (verb, every, at_most), 0

    def _arrives(self, verb: str) -> None:
        """Raises what a worker is told whose connection broke before the answer."""
        lost, every, at_most = self._loses
        if verb != lost or self.lost >= at_most:
            return
        self._answers += 1
        if self._answers % every == 0:
            self.lost += 1
            raise ServerUnavailable("the connection broke before the answer came")

    async def register(self, registration: Registration) -> Registered:
        number = self.wire.ask("register", registration)
        try:
            registered = await self._inner.register(registration)
            self.worker_id = registration.worker_id
            self.registered.set()
            return registered
        finally:
            self.wire.answered(number)

    async def claim(self, request: ClaimRequest) -> ClaimAnswer:
        number = self.wire.ask("claim", request)
        try:
            answer = await self._inner.claim(request)
            self._arrives("claim")
            return answer
        finally:
            self.wire.answered(number)

    async def commit(self, request: CommitRequest) -> CommitAnswer:
        number = self.wire.ask("commit", request)
        try:
            answer = await self._inner.commit(request)
            self._arrives("commit")
            return answer
        finally:
            self.wire.answered(number)

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        """In the keeper's thread, which must not outlive its worker."""
        if self._life.is_over:
            raise SystemExit
        current_life.set(self._life)  # for what the thread asks the loop to do
        try:
            return self._inner.heartbeat(heartbeat)
        finally:
            self._loop.call_soon_threadsafe(self._count_beat)

    def _count_beat(self) -> None:
        self.beats += 1

    async def farewell(self, farewell: Farewell) -> None:
        number = self.wire.ask("farewell", farewell)
        try:
            await self._inner.farewell(farewell)
        finally:
            self.wire.answered(number)

    async def aclose(self) -> None:
        await self._inner.aclose()


class TappedDoor:
    """Implements `Door`: what user code inside runs asks of the API, and the test itself."""

    def __init__(self, inner: Door) -> None:
        self._inner = inner
        self.wire = Wire()

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        is_held = bool(params and params.get("wait"))
        number = self.wire.ask("wait" if is_held else "call", path)
        try:
            return await self._inner.call(
                method, path, params=params, body=body, idempotency_key=idempotency_key, timeout=timeout
            )
        finally:
            self.wire.answered(number)

    def stream(
        self, path: str, *, params: Mapping[str, Any] | None = None, after: str | None = None
    ) -> AsyncGenerator[Streamed, None]:
        return self._inner.stream(path, params=params, after=after)

    async def aclose(self) -> None:
        await self._inner.aclose()


class TappedClock:
    """Implements `Clock` for one worker: tells for when its sleepers are set. They never wake once it is dead."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._count = 0
        self._due: dict[int, Instant] = {}

    def now(self) -> Instant:
        return self._clock.now()

    def monotonic(self) -> int:
        return self._clock.monotonic()

    async def sleep(self, delay: int) -> None:
        self._count += 1
        number = self._count
        self._due[number] = self._clock.now() + delay
        try:
            await self._clock.sleep(delay)
        finally:
            self._due.pop(number, None)

    def next_at(self) -> Instant | None:
        """When the next of its sleepers is due."""
        return min(self._due.values(), default=None)
