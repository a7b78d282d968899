"""A group of failures that counts otherwise than its runs is found."""

import pytest

from audit.scene import Scene
from engine.items import broke, job


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
