"""Which runs: what `client.runs.list(...)` and `client.runs.bulk(...)` are asked by, as the API takes it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from mainspring.clock import to_iso
from mainspring.model.runs import RunStatus
from mainspring.sdk.events import as_instant
from mainspring.sdk.json_text import encode

#: As the API calls them.
_NAMES = {
    "job_id": "job",
    "event_name": "event",
    "schedule_id": "schedule",
    "parent_run_id": "parent",
    "error_id": "error",
}


class RunFilter(TypedDict, total=False):
    """Which runs: those that pass all that is given. Instants, or texts like "2h" for a span back from now."""

    status: RunStatus | Sequence[RunStatus]
    job_id: str
    version: str
    event_name: str
    event_id: str
    schedule_id: str
    queue: str
    parent_run_id: str
    #: Those that failed with this error (`err_...`).
    error_id: str
    #: One; of several, all.
    tag: str | Sequence[str]
    is_test: bool
    #: Whether no other run started it.
    is_root: bool
    #: How its id begins.
    id: str
    #: Values by path: {"order_id": "o1", "items.0.sku": "A-7"}.
    payload: Mapping[str, Any]
    since: datetime | str
    until: datetime | str


def filter_params(filter: RunFilter) -> dict[str, Any]:
    """As parameters of a query."""
    shown = filter_body(filter)
    paths = shown.pop("payload", None) or {}
    texts = {path: value if isinstance(value, str) else _json(value) for path, value in paths.items()}
    return {**shown, **{f"payload.{path}": text for path, text in texts.items()}}


def filter_body(filter: RunFilter) -> dict[str, Any]:
    """As a JSON object."""
    shown = {_NAMES.get(name, name): value for name, value in filter.items() if value is not None}
    for name in ("since", "until"):
        if isinstance(moment := shown.get(name), datetime):
            shown[name] = to_iso(as_instant(moment))
    return shown


def _json(value: Any) -> str:
    return encode(value, what="the payload filter")
