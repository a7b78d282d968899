"""What must be the same however a play went: every run ends, what is kept is kept once, nothing happens twice."""

import asyncio
import inspect
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mainspring.testing.plays.ending import Ending

#: Called with nothing, or with the `Ending`. False, or an `AssertionError`, says that it does not hold.
Invariant = Callable[..., Any] | Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Problem:
    """What is wrong with how a play ended."""

    #: The same for all problems of its sort: a shorter schedule must show the same sort.
    sort: str
    text: str


@dataclass(frozen=True)
class Expected:
    """What the play that nothing happened to came to, and what of it must come again."""

    ending: Ending
    #: Outputs are compared; else only whether as many runs ended in the same way.
    outputs: bool = True
    statuses: bool = True
    invariant: Invariant | None = None
    #: Why the outputs are not compared, for reports.
    notes: list[str] = field(default_factory=list)

    def problem(self, ending: Ending) -> Problem | None:
        """What is wrong with how a play ended; None when nothing is."""
        return next(self._problems(ending), None)

    def _problems(self, ending: Ending) -> Iterator[Problem]:
        if ending.stuck is not None:
            yield Problem("stuck", ending.stuck)
            return
        for (run, key), count in ending.kept.items():
            if count > 1:
                yield Problem("kept", f"'{key}' of run {run} was kept {count} times")
        yield from _doubled(ending, self.ending)
        if self.invariant is not None:
            said = _broken(self.invariant, ending)
            if said is not None:
                yield Problem("invariant", said)
        if self.statuses and _statuses(ending) != _statuses(self.ending):
            came = f"the runs ended otherwise: {_shown(ending)}, instead of {_shown(self.ending)}"
            yield Problem("status", came)
        elif self.outputs and ending.outputs_of() != self.ending.outputs_of():
            yield Problem("output", f"the runs came to {_shown(ending)}, instead of {_shown(self.ending)}")


def _doubled(ending: Ending, expected: Ending) -> Iterator[Problem]:
    """Effects that the probe saw more often, or less, by task."""
    now, before = _by_key(ending.effects), _by_key(expected.effects)
    for key in {**now, **before}:
        if now[key] != before[key]:
            what = f"task '{key}'" if key else "the job's body, outside its tasks,"
            times = f"had its effect {_times(now[key])}, and {_times(before[key])} when nothing goes wrong"
            yield Problem("doubled" if now[key] > before[key] else "missing", f"{what} {times}")


def _times(count: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _by_key(effects: Counter[tuple[int, str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for (_, key), count in effects.items():
        found[key] += count
    return found


def _statuses(ending: Ending) -> list[tuple[str, str]]:
    return sorted((run.job_id, run.status) for run in ending.runs)


def _shown(ending: Ending) -> str:
    parts = []
    for run in ending.runs[:6]:
        text = repr(run.output) if run.status == "SUCCESS" else f"{run.status} ({run.error})"
        parts.append(text if len(text) <= 120 else text[:117] + "...")
    return ", ".join(parts) + (", ..." if len(ending.runs) > 6 else "")


def _broken(invariant: Invariant, ending: Ending) -> str | None:
    """What the invariant has to say against an ending."""
    name = getattr(invariant, "__name__", repr(invariant))
    name = "the invariant" if name == "<lambda>" else f"the invariant {name}()"
    try:
        found = invariant(ending) if inspect.signature(invariant).parameters else invariant()
        if inspect.isawaitable(found):
            found = asyncio.run(_awaited(found))
    except AssertionError as error:
        return f"{name} does not hold: {error}" if str(error) else f"{name} does not hold"
    return f"{name} does not hold" if found is False else None


async def _awaited(found: Awaitable[Any]) -> Any:
    return await found
