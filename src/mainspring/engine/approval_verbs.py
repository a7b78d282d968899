"""What the engine does with approvals from outside of runs: `engine.approvals`."""

from collections.abc import Awaitable, Callable
from typing import Any

from mainspring.engine.approval_commands import AnswerApproval, DelegateApproval, RefusedAnswer
from mainspring.engine.approval_reads import ApprovalView
from mainspring.errors import TooLarge
from mainspring.model.limits import Limits


class ApprovalVerbs:
    """Part of `Engine`; its `_do` is given."""

    def __init__(self, do: Callable[[Any], Awaitable[Any]], limits: Limits) -> None:
        self._do = do
        self._limits = limits

    async def answer(self, command: AnswerApproval) -> ApprovalView:
        """Raises `NotFound`, `NotAsked`, `TooLarge`, `PayloadInvalid` naming each field of the form that does not fit,
        and `Conflict` for who answered before, and what is over."""
        size, limit = len((command.form or "").encode()), self._limits.max_payload_bytes
        if size > limit:
            raise TooLarge(
                f"the form has {size:,} bytes of JSON; the limit is {limit:,} (max_payload_bytes)",
                size=size,
                limit=limit,
                setting="max_payload_bytes",
            )
        view: ApprovalView = await self._do(command)
        return view

    async def delegate(self, command: DelegateApproval) -> ApprovalView:
        """Raises `NotFound`, `NotAsked`, and `Conflict` when it is over, or who hands it on has answered."""
        view: ApprovalView = await self._do(command)
        return view

    async def refused(self, command: RefusedAnswer) -> None:
        """Keeps an attempt in the history of the run. An approval that there is not is no error."""
        await self._do(command)
