"""What the shapes of all nouns are built from: instants, spans, JSON values, lists with a cursor."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, Field
from pydantic_core import from_json

from mainspring.clock import SECOND, Instant, to_iso
from mainspring.engine.views import Page

T = TypeVar("T")
S = TypeVar("S")

#: An instant as the API writes it.
At = Annotated[
    str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-01-01T09:00:00.000000Z"])
]

#: Any JSON value.
Json = Annotated[Any, Field(description="Any JSON value.")]


class Listing(BaseModel, Generic[T]):
    """One page of a list. `next_cursor` null: there is no more."""

    data: list[T]
    next_cursor: str | None = None


def listing(page: Page[S], shape: Callable[[S], T]) -> Listing[T]:
    """A page of views as a page of shapes."""
    return Listing(data=[shape(view) for view in page.data], next_cursor=page.next_cursor)


def whole_list(views: Iterable[S], shape: Callable[[S], T]) -> Listing[T]:
    """A list that needs no pages."""
    return Listing(data=[shape(view) for view in views])


def at(instant: Instant | None) -> str | None:
    """An instant as the API writes it, None as null."""
    return None if instant is None else to_iso(instant)


def seconds(span: int | None) -> float | None:
    """A span of microseconds as the API writes it, None as null."""
    return None if span is None else span / SECOND


def value_of(text: str | None) -> Any:
    """The value of JSON text that we keep, None as null."""
    return None if text is None else from_json(text)
