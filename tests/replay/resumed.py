"""A recorded run taken up by this version: its rows in a fresh database, a server and a worker of today."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import postgres
from crash.jobs import PLAYS
from crash.points import Fault
from crash.stage import Stage
from mainspring.clock import FakeClock
from replay.ends import ENDS, Ends
from replay.recording import Recording
from replay.rows import migrate_to, newest_schema, restore
from scenarios.conftest import DATABASES


class TakenUp(Stage):
    """A stage that begins where a recording stopped."""

    async def start(self) -> None:
        """What was kept is noted, and the workers of then are known to be gone."""
        await self.world.start(workers=0)
        self.see_what_is_kept()
        await self.start_over()


class EndsTakenUp(TakenUp, Ends):
    """People look after the runs that stand."""

    async def _play(self) -> None:
        await self.finish()


#: Empty databases without a table.
_BARE: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "sqlite": lambda folder: nullcontext(f"sqlite:///{folder / 'mainspring.db'}"),
    "postgres": lambda folder: postgres.server().database(is_migrated=False),
}


@contextmanager
def database_of(kind: str, schema: int, folder: Path) -> Iterator[str]:
    """The URL of an empty database at a schema: for today's there are some at hand."""
    if schema == newest_schema():
        with DATABASES[kind](folder) as url:
            yield url
        return
    with _BARE[kind](folder) as url:
        migrate_to(url, schema)
        yield url


def take_up(recording: Recording, stop: int, url: str) -> Stage:
    """The stage, not begun, over an empty database behind `url`."""
    restore(url, recording.stops[stop])
    if recording.name == ENDS.job_id:
        stage: Stage = EndsTakenUp(url, ENDS, Fault())
    else:
        (play,) = (play for play in PLAYS if play.job_id == recording.name)
        stage = TakenUp(url, play, Fault())
    stage.begin()
    stage.world.clock = FakeClock(recording.clocks[stop])
    return stage
