"""An approval that a run asks for, put there through the worker protocol."""

from typing import Any

from mainspring.codec import encode
from mainspring.ids import new_id
from mainspring.model.approvals import ApprovalAsked, ApprovalDraft, ask_key
from mainspring.model.protocol import WaitStarted
from mainspring.model.tasks import TaskLabel
from mainspring.model.waits import WaitSpec
from stage import Stage, job


async def ask(stage: Stage, *, schema: Any = None, to: list[str] | None = None, **facts: Any) -> str:
    """Its id. `facts`: fields of the draft; `show` as a value."""
    worker = await stage.work(job("refund"))
    await stage.ask("POST", "/api/v1/jobs/refund/trigger")
    run = await worker.claim_one()
    show = facts.pop("show", {"total": "40.00 EUR"})
    given: dict[str, Any] = {
        "title": "Refund A-1?",
        "quorum": 1,
        "requested_by": None,
        "timeout": None,
        "correlation": "refund?",
        "tags": (),
        "tells": False,
        **facts,
    }
    draft = ApprovalDraft(
        approval_id=new_id("apr"),
        show=encode(show, what="show"),
        form_schema=None if schema is None else encode(schema, what="schema"),
        people=tuple(to or ()),
        base_url="http://127.0.0.1:2020",
        spare_key="k" * 64,
        **given,
    )
    answer = await worker.report(
        run,
        ApprovalAsked(TaskLabel(ask_key("refund?"), "approval", "ask"), draft, 1),
        WaitStarted(
            TaskLabel("refund?", "approval_wait", "wait"),
            WaitSpec("approval", approval_id=draft.approval_id),
        ),
    )
    (report,) = answer.reports
    assert report.status == "ok"
    return draft.approval_id


async def refusals(stage: Stage, id: str) -> list[str]:
    """Why attempts were refused, as the history of its run has it."""
    (run_id,) = [
        one["run_id"] for one in (await stage.ask("GET", "/api/v1/approvals"))["data"] if one["id"] == id
    ]
    history = await stage.ask("GET", f"/api/v1/runs/{run_id}/history", params={"limit": 100})
    return [one["data"]["why"] for one in history["data"] if one["kind"] == "APPROVAL_REFUSED"]
