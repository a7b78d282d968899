"""Runs that any version recorded, at every stop on their way: today's code fits them, and a check says so."""

import asyncio
from pathlib import Path

import pytest

from crash.exhaust import silence
from mainspring.preflight.check import Wanted, check
from mainspring.preflight.findings import Report
from mainspring.testing.lives import current_life
from replay.ends import ENDS
from replay.recording import RECORDINGS, Recording
from replay.resumed import database_of, take_up

FILES = [path for path in sorted(RECORDINGS.glob("*/*.ndjson")) if path.stem != ENDS.job_id]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_nothing_is_found(path: Path, tmp_path: Path) -> None:
    recording, checked = Recording.read(path), 0
    for stop in range(len(recording.stops)):
        folder = tmp_path / str(stop)
        folder.mkdir()
        with database_of("sqlite", recording.schema, folder) as url, silence():
            report = asyncio.run(_checked(recording, stop, url))
        found = [(one.kind, one.message) for one in report.sorted()] + list(report.unchecked)
        assert (found, report.fits) == ([], report.checked), f"{recording.name}, stop {stop}"
        checked += report.checked
    assert checked


async def _checked(recording: Recording, stop: int, url: str) -> Report:
    current_life.set(None)
    stage = take_up(recording, stop, url)
    try:
        await stage.world.start(workers=0)
        done = stage.ledger.doings()
        report = Report()
        await check(stage.world.client, stage.world.door, Wanted(), report)
        assert stage.ledger.doings() == done
        return report
    finally:
        await stage.world.close()
