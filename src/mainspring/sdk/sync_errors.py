"""`client.sync.errors`: groups of failures for blocking code."""

from datetime import datetime

from mainspring.duration import Duration
from mainspring.sdk.bridge import wait_for
from mainspring.sdk.error_groups import ErrorGroup, Errors, ErrorStatus
from mainspring.sdk.sync import SyncListing, same


class SyncErrors:
    """`client.sync.errors`."""

    def __init__(self, errors: Errors) -> None:
        self._errors = errors

    def retrieve(self, error_id: str) -> ErrorGroup:
        """As `client.errors.retrieve`."""
        return wait_for(self._errors.retrieve(error_id), "client.sync.errors.retrieve")

    def list(
        self,
        *,
        status: ErrorStatus | None = None,
        job_id: str | None = None,
        text: str | None = None,
        since: datetime | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> SyncListing[ErrorGroup]:
        """As `client.errors.list`."""
        listing = self._errors.list(
            status=status, job_id=job_id, text=text, since=since, limit=limit, cursor=cursor
        )
        return SyncListing(listing, "client.sync.errors.list", same)

    def resolve(self, error: ErrorGroup | str, *, by: str | None = None) -> ErrorGroup:
        """As `client.errors.resolve`."""
        return wait_for(self._errors.resolve(error, by=by), "client.sync.errors.resolve")

    def ignore(
        self,
        error: ErrorGroup | str,
        *,
        until: datetime | str | None = None,
        timeout: Duration | None = None,
        runs: int | None = None,
        by: str | None = None,
    ) -> ErrorGroup:
        """As `client.errors.ignore`."""
        ignoring = self._errors.ignore(error, until=until, timeout=timeout, runs=runs, by=by)
        return wait_for(ignoring, "client.sync.errors.ignore")

    def reopen(self, error: ErrorGroup | str, *, by: str | None = None) -> ErrorGroup:
        """As `client.errors.reopen`."""
        return wait_for(self._errors.reopen(error, by=by), "client.sync.errors.reopen")
