"""The audit reads page by page: whatever the size of a page, the same is found."""

import pytest

from audit.scene import Scene
from engine.world import World
from mainspring.audit import events, reading, unheard
from mainspring.audit.data import check_database

SPOILT = (
    "update runs set worker_id = null where id = '{running}';"
    "update runs set event_id = null where id = '{finished}';"
    "insert into streams (run_id, name, appended) values ('run_0', 's', 1), ('run_x', 's', 1), ('zzz', 's', 1);"
    "update waits set channel = 'event:order' where run_id = '{listening}'"
)


@pytest.mark.parametrize(("runs", "lines"), [(1, 50_000), (2, 50_000), (500, 1), (500, 7), (3, 9)])
def test_pages_of_any_size_show_the_same(
    runs: int, lines: int, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        scene.world.send("order", '{"amount":7}')
    scene.spoil(SPOILT)
    at_once = scene.found()
    assert {rule for rule, _ in at_once} == {
        "lease-without-holder",
        "event-without-run",
        "event-not-heard",
        "run-missing",
    }
    assert {place for rule, place in at_once if rule == "run-missing"} == {"run_0", "run_x", "zzz"}
    monkeypatch.setattr(reading, "PAGE_RUNS", runs)
    monkeypatch.setattr(reading, "PAGE_LINES", lines)
    monkeypatch.setattr(events, "PAGE_EVENTS", 1)
    monkeypatch.setattr(unheard, "PAGE_EVENTS", 1)
    assert scene.found() == at_once
    assert len(scene.audit()) == len(at_once)


def test_an_empty_database_is_whole(world: World) -> None:
    assert list(check_database(world.database)) == []
