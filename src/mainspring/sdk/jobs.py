"""`client.jobs`: the jobs that workers registered, as the server knows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mainspring.sdk.api import Api, Listing, segment
from mainspring.sdk.events import read_instant


@dataclass(frozen=True, slots=True)
class RegisteredJob:
    """A job on the server. `shown` is all that the API said, with spans in seconds."""

    id: str
    name: str
    version: str
    enabled: bool
    #: A live worker has it.
    served: bool
    #: What starts it, in words.
    trigger: str
    payload_schema: dict[str, Any] | None
    tags: tuple[str, ...]
    #: Its runs by status.
    counts: dict[str, int]
    updated_at: datetime | None
    shown: Mapping[str, Any]


def _read(shown: Mapping[str, Any]) -> RegisteredJob:
    return RegisteredJob(
        id=shown["id"],
        name=shown["name"],
        version=shown["version"],
        enabled=shown["enabled"],
        served=bool(shown.get("served")),
        trigger=shown.get("trigger") or "",
        payload_schema=shown.get("payload_schema"),
        tags=tuple(shown.get("tags") or ()),
        counts=dict(shown.get("counts") or {}),
        updated_at=read_instant(shown.get("updated_at")),
        shown=shown,
    )


class Jobs:
    """`client.jobs`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def retrieve(self, job_id: str) -> RegisteredJob:
        """The job; `NotFound` when no worker has registered one of that id."""
        return _read(await self._api.call("GET", f"/jobs/{segment(job_id)}"))

    async def enable(self, job_id: str) -> RegisteredJob:
        """Let events start runs of it again."""
        return _read(await self._api.call("POST", f"/jobs/{segment(job_id)}/enable"))

    async def disable(self, job_id: str) -> RegisteredJob:
        """Let nothing start runs of it; those under way go on."""
        return _read(await self._api.call("POST", f"/jobs/{segment(job_id)}/disable"))

    def list(self) -> Listing[RegisteredJob]:
        """All of them, by id."""
        return Listing(self._api, "/jobs", {}, _read)
