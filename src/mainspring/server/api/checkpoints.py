"""Runs with their checkpoints, as a worker would be given them: for checks of code against them before a deploy."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from mainspring.engine import handouts
from mainspring.engine.views import RunQuery
from mainspring.model.runs import RunStatus
from mainspring.server.api.queries import Paging, page_size, place_of, statuses_of
from mainspring.server.found import known
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.checkpoints import CheckpointsShape, checkpoints_shape
from mainspring.server.shapes.parts import Listing, listing

router = room("/api/v1", "runs")

OPEN: tuple[RunStatus, ...] = ("PENDING", "RUNNING", "WAITING")


class OpenRunFilter(Paging):
    status: str | None = Field(
        None, description="One, or several with commas; those that have not ended.", examples=["WAITING"]
    )
    job: str | None = Field(None, max_length=128)
    version: str | None = Field(None, max_length=256, description="Of the job, that has or had the run.")
    tag: str | None = Field(None, max_length=256)


@router.get("/checkpoints")
async def list_checkpoints(
    call: Caller, asked: Annotated[OpenRunFilter, Query()]
) -> Listing[CheckpointsShape]:
    """Runs that have not ended, each with all that replay needs, newest first. Nothing is claimed by this."""
    query = RunQuery(
        statuses=tuple(statuses_of(asked.status)) or OPEN,
        job_id=asked.job,
        version=asked.version,
        tags=() if asked.tag is None else (asked.tag,),
        limit=page_size(asked.limit, call.limits),
        cursor=place_of(asked.cursor, r"\d{1,18}\.[\w-]{1,64}"),
    )
    page = await call.engine.read(handouts.list_handouts, call.environment_id, query)
    return listing(page, checkpoints_shape)


@router.get("/runs/{id}/checkpoints")
async def get_checkpoints(call: Caller, id: str) -> CheckpointsShape:
    """One run, open or ended, with all that replay needs."""
    view = await call.engine.read(handouts.get_handout, call.environment_id, id)
    return checkpoints_shape(known(view, id))
