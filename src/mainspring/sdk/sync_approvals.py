"""`client.sync.approvals`: approvals for blocking code."""

import builtins
from typing import Any

from mainspring.sdk.approvals import Approval, ApprovalLink, Approvals, ApprovalStatus, Decision
from mainspring.sdk.bridge import wait_for
from mainspring.sdk.sync import SyncListing, same


class SyncApprovals:
    """`client.sync.approvals`."""

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    def retrieve(self, approval_id: str) -> Approval:
        """As `client.approvals.retrieve`."""
        return wait_for(self._approvals.retrieve(approval_id), "client.sync.approvals.retrieve")

    def list(
        self,
        *,
        status: ApprovalStatus | None = None,
        to: str | None = None,
        run: str | None = None,
        tag: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> SyncListing[Approval]:
        """As `client.approvals.list`."""
        listing = self._approvals.list(status=status, to=to, run=run, tag=tag, limit=limit, cursor=cursor)
        return SyncListing(listing, "client.sync.approvals.list", same)

    def answer(
        self,
        approval: Approval | str,
        decision: Decision,
        *,
        by: str | None = None,
        form: Any = None,
        comment: str | None = None,
    ) -> Approval:
        """As `client.approvals.answer`."""
        answering = self._approvals.answer(approval, decision, by=by, form=form, comment=comment)
        return wait_for(answering, "client.sync.approvals.answer")

    def delegate(self, approval: Approval | str, *, by: str, to: str) -> Approval:
        """As `client.approvals.delegate`."""
        delegating = self._approvals.delegate(approval, by=by, to=to)
        return wait_for(delegating, "client.sync.approvals.delegate")

    def links(self, approval: Approval | str) -> builtins.list[ApprovalLink]:
        """As `client.approvals.links`."""
        return wait_for(self._approvals.links(approval), "client.sync.approvals.links")
