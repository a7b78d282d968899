"""Runs to be started, gathered: one request under way, all that are asked for meanwhile ride in the next."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from mainspring.client.answers import error_in
from mainspring.client.http import HttpDoor
from mainspring.errors import MainspringError, RateLimited, ServerUnavailable, Unauthorized

#: What one request carries at most: runs, and characters, far below what a server takes.
MOST_RUNS = 100
MOST_CHARACTERS = 1 << 20
#: A request that takes longer (seconds) is no longer waited for by those behind it.
PATIENCE = 0.05


@dataclass(slots=True, eq=False)
class _Start:
    job_id: str
    body: str
    answer: asyncio.Future[Any]


class Starts:
    """For one event loop."""

    def __init__(self, door: HttpDoor) -> None:
        self._door = door
        self._waiting: deque[_Start] = deque()
        self._is_roused = False
        self._sending: set[asyncio.Task[None]] = set()
        #: The one of these that the others wait for.
        self._awaited: asyncio.Task[None] | None = None

    async def start(self, job_id: str, body: str) -> Any:
        """The run as the API shows it; raises what `Door.call` does. `body` is that of a trigger."""
        start = _Start(job_id, body, asyncio.get_running_loop().create_future())
        self._waiting.append(start)
        self._rouse()
        return await start.answer

    def _rouse(self) -> None:
        """Sends a turn from now: whoever starts a run in this turn comes along."""
        if self._waiting and self._awaited is None and not self._is_roused:
            self._is_roused = True
            asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        self._is_roused = False
        batch = self._take()
        if not batch:
            return
        loop = asyncio.get_running_loop()
        sending = self._awaited = loop.create_task(self._answer(batch))
        patience = loop.call_later(PATIENCE, self._go_on, sending)
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        sending.add_done_callback(self._go_on)
        sending.add_done_callback(lambda _: patience.cancel())

    def _go_on(self, sending: "asyncio.Task[None]") -> None:
        """Nobody waits for this request any longer."""
        if self._awaited is sending:
            self._awaited = None
            self._rouse()

    def _take(self) -> list[_Start]:
        batch: list[_Start] = []
        characters = 0
        while self._waiting and len(batch) < MOST_RUNS and characters < MOST_CHARACTERS:
            start = self._waiting.popleft()
            if not start.answer.done():  # its caller gave up
                batch.append(start)
                characters += len(start.body)
        return batch

    async def _answer(self, batch: list[_Start]) -> None:
        key = uuid4().hex
        try:
            if len(batch) == 1:
                await self._answer_alone(batch[0], key)
            else:
                await self._answer_all(batch, key)
        except asyncio.CancelledError:
            for start in _open(batch):
                start.answer.cancel()
            raise
        except Exception as error:  # whatever it is, nobody waits for ever
            for start in _open(batch):
                start.answer.set_exception(error)

    async def _answer_all(self, batch: list[_Start], key: str) -> None:
        body = ",".join([_with_job(start) for start in batch])
        try:
            answer = await self._door.call(
                "POST", "/api/v1/runs", body=f'{{"runs":[{body}]}}', idempotency_key=key
            )
        except (ServerUnavailable, RateLimited, Unauthorized):
            raise
        except MainspringError:
            # Somebody's body is to blame, or the server does not know this route. With the same keys: if it was
            # done after all, nothing is done twice.
            alone = (self._answer_alone(start, f"{key}/{index}") for index, start in enumerate(batch))
            await asyncio.gather(*alone)
            return
        for start, shown in zip(batch, answer["data"], strict=True):
            problem = shown["problem"]
            if start.answer.done():
                continue
            if problem is None:
                start.answer.set_result(shown["run"])
            else:
                start.answer.set_exception(error_in(problem, problem["status"], self._door.url))

    async def _answer_alone(self, start: _Start, key: str) -> None:
        path = f"/api/v1/jobs/{start.job_id}/trigger"
        try:
            shown = await self._door.call("POST", path, body=start.body, idempotency_key=key)
        except MainspringError as error:
            if not start.answer.done():
                start.answer.set_exception(error)
        else:
            if not start.answer.done():
                start.answer.set_result(shown)


def _with_job(start: _Start) -> str:
    """The body of a trigger as one of several runs."""
    rest = start.body.strip()[1:]
    return f'{{"job_id":"{start.job_id}"{"" if rest.lstrip() == "}" else ","}{rest}'


def _open(batch: list[_Start]) -> list[_Start]:
    return [start for start in batch if not start.answer.done()]
