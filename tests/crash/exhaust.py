"""All points of a play, one run each: what came of it must be what comes of the run that nothing happened to."""

import asyncio
import contextlib
import io
import logging
import sys
import threading
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crash.jobs import PLAYS, Play
from crash.points import Fault, Kind
from crash.stage import Effect, Stage
from mainspring.testing.lives import current_life
from scenarios.conftest import DATABASES

#: A second process dies before it has made more calls than this.
AGAIN = 60
KINDS: tuple[Kind, ...] = ("before", "after", "refused")
#: Where not all are asked for, every so-manieth commit is a point, and every so-manieth of the other calls: a death
#: between two calls of one transaction comes to the same on either side, a transaction that is not there. PostgreSQL,
#: where a run takes three times as long, has fewer of both; it is the same code that dies.
EVERY = {"sqlite": 6, "postgres": 24}
EVERY_COMMIT = {"sqlite": 1, "postgres": 2}
#: Seconds of the machine's time for one run.
LIMIT = 60.0


@dataclass(frozen=True)
class End:
    """What came of one run."""

    ending: dict[str, Any]
    doings: set[Effect]


@dataclass
class Report:
    """What came of a part."""

    points: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def play_part(part: tuple[str, str, bool]) -> Report:
    """One job on one database; whether every call is a point."""
    job_id, kind_of_database, is_all = part
    (play,) = (play for play in PLAYS if play.job_id == job_id)
    report = Report()
    with silence():  # around all, for some of the dead are only collected later
        _play_points(play, kind_of_database, is_all, report)
    return report


def _play_points(play: Play, kind_of_database: str, is_all: bool, report: Report) -> None:
    clean, calls = _clean(play, kind_of_database)
    every = EVERY_COMMIT[kind_of_database], EVERY[kind_of_database]
    for kind in KINDS:
        for number in _numbers(kind, calls, (1, 1) if is_all else every):
            # Every fifth time the process that comes next dies too: while it starts, or some time later.
            again = number % AGAIN + 1 if kind != "refused" and number % 5 == 0 else 0
            fault = Fault(kind, number, again=again)
            wrong = compare(play, kind_of_database, fault, clean)
            if wrong:
                report.wrong.append(f"{play.job_id} on {kind_of_database}: {kind}:{number}:{again}: {wrong}")
            if not fault.has_struck and not again:
                break
            report.points[kind] += 1


def play_one(job_id: str, kind_of_database: str, fault: Fault) -> str:
    """One point again; what is wrong, "" if nothing is."""
    (play,) = (play for play in PLAYS if play.job_id == job_id)
    clean, _ = _clean(play, kind_of_database)
    return compare(play, kind_of_database, fault, clean)


def _clean(play: Play, kind_of_database: str) -> tuple[End, list[Any]]:
    fault = Fault()
    return run(play, kind_of_database, fault), fault.calls


def _numbers(kind: Kind, calls: list[Any], every: tuple[int, int]) -> Iterator[int]:
    """The points that are played. There may be a few more than the clean run had: then until none strikes."""
    every_commit, every_other = every
    commits = 0
    for number, (call, _) in enumerate(calls, 1):
        if call == "commit":
            commits += 1
            if commits % every_commit == 0:
                yield number
        # After a call inside a transaction is before the next: nothing is in between.
        elif kind != "after" and number % every_other == 0:
            yield number
    if kind != "after":
        yield from range(len(calls) + 1, 2 * len(calls))


def compare(play: Play, kind_of_database: str, fault: Fault, clean: End) -> str:
    """What is wrong with a run that this fault befell, "" if nothing is."""
    try:
        end = run(play, kind_of_database, fault)
    except Exception:
        return traceback.format_exc()
    if end.doings != clean.doings:
        return f"user code did something else: {sorted(end.doings ^ clean.doings)}"
    names = sorted({*end.ending, *clean.ending})
    return "\n".join(
        f"{name} came to {end.ending.get(name)}\nand not to {clean.ending.get(name)}"
        for name in names
        if end.ending.get(name) != clean.ending.get(name)
    )


def run(play: Play, kind_of_database: str, fault: Fault) -> End:
    """One run of a play on a database of its own."""
    with (
        TemporaryDirectory(prefix="mainspring-crash-") as folder,
        DATABASES[kind_of_database](Path(folder)) as url,
        silence(),
    ):
        return asyncio.run(_run(Stage(url, play, fault)))


async def _run(stage: Stage) -> End:
    current_life.set(None)
    stage.begin()
    try:
        async with asyncio.timeout(LIMIT):
            await stage.run()
        return End({**stage.ending(), "errors": stage.errors()}, stage.ledger.doings())
    except TimeoutError:
        raise AssertionError(f"not done after {LIMIT:g} seconds\n{stage.world.outstanding()}") from None
    finally:
        await stage.world.close()


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Threads and coroutines that are cut off, jobs that print: all of that is meant."""
    hook, threading.excepthook = threading.excepthook, lambda _: None
    unraisable, sys.unraisablehook = sys.unraisablehook, lambda _: None
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # coroutines that were cut off before they began
            yield
    finally:
        logging.disable(level)
        threading.excepthook, sys.unraisablehook = hook, unraisable
