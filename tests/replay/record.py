"""`make record`: records the jobs anew for this version, into `recordings/VERSION/`. Those of earlier versions stay."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from crash.exhaust import silence
from crash.jobs import PLAYS, Play
from crash.points import Fault
from crash.stage import Stage
from mainspring.storage.database import Database, Transaction
from mainspring.testing.disk import Disk
from mainspring.testing.lives import current_life
from mainspring.version import __version__
from replay.ends import ENDS, Ends
from replay.recording import Recording
from replay.rows import kinds_of, newest_schema, read_tables
from scenarios.conftest import DATABASES


class RecordingDisk(Disk):
    """A disk that is looked at after each commit."""

    def __init__(self, inner: Database, look: Callable[[], None]) -> None:
        super().__init__(inner)
        self._look = look

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with super().write() as tx:
            yield tx
        self._look()


def record(play: Play) -> Recording:
    """A run of a play, stopped wherever it brings something that no earlier stop of it has."""
    recording = Recording(__version__, newest_schema(), play.job_id)
    with (
        TemporaryDirectory(prefix="mainspring-replay-") as folder,
        DATABASES["sqlite"](Path(folder)) as url,
        silence(),
    ):
        stage = Ends(url, play, Fault()) if play is ENDS else Stage(url, play, Fault())
        asyncio.run(_record(stage, recording))
    return recording


async def _record(stage: Stage, recording: Recording) -> None:
    current_life.set(None)
    stage.begin()
    path = Path(stage.database.removeprefix("sqlite:///"))
    seen: set[str] = set()

    def look() -> None:
        tables = read_tables(path)
        kinds = kinds_of(tables)
        if kinds - seen and tables["runs"]:
            seen.update(kinds)
            recording.stop(tables, stage.world.clock.now())

    stage.world.wraps = lambda inner: RecordingDisk(inner, look)
    try:
        await stage.run()
        recording.ending = essence(stage)
        recording.doings = sorted(stage.ledger.doings())
    finally:
        await stage.world.close()


def essence(stage: Stage) -> dict[str, object]:
    """Of where all came to, what no later version may change."""
    found = stage.ending()
    del found["events"]
    return {
        name: {part: end[part] for part in ("ended", "shown", "ends", "stream")}
        if isinstance(end, dict)
        else end
        for name, end in found.items()
    }


if __name__ == "__main__":
    for one in (*PLAYS, ENDS):
        written = record(one).write()
        print(f"{written.relative_to(Path.cwd())}: {written.stat().st_size / 1024:.0f} KiB")
