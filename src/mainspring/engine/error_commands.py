"""What people say of a group of failures, as a command; part of `commands.Command`."""

from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant


@dataclass(frozen=True, slots=True)
class ChangeError:
    """Result: the `ErrorGroup`, or `NotFound`. What stands as it is asked to stays as it is."""

    environment_id: str
    error_id: str
    to: Literal["resolved", "ignored", "unresolved"]
    #: The person, or the id of the API key.
    by: str | None = None
    #: Ignored up to then, or for so many more runs, whichever comes first; None and None: whatever comes.
    until: Instant | None = None
    runs: int | None = None
