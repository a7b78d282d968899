"""`client.logs`: log lines of all runs, looked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mainspring.clock import to_iso
from mainspring.model.logs import LogLevel
from mainspring.sdk.api import Api, Listing
from mainspring.sdk.events import as_instant, read_instant


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a run wrote. `fields`: what was given with it; `task`: the key of the task it came from."""

    run_id: str
    job_id: str
    at: datetime
    level: LogLevel
    message: str
    task: str | None
    fields: Mapping[str, Any]


def _read(shown: Mapping[str, Any]) -> LogLine:
    at = read_instant(shown["at"])
    assert at is not None, "it always says when"
    return LogLine(
        run_id=shown["run_id"],
        job_id=shown["job_id"],
        at=at,
        level=shown["level"],
        message=shown["message"],
        task=shown["task"],
        fields=shown["fields"] or {},
    )


class Logs:
    """`client.logs`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(
        self,
        *,
        level: LogLevel | None = None,
        job_id: str | None = None,
        run_id: str | None = None,
        text: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Listing[LogLine]:
        """Lines of all runs, the newest first: a page when awaited, all of them with `async for`.

        `level`: that one and above; `text`: in the message, whatever the case; `since="2h"`: a span back from now, or
        an instant.
        """
        wanted = {
            "level": level,
            "job": job_id,
            "run": run_id,
            "text": text,
            "since": to_iso(as_instant(since)) if isinstance(since, datetime) else since,
            "until": to_iso(as_instant(until)) if isinstance(until, datetime) else until,
            "limit": limit,
            "cursor": cursor,
        }
        return Listing(self._api, "/logs", wanted, _read)
