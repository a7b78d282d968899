"""The runtime under `FakeIO`: nothing is kept and nothing waits; it answers with what the test gave, and notes it."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mainspring.clock import FakeClock, to_iso
from mainspring.codec import decode, encode
from mainspring.errors import DefinitionError
from mainspring.ids import new_id
from mainspring.model.approvals import ApprovalDraft
from mainspring.model.events import EventDraft
from mainspring.model.logs import LogLevel
from mainspring.model.runs import RunDraft
from mainspring.model.store import StoreOperation
from mainspring.model.waits import WaitSpec
from mainspring.sdk.bridge import invoke
from mainspring.sdk.context import TaskScope, enter_task
from mainspring.sdk.names import near
from mainspring.sdk.retry import DEFAULT_RETRY, decide
from mainspring.sdk.runtime import TaskCall, WaitCall
from mainspring.worker.failures import raised_failure, task_error

CallKind = Literal["task", "wait", "event", "token", "approval", "send_event", "trigger", "store", "progress"]


@dataclass(frozen=True, slots=True)
class FakeCall:
    """One thing that the function asked of `io`."""

    kind: CallKind
    #: As it was written at the call; the name of an event, the id of a job.
    key: str
    #: Arguments of a task (a tuple and a dict), payload of an event or a run, span of a wait in microseconds, ...
    given: Any = None


class FakeRuntime:
    """Implements `Runtime`."""

    def __init__(self, answers: Mapping[str, Any], clock: FakeClock) -> None:
        self.answers = dict(answers)
        self.clock = clock
        self.calls: list[FakeCall] = []
        self.logged: list[tuple[LogLevel, str, dict[str, Any]]] = []
        self.chunks: dict[str, list[Any]] = {}
        self.stored: dict[tuple[str, str, str], tuple[Any, int]] = {}
        self.progress: Any = None
        self._tags: list[str] = []
        self._metadata: dict[str, Any] = {}
        self._random = random.Random(0)
        self._jobs: dict[str, str] = {}
        self._asked: dict[str, ApprovalDraft] = {}

    # ── tasks ────────────────────────────────────────────────────────────────────────────────────────
    async def run_task(self, call: TaskCall) -> Any:
        """Attempts follow one another without a pause, as many as its retry allows."""
        retry, number = call.retry or DEFAULT_RETRY, 1
        while True:
            self._note("task", call.key, (call.args, dict(call.kwargs)))
            try:
                value = await self._attempt(call, number, retry.policy.max_attempts)
                break
            except Exception as error:
                if decide(error, number, retry, 0.0, self.clock.now()).delay is None:
                    raised = task_error(call.key, number, raised_failure(error, call.key), error)
                    if raised is error:
                        raise
                    raise raised from error
                number += 1
        kept = decode(encode(value, what=f"the output of task '{call.key}'"))
        return kept if call.restore is None else call.restore(kept)

    async def _attempt(self, call: TaskCall, number: int, attempts: int) -> Any:
        if call.key in self.answers:
            return self._answer(call.key)
        with enter_task(TaskScope(call.key, number, attempts, call.idempotency_key or "")):
            return await invoke(call.fn, call.args, call.kwargs)

    # ── waits ────────────────────────────────────────────────────────────────────────────────────────
    async def wait(self, call: WaitCall) -> Any:
        spec = call.wait
        if spec.kind == "time":
            return self._pass_time(call.key, spec)
        if spec.kind == "event":
            self._note("event", call.key, spec.event_name)
            payload = self._given(call.key, spec.event_name or "", what="the payload of the event")
            return self._event(spec.event_name or "", payload, spec.correlation_id)
        if spec.kind == "token":
            self._note("token", call.key, spec.token_id)
            return self._given(call.key, spec.token_id or "", what="what the token is completed with")
        if spec.kind == "approval":
            self._note("approval", call.key, self._asked[spec.approval_id or ""].title)
            form = self._given(call.key, "approval", what="what is filled in, or ApprovalRejected(...)")
            return {"approval": self._approved(call.key, spec.approval_id or "", form), "news": []}
        if spec.kind in ("run", "runs"):
            ended = [self._ended(run_id) for run_id in spec.target_run_ids or (spec.target_run_id or "",)]
            return ended if spec.kind == "runs" else ended[0]
        return self._given(call.key, call.name, what="what is answered")

    def _pass_time(self, key: str, spec: WaitSpec) -> None:
        """A wait is over at once, and the clock of `io.now()` has gone on."""
        span = (spec.until or self.clock.now()) - self.clock.now() if spec.delay is None else spec.delay
        self._note("wait", key, max(0, span))
        self.clock.advance(max(0, span))
        if key in self.answers:  # an error, say
            self._answer(key)

    def _approved(self, key: str, approval_id: str, form: Any) -> dict[str, Any]:
        draft, now = self._asked[approval_id], to_iso(self.clock.now())
        who = {"by": "test", "comment": None, "via": "api", "from": None}
        answer = {**who, "decision": "approve", "at": now, "form": form}
        return {
            "id": approval_id,
            "status": "APPROVED",
            "title": draft.title,
            "run_id": "",
            "task": key,
            "tags": [],
            "quorum": 1,
            "requested_by": draft.requested_by,
            "correlation": draft.correlation,
            "revision": 1,
            "created_at": now,
            "expires_at": None,
            "ended_at": now,
            "people": [],
            "answers": [answer],
        }

    def _ended(self, run_id: str) -> dict[str, Any]:
        job_id = self._jobs[run_id]
        try:
            output = self._given(job_id, f"wait:{job_id}", what="the output of the job")
        except DefinitionError:
            raise
        except Exception as error:
            failure = raised_failure(error, f"wait:{job_id}")
        else:
            return {"run_id": run_id, "status": "SUCCESS", "output": output}
        kept = {"type": failure.type, "message": failure.message, "code": failure.code}
        return {"run_id": run_id, "status": "FAILED", "output": None, "error": kept}

    # ── the other verbs ──────────────────────────────────────────────────────────────────────────────
    async def send_events(self, key: str, events: Sequence[EventDraft]) -> Any:
        for draft in events:
            self._note("send_event", draft.name, decode(draft.payload))
        return [self._event(one.name, decode(one.payload), one.correlation_id) for one in events]

    async def trigger_runs(self, key: str, runs: Sequence[RunDraft]) -> Any:
        for draft in runs:
            self._note("trigger", draft.job_id, decode(draft.payload))
            self._jobs[draft.run_id] = draft.job_id
        return [{"id": draft.run_id, "job_id": draft.job_id} for draft in runs]

    async def use_store(self, key: str, operation: StoreOperation) -> Any:
        place = (operation.scope, operation.owner, operation.key)
        self._note("store", operation.key, operation.verb)
        value, version = self.stored.get(place, (None, 0))
        exists = place in self.stored
        is_expected = operation.expected_version in (None, version)
        if is_expected and operation.verb == "set":
            version += 1
            self.stored[place] = (decode(operation.value or "null"), version)
        elif is_expected and operation.verb == "delete":
            self.stored.pop(place, None)
        return {"ok": is_expected, "exists": exists, "value": value, "version": version}

    async def create_token(self, key: str, timeout: int | None, tags: tuple[str, ...]) -> Any:
        now = self.clock.now()
        token_id = new_id("tok")
        return {
            "id": token_id,
            "url": f"https://fake.invalid/tokens/{token_id}",
            "tags": list(tags),
            "created_at": to_iso(now),
            "expires_at": None if timeout is None else to_iso(now + timeout),
        }

    async def ask_approval(self, key: str, draft: ApprovalDraft) -> Any:
        approval_id = new_id("apr")
        self._asked[approval_id] = draft
        return {"id": approval_id, "revision": 1, "links": []}

    def value(self, key: str, make: Callable[[], Any]) -> Any:
        return make()

    def now(self) -> int:
        return self.clock.now()

    def random(self) -> random.Random:
        return random.Random(self._random.getrandbits(64))

    def log(self, level: LogLevel, message: str, fields: Mapping[str, Any] | None, origin: str) -> None:
        self.logged.append((level, message, dict(fields or {})))

    def change(
        self, *, tags: list[str] | None = None, metadata: dict[str, Any] | None = None, progress: Any = None
    ) -> None:
        self._tags = self._tags if tags is None else tags
        self._metadata = self._metadata if metadata is None else metadata
        if progress is not None:
            self.progress = progress
            self._note("progress", "progress", progress)

    async def append_chunk(self, stream: str, chunk: str) -> None:
        self.chunks.setdefault(stream, []).append(decode(chunk))

    def is_cancelled(self) -> bool:
        return False

    def tags(self) -> list[str]:
        return list(self._tags)

    def metadata(self) -> dict[str, Any]:
        return dict(self._metadata)

    # ── answers ──────────────────────────────────────────────────────────────────────────────────────
    def _note(self, kind: CallKind, key: str, given: Any) -> None:
        self.calls.append(FakeCall(kind, key, given))

    def _given(self, key: str, other: str, *, what: str) -> Any:
        """What the test gave for this key, or under its other name."""
        for name in (key, other):
            if name in self.answers:
                return self._answer(name)
        raise DefinitionError(
            f"FakeIO was asked for '{key}' ({other}) and was given no answer{near(key, self.answers)}",
            mend=f"Say {what}: FakeIO(answers={{{key!r}: ...}}).",
        )

    def _answer(self, name: str) -> Any:
        answer = self.answers[name]
        if isinstance(answer, BaseException) or (
            isinstance(answer, type) and issubclass(answer, BaseException)
        ):
            raise answer
        return decode(encode(answer, what=f"the answer for '{name}'"))

    def _event(self, name: str, payload: Any, id: str | None) -> dict[str, Any]:
        at = to_iso(self.clock.now())
        event_id = new_id("evt")
        return {"event_id": event_id, "id": id or event_id, "name": name, "payload": payload, "timestamp": at}
