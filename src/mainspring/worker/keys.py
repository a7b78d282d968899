"""Keys and fingerprints: what a call is named within its run, and how a replay sees that it is still the same.

A key repeated in one place gets "#2", "#3", ... by the order of calls; a nested key stands under its parent.
"""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from mainspring.errors import DefinitionError
from mainspring.sdk.keys import segment

#: Inputs longer than this (characters of JSON) are not compared: hashing them would hold up the loop.
_LONGEST_INPUT = 1 << 20
#: Full keys in bytes: they stand in indexes, whose entries databases limit.
LONGEST_KEY = 2_048


#: The key under which the end of a run's body is kept before its hooks are called. No user's key has such a sign.
OUTCOME_KEY = "#outcome"
#: The place of hooks that are no tasks: nothing durable is asked for there.
NOTIFIED = "#notified"


@dataclasses.dataclass(slots=True)
class Place:
    """Where keys are given: a run's body (`key` None), or one attempt of a task."""

    key: str | None = None
    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    randoms: int = 0
    #: False once the attempt is over: whatever a thread it left behind still asks for is refused.
    is_open: bool = True

    def next_key(self, key: str) -> str:
        """The full key of a call made here."""
        name = segment(key)
        count = self.counts.get(name, 0) + 1
        self.counts[name] = count
        full = name if self.key is None else f"{self.key}/{name}"
        full = full if count == 1 else f"{full}#{count}"
        if len(full) * 4 > LONGEST_KEY and len(full.encode()) > LONGEST_KEY:
            message = f"the task key {key[:40]!r} comes to more than {LONGEST_KEY:,} bytes with those it is nested in"
            raise DefinitionError(message, mend="Nest tasks less deeply, or give them shorter keys.")
        return full

    def next_seed(self, run_id: str) -> str:
        """The seed of the next generator made here: the same in every attempt and on every replay."""
        self.randoms += 1
        return f"{run_id}/{self.key or ''}/{self.randoms}"


current_place: ContextVar[Place | None] = ContextVar("mainspring_place", default=None)


def parents_of(key: str) -> list[str]:
    """The full keys of the tasks that a task is nested in, the outermost first."""
    parts = key.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def fingerprint(kind: str, given: Any) -> str:
    """A short digest of a call's kind and input; "" when the input cannot be compared."""
    try:
        text = _ENCODER.encode([kind, given])
    except Exception:  # from serialisers of the user's own, too
        return ""
    return _digest(text) if len(text) <= _LONGEST_INPUT else ""


@functools.cache
def fingerprint_without_input(kind: str) -> str:
    """That of a call without arguments, which is a task's commonest."""
    return fingerprint(kind, [(), {}])


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _plain(value: Any) -> Any:
    """What JSON lacks, in a form that is the same in every process; TypeError for the rest."""
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, datetime | date | time | timedelta | Decimal | UUID | PurePath):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, set | frozenset):
        # A set's order differs from process to process.
        return sorted(json.dumps(item, default=_plain) for item in value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, bytes):
        return hashlib.blake2b(value, digest_size=8).hexdigest()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(type(value).__name__)


_ENCODER = json.JSONEncoder(default=_plain, separators=(",", ":"))
