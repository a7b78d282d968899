"""`client.workers`: the processes that run jobs, as the server knows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mainspring.model.workers import WorkerStatus
from mainspring.sdk.api import Api, Listing, segment
from mainspring.sdk.events import read_instant
from mainspring.sdk.json_text import encode


@dataclass(frozen=True, slots=True)
class ShownWorker:
    """A worker on the server. `shown` is all that the API said."""

    id: str
    name: str
    status: WorkerStatus
    slots: int
    #: Runs it holds.
    running: int
    #: Ids of its jobs.
    jobs: tuple[str, ...]
    heartbeat_at: datetime | None
    #: All that in words.
    message: str
    shown: Mapping[str, Any]


def _read(shown: Mapping[str, Any]) -> ShownWorker:
    return ShownWorker(
        shown["id"],
        shown["name"],
        shown["status"],
        shown["slots"],
        shown["running"],
        tuple(shown["jobs"]),
        read_instant(shown["heartbeat_at"]),
        shown["message"],
        shown,
    )


class Workers:
    """`client.workers`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self) -> Listing[ShownWorker]:
        """Those that live, and those that went lately; the newest first."""
        return Listing(self._api, "/workers", {}, _read)

    async def retrieve(self, worker_id: str) -> ShownWorker:
        """The worker; `NotFound` when there is none of that id."""
        return _read(await self._api.call("GET", f"/workers/{segment(worker_id)}"))

    async def drain(self, worker_id: str, *, by: str | None = None) -> ShownWorker:
        """It is given nothing more at once, ends what it holds, and leaves; runs that wait go on elsewhere.

        `by` is shown to whoever looks at it. Raises `NotFound`, and `Conflict` when it has gone.
        """
        body = encode({} if by is None else {"by": by}, what="body")
        return _read(await self._api.call("POST", f"/workers/{segment(worker_id)}/drain", body=body))
