"""Store entries as the API shows them."""

from pydantic import BaseModel, Field

from mainspring.clock import to_iso
from mainspring.model.store import StoreEntry, StoreScope
from mainspring.server.shapes.parts import At, Json, value_of


class EntryKept(BaseModel):
    """An entry as it was just written."""

    scope: StoreScope
    owner: str = Field(description='"" for the environment, else the id of the job or run.')
    key: str
    value: Json
    version: int = Field(description="Grows with every write.")


class EntryShown(EntryKept):
    updated_at: At


class EntryDeleted(BaseModel):
    deleted: bool = Field(description="False: there was none.")


def shown(entry: StoreEntry) -> EntryShown:
    """A kept entry."""
    return EntryShown(
        scope=entry.scope,
        owner=entry.owner,
        key=entry.key,
        value=value_of(entry.value),
        version=entry.version,
        updated_at=to_iso(entry.updated_at),
    )
