"""A door on which callers share requests: runs that are started while a request is under way ride in the next one,
and all who wait for the ends of runs wait together.

A hundred senders side by side cost the server, and this process, a few requests instead of a hundred. One alone
is as quick as ever: nothing is held back to see whether others come. Each has its own answer or refusal.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from mainspring.client.ends import Ends
from mainspring.client.http import HttpDoor, open_door
from mainspring.client.starts import Starts
from mainspring.model.streams import Streamed

_JOBS, _RUNS = "/api/v1/jobs/", "/api/v1/runs/"


class GatheringDoor:
    """Implements `Door` of `sdk/door.py` over an `HttpDoor`. May be used from several event loops."""

    def __init__(self, door: HttpDoor) -> None:
        self._door = door
        self._desks: WeakKeyDictionary[asyncio.AbstractEventLoop, _Desk] = WeakKeyDictionary()

    def __repr__(self) -> str:
        return repr(self._door)

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
        """As `HttpDoor.call`."""
        if method == "POST" and body is not None and idempotency_key is None and timeout is None:
            job_id = _between(path, _JOBS, "/trigger")
            if job_id is not None:
                return await self._desk().starts.start(job_id, body)
        elif method == "GET" and params is not None and set(params) == {"wait"}:
            run_id = _between(path, _RUNS, "")
            if run_id is not None:
                return await self._desk().ends.wait(run_id, float(params["wait"]))
        return await self._door.call(
            method, path, params=params, body=body, idempotency_key=idempotency_key, timeout=timeout
        )

    def stream(
        self, path: str, *, params: Mapping[str, Any] | None = None, after: str | None = None
    ) -> AsyncGenerator[Streamed, None]:
        """As `HttpDoor.stream`."""
        return self._door.stream(path, params=params, after=after)

    async def aclose(self) -> None:
        await self._door.aclose()

    def _desk(self) -> "_Desk":
        loop = asyncio.get_running_loop()
        desk = self._desks.get(loop)
        if desk is None:
            desk = self._desks[loop] = _Desk(self._door)
        return desk


class _Desk:
    """What gathers on one event loop."""

    def __init__(self, door: HttpDoor) -> None:
        self.starts = Starts(door)
        self.ends = Ends(door)


def _between(path: str, before: str, behind: str) -> str | None:
    """The one segment between the two, as it stands in the path; None when there is something else."""
    if not (path.startswith(before) and path.endswith(behind)):
        return None
    segment = path[len(before) : len(path) - len(behind)]
    # What is percent-encoded is no id of ours: it takes the plain way, which knows what to say of it.
    return segment if segment and not set(segment) & {"/", "%", ",", '"', "\\"} else None


def open_gathering_door(url: str, key: str) -> GatheringDoor:
    """As `open_door`: what the SDK opens."""
    return GatheringDoor(open_door(url, key))
