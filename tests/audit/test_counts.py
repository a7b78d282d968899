"""Counts that do not say what the runs say are found, and made anew from them."""

import pytest

from audit.scene import Scene
from engine.items import done
from mainspring.audit.counts import check_counts
from mainspring.audit.repair import Repairer


@pytest.mark.parametrize(
    "sql",
    [
        "delete from run_counts",
        "update run_counts set runs = runs + 1",
        "update run_counts set at = at - 86400000000",
        "update run_counts set status = 'FAILED'",
        "update run_counts set lasted = 1024",
    ],
)
def test_counts_that_are_wrong_are_made_anew(scene: Scene, sql: str) -> None:
    assert list(check_counts(scene.world.database)) == []
    scene.spoil(sql)
    found = list(check_counts(scene.world.database))
    assert {finding.rule.id for finding in found} == {"count-differs"}
    (mended,) = Repairer(scene.world.database, scene.world.clock.now).repair(found)
    assert (mended.run_id, mended.rules) == (scene.world.env, ("count-differs",))
    assert list(check_counts(scene.world.database)) == []


def test_runs_go_on_being_counted_after_that(scene: Scene) -> None:
    scene.spoil("delete from run_counts")
    list(Repairer(scene.world.database, scene.world.clock.now).repair(check_counts(scene.world.database)))
    for run in scene.worker.take():
        scene.worker.report(run, done())
    assert list(check_counts(scene.world.database)) == []
