"""The store: listed, read, written and deleted, in each scope."""

from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field

from mainspring.codec import encode
from mainspring.engine import inspect
from mainspring.errors import BadRequest, Conflict, NotFound
from mainspring.model.store import StoreOperation, StoreScope
from mainspring.server.api.queries import Paging, page_size
from mainspring.server.bodies import idempotency_key_of
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.bodies import StoreBody, Word
from mainspring.server.shapes.parts import Listing, listing
from mainspring.server.shapes.store import EntryDeleted, EntryKept, EntryShown, shown

router = room("/api/v1/store", "store")

_OWNER = Field("", max_length=256, description="Id of the job or run, for those scopes.")


class Place(BaseModel):
    model_config = ConfigDict(extra="forbid")

    scope: StoreScope = "environment"
    owner: str = _OWNER


class PlaceAtVersion(Place):
    expected_version: int | None = Field(None, ge=0)


class StoreFilter(Paging):
    scope: StoreScope = "environment"
    owner: str = _OWNER
    prefix: str = Field("", max_length=256)


@router.get("")
async def list_entries(call: Caller, asked: Annotated[StoreFilter, Query()]) -> Listing[EntryShown]:
    """Entries of one scope, by key."""
    owner = _owner(asked.scope, asked.owner)
    limit = page_size(asked.limit, call.limits)
    page = await call.engine.read(
        inspect.list_store, call.environment_id, (asked.scope, owner), asked.prefix, limit, asked.cursor
    )
    return listing(page, shown)


@router.get("/{key:path}")
async def get_entry(call: Caller, key: Word, place: Annotated[Place, Query()]) -> EntryShown:
    """One entry."""
    owner = _owner(place.scope, place.owner)
    entry = await call.engine.read(inspect.get_store_entry, call.environment_id, place.scope, owner, key)
    if entry is None:
        raise NotFound(
            f"the store has no {key!r} in this scope", mend="`mainspring store list` shows its keys."
        )
    return shown(entry)


@router.put("/{key:path}")
async def put_entry(
    call: Caller, request: Request, key: Word, place: Annotated[Place, Query()], body: StoreBody
) -> EntryKept:
    """Write one entry, on condition of its version if asked."""
    operation = StoreOperation(
        verb="set",
        scope=place.scope,
        owner=_owner(place.scope, place.owner),
        key=key,
        value=encode(body.value, what="value", limit=call.limits.max_payload_bytes),
        expected_version=body.expected_version,
    )
    result = await call.engine.use_store(
        call.environment_id, operation, request_key=idempotency_key_of(request)
    )
    if not result.ok:
        raise _conflict(key, result.version)
    return EntryKept(
        scope=place.scope, owner=operation.owner, key=key, value=body.value, version=result.version
    )


@router.delete("/{key:path}")
async def delete_entry(
    call: Caller, request: Request, key: Word, place: Annotated[PlaceAtVersion, Query()]
) -> EntryDeleted:
    """Delete one entry, on condition of its version if asked."""
    operation = StoreOperation(
        verb="delete",
        scope=place.scope,
        owner=_owner(place.scope, place.owner),
        key=key,
        expected_version=place.expected_version,
    )
    result = await call.engine.use_store(
        call.environment_id, operation, request_key=idempotency_key_of(request)
    )
    if not result.ok:
        raise _conflict(key, result.version)
    return EntryDeleted(deleted=result.exists)


def _owner(scope: StoreScope, owner: str) -> str:
    """The owner of a place; `BadRequest` where it does not fit the scope."""
    if scope == "environment" and not owner:
        return owner
    if scope != "environment" and owner:
        return owner
    message = "only for the scopes job and run" if owner else f"the scope {scope} needs the id of its {scope}"
    raise BadRequest(f"owner: {message}", errors=[{"path": "owner", "message": message}])


def _conflict(key: str, version: int) -> Conflict:
    return Conflict(
        f"the store's {key!r} has version {version}, not the one that was expected", version=version
    )
