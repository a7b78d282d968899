"""What a run does through the server: events it sends, runs it starts, the store, small values taken once.

Each is done in the very transaction that keeps its answer, so it is done exactly once.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from secrets import token_hex
from typing import Any

from mainspring.codec import decode, encode
from mainspring.errors import MainspringError, TooLarge
from mainspring.ids import new_id
from mainspring.model.approvals import ApprovalAsked, ApprovalDraft, Asked
from mainspring.model.events import EventDraft
from mainspring.model.failures import Failure
from mainspring.model.protocol import (
    EventsSent,
    ItemAnswer,
    ReportAnswer,
    RunDraft,
    RunsTriggered,
    StoreUsed,
    TaskSucceeded,
)
from mainspring.model.store import StoreOperation
from mainspring.model.tasks import Checkpoint, TaskKind, TaskLabel
from mainspring.model.tokens import TokenCreated, TokenDraft, hash_secret, new_secret, url_of
from mainspring.worker.failures import effect_error, read_failure, write_failure
from mainspring.worker.keys import fingerprint
from mainspring.worker.passage import Passage
from mainspring.worker.replay import Drift
from mainspring.worker.stops import Suspended, stop_error

Effect = EventsSent | RunsTriggered | StoreUsed | Asked


class EffectCalls:
    """The effects of one passage."""

    def __init__(self, passage: Passage) -> None:
        self._passage = passage

    async def send_events(self, key: str, events: Sequence[EventDraft]) -> Any:
        drafts = tuple(events)
        self._check_sizes(key, [(f"the event '{event.name}'", event.payload) for event in drafts])
        name = "send " + ", ".join(dict.fromkeys(event.name for event in drafts))
        given = [
            [one.name, one.payload, one.correlation_id, one.idempotency_key, one.source] for one in drafts
        ]
        return await self._effect(
            key, "send_event", name, given, lambda label, position: EventsSent(label, drafts, position)
        )

    async def trigger_runs(self, key: str, runs: Sequence[RunDraft]) -> Any:
        drafts = tuple(runs)
        self._check_sizes(key, [(f"the payload for '{run.job_id}'", run.payload) for run in drafts])
        name = "trigger " + ", ".join(dict.fromkeys(run.job_id for run in drafts))
        given = [[run.job_id, run.payload, run.idempotency_key] for run in drafts]
        return await self._effect(
            key, "trigger", name, given, lambda label, position: RunsTriggered(label, drafts, position)
        )

    async def use_store(self, key: str, operation: StoreOperation) -> Any:
        self._check_sizes(key, [(f"the value for '{operation.key}'", operation.value or "")])
        name = f"{operation.verb} {operation.key}"
        given = [operation.verb, operation.scope, operation.owner, operation.key, operation.value]
        return await self._effect(
            key, "store", name, given, lambda label, position: StoreUsed(label, operation, position)
        )

    async def create_token(self, key: str, timeout: int | None, tags: tuple[str, ...]) -> Any:
        token_id, secret = new_id("tok"), new_secret()
        draft = TokenDraft(token_id, hash_secret(secret), timeout, tags)
        base = self._passage.held.workplace.registered.public_url
        url = encode(url_of(base, token_id, secret), what="URL")
        # As with waits the span has no part in the fingerprint: code often computes it from the clock.
        return await self._effect(
            key,
            "token",
            f"token {key}",
            list(tags),
            lambda label, position: TokenCreated(label, draft, url, position),
        )

    async def ask_approval(self, key: str, draft: ApprovalDraft) -> Any:
        self._check_sizes(key, [("what is shown", draft.show or ""), ("the form", draft.form_schema or "")])
        base = self._passage.held.workplace.registered.public_url
        filled = replace(draft, approval_id=new_id("apr"), base_url=base, spare_key=token_hex(32))
        # Neither spans nor what is shown have a part in the fingerprint: both are often computed anew.
        given = [list(draft.people), draft.quorum, draft.requested_by, draft.correlation]
        return await self._effect(
            key,
            "approval",
            f"ask for {draft.title}",
            given,
            lambda label, position: ApprovalAsked(label, filled, position),
        )

    def _check_sizes(self, key: str, texts: Iterable[tuple[str, str]]) -> None:
        """Raises `TooLarge` at the call, where it can be caught: the server would refuse the whole report."""
        limit = self._passage.held.workplace.registered.max_payload_bytes
        for what, text in texts:
            size = len(text.encode())
            if size > limit:
                raise TooLarge(
                    f"{what} ('{key}') has {size:,} bytes of JSON; the limit is {limit:,} (max_payload_bytes)",
                    size=size,
                    limit=limit,
                    setting="max_payload_bytes",
                )

    async def _effect(
        self, key: str, kind: TaskKind, name: str, given: Any, item: Callable[[TaskLabel, int], Effect]
    ) -> Any:
        """The decoded answer; raises the server's refusal."""
        passage = self._passage
        at = await passage.call(key, kind, name, fingerprint(kind, given))
        if at.known is not None and at.known.status in ("SUCCESS", "FAILED"):
            await passage.replayed(at.known)
            if at.known.status == "FAILED":
                raise effect_error(at.known.key, read_failure(at.known.failure))
            return decode(at.known.output or "null")
        await passage.begin()
        position = passage.held.next_position(at.label.key)
        turn = passage.turns.open(position)

        def answered(report: ReportAnswer, answer: ItemAnswer | None) -> None:
            known = _checkpoint(at.label, position, answer)
            passage.held.keep(known)
            if known.failure is not None:
                error: MainspringError | None = effect_error(known.key, read_failure(known.failure))
                passage.turns.ready(turn, error=error)
            else:
                passage.turns.ready(turn, decode(known.output or "null"))

        passage.channel.put(item(at.label, position), answered)
        return await passage.turns.take(turn)

    def value(self, key: str, make: Callable[[], Any]) -> Any:
        """Made once, kept with the next commit; not waited for. The same again on replay."""
        passage = self._passage
        place = passage.here()
        label = passage.name(place, key, "value", key, fingerprint("value", None))
        try:
            known = passage.visit(label)
        except Drift as drift:
            passage.owner.drifted(drift.message, drift.key)
            raise stop_error(Suspended) from None
        if known is not None and known.status == "SUCCESS":
            passage.replay.check_caught_up()
            return decode(known.output or "null")
        output = encode(make(), what=f"the value '{key}'")
        position = passage.held.next_position(label.key)
        passage.channel.put(TaskSucceeded(label, 1, 0, output, position), lazy=True)
        passage.held.keep(
            Checkpoint(label.key, "value", "SUCCESS", 1, label.fingerprint, output, position=position)
        )
        return decode(output)


def _checkpoint(label: TaskLabel, position: int, answer: ItemAnswer | None) -> Checkpoint:
    if answer is None or (answer.output is None and answer.failure is None):
        failure = Failure("EngineError", "the server kept this without an answer", "engine_error")
    elif answer.failure is None:
        return Checkpoint(
            label.key, label.kind, "SUCCESS", 1, label.fingerprint, answer.output, position=position
        )
    else:
        failure = answer.failure
    text = write_failure(failure)
    return Checkpoint(label.key, label.kind, "FAILED", 1, label.fingerprint, failure=text, position=position)
