"""Approvals on two servers: of three who approve at once two count where two must, and the run is told once (I7)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import asyncio

from engine.items import done, job, label, parked
from engine.live import Live
from engine.pair import Pair, kinds
from mainspring.engine.approval_commands import AnswerApproval
from mainspring.engine.approval_reads import ApprovalView
from mainspring.errors import Conflict
from mainspring.ids import new_id
from mainspring.model.approvals import ApprovalAsked, ApprovalDraft
from mainspring.model.protocol import WaitStarted
from mainspring.model.waits import WaitSpec

ROUNDS = 5
PEOPLE = ("ann", "bob", "cem")


def approve(live: Live, approval_id: str, person: str):  # type: ignore[no-untyped-def]  # a coroutine of a view
    answer = AnswerApproval(approval_id, "approve", None, None, person, "api", None, live.env)
    return live.engine.approvals.answer(answer)


async def test_I7_of_three_answers_at_once_two_make_the_quorum(pair: Pair) -> None:
    worker = await pair.b.worker(job("bill"))
    for _ in range(ROUNDS):
        await pair.b.call("bill")
        run = await worker.take_one()
        approval_id = new_id("apr")
        draft = ApprovalDraft(
            approval_id, "Go?", None, None, PEOPLE, 2, None, None, "go", (), "http://here", False, "00" * 32
        )
        await worker.report(run, ApprovalAsked(label("w: ask", "approval"), draft, 1))
        spec = WaitSpec("approval", approval_id=approval_id)
        said, _ = await asyncio.gather(
            asyncio.gather(
                *(
                    approve(live, approval_id, who)
                    for live, who in zip((pair.a, pair.b, pair.a), PEOPLE, strict=True)
                ),
                return_exceptions=True,
            ),
            worker.report(run, WaitStarted(label("w", "approval_wait"), spec), parked("w")),
        )
        assert sorted(type(one).__name__ for one in said) == ["ApprovalView", "ApprovalView", "Conflict"], (
            said
        )
        views = [one for one in said if isinstance(one, ApprovalView)]
        assert sorted(view.approval.status for view in views) == ["APPROVED", "WAITING"]
        (refused,) = [one for one in said if isinstance(one, Conflict)]
        assert "was approved at" in str(refused)
        told = await kinds(pair.a, run.run_id)
        assert (told.count("APPROVAL_ANSWERED"), told.count("WAIT_RESOLVED")) == (2, 1)
        for held in (await worker.claim(10, wait=0)).runs or (run,):
            await worker.report(held, done("1"))
