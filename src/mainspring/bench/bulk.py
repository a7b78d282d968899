"""A database as a long time of use leaves it, written in minutes: ended runs with their tasks, and waiting ones."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mainspring.clock import HOUR, SECOND, SystemClock
from mainspring.engine.accounts import ensure_environment
from mainspring.ids import IdSource
from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade
from mainspring.storage.open import open_database

#: Runs in a transaction: large enough to be fast, small enough that a reader beside it does not wait.
_PORTION = 10_000
#: Runs began so far apart, the last of a load now. Microseconds.
APART = SECOND
_FAILURE = '{"type":"ValueError","message":"no","code":"task_failed"}'
#: `#n` is the run's number, `#m` one of 500.
_PAYLOAD = '{"order_id":"o#n","amount":#m,"lines":[{"sku":"A-7"}]}'
_CHANNEL = "event:bench.event\nnever-"


@dataclass(frozen=True, slots=True)
class Load:
    """What is written: so many ended runs of so many tasks each, and so many that wait. `first`: the number of the
    first one, to add to an earlier load. `is_told`: their history and their logs too."""

    runs: int = 0
    tasks: int = 10
    waiting: int = 0
    first: int = 0
    is_told: bool = True


def fill(url: str, load: Load, told: Callable[[int], None] = lambda runs: None) -> str:
    """Writes a load into the environment "dev" of a database, which is migrated first; returns the environment's id.

    `told` hears now and then how many runs are written. Commits are not waited for: a crash loses the load.
    """
    database = open_database(url, synchronous="NORMAL")
    clock = SystemClock()
    try:
        upgrade(database, clock.now())
        key = f"tr_dev_{secrets.token_hex(20)}"
        environment_id = ensure_environment(database, clock.now(), IdSource(clock.now), key)
        began_at = clock.now() - (load.first + max(load.runs, load.waiting)) * APART
        written = 0
        for statements, (first, last) in _portions(load):
            values = {
                "environment_id": environment_id,
                "first": first,
                "last": last,
                "tasks": load.tasks,
                "began_at": began_at,
                "every": APART,
                "channel": _CHANNEL,
                "no": False,
                "metadata": "{}",
                "failure": _FAILURE,
                "payload": _PAYLOAD,
            }
            with database.write() as tx:
                for statement in statements:
                    tx.run(statement, **values)
            written += last - first + 1
            told(written)
        with database.write() as tx:
            tx.run("forget_counts", environment_id=environment_id)
            tx.run("count_anew", environment_id=environment_id, recent=clock.now() - HOUR)
        _settle(database)
        return environment_id
    finally:
        database.close()


def run_name(number: int) -> str:
    """The id of an ended run of a load."""
    return f"run_0000000000{10**15 + number}"


def _portions(load: Load) -> Iterator[tuple[tuple[str, ...], tuple[int, int]]]:
    ended = (
        "bulk_ended_runs",
        "bulk_tags",
        "bulk_tasks",
        *(("bulk_history", "bulk_logs") if load.is_told else ()),
    )
    for statements, count in (
        (ended, load.runs),
        (("bulk_waiting_runs", "bulk_waiting_tasks", "bulk_waits"), load.waiting),
    ):
        for first in range(load.first, load.first + count, _PORTION):
            yield statements, (first, min(first + _PORTION, load.first + count) - 1)


def _settle(database: Database) -> None:
    """What the planner knows is brought up to date, as it would be by itself in time."""
    with database.write() as tx:
        tx.run("analyze")
