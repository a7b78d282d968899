"""The query parameters of lists: unknown ones are refused, spans back from now are understood."""

import re
from typing import Annotated, get_args

from pydantic import BaseModel, ConfigDict, Field

from mainspring.clock import Instant, from_iso
from mainspring.duration import parse_duration
from mainspring.errors import BadRequest, InvalidDuration, InvalidInstant
from mainspring.model.limits import Limits
from mainspring.model.runs import RunStatus

DEFAULT_PAGE = 50

Back = Annotated[
    str | None,
    Field(description="An instant with its zone, or a span back from now.", examples=["2h"]),
]


class Paging(BaseModel):
    """What every list takes."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(DEFAULT_PAGE, ge=1, description="Rows on a page.")
    cursor: str | None = Field(None, max_length=1_024, description="`next_cursor` of the page before.")


def page_size(asked: int, limits: Limits, *, name: str = "limit") -> int:
    """What was asked for; `BadRequest` names the setting when it is more than there may be."""
    if asked > limits.max_page_size:
        message = f"at most {limits.max_page_size} (max_page_size)"
        raise BadRequest(f"{name}: {message}", errors=[{"path": name, "message": message}])
    return asked


def instant_of(text: str | None, name: str, now: Instant) -> Instant | None:
    """The instant that a `since` or `until` means; `BadRequest` names the parameter."""
    if text is None:
        return None
    try:
        # A plus sign in a query string is a blank by the time it gets here.
        return from_iso(text.replace(" ", "+"))
    except InvalidInstant as no_instant:
        try:
            return now - parse_duration(text)
        except InvalidDuration:
            message = f"{no_instant.message}, and no span like 2h either"
            raise BadRequest(f"{name}: {message}", errors=[{"path": name, "message": message}]) from None


def place_of(cursor: str | None, form: str) -> str | None:
    """The cursor, `BadRequest` when it has not the form of this list's."""
    if cursor is not None and not re.fullmatch(form, cursor, re.ASCII):
        message = "is no cursor of this list"
        raise BadRequest(f"cursor: {message}", errors=[{"path": "cursor", "message": message}])
    return cursor


def statuses_of(text: str | None, name: str = "status") -> list[RunStatus]:
    """The statuses asked for, in whatever case; `BadRequest` lists those that there are."""
    every: tuple[RunStatus, ...] = get_args(RunStatus)
    asked = {word.strip().upper() for word in (text or "").split(",") if word.strip()}
    unknown = sorted(asked.difference(every))
    if unknown:
        message = f"{unknown[0][:32]!r} is no status; there are {', '.join(every)}"
        raise BadRequest(f"{name}: {message}", errors=[{"path": name, "message": message}])
    return [status for status in every if status in asked]
