"""What a play came to, and what happened in it: what reports, invariants and comparisons look at."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mainspring.codec import encode
from mainspring.model.runs import RunStatus
from mainspring.testing.plays.probe import Place

_IDS = re.compile(r"\b([a-z]{2,6})_[0-9A-Z]{26}\b")


@dataclass(frozen=True)
class RunEnd:
    """How one run ended."""

    #: Runs are counted from 1, in the order in which they were first taken up.
    number: int
    job_id: str
    status: RunStatus
    output: Any
    #: Its error's message; None unless it failed.
    error: str | None

    def comparable(self) -> str:
        """The same for two runs that came to the same; ids differ and are left out."""
        text = encode([self.job_id, self.status, self.output], what="an output")
        return _IDS.sub(r"\1_", text)


@dataclass
class Ending:
    """Where a play came to. `invariant=` is given one."""

    #: All runs, those of other jobs that were started on the way included.
    runs: list[RunEnd] = field(default_factory=list)
    #: What is in the store of the environment, by key.
    store: Mapping[str, Any] = field(default_factory=dict)
    #: What happened, in words, in order.
    story: list[str] = field(default_factory=list)
    #: How often each task's function ran to its end; and how often its outcome was kept.
    ran: Counter[Place] = field(default_factory=Counter)
    kept: Counter[Place] = field(default_factory=Counter)
    #: Effects that the test's probe saw, by the task whose function had them.
    effects: Counter[Place] = field(default_factory=Counter)
    #: Tasks that say who they are to services that dedupe, or are under `effect="once"`.
    guarded: set[Place] = field(default_factory=set)
    #: Tasks under `effect="once"` about which a person had to be asked.
    in_doubt: list[Place] = field(default_factory=list)
    #: JSON text of what each task came to.
    outputs: dict[Place, str] = field(default_factory=dict)
    #: Why it has no end; None: all runs ended.
    stuck: str | None = None

    def ended_otherwise(self, runs: int, ends: RunStatus) -> str | None:
        """Of the runs that the play began with, one that came to another end; None: all came to that."""
        for run in self.runs[:runs]:
            if run.status != ends:
                return f"run {run.number} is {run.status}" + (f" ({run.error})" if run.error else "")
        return None

    def outputs_of(self) -> list[str]:
        """What the runs came to, in an order of its own."""
        return sorted(run.comparable() for run in self.runs)
