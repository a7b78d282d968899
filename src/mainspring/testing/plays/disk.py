"""The database of plays: one for all of a process, emptied for each."""

from functools import cache

from mainspring.engine.accounts import ensure_environment
from mainspring.ids import IdSource
from mainspring.model.protocol import Registered
from mainspring.storage.emptied import EmptiedDatabase, Rows
from mainspring.testing.plays.universe import BEGIN

API_KEY = "tr_dev_testing"


class _Nothing:
    """The same ids in every process."""

    def getrandbits(self, k: int, /) -> int:
        return 0


@cache
def _disk() -> tuple[EmptiedDatabase, str, Rows]:
    database = EmptiedDatabase(BEGIN)
    ids = IdSource(lambda: BEGIN, _Nothing())
    environment_id = ensure_environment(database, BEGIN, ids, API_KEY)
    return database, environment_id, database.contents()


class Ground:
    """Where the plays of one job begin: with one environment and, once it is laid, with the workers that the first of
    them registered. One play at a time stands on it."""

    def __init__(self) -> None:
        self.database, self.environment_id, self._rows = _disk()
        #: What the workers were told when they registered, by their ids.
        self.registered: dict[str, Registered] = {}

    def clear(self) -> None:
        """For the next play."""
        self.database.empty(self._rows)

    def lay(self, registered: dict[str, Registered]) -> None:
        """From now on plays begin with what is in the database now."""
        self._rows, self.registered = self.database.contents(), registered
