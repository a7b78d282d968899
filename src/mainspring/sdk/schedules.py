"""`client.schedules`: when jobs start by themselves, as the server knows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mainspring.clock import to_iso
from mainspring.sdk.api import Api, Listing, segment
from mainspring.sdk.events import as_instant, read_instant
from mainspring.sdk.handle import Run
from mainspring.sdk.json_text import encode


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule on the server. `shown` is all that the API said, with spans in seconds."""

    id: str
    #: None while no job has the dynamic schedule as its trigger.
    job_id: str | None
    #: Its times in words.
    description: str
    #: Of one registered at run time.
    key: str | None
    external_id: str | None
    metadata: dict[str, Any]
    #: None while it is paused.
    next_at: datetime | None
    #: The next five slots.
    upcoming: tuple[datetime, ...]
    #: The last slot that came, and why it started no run, if it did not.
    last_at: datetime | None
    refusal: str | None
    paused_at: datetime | None
    shown: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BackfilledSlot:
    """A slot of a backfill, with its run; `is_new` is False where it had that run already."""

    slot: datetime
    run_id: str
    is_new: bool


def read_schedule(shown: Mapping[str, Any]) -> Schedule:
    """A schedule as the API shows it."""
    return Schedule(
        id=shown["id"],
        job_id=shown["job_id"],
        description=shown["description"],
        key=shown["key"],
        external_id=shown["external_id"],
        metadata=dict(shown["metadata"]),
        next_at=read_instant(shown["next_at"]),
        upcoming=tuple(datetime.fromisoformat(slot) for slot in shown["upcoming"]),
        last_at=read_instant(shown["last_at"]),
        refusal=shown["refusal"],
        paused_at=read_instant(shown["paused_at"]),
        shown=shown,
    )


class Schedules:
    """`client.schedules`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(
        self,
        *,
        job_id: str | None = None,
        external_id: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Listing[Schedule]:
        """By id: `page = await client.schedules.list()`, or `async for schedule in ...` for all."""
        params = {"job": job_id, "external_id": external_id, "limit": limit, "cursor": cursor}
        return Listing(self._api, "/schedules", params, read_schedule)

    async def retrieve(self, schedule_id: str) -> Schedule:
        """The schedule; `NotFound` when there is none of that id."""
        return read_schedule(await self._api.call("GET", schedule_path(schedule_id)))

    async def pause(self, schedule_id: str) -> Schedule:
        """Let its slots start nothing until it is resumed."""
        return read_schedule(await self._api.call("POST", schedule_path(schedule_id, "/pause")))

    async def resume(self, schedule_id: str) -> Schedule:
        """Go on with the next slot from now."""
        return read_schedule(await self._api.call("POST", schedule_path(schedule_id, "/resume")))

    async def run(self, schedule_id: str) -> Run[Any]:
        """Start a run now, beside its slots; its handle."""
        return Run(self._api, await self._api.call("POST", schedule_path(schedule_id, "/run")))

    def runs(
        self, schedule_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Listing[Run[Any]]:
        """The runs that it started, the newest first."""
        params = {"schedule": schedule_id, "limit": limit, "cursor": cursor}
        return Listing(self._api, "/runs", params, lambda shown: Run(self._api, shown))

    async def backfill(
        self, schedule_id: str, since: datetime | str, until: datetime | str
    ) -> Sequence[BackfilledSlot]:
        """Start a run for every slot of a past range, both ends included, that has none: all or none of them.

        Asked twice, nothing is started twice. Raises `LimitExceeded` above 1,000 slots (`max_runs_per_batch`).
        """
        body = encode(
            {"since": to_iso(as_instant(since)), "until": to_iso(as_instant(until))}, what="the range"
        )
        answer = await self._api.call("POST", schedule_path(schedule_id, "/backfill"), body=body, timeout=60)
        return [
            BackfilledSlot(datetime.fromisoformat(one["slot"]), one["run_id"], one["is_new"])
            for one in answer["data"]
        ]


def schedule_path(schedule_id: str, verb: str = "") -> str:
    """Where one schedule is, under the API."""
    return f"/schedules/{segment(schedule_id)}{verb}"
