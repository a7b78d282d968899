"""A wait for a token that has ended, or that nothing would let expire, is found and mended."""

import pytest

from audit.scene import Scene
from audit.test_repair import repair
from engine.items import parked
from engine.test_tokens import awaited, complete, draft
from mainspring.clock import HOUR
from mainspring.engine.token_commands import CreateToken


@pytest.fixture
def asked(scene: Scene) -> Scene:
    """With a run, `asked`, that waits for a token."""
    scene.runs["asked"] = scene.world.call("wait", priority=9).id
    run = scene.worker.take_one()
    scene.world.do(CreateToken(scene.world.env, draft(timeout=HOUR)))
    scene.worker.report(run, awaited("w"), parked("w"))
    assert scene.audit() == []
    return scene


@pytest.mark.parametrize(
    ("sql", "outcome"),
    [
        ("update tokens set completed_at = 1, output = '7', timer_at = null", ("SUCCESS", "7")),
        ("update tokens set expired_at = 1, timer_at = null", ("FAILED", None)),
        ("delete from tokens", ("FAILED", None)),
    ],
)
def test_an_end_that_was_not_heard(asked: Scene, sql: str, outcome: tuple[str, str | None]) -> None:
    asked.spoil(sql)
    assert asked.found() == {("token-not-heard", asked.runs["asked"])}
    (mended,) = repair(asked)
    assert mended.rules == ("token-not-heard",)
    assert asked.audit() == []
    task = asked.world.task(asked.runs["asked"], "w")
    assert (task.status, task.output) == outcome


@pytest.mark.parametrize("is_done", [False, True])
def test_a_wait_that_is_gone(asked: Scene, is_done: bool) -> None:
    asked.spoil("delete from waits where task_key = 'w'")
    if is_done:
        asked.world.do(complete(asked.world))
    assert asked.found() == {("wait-missing", asked.runs["asked"])}
    repair(asked)
    assert asked.audit() == []
    if not is_done:
        asked.world.do(complete(asked.world))
    assert asked.world.task(asked.runs["asked"], "w").output == '"yes"'


def test_a_token_that_would_never_expire(asked: Scene) -> None:
    asked.spoil("update tokens set timer_at = null")
    assert asked.found() == {("token-unwatched", asked.runs["asked"])}
    repair(asked)
    assert asked.audit() == []
    asked.world.advance(3_600)
    asked.world.fire()
    assert asked.world.task(asked.runs["asked"], "w").status == "FAILED"


def test_a_token_that_is_completed_leaves_nothing(asked: Scene) -> None:
    asked.world.do(complete(asked.world))
    assert asked.audit() == []
