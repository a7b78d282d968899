"""A wait for an approval that has ended, or that no timer would look at, is found and mended."""

import pytest

from audit.scene import Scene
from audit.test_repair import repair
from engine.items import label, parked
from mainspring.clock import HOUR
from mainspring.engine.approval_commands import AnswerApproval
from mainspring.model.approvals import ApprovalAsked, ApprovalDraft
from mainspring.model.protocol import WaitStarted
from mainspring.model.waits import WaitSpec


def draft() -> ApprovalDraft:
    people, links = ("ann",), ("http://here", True, "00" * 32)
    return ApprovalDraft("apr_1", "Go?", None, None, people, 1, None, HOUR, "go", (), *links)


def answer(scene: Scene) -> AnswerApproval:
    return AnswerApproval("apr_1", "approve", None, None, "ann", "api", None, scene.world.env)


@pytest.fixture
def asked(scene: Scene) -> Scene:
    """With a run, `asked`, that waits for an approval."""
    scene.runs["asked"] = scene.world.call("wait", priority=9).id
    run = scene.worker.take_one()
    scene.worker.report(run, ApprovalAsked(label("w: ask", "approval"), draft(), 1))
    spec = WaitSpec("approval", approval_id="apr_1")
    scene.worker.report(run, WaitStarted(label("w", "approval_wait"), spec), parked("w"))
    assert scene.audit() == []
    return scene


@pytest.mark.parametrize(
    ("sql", "status"),
    [
        ("update approvals set status = 'APPROVED', ended_at = 1, timer_at = null", "SUCCESS"),
        ("update approvals set status = 'EXPIRED', ended_at = 1, timer_at = null", "FAILED"),
        ("update approvals set news = '[7]'", "SUCCESS"),
        ("delete from approvals", "FAILED"),
    ],
)
def test_an_end_that_was_not_heard(asked: Scene, sql: str, status: str) -> None:
    asked.spoil(sql)
    assert asked.found() == {("approval-not-heard", asked.runs["asked"])}
    (mended,) = repair(asked)
    assert mended.rules == ("approval-not-heard",)
    assert asked.audit() == []
    assert asked.world.task(asked.runs["asked"], "w").status == status


def test_an_approval_that_would_never_expire(asked: Scene) -> None:
    asked.spoil("update approvals set timer_at = null")
    assert asked.found() == {("approval-unwatched", asked.runs["asked"])}
    repair(asked)
    asked.world.fire()
    assert asked.audit() == []
    asked.world.advance(3_600)
    asked.world.fire()
    assert asked.world.task(asked.runs["asked"], "w").status == "FAILED"


def test_an_approval_that_is_answered_leaves_nothing(asked: Scene) -> None:
    asked.world.do(answer(asked))
    assert asked.audit() == []
    assert asked.world.task(asked.runs["asked"], "w").status == "SUCCESS"
