"""Schedules that are registered at run time: one per tenant, say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mainspring.clock import SECOND
from mainspring.duration import Duration, parse_duration
from mainspring.errors import InvalidTrigger
from mainspring.model.jobs import CatchUp, Overlap, TriggerSpec
from mainspring.model.schedules import (
    ScheduleDraft,
    check_draft,
    check_dynamic_id,
    check_key,
    registered_id,
)
from mainspring.sdk.api import Api, Listing
from mainspring.sdk.context import scope_or_none
from mainspring.sdk.json_text import encode
from mainspring.sdk.runtime import TaskCall
from mainspring.sdk.schedules import Schedule, read_schedule, schedule_path
from mainspring.sdk.sync_schedules import SyncDynamicSchedule
from mainspring.sdk.task import prepared
from mainspring.sdk.triggers import Trigger, check_rules


@dataclass(frozen=True, slots=True)
class DynamicSchedule(Trigger):
    """The trigger of a job whose times are registered while it runs. Made by `client.dynamic_schedule`."""

    api: Api = field(kw_only=True, compare=False, repr=False)

    @property
    def id(self) -> str:
        return self.spec.dynamic or ""

    @property
    def sync(self) -> SyncDynamicSchedule:
        """The same for blocking code: `reports.sync.register(...)` waits. From any thread."""
        return SyncDynamicSchedule(self)

    async def register(
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
        """Start the job at the times of `cron` (in `timezone`) or `every` so often; the same `key` changes it.

        `external_id` and `metadata` are told in each run's payload. The other options are those of
        `cron_trigger`. Inside a run this is a durable task: done once. Raises `InvalidTrigger`, `InvalidDuration`.
        """
        check_rules(f"the schedule {key!r:.80}", catch_up, overlap)
        draft = ScheduleDraft(
            self.id,
            key,
            cron=cron,
            timezone=timezone,
            every=None if every is None else parse_duration(every),
            catch_up=catch_up,
            jitter=None if jitter is None else parse_duration(jitter),
            overlap=overlap,
            external_id=external_id,
            metadata=encode(dict(metadata or {}), what=f"the metadata of schedule '{key!s:.80}'"),
        )
        check_draft(draft)
        return read_schedule(await self._call("register", key, "POST", "/schedules", _body(draft)))

    async def unregister(self, key: str) -> bool:
        """Remove it; whether there was one. Inside a run this is a durable task."""
        path = schedule_path(registered_id(self.id, check_key(key)))
        answer = await self._call("unregister", key, "DELETE", path)
        return bool(answer["deleted"])

    def list(
        self, *, external_id: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Listing[Schedule]:
        """What is registered, by key: a page, or all of it with `async for`."""
        params = {
            "dynamic_schedule": self.id,
            "external_id": external_id,
            "limit": limit,
            "cursor": cursor,
        }
        return Listing(self.api, "/schedules", params, read_schedule)

    async def _call(self, verb: str, key: str, method: str, path: str, body: str | None = None) -> Any:
        scope = scope_or_none()

        async def ask() -> Any:
            return await self.api.call(method, path, body=body)

        if scope is None:
            return await ask()
        return await scope.runtime.run_task(prepared(TaskCall(f"{verb}:{self.id}@{key}", ask)))


def dynamic_schedule(api: Api, id: str) -> DynamicSchedule:
    """The trigger for an id. Raises `InvalidTrigger`."""
    return DynamicSchedule(TriggerSpec("dynamic", dynamic=check_dynamic_id(id)), api=api)


def check_only_one(triggers: Sequence[TriggerSpec], taken: Mapping[str, str], job_id: str) -> None:
    """A dynamic schedule is the trigger of one job. Raises `InvalidTrigger`; `taken` tells the others' jobs."""
    for trigger in triggers:
        other = taken.get(trigger.dynamic or "")
        if other is not None:
            raise InvalidTrigger(
                f"the dynamic schedule '{trigger.dynamic}' is the trigger of both '{other}' and '{job_id}'",
                mend="Give each job one of its own, or trigger the second from the first.",
            )


def _body(draft: ScheduleDraft) -> str:
    fields: dict[str, Any] = {
        "dynamic_schedule": draft.dynamic_id,
        "key": draft.key,
        "cron": draft.cron,
        "every": None if draft.every is None else draft.every / SECOND,
        "timezone": draft.timezone,
        "catch_up": draft.catch_up,
        "jitter": None if draft.jitter is None else draft.jitter / SECOND,
        "overlap": draft.overlap,
        "external_id": draft.external_id,
    }
    given = [f'"{name}":{encode(value, what=name)}' for name, value in fields.items() if value is not None]
    return f'{{"metadata":{draft.metadata},{",".join(given)}}}'
