"""The store: key-value data that outlives runs, in three scopes."""

from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant

StoreScope = Literal["environment", "job", "run"]


@dataclass(frozen=True, slots=True)
class StoreEntry:
    environment_id: str
    scope: StoreScope
    #: "" for the environment, else the job's or run's id.
    owner: str
    key: str
    #: JSON text.
    value: str
    #: Grows with every write; `update` compares it.
    version: int
    updated_at: Instant


@dataclass(frozen=True, slots=True)
class StoreOperation:
    """One journaled operation. `expected_version` makes a set or delete conditional (0: must not exist)."""

    verb: Literal["get", "set", "delete", "has"]
    scope: StoreScope
    owner: str
    key: str
    value: str | None = None
    expected_version: int | None = None
