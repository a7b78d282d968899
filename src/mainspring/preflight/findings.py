"""What a check has found: what differs, in how many runs, and what can be done about it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

#: "breaking": open runs would stop, do something again, or lose something. "warning": they go on, but perhaps not as
#: it was meant.
Level = Literal["breaking", "warning"]

#: Every kind of finding, and what can be done about it.
MENDS = {
    "job_removed": "Keep the job until its runs have ended, or cancel them: mainspring runs cancel --job {job}. If "
    "another app has it, name the job that is to be checked: --job.",
    "payload_refused": "Give new fields defaults, and take what was allowed before; or cancel these runs.",
    "kind_changed": "Give the new call a key of its own, and keep the old one for runs that have it.",
    "input_changed": "Give the call with the new input a key of its own. If the old outcome still counts: after the "
    "deploy, mainspring runs resume RUN.",
    "output_unreadable": "Let the function's return type take what it returned before: give new fields defaults.",
    "wait_given_up": "Let the code stop waiting where it did before.",
    "task_replaced": "Keep the old key (`name=` changes what people see), or let these runs end on the old code.",
    "task_removed": "Keep the call, or say that this is meant: --allow task_removed.",
    "order_changed": "Keep the order, or say that this is meant: --allow order_changed.",
    "wait_replaced": "Keep the old wait, or let these runs end on the old code.",
    "code_raises": "Let the code take what older runs bring. If it is only here that something is missing (a variable, "
    "a network), check where the workers run, or with --no-bodies.",
    "task_inserted": "Nothing, if it may run so late.",
    "wait_removed": "Nothing, if this is meant: the time is over.",
    "run_would_fail": "Nothing, if that is what such runs should come to.",
    "queue_changed": "Nothing, if the workers take from both queues.",
    "trigger_removed": "Nothing, if this is meant.",
    "still_drifted": "Bring back code that fits them and mainspring runs resume RUN, or mainspring runs replay RUN.",
}

#: Kinds that stop nobody.
WARNINGS = frozenset(
    {"task_inserted", "wait_removed", "run_would_fail", "queue_changed", "trigger_removed", "still_drifted"}
)
#: What can be said of runs that can be bound to the old code; where the new code has the same version, that first.
_BIND = " Or bind them to {version} and leave a worker of that running: mainspring runs repin RUN --version {version}."
_RAISE = " Or give the new code another version=, bind them to {version} and leave a worker of that running."
_BINDABLE = frozenset(
    {
        "kind_changed",
        "input_changed",
        "output_unreadable",
        "task_replaced",
        "wait_replaced",
        "payload_refused",
    }
)
MOST_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """What was found in one run."""

    kind: str
    message: str
    #: The task it is about.
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Versions:
    """Of a job: what had the run, and what is checked."""

    old: str
    new: str


@dataclass(slots=True)
class Finding:
    """The same difference in some runs of a job."""

    kind: str
    level: Level
    job: str
    task: str | None
    #: Of the first run.
    message: str
    mend: str
    runs: int = 0
    examples: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "level": self.level,
            "job": self.job,
            "task": self.task,
            "runs": self.runs,
            "examples": self.examples,
            "message": self.message,
            "mend": self.mend,
        }


@dataclass(slots=True)
class Report:
    """All that a check came to. `allowed`: kinds that are meant; `is_strict`: warnings count, too."""

    allowed: frozenset[str] = frozenset()
    is_strict: bool = False
    #: Functions were called, too.
    with_bodies: bool = True
    checked: int = 0
    fits: int = 0
    #: Runs that stay with the version they are bound to, and runs that had stopped and would go on.
    bound: int = 0
    resumable: list[str] = field(default_factory=list)
    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict)
    #: What could not be told: by job and reason, of how many runs, one of them.
    unchecked: dict[tuple[str | None, str], list[Any]] = field(default_factory=dict)
    #: Not all runs were looked at.
    is_cut: bool = False

    def add(
        self, job: str, run_id: str | None, difference: Difference, versions: Versions | None = None
    ) -> None:
        """One run's, or (run None) one of the job itself."""
        place = (job, difference.kind, re.sub(r"\d+", "0", difference.task or ""))
        found = self.findings.get(place)
        if found is None:
            found = self.findings[place] = self._finding(job, difference, versions)
        if run_id is not None:
            found.runs += 1
            if len(found.examples) < MOST_EXAMPLES:
                found.examples.append(run_id)

    def _finding(self, job: str, difference: Difference, versions: Versions | None) -> Finding:
        kind = difference.kind
        is_breaking = kind not in self.allowed and (self.is_strict or kind not in WARNINGS)
        level: Level = "breaking" if is_breaking else "warning"
        return Finding(kind, level, job, difference.task, difference.message, mend_of(kind, job, versions))

    def cannot_tell(self, job: str | None, run_id: str | None, why: str) -> None:
        """A run that could not be checked, or (None) all that come after it."""
        kept = self.unchecked.setdefault((job, why), [0, run_id])
        kept[0] += run_id is not None

    def sorted(self) -> list[Finding]:
        """What breaks first, then what concerns most runs."""
        return sorted(self.findings.values(), key=lambda one: (one.level != "breaking", -one.runs, one.job))

    def runs_of(self, level: Level) -> int:
        """Runs with findings of this level."""
        return sum(one.runs for one in self.findings.values() if one.level == level)

    @property
    def exit_code(self) -> int:
        """0: nothing breaks. 1: something does. 2: not all could be told."""
        if any(one.level == "breaking" for one in self.findings.values()):
            return 1
        return 2 if self.unchecked else 0

    def shown(self) -> dict[str, Any]:
        """As one JSON document."""
        return {
            "verdict": ("fits", "breaks", "unknown")[self.exit_code],
            "with_bodies": self.with_bodies,
            "checked": self.checked,
            "fits": self.fits,
            "bound_elsewhere": self.bound,
            "resumable": self.resumable,
            "is_cut": self.is_cut,
            "findings": [one.shown() for one in self.sorted()],
            "unchecked": [
                {"job": job, "reason": why, "runs": count, "example": run_id}
                for (job, why), (count, run_id) in self.unchecked.items()
            ],
        }


def mend_of(kind: str, job: str, versions: Versions | None = None) -> str:
    """What can be done about a kind of finding in a job."""
    mend = MENDS[kind]
    if versions is not None and kind in _BINDABLE:
        mend += _RAISE if versions.old == versions.new else _BIND
    return mend.format(job=job, version=versions.old if versions is not None else "")


def listed(words: Iterable[str], most: int = 5) -> str:
    """Some keys as a person reads them."""
    every = [f"'{word}'" for word in words]
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")
