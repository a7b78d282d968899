"""Runs that any version recorded go on with this one: to the end they had, and nothing that was kept is done again."""

import asyncio
from pathlib import Path
from typing import get_args

import pytest

from crash.exhaust import silence
from crash.jobs import PLAYS
from crash.stage import Stage
from mainspring.model.history import EntryKind
from mainspring.model.runs import RunStatus
from mainspring.model.tasks import TaskKind, TaskStatus
from mainspring.model.waits import WaitKind
from mainspring.storage.migrate import upgrade
from mainspring.storage.open import open_database
from mainspring.testing.lives import current_life
from mainspring.version import __version__
from replay.ends import ENDS, OUTCOMES
from replay.record import essence
from replay.recording import RECORDINGS, Recording
from replay.resumed import database_of, take_up
from replay.rows import newest_schema, restore
from simulation.planted import a_task_completed_twice

FILES = sorted(RECORDINGS.glob("*/*.ndjson"))
#: Named, and in no recording: replays are of runs that ended, and nobody outside answers approvals there.
NOT_YET = {
    "entry TASK_KEPT",
    *(f"entry APPROVAL_{kind}" for kind in ("ANSWERED", "REFUSED", "DELEGATED")),
}
#: Bytes. Recordings are kept for ever.
LARGEST = 96 * 1024


def name_of(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_recorded_run_goes_on_to_its_end(path: Path, database: str, tmp_path: Path) -> None:
    recording = Recording.read(path)
    for stop in range(len(recording.stops)):
        folder = tmp_path / str(stop)
        folder.mkdir()
        with database_of(database, recording.schema, folder) as url, silence():
            asyncio.run(_goes_on(recording, stop, url))


async def _goes_on(recording: Recording, stop: int, url: str) -> None:
    current_life.set(None)
    stage = take_up(recording, stop, url)
    try:
        async with asyncio.timeout(60):
            await stage.run()
        place = f"{recording.name}, stop {stop}"
        found = essence(stage)
        if recording.name == ENDS.job_id:
            _ended_as_it_may(stage, place)
            return
        assert found == recording.ending, place
        kept = {effect for effect in map(tuple, recording.doings) if effect in stage.ledger.kept}
        assert stage.ledger.doings() == set(map(tuple, recording.doings)) - kept, place
    finally:
        await stage.world.close()


def _ended_as_it_may(stage: Stage, place: str) -> None:
    for view in stage.runs():
        assert view.run.status in OUTCOMES[view.run.job_id], f"{place}: {view.run}"


def test_a_version_that_forgets_what_was_kept_is_found(tmp_path: Path) -> None:
    recording = Recording.read(RECORDINGS / __version__ / "approval.ndjson")
    statuses = [[run["status"] for run in tables["runs"]] for tables in recording.stops]
    stop = statuses.index(["WAITING"])
    with (
        database_of("sqlite", recording.schema, tmp_path) as url,
        silence(),
        a_task_completed_twice(),
        pytest.raises(AssertionError),
    ):
        asyncio.run(_goes_on(recording, stop, url))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_an_older_schema_is_brought_up_to_date(database: str, tmp_path: Path) -> None:
    recording = Recording.read(FILES[0])
    with database_of(database, newest_schema() - 1, tmp_path) as url:
        opened = open_database(url)
        try:
            assert len(upgrade(opened, 0)) == 1
        finally:
            opened.close()
        restore(url, recording.stops[0])


def test_this_version_is_recorded() -> None:
    recorded = {path.stem for path in FILES if path.parent.name == __version__}
    assert recorded == {play.job_id for play in (*PLAYS, ENDS)}, "make record"


def test_the_recordings_of_this_version_have_something_of_everything() -> None:
    every = {
        *(f"entry {kind}" for kind in get_args(EntryKind)),
        *(f"task {kind}" for kind in get_args(TaskKind)),
        *(f"task status {status}" for status in get_args(TaskStatus)),
        *(f"wait {kind}" for kind in get_args(WaitKind)),
        *(f"run status {status}" for status in get_args(RunStatus)),
    }
    files = [path for path in FILES if path.parent.name == __version__]
    found = {kind for path in files for kind in Recording.read(path).kinds}
    assert every - found == NOT_YET


def test_recordings_are_small_and_name_no_machine() -> None:
    for path in FILES:
        text = path.read_text()
        assert len(text) <= LARGEST, path
        assert str(Path.home()) not in text, path
        assert str(Path(__file__).parents[2]) not in text, path
