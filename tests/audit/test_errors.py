"""A group of failures that counts otherwise than its runs is found, and made anew from them."""

from typing import Any

import pytest

from audit.scene import Scene
from engine.items import broke, job
from mainspring.audit.repair import Repairer
from mainspring.engine.error_commands import ChangeError
from mainspring.storage.shapes import ERROR


@pytest.fixture
def failed(scene: Scene) -> Scene:
    """With a group of two runs, the last of them `failed`."""
    worker = scene.world.worker(job("pay"), name="other")
    for _ in range(2):
        scene.world.advance(1)
        scene.runs["failed"] = scene.world.call("pay").id
        worker.report(worker.take_one(), broke("no"))
    assert scene.audit() == []
    return scene


@pytest.mark.parametrize(
    "sql",
    [
        "update errors set runs = 1",
        "update errors set last_seen_at = last_seen_at - 1",
        "update error_hours set runs = 3",
        "delete from error_versions",
        "update runs set error_id = null where id = '{run}'",
        "delete from errors where 'x' <> '{run}'",
    ],
)
def test_a_group_that_tells_otherwise(failed: Scene, sql: str) -> None:
    failed.spoil(sql, run=failed.runs["failed"])
    rules = {rule for rule, _ in failed.found()}
    assert "error-differs" in rules
    before = _group(failed)
    repairs = list(Repairer(failed.world.database, failed.world.clock.now).repair(failed.audit()))
    assert [repair.rules for repair in repairs] == [("error-differs",)]
    assert failed.audit() == []
    failed.world.fire()  # a server counts what nobody has counted
    assert failed.audit() == []
    after = _group(failed)
    assert after.runs == 2
    assert after.last_run_id == failed.runs["failed"]
    assert before is None or (after.status, after.changes) == (before.status, before.changes)


def _group(scene: Scene) -> Any:
    with scene.world.database.read() as tx:
        asked = {"environment_id": scene.world.env, "at": 2**62, "before": "", "since": 0, "limit": 2}
        return next(iter(ERROR.values(tx.rows("newest_errors", **asked))), None)


def test_a_group_made_in_the_place_of_one_that_was_gone_can_be_resolved_again(failed: Scene) -> None:
    """What was said of the other is gone with it, and its numbers are free."""
    env = failed.world.env
    failed.world.do(ChangeError(env, _group(failed).id, "resolved", "ann"))
    failed.spoil("delete from errors where 'x' <> '{run}'", run=failed.runs["failed"])
    list(Repairer(failed.world.database, failed.world.clock.now).repair(failed.audit()))
    failed.world.fire()
    failed.world.do(ChangeError(env, _group(failed).id, "resolved", "ben"))
    assert (_group(failed).status, _group(failed).resolved_by) == ("resolved", "ben")
    assert failed.audit() == []
