"""Failures of runs in groups: which belong together, and how a group stands that people resolve or ignore.

Together belong those of one class, job and task. What a message says varies with every run, and parts no group.
"""

import re
from dataclasses import dataclass
from typing import Literal

from mainspring.clock import SECOND, Instant
from mainspring.ids import id_of

ErrorStatus = Literal["unresolved", "resolved", "ignored"]
#: What befell a group: people resolve, ignore and reopen it; it came back after that, or its being ignored is over.
ErrorChangeKind = Literal["resolved", "ignored", "reopened", "came_back", "ignore_ended"]

#: Failures are counted by the hour.
HOUR = 3600 * SECOND
#: Bytes of a message that a group keeps; the run keeps all of it.
MAX_MESSAGE = 2_000

_COUNTER = re.compile(r"#\d+$")
#: Within a key, what tells siblings apart: ids, addresses and numbers that are words of their own, or end one.
_VARIES = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|[^\s:,;=]+@[^\s:,;=]+"
    r"|(?<![0-9A-Za-z])[A-Za-z]{2,5}_[0-9A-HJKMNP-TV-Z]{26}(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z])(?=[0-9a-fA-F]*\d)(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{8,}(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z])\d+(?![0-9A-Za-z])"
    r"|\d+(?![0-9A-Za-z])(?=[^0-9A-Za-z]*$)"
)


def task_name(key: str) -> str:
    """What siblings have in common: `page 17#2` and `page 18` are both `page *`; parents stay in front."""
    return "/".join(_VARIES.sub("*", _COUNTER.sub("", part)) for part in key.split("/"))


def error_id(environment_id: str, job_id: str, task: str | None, type: str) -> str:
    """The id of the group: the same for what belongs together."""
    return id_of("err", (environment_id, job_id, task or "", type))


@dataclass(slots=True)
class Sighting:
    """Failures of one group that are counted together."""

    runs: int
    first_at: Instant
    last_at: Instant
    last_run_id: str
    #: Of the last of them.
    message: str


@dataclass(frozen=True, slots=True)
class ErrorChange:
    """One row of `error_changes`."""

    error_id: str
    #: From 1.
    number: int
    at: Instant
    kind: ErrorChangeKind
    #: The person, or the id of the API key; None: it was a run that failed, or time.
    made_by: str | None = None
    #: The run that came back.
    run_id: str | None = None
    #: Ignored up to then, or for so many runs.
    until: Instant | None = None
    runs: int | None = None


@dataclass(slots=True)
class ErrorGroup:
    """One row of `errors`. Instants are microseconds since the epoch."""

    id: str
    environment_id: str
    job_id: str
    #: As `task_name` has it; None: the body of the job failed, not one of its tasks.
    task: str | None
    #: Class of the exception.
    type: str
    #: Of the failure seen last.
    message: str
    status: ErrorStatus
    runs: int
    first_seen_at: Instant
    last_seen_at: Instant
    last_run_id: str
    #: When and by whom it was resolved or ignored last.
    resolved_at: Instant | None = None
    resolved_by: str | None = None
    ignored_at: Instant | None = None
    ignored_by: str | None = None
    #: While it is ignored: up to then, or up to so many runs in all; None: whatever comes.
    ignored_until: Instant | None = None
    ignored_runs: int | None = None
    #: When it failed again after it was resolved, and nobody has said anything since.
    came_back_at: Instant | None = None
    #: How many changes there are of it.
    changes: int = 0

    def see(self, sight: Sighting, *, is_new: bool) -> ErrorChange | None:
        """Counts failures. `is_new`: they happen now, so what was resolved is open again, and what was ignored for a
        while may be."""
        self.runs += sight.runs
        self.first_seen_at = min(self.first_seen_at, sight.first_at)
        if (sight.last_at, sight.last_run_id) >= (self.last_seen_at, self.last_run_id):
            self.last_seen_at, self.last_run_id = sight.last_at, sight.last_run_id
            self.message = sight.message
        if not is_new or self.status == "unresolved":
            return None
        if self.status == "resolved":
            self._open()
            self.came_back_at = sight.last_at
            return self._change("came_back", sight.last_at, run_id=sight.last_run_id)
        if self.ignored_runs is not None and self.runs > self.ignored_runs:
            self._open()
            return self._change("ignore_ended", sight.last_at, run_id=sight.last_run_id)
        return None

    def resolve(self, now: Instant, by: str | None) -> ErrorChange | None:
        """It is mended; should it come again it opens by itself. None: it was resolved before."""
        if self.status == "resolved":
            return None
        self._open()
        self.status, self.resolved_at, self.resolved_by = "resolved", now, by
        return self._change("resolved", now, made_by=by)

    def ignore(self, now: Instant, by: str | None, until: Instant | None, runs: int | None) -> ErrorChange:
        """It stays aside, up to an instant, for so many runs, or for good."""
        self._open()
        self.status, self.ignored_at, self.ignored_by = "ignored", now, by
        self.ignored_until, self.ignored_runs = until, None if runs is None else self.runs + runs
        return self._change("ignored", now, made_by=by, until=until, runs=runs)

    def reopen(self, now: Instant, by: str | None) -> ErrorChange | None:
        """None: it was open."""
        if self.status == "unresolved":
            return None
        self._open()
        return self._change("reopened", now, made_by=by)

    def end_ignoring(self, now: Instant) -> ErrorChange:
        """The time up to which it was ignored has come."""
        self._open()
        return self._change("ignore_ended", now)

    def _open(self) -> None:
        self.status, self.ignored_until, self.ignored_runs, self.came_back_at = "unresolved", None, None, None

    def _change(
        self,
        kind: ErrorChangeKind,
        at: Instant,
        *,
        made_by: str | None = None,
        run_id: str | None = None,
        until: Instant | None = None,
        runs: int | None = None,
    ) -> ErrorChange:
        self.changes += 1
        return ErrorChange(self.id, self.changes, at, kind, made_by, run_id, until, runs)
