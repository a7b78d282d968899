"""Bulk actions as the API takes and shows them."""

from typing import Literal

from pydantic import BaseModel, Field

from mainspring.clock import to_iso
from mainspring.model.bulks import Bulk, BulkAction, BulkStatus
from mainspring.server.shapes.bodies import Body
from mainspring.server.shapes.parts import At, at, value_of


class BulkFilter(Body):
    """Runs that were there when it was asked for, and that pass all of these. Name at least one."""

    status: list[str] | str | None = Field(
        None, description="One, or several; `cancel`: all that have not ended."
    )
    job: str | None = Field(None, max_length=128)
    version: str | None = Field(None, max_length=256)
    event: str | None = Field(None, max_length=256, description="The name of the event that started it.")
    event_id: str | None = Field(None, max_length=256)
    schedule: str | None = Field(None, max_length=512)
    queue: str | None = Field(None, max_length=256)
    error: str | None = Field(None, max_length=64, description="Those that failed with it.")
    parent: str | None = Field(None, max_length=64, description="The run that started it.")
    tag: list[str] | str | None = Field(None, description="One, or several: all of them.")
    is_test: bool | None = None
    is_root: bool | None = None
    id: str | None = Field(None, pattern=r"^[\w-]{1,64}$", description="How its id begins.")
    payload: dict[str, str | int | float | bool | None] | None = Field(
        None, description="By path.", examples=[{"order_id": "o1"}]
    )
    since: str | None = Field(None, description="An instant, or a span back from now: 2h.")
    until: str | None = Field(None, description="The same.")


class BulkBody(Body):
    action: BulkAction
    filter: BulkFilter | None = None
    ids: list[str] | None = Field(None, min_length=1, description="Instead of a filter.")
    reason: str | None = Field(None, max_length=1_000, description="`cancel`: shown with each run.")
    from_task: str | None = Field(
        None, min_length=1, max_length=2_048, description="`replay`: from this task of each run on."
    )
    dry_run: bool = Field(False, description="Only count them.")


class BulkFailureShape(BaseModel):
    run_id: str
    code: str
    message: str


class BulkShape(BaseModel):
    id: str | None = Field(description="Null for a dry run.")
    action: BulkAction
    status: BulkStatus | Literal["DRY_RUN"]
    total: int = Field(description="How many runs it was when it was asked for, as far as they were counted.")
    is_total_exact: bool = Field(description="False: there are more than `total`; counting ends at 10,000.")
    done: int
    failed: int
    failures: list[BulkFailureShape] = Field(description="The first hundred.")
    created_at: At | None
    finished_at: At | None


def bulk_shape(bulk: Bulk) -> BulkShape:
    """A bulk action with how far it has come."""
    return BulkShape(
        id=bulk.id,
        action=bulk.action,
        status=bulk.status,
        total=max(bulk.total, bulk.done + bulk.failed),
        is_total_exact=bulk.status == "COMPLETED" or value_of(bulk.options).get("is_counted", True),
        done=bulk.done,
        failed=bulk.failed,
        failures=value_of(bulk.failures),
        created_at=to_iso(bulk.created_at),
        finished_at=at(bulk.finished_at),
    )


def dry_shape(action: BulkAction, total: int, *, is_exact: bool) -> BulkShape:
    """What it would be."""
    return BulkShape(
        id=None,
        action=action,
        status="DRY_RUN",
        total=total,
        is_total_exact=is_exact,
        done=0,
        failed=0,
        failures=[],
        created_at=None,
        finished_at=None,
    )
