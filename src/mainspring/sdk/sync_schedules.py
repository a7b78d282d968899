"""`client.sync.schedules` and `dynamic_schedule.sync`: schedules from blocking code."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from mainspring.duration import Duration
from mainspring.model.jobs import CatchUp, Overlap
from mainspring.sdk.bridge import wait_for
from mainspring.sdk.schedules import BackfilledSlot, Schedule, Schedules
from mainspring.sdk.sync import SyncListing, SyncRun, same


class SyncSchedules:
    """`client.sync.schedules`."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules

    def list(
        self,
        *,
        job_id: str | None = None,
        external_id: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> SyncListing[Schedule]:
        """As `client.schedules.list`."""
        listing = self._schedules.list(job_id=job_id, external_id=external_id, limit=limit, cursor=cursor)
        return SyncListing(listing, "client.sync.schedules.list", same)

    def retrieve(self, schedule_id: str) -> Schedule:
        """As `client.schedules.retrieve`."""
        return wait_for(self._schedules.retrieve(schedule_id), "client.sync.schedules.retrieve")

    def pause(self, schedule_id: str) -> Schedule:
        """As `client.schedules.pause`."""
        return wait_for(self._schedules.pause(schedule_id), "client.sync.schedules.pause")

    def resume(self, schedule_id: str) -> Schedule:
        """As `client.schedules.resume`."""
        return wait_for(self._schedules.resume(schedule_id), "client.sync.schedules.resume")

    def run(self, schedule_id: str) -> SyncRun[Any]:
        """As `client.schedules.run`."""
        return SyncRun(wait_for(self._schedules.run(schedule_id), "client.sync.schedules.run"))

    def runs(
        self, schedule_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> SyncListing[SyncRun[Any]]:
        """As `client.schedules.runs`."""
        listing = self._schedules.runs(schedule_id, limit=limit, cursor=cursor)
        return SyncListing(listing, "client.sync.schedules.runs", SyncRun)

    def backfill(
        self, schedule_id: str, since: datetime | str, until: datetime | str
    ) -> Sequence[BackfilledSlot]:
        """As `client.schedules.backfill`."""
        done = self._schedules.backfill(schedule_id, since, until)
        return wait_for(done, "client.sync.schedules.backfill")


class Registrable(Protocol):
    """The dynamic schedule, as far as it is called here."""

    @property
    def register(self) -> Any: ...

    @property
    def unregister(self) -> Any: ...

    @property
    def list(self) -> Any: ...


class SyncDynamicSchedule:
    """Made by `dynamic_schedule.sync`. Inside a run's plain `def` its calls are durable tasks."""

    def __init__(self, schedule: Registrable) -> None:
        self._schedule = schedule

    def register(
        self,
        key: str,
        *,
        cron: str | None = None,
        every: Duration | None = None,
        timezone: str | None = None,
        catch_up: CatchUp = "none",
        jitter: Duration | None = None,
        overlap: Overlap = "allow",
        metadata: Mapping[str, Any] | None = None,
        external_id: str | None = None,
    ) -> Schedule:
        """As `DynamicSchedule.register`."""
        registering = self._schedule.register(
            key,
            cron=cron,
            every=every,
            timezone=timezone,
            catch_up=catch_up,
            jitter=jitter,
            overlap=overlap,
            metadata=metadata,
            external_id=external_id,
        )
        found: Schedule = wait_for(registering, "dynamic_schedule.sync.register")
        return found

    def unregister(self, key: str) -> bool:
        """As `DynamicSchedule.unregister`."""
        was_there: bool = wait_for(self._schedule.unregister(key), "dynamic_schedule.sync.unregister")
        return was_there

    def list(
        self, *, external_id: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> SyncListing[Schedule]:
        """As `DynamicSchedule.list`."""
        listing = self._schedule.list(external_id=external_id, limit=limit, cursor=cursor)
        return SyncListing(listing, "dynamic_schedule.sync.list", same)
