"""The demo's data: a world played from some days ago until now, into a database that holds nothing else."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from mainspring.clock import DAY, MINUTE, SECOND, Instant, to_datetime
from mainspring.demo.app import client
from mainspring.demo.evening import Evening, beat
from mainspring.demo.luck import troubles
from mainspring.demo.story import RUNS_PER_ORDER, Story
from mainspring.demo.world import World
from mainspring.engine.bulks import count_runs
from mainspring.engine.views import RunQuery
from mainspring.errors import Conflict
from mainspring.model.runs import RunStatus
from mainspring.storage.database import Database, Transaction
from mainspring.storage.filelock import FileLock
from mainspring.storage.migrate import status, upgrade
from mainspring.storage.open import open_database

#: Runs of a day that no order brings: counts of the shelves, reports, digests, imports.
_RUNS_PER_DAY = 80
_FEWEST_ORDERS = 12


@dataclass(frozen=True, slots=True)
class Plan:
    """What world it is to be."""

    #: About how many runs.
    runs: int = 1_500
    days: int = 5
    seed: int = 8


#: How many runs of each status there are.
Counts = dict[str, int]
#: Told how many days have passed.
Told = Callable[[int], None]


def write_demo(url: str, api_key: str, plan: Plan, now: Instant, *, force: bool, told: Told) -> Counts:
    """Plays the world into the database behind `url`, whose environment gets this key.

    A SQLite file that holds only an earlier demo is made anew; with `force` one that holds anything is put aside.
    Raises `Conflict`, and `DatabaseInUse` while a server has it.
    """
    if not url.startswith("sqlite:"):
        database = open_database(url, synchronous="NORMAL")
        try:
            if what := _content_of(database):
                raise _not_empty(what, "Give an empty database: --database-url postgresql://.../demo.")
            return write_world(database, api_key, plan, now, told)
        finally:
            database.close()
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    real = path.resolve()
    lock = FileLock(real.with_name(real.name + ".lock"), what=str(path))
    try:
        with _made_beside(real, now, force=force) as fresh:
            return write_world(fresh, api_key, plan, now, told)
    finally:
        lock.release()


@contextlib.contextmanager
def _made_beside(path: Path, now: Instant, *, force: bool) -> Iterator[Database]:
    """A database that comes in place of the one at `path` once all of it is there."""
    if path.exists():
        old = open_database(f"sqlite:///{path}", is_visitor=True)
        try:
            what = _content_of(old)
        finally:
            old.close()
        if what and what - set(client.registered):
            if not force:
                raise _not_empty(
                    what, "Give another folder (--data-dir demo), or --force to put what is there aside."
                )
            path.rename(path.with_name(f"{path.stem}-{to_datetime(now):%Y%m%d-%H%M%S}{path.suffix}"))
    fresh = path.with_name(path.name + ".part")
    _remove(fresh)
    database = open_database(f"sqlite:///{fresh}", synchronous="NORMAL")
    try:
        yield database
        database.close()
        _remove(path)
        fresh.rename(path)
    finally:
        database.close()
        _remove(fresh)
        _remove(fresh.with_name(fresh.name + ".lock"))


def _remove(path: Path) -> None:
    for one in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(one)


def _content_of(database: Database) -> set[str]:
    """The ids of the jobs in a database, of all environments; also "events" where there are such without a job."""
    if not status(database).current:
        return set()
    with database.read() as tx:
        jobs = {job_id for (job_id,) in tx.rows("all_job_ids")}
        return jobs or ({"events"} if tx.row("any_event") else set())


def _not_empty(what: set[str], mend: str) -> Conflict:
    names = ", ".join(sorted(what)[:3]) + (", ..." if len(what) > 3 else "")
    return Conflict(f"the database is in use: it holds {names}", mend=mend)


def write_world(
    database: Database, api_key: str, plan: Plan, now: Instant, told: Told = lambda days: None
) -> Counts:
    """Plays the world into an empty database, which is migrated first."""
    begins = now - plan.days * DAY
    upgrade(database, begins)
    world = World(database, api_key, begins, str(plan.seed))
    orders = round((plan.runs - plan.days * _RUNS_PER_DAY) / RUNS_PER_ORDER)
    story = Story(world, begins + 2 * MINUTE, now, max(_FEWEST_ORDERS, orders))
    troubles.clear()
    try:
        with world.played():
            story.tell()
            Evening(story).tell()
            for day in range(1, plan.days + 1):
                world.play(min(begins + day * DAY, now - SECOND))
                told(day)
            world.tell(beat(world))
            world.play(now)
    finally:
        troubles.clear()
    with database.read() as tx:
        return {one: count for one in get_args(RunStatus) if (count := _count(tx, world, one))}


def _count(tx: Transaction, world: World, one: RunStatus) -> int:
    return count_runs(tx, world.server.environment_id, RunQuery(statuses=(one,)))[0]
