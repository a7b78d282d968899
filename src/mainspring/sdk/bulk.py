"""`client.runs.bulk(...)`: many runs cancelled or replayed by one request, and how far that has come."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mainspring.clock import SECOND
from mainspring.duration import Duration, parse_duration
from mainspring.errors import WaitTimeout
from mainspring.sdk.api import Api, segment
from mainspring.sdk.json_text import encode
from mainspring.sdk.run_filter import RunFilter, filter_body

#: Seconds between two looks at how far it has come.
_LOOK_EVERY = 0.25


@dataclass(frozen=True, slots=True)
class BulkFailure:
    """A run that could not be dealt with, and why."""

    run_id: str
    code: str
    message: str


class Bulk:
    """A handle of one bulk action, as of the last answer; `refresh` asks again."""

    def __init__(self, api: Api, shown: Mapping[str, Any]) -> None:
        self._api = api
        self._shown = dict(shown)

    def __repr__(self) -> str:
        return f"<Bulk {self.id}: {self.action} {self.status}, {self.done + self.failed} of {self.total}>"

    @property
    def id(self) -> str | None:
        """None for a dry run."""
        return self._shown["id"]  # type: ignore[no-any-return]  # as the API shows it

    @property
    def action(self) -> str:
        return str(self._shown["action"])

    @property
    def status(self) -> Literal["RUNNING", "COMPLETED", "ABORTED", "DRY_RUN"]:
        return self._shown["status"]  # type: ignore[no-any-return]  # as the API shows it

    @property
    def total(self) -> int:
        """How many runs it was when it was asked for, as far as they were counted."""
        return int(self._shown["total"])

    @property
    def is_total_exact(self) -> bool:
        """False: there are more than `total`; counting ends at 10,000."""
        return bool(self._shown["is_total_exact"])

    @property
    def done(self) -> int:
        return int(self._shown["done"])

    @property
    def failed(self) -> int:
        return int(self._shown["failed"])

    @property
    def failures(self) -> list[BulkFailure]:
        """Of the first hundred that failed."""
        return [BulkFailure(**one) for one in self._shown["failures"]]

    def as_json(self) -> dict[str, Any]:
        """All that the API last said about it."""
        return dict(self._shown)

    async def refresh(self) -> "Bulk":
        """Ask how far it has come; the same handle."""
        if self.id is not None:
            self._shown = await self._api.call("GET", f"/bulk/{segment(self.id)}")
        return self

    async def abort(self) -> "Bulk":
        """Let it go no further; what is done stays done."""
        if self.id is not None:
            self._shown = await self._api.call("POST", f"/bulk/{segment(self.id)}/abort")
        return self

    async def result(self, timeout: Duration | None = None) -> "Bulk":
        """Wait until it has ended; the same handle. Raises `WaitTimeout` (a TimeoutError)."""
        span = None if timeout is None else parse_duration(timeout) / SECOND
        until = None if span is None else time.monotonic() + span
        while self.status == "RUNNING":
            if until is not None and time.monotonic() >= until:
                raise WaitTimeout(
                    f"{self!r} goes on", mend="Wait longer with timeout=; it goes on by itself."
                )
            await asyncio.sleep(_LOOK_EVERY)
            await self.refresh()
        return self


async def start_bulk(
    api: Api,
    action: Literal["cancel", "replay"],
    filter: RunFilter | None,
    ids: Sequence[str] | None,
    *,
    idempotency_key: str | None,
    **options: Any,
) -> Bulk:
    """Asks for one; `options`: reason, from_task, dry_run."""
    body: dict[str, Any] = {"action": action, **{name: one for name, one in options.items() if one}}
    if ids is not None:
        body["ids"] = list(ids)
    if filter is not None:
        body["filter"] = filter_body(filter)
    text = encode(body, what="the filter")
    return Bulk(api, await api.call("POST", "/runs/bulk", body=text, idempotency_key=idempotency_key))
