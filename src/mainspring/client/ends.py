"""Ends of runs, waited for together: those who begin to wait in one moment share a request, and what it leaves open
goes into the next one."""

import asyncio
import math
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from typing import Any

from mainspring.client.http import HttpDoor
from mainspring.errors import MainspringError, RateLimited, ServerUnavailable, Unauthorized
from mainspring.model.runs import FINAL_RUN_STATUSES

#: Runs that one request asks for: a URL that every proxy takes.
MOST_RUNS = 100
#: Seconds beyond the wait asked for until an answer counts as lost.
SLACK = 15.0


@dataclass(slots=True, eq=False)
class _Wait:
    run_id: str
    #: By the loop's clock.
    until: float
    answer: asyncio.Future[Any]
    #: The request that asks for it.
    asking: "asyncio.Task[None] | None" = None


class Ends:
    """For one event loop."""

    def __init__(self, door: HttpDoor) -> None:
        self._door = door
        self._waiting: list[_Wait] = []
        self._is_roused = False
        #: The waits of each request that is under way.
        self._asking: dict[asyncio.Task[None], list[_Wait]] = {}

    async def wait(self, run_id: str, seconds: float) -> Any:
        """The run as the API shows it, once it has ended or the time is up; raises what `Door.call` does."""
        loop = asyncio.get_running_loop()
        wait = _Wait(run_id, loop.time() + seconds, loop.create_future())
        self._gather(wait)
        try:
            return await wait.answer
        finally:
            asking = wait.asking
            if asking is not None and all(other.answer.done() for other in self._asking.get(asking, ())):
                asking.cancel()  # hangs up, for nobody waits any longer; after an answer it does nothing

    def _gather(self, wait: _Wait) -> None:
        wait.asking = None
        self._waiting.append(wait)
        if not self._is_roused:  # asks a turn from now: whoever begins to wait in this turn comes along
            self._is_roused = True
            asyncio.get_running_loop().call_soon(self._ask)

    def _ask(self) -> None:
        self._is_roused = False
        waiting = (wait for wait in self._waiting if not wait.answer.done())
        self._waiting = []
        while waits := list(islice(waiting, MOST_RUNS)):
            asking = asyncio.create_task(self._answer(waits))
            self._asking[asking] = waits
            asking.add_done_callback(self._asking.pop)
            for wait in waits:
                wait.asking = asking

    async def _answer(self, waits: list[_Wait]) -> None:
        try:
            if len(waits) == 1:
                await self._answer_alone(waits[0])
            else:
                await self._answer_all(waits)
        except asyncio.CancelledError:
            for wait in _open(waits):
                wait.answer.cancel()
            raise
        except Exception as error:  # whatever it is, nobody waits for ever
            for wait in _open(waits):
                wait.answer.set_exception(error)

    async def _answer_all(self, waits: list[_Wait]) -> None:
        seconds = _left(min(wait.until for wait in waits))
        ids = ",".join(dict.fromkeys(wait.run_id for wait in waits))
        try:
            answer = await self._door.call(
                "GET", "/api/v1/runs/ended", params={"ids": ids, "wait": seconds}, timeout=seconds + SLACK
            )
        except (ServerUnavailable, RateLimited, Unauthorized):
            raise
        except MainspringError:  # one of the ids is to blame, or the server does not know this route
            await asyncio.gather(*(self._answer_alone(wait) for wait in waits))
            return
        shown = {run["id"]: run for run in answer["data"]}
        shows_all = not any(run["status"] in FINAL_RUN_STATUSES for run in shown.values())
        now = asyncio.get_running_loop().time()
        told, unknown = set(), []
        for wait in _open(waits):
            run = shown.get(wait.run_id)
            if run is not None and (run["status"] in FINAL_RUN_STATUSES or wait.until <= now):
                # Whoever else waits for the same run has values of its own.
                wait.answer.set_result(deepcopy(run) if wait.run_id in told else run)
                told.add(wait.run_id)
            elif run is None and shows_all:
                unknown.append(wait)
            else:
                self._gather(wait)
        await asyncio.gather(*(self._answer_alone(wait) for wait in unknown))

    async def _answer_alone(self, wait: _Wait) -> None:
        seconds = _left(wait.until)
        path = f"/api/v1/runs/{wait.run_id}"
        try:
            shown = await self._door.call("GET", path, params={"wait": seconds}, timeout=seconds + SLACK)
        except MainspringError as error:
            if not wait.answer.done():
                wait.answer.set_exception(error)
        else:
            if not wait.answer.done():
                wait.answer.set_result(shown)


def _left(until: float) -> float:
    """Seconds, in whole milliseconds that are not too few."""
    return max(1, math.ceil((until - asyncio.get_running_loop().time()) * 1000)) / 1000


def _open(waits: Iterable[_Wait]) -> list[_Wait]:
    return [wait for wait in waits if not wait.answer.done()]
