"""I1 for events that join a run: it carries each of them once, in their order."""

import json
from dataclasses import replace

import pytest

from audit.scene import Scene
from engine.items import job
from mainspring.clock import SECOND
from mainspring.engine.commands import CancelRun
from mainspring.model.joining import EventBatch, EventDebounce


@pytest.fixture
def runs(scene: Scene) -> dict[str, str]:
    """A list that is whole, one that is open, one that was cancelled; a run that is put off."""
    lists, quiet = job("lists", "paid"), job("quiet", "saved")
    batch, debounce = EventBatch(3, 5 * SECOND), EventDebounce(5 * SECOND)
    scene.world.worker(
        replace(lists, triggers=(replace(lists.triggers[0], batch=batch),)),
        replace(quiet, triggers=(replace(quiet.triggers[0], debounce=debounce),)),
    )
    scene.world.advance(1)
    paid = [scene.world.send("paid", json.dumps({"n": n})).runs[0].id for n in range(3)]
    cancelled = [scene.world.send("paid", json.dumps({"n": n})).runs[0].id for n in range(2)]
    scene.world.do(CancelRun(scene.world.env, cancelled[0]))
    saved = [scene.world.send("saved", json.dumps({"n": n})).runs[0].id for n in range(2)]
    opened = scene.world.send("paid", json.dumps({"n": 9})).runs[0].id
    return {"whole": paid[0], "cancelled": cancelled[0], "quiet": saved[0], "open": opened}


def test_what_joined_is_carried(scene: Scene, runs: dict[str, str]) -> None:
    assert len(set(runs.values())) == 4
    assert scene.audit() == []


@pytest.mark.parametrize("name", ["whole", "cancelled", "quiet"])
def test_an_event_that_is_left_out_is_found(scene: Scene, runs: dict[str, str], name: str) -> None:
    scene.spoil("update runs set payload = '[{text}]' where id = '{run}'", text='{"n":0}', run=runs[name])
    assert scene.found() == {("event-left-out", runs[name])}


def test_a_gap_in_their_order_is_found(scene: Scene, runs: dict[str, str]) -> None:
    scene.spoil("update joined_events set number = 2 where run_id = '{run}'", run=runs["open"])
    assert scene.found() == {("event-left-out", runs["open"])}


def test_a_run_that_events_joined_and_that_is_gone_is_found(scene: Scene, runs: dict[str, str]) -> None:
    scene.spoil("update joined_events set run_id = 'run_gone' where run_id = '{run}'", run=runs["open"])
    assert scene.found() == {("run-missing", "run_gone")}
