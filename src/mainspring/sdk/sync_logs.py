"""`client.sync.logs`: log lines of all runs for blocking code."""

from datetime import datetime

from mainspring.model.logs import LogLevel
from mainspring.sdk.logs import LogLine, Logs
from mainspring.sdk.sync import SyncListing, same


class SyncLogs:
    """`client.sync.logs`."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

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
    ) -> SyncListing[LogLine]:
        """As `client.logs.list`."""
        listing = self._logs.list(
            level=level,
            job_id=job_id,
            run_id=run_id,
            text=text,
            since=since,
            until=until,
            limit=limit,
            cursor=cursor,
        )
        return SyncListing(listing, "client.sync.logs.list", same)
