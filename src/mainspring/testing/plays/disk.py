"""The database of plays: one for all of a process, emptied for each."""

from functools import cache

from mainspring.engine.accounts import ensure_environment
from mainspring.ids import IdSource
from mainspring.storage.emptied import EmptiedDatabase
from mainspring.testing.plays.universe import BEGIN

API_KEY = "tr_dev_testing"


class _Nothing:
    """The same ids in every process."""

    def getrandbits(self, k: int, /) -> int:
        return 0


@cache
def _disk() -> tuple[EmptiedDatabase, str]:
    database = EmptiedDatabase(BEGIN)
    ids = IdSource(lambda: BEGIN, _Nothing())
    environment_id = ensure_environment(database, BEGIN, ids, API_KEY)
    database.remember()
    return database, environment_id


def emptied_database() -> tuple[EmptiedDatabase, str]:
    """The database, with nothing in it but one environment, and the id of that. One play at a time has it."""
    database, environment_id = _disk()
    database.empty()
    return database, environment_id
