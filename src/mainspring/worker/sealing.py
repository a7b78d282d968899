"""A backend behind which the server sees payloads and outputs encrypted: sealed on the way out, opened on the way in.

What cannot be opened stays as it is; `still_sealed` finds it before user code does.
"""

from dataclasses import replace

from mainspring.errors import DecryptionFailed
from mainspring.model.approvals import ApprovalAsked
from mainspring.model.protocol import (
    ClaimAnswer,
    ClaimedRun,
    ClaimRequest,
    CommitAnswer,
    CommitRequest,
    EventsSent,
    Farewell,
    Heartbeat,
    HeartbeatAnswer,
    Item,
    Notice,
    Registered,
    Registration,
    ReportAnswer,
    RunsTriggered,
    RunSucceeded,
    StoreUsed,
    StreamAppended,
    TaskSucceeded,
)
from mainspring.model.sealed import SEALED_TEXT
from mainspring.model.tasks import Checkpoint
from mainspring.model.tokens import TokenCreated
from mainspring.sdk.sealing import Sealing
from mainspring.worker.backend import Backend

#: Encrypted text is a third longer, and has a head.
_HEAD = 256


class SealedBackend:
    """Implements `Backend` over another one."""

    def __init__(self, inner: Backend, sealing: Sealing) -> None:
        self._inner = inner
        self._sealing = sealing

    async def register(self, registration: Registration) -> Registered:
        registered = await self._inner.register(registration)
        room = max(0, registered.max_payload_bytes - _HEAD) * 3 // 4
        return replace(registered, max_payload_bytes=room)

    async def claim(self, request: ClaimRequest) -> ClaimAnswer:
        answer = await self._inner.claim(request)
        runs = tuple(opened_run(run, self._sealing) for run in answer.runs)
        return replace(answer, runs=runs, notices=self._opened_notices(answer.notices))

    async def commit(self, request: CommitRequest) -> CommitAnswer:
        reports = tuple(
            replace(report, items=tuple(self._sealed(item) for item in report.items))
            for report in request.reports
        )
        answer = await self._inner.commit(replace(request, reports=reports))
        return replace(answer, reports=tuple(self._opened_report(report) for report in answer.reports))

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        answer = self._inner.heartbeat(heartbeat)
        return replace(answer, notices=self._opened_notices(answer.notices))

    async def farewell(self, farewell: Farewell) -> None:
        await self._inner.farewell(farewell)

    async def aclose(self) -> None:
        await self._inner.aclose()

    # ── out ──────────────────────────────────────────────────────────────────────────────────────────
    def _sealed(self, item: Item) -> Item:
        seal = self._sealing.seal
        match item:
            case TaskSucceeded() | RunSucceeded():
                return replace(item, output=seal(item.output))
            case StreamAppended():
                return replace(item, chunk=seal(item.chunk))
            case EventsSent():
                events = tuple(replace(event, payload=seal(event.payload)) for event in item.events)
                return replace(item, events=events)
            case RunsTriggered():
                return replace(item, runs=tuple(replace(run, payload=seal(run.payload)) for run in item.runs))
            case TokenCreated():
                return replace(item, url=seal(item.url))
            case ApprovalAsked() if item.draft.show is not None:
                return replace(item, draft=replace(item.draft, show=seal(item.draft.show)))
            case StoreUsed() if item.operation.value is not None:
                return replace(item, operation=replace(item.operation, value=seal(item.operation.value)))
        return item

    # ── in ───────────────────────────────────────────────────────────────────────────────────────────
    def _opened_notices(self, notices: tuple[Notice, ...]) -> tuple[Notice, ...]:
        return tuple(
            replace(one, resolved=_opened_checkpoints(one.resolved, self._sealing)) for one in notices
        )

    def _opened_report(self, report: ReportAnswer) -> ReportAnswer:
        items = tuple(
            one if one.output is None else replace(one, output=_opened(one.output, self._sealing))
            for one in report.items
        )
        return replace(report, items=items, resolved=_opened_checkpoints(report.resolved, self._sealing))


def opened_run(run: ClaimedRun, sealing: Sealing) -> ClaimedRun:
    """A run with everything in it opened that this client has the key of."""
    return replace(
        run,
        payload=_opened(run.payload, sealing),
        event=None if run.event is None else _opened(run.event, sealing),
        checkpoints=_opened_checkpoints(run.checkpoints, sealing),
    )


def _opened_checkpoints(checkpoints: tuple[Checkpoint, ...], sealing: Sealing) -> tuple[Checkpoint, ...]:
    return tuple(
        one if one.output is None else replace(one, output=_opened(one.output, sealing))
        for one in checkpoints
    )


def _opened(text: str, sealing: Sealing) -> str:
    try:
        return sealing.open_text(text)
    except DecryptionFailed:
        return text


def still_sealed(run: ClaimedRun) -> str | None:
    """What of a run this worker cannot read, in words; None when it can read everything."""
    if SEALED_TEXT in run.payload:
        return _unreadable("its payload")
    if run.event is not None and SEALED_TEXT in run.event:
        return _unreadable("its event")
    for one in run.checkpoints:
        if one.output is not None and SEALED_TEXT in one.output:
            return _unreadable(f"what was kept of '{one.key}'")
    return None


def _unreadable(what: str) -> str:
    return f"{what} is encrypted, and this worker's client has no codec with its key"
