"""Groups of failures as user code sees them, and `client.errors`: looked at, resolved, ignored, reopened."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mainspring.clock import to_iso
from mainspring.duration import Duration, parse_duration
from mainspring.errors import DefinitionError
from mainspring.sdk.api import Api, Listing, segment
from mainspring.sdk.events import as_instant, check_text, read_instant
from mainspring.sdk.json_text import encode

ErrorStatus = Literal["unresolved", "resolved", "ignored"]


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Failures of one class, job and task. `shown` is all that the API said."""

    id: str
    status: ErrorStatus
    job_id: str
    #: Without what tells siblings apart ("page *"); None: the body of the job failed.
    task: str | None
    #: Class of the exception.
    type: str
    #: Of the failure seen last.
    message: str
    #: How many runs failed with it.
    runs: int
    first_seen_at: datetime
    last_seen_at: datetime
    last_run_id: str
    #: When and by whom it was resolved last: a person, or the id of an API key.
    resolved_at: datetime | None
    resolved_by: str | None
    ignored_at: datetime | None
    ignored_by: str | None
    #: It failed again after it was resolved, and nobody has said anything since.
    came_back_at: datetime | None
    shown: Mapping[str, Any]


def _read(shown: Mapping[str, Any]) -> ErrorGroup:
    return ErrorGroup(
        id=shown["id"],
        status=shown["status"],
        job_id=shown["job_id"],
        task=shown["task"],
        type=shown["type"],
        message=shown["message"],
        runs=shown["runs"],
        first_seen_at=_instant(shown["first_seen_at"]),
        last_seen_at=_instant(shown["last_seen_at"]),
        last_run_id=shown["last_run_id"],
        resolved_at=read_instant(shown["resolved_at"]),
        resolved_by=shown["resolved_by"],
        ignored_at=read_instant(shown["ignored_at"]),
        ignored_by=shown["ignored_by"],
        came_back_at=read_instant(shown["came_back_at"]),
        shown=shown,
    )


def _instant(text: str) -> datetime:
    instant = read_instant(text)
    assert instant is not None, "it always says when"
    return instant


def _id_of(error: ErrorGroup | str, call: str) -> str:
    """The id of what was given; `DefinitionError` when it is neither a group nor an id."""
    given = error.id if isinstance(error, ErrorGroup) else error
    if isinstance(given, str) and given.startswith("err_") and given.isprintable():
        return given
    raise DefinitionError(f"{call} got {error!r:.80}", mend='Give an ErrorGroup, or its id: "err_...".')


class Errors:
    """`client.errors`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def retrieve(self, error_id: str) -> ErrorGroup:
        """The group as it stands; its `shown` has the last failure, the versions and the history. Raises `NotFound`."""
        return _read(await self._api.call("GET", f"/errors/{segment(error_id)}"))

    def list(
        self,
        *,
        status: ErrorStatus | None = None,
        job_id: str | None = None,
        text: str | None = None,
        since: datetime | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Listing[ErrorGroup]:
        """Groups, seen last first: a page when awaited, all of them with `async for`.

        `text`: in message, class or task; `since`: seen at this instant or later.
        """
        wanted = {
            "status": status,
            "job": job_id,
            "text": text,
            "since": None if since is None else to_iso(as_instant(since)),
            "limit": limit,
            "cursor": cursor,
        }
        return Listing(self._api, "/errors", wanted, _read)

    async def resolve(self, error: ErrorGroup | str, *, by: str | None = None) -> ErrorGroup:
        """It is mended. Should it come again it opens by itself. `by`: who says so. Raises `NotFound`."""
        return await self._say(error, "resolve", {"by": check_text(by, "by, who resolves it,")})

    async def ignore(
        self,
        error: ErrorGroup | str,
        *,
        until: datetime | str | None = None,
        timeout: Duration | None = None,
        runs: int | None = None,
        by: str | None = None,
    ) -> ErrorGroup:
        """Leave it aside: for good, up to an instant, for so long, or until so many more runs failed.

        Raises `NotFound`, `BadRequest` for an instant that is past, or both `until` and `timeout`.
        """
        said = {
            "by": check_text(by, "by, who ignores it,"),
            "until": None if until is None else to_iso(as_instant(until)),
            "for": None if timeout is None else parse_duration(timeout) / 1_000_000,
            "runs": runs,
        }
        return await self._say(error, "ignore", said)

    async def reopen(self, error: ErrorGroup | str, *, by: str | None = None) -> ErrorGroup:
        """It is open again. Raises `NotFound`."""
        return await self._say(error, "reopen", {"by": check_text(by, "by, who reopens it,")})

    async def _say(self, error: ErrorGroup | str, verb: str, said: Mapping[str, Any]) -> ErrorGroup:
        error_id = _id_of(error, f"client.errors.{verb}")
        body = encode({key: value for key, value in said.items() if value is not None}, what="the change")
        return _read(await self._api.call("POST", f"/errors/{segment(error_id)}/{verb}", body=body))
