"""A task that a circuit breaker holds, and that nothing would let try any more, is found and mended."""

import pytest

from audit.scene import Scene
from audit.test_repair import repair
from engine.items import label, parked
from mainspring.clock import MINUTE
from mainspring.engine.commands import ChangeBreaker
from mainspring.model.breakers import BreakerAsked, BreakerSpec

GATEWAY = BreakerSpec("gateway", 3, MINUTE)


@pytest.fixture
def held(scene: Scene) -> Scene:
    """With a run, `held`, whose task waits for an open breaker."""
    scene.runs["held"] = scene.world.call("wait", priority=9).id
    run = scene.worker.take_one()
    scene.worker.report(run, BreakerAsked(label("before"), 1, GATEWAY))
    scene.world.do(ChangeBreaker(scene.world.env, "gateway", is_open=True, span=MINUTE))
    scene.worker.report(run, BreakerAsked(label("charge"), 1, GATEWAY), parked("charge"))
    assert scene.audit() == []
    return scene


@pytest.mark.parametrize(
    "sql",
    [
        "update breakers set timer_at = null",
        "update breakers set timer_at = null, opened_at = null, probe_at = null",
        "delete from breakers",
    ],
)
def test_a_breaker_that_holds_on_to_a_task(held: Scene, sql: str) -> None:
    held.spoil(sql)
    assert held.found() == {("breaker-unwatched", held.runs["held"])}
    (mended,) = repair(held)
    assert mended.rules == ("breaker-unwatched",)
    assert held.audit() == []
    (run,) = [run for run in held.worker.take() if run.run_id == held.runs["held"]]
    (known,) = [one for one in run.checkpoints if one.key == "charge"]
    assert (known.status, known.attempt) == ("RETRYING", 0)


def test_one_that_a_person_opened_stays_open(held: Scene) -> None:
    held.world.do(ChangeBreaker(held.world.env, "gateway", is_open=True))
    assert held.audit() == []
