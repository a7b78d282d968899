"""Stand-ins for what the SDK speaks to: a runtime that remembers what was asked of it, and a door likewise."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mainspring import Client, codec
from mainspring.clock import FakeClock
from mainspring.model.events import EventDraft
from mainspring.model.logs import LogLevel
from mainspring.model.runs import RunDraft
from mainspring.model.store import StoreOperation
from mainspring.sdk.bridge import invoke
from mainspring.sdk.context import (
    Context,
    JobInfo,
    RunInfo,
    TaskScope,
    begin_run,
    current_scope,
    current_task,
    enter_task,
)
from mainspring.sdk.runtime import TaskCall, WaitCall


class RecordingRuntime:
    """Runs tasks once, resolves waits with what `arrivals` holds, keeps a store in memory."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.calls: list[TaskCall] = []
        self.waits: list[WaitCall] = []
        self.sent: list[tuple[str, list[EventDraft]]] = []
        self.triggered: list[tuple[str, list[RunDraft]]] = []
        self.store_calls: list[tuple[str, StoreOperation]] = []
        self.stored: dict[tuple[str, str, str], tuple[Any, int]] = {}
        self.lines: list[tuple[LogLevel, str, Mapping[str, Any] | None]] = []
        self.progress: Any = None
        self.chunks: list[tuple[str, Any]] = []
        self.arrivals: list[Any] = []
        self.rejected: list[Any] = []
        self.before_set: Callable[[], None] = lambda: None
        self._tags: list[str] = []
        self._metadata: dict[str, Any] = {}

    async def run_task(self, call: TaskCall) -> Any:
        self.calls.append(call)
        with enter_task(TaskScope(call.key, 1, 3)):
            output = await invoke(call.fn, call.args, call.kwargs)
        kept = codec.decode(codec.encode(output, what="the output"))
        return kept if call.restore is None else call.restore(kept)

    async def wait(self, call: WaitCall) -> Any:
        self.waits.append(call)
        return self.arrivals.pop(0) if self.arrivals else None

    async def send_events(self, key: str, events: Sequence[EventDraft]) -> Any:
        self.sent.append((key, list(events)))
        return [event_object(draft, rejected=self.rejected) for draft in events]

    async def trigger_runs(self, key: str, runs: Sequence[RunDraft]) -> Any:
        self.triggered.append((key, list(runs)))
        return [{"id": draft.run_id, "job_id": draft.job_id} for draft in runs]

    async def use_store(self, key: str, operation: StoreOperation) -> Any:
        self.store_calls.append((key, operation))
        if operation.verb == "set":
            self.before_set()
        place = (operation.scope, operation.owner, operation.key)
        value, version = self.stored.get(place, (None, 0))
        exists = place in self.stored
        if operation.verb == "set":
            if operation.expected_version not in (None, version):
                return {"ok": False, "exists": exists, "value": value, "version": version}
            self.stored[place] = (codec.decode(operation.value or "null"), version + 1)
        elif operation.verb == "delete":
            self.stored.pop(place, None)
        return {"ok": True, "exists": exists, "value": value, "version": version}

    def value(self, key: str, make: Callable[[], Any]) -> Any:
        return make()

    def now(self) -> int:
        return self.clock.now()

    def random(self) -> random.Random:
        return random.Random(7)

    def log(self, level: LogLevel, message: str, fields: Mapping[str, Any] | None, origin: str) -> None:
        self.lines.append((level, message, fields))

    def change(
        self, *, tags: list[str] | None = None, metadata: dict[str, Any] | None = None, progress: Any = None
    ) -> None:
        self._tags = self._tags if tags is None else tags
        self._metadata = self._metadata if metadata is None else metadata
        self.progress = self.progress if progress is None else progress

    async def append_chunk(self, stream: str, chunk: str) -> None:
        self.chunks.append((stream, codec.decode(chunk)))

    def is_cancelled(self) -> bool:
        return False

    def tags(self) -> list[str]:
        return self._tags

    def metadata(self) -> dict[str, Any]:
        return self._metadata


def event_object(draft: EventDraft, **facts: Any) -> dict[str, Any]:
    """The API's event object of a draft that arrived."""
    return {
        "id": draft.correlation_id or draft.id,
        "event_id": draft.id,
        "name": draft.name,
        "payload": codec.decode(draft.payload),
        "timestamp": "2026-01-01T00:00:00.000000Z",
        "source": draft.source,
        "context": None,
        "idempotency_key": draft.idempotency_key,
        "deliver_at": "2026-01-01T00:00:00.000000Z",
        "delivered_at": None,
        "cancelled_at": None,
        "is_test": False,
        "runs": [],
        "rejected": [],
        **facts,
    }


def a_context(**facts: Any) -> Context:
    known: dict[str, Any] = {
        "run": RunInfo("run_1", attempt=2, max_attempts=3),
        "job": JobInfo("fulfil", "1.0.0"),
        "environment": "dev",
        "project": "default",
    }
    return Context(**{**known, **facts})


@contextmanager
def in_run(context: Context | None = None) -> Iterator[RecordingRuntime]:
    """Everything inside is in a run of its own."""
    runtime = RecordingRuntime()
    before = current_scope.get(), current_task.get()
    begin_run(runtime, context or a_context())
    try:
        yield runtime
    finally:
        current_scope.set(before[0])
        current_task.set(before[1])


class RecordingDoor:
    """Answers each call with the next of `answers` (an error is raised), and remembers what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []
        self.params: list[Mapping[str, Any] | None] = []
        self.bodies: list[Any] = []
        self.is_closed = False

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        self.asked.append((method, path))
        self.params.append(params)
        self.bodies.append(None if body is None else codec.decode(body))
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def aclose(self) -> None:
        self.is_closed = True


def a_client(*answers: Any) -> tuple[Client, RecordingDoor]:
    """A client whose calls go to a door that answers so."""
    client, door = Client("shop"), RecordingDoor(*answers)
    client.use_door(door)
    return client, door


def run_object(**facts: Any) -> dict[str, Any]:
    """The API's run object."""
    return {"id": "run_1", "job_id": "fulfil", "status": "PENDING", "output": None, "error": None, **facts}
