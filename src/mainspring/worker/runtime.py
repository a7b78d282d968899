"""What `io` speaks to inside a run: the SDK's `Runtime`, filled in for one passage."""

import concurrent.futures
import contextvars
import random
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from mainspring.clock import Instant
from mainspring.model.approvals import ApprovalDraft
from mainspring.model.events import EventDraft
from mainspring.model.logs import LogLevel
from mainspring.model.protocol import RunDraft
from mainspring.model.store import StoreOperation
from mainspring.sdk.context import current_task
from mainspring.sdk.runtime import TaskCall, WaitCall
from mainspring.worker.effects import EffectCalls
from mainspring.worker.passage import Passage
from mainspring.worker.shown import Shown
from mainspring.worker.stops import Cancelled
from mainspring.worker.streams import StreamCalls
from mainspring.worker.tasks import TaskCalls
from mainspring.worker.waits import WaitCalls

T = TypeVar("T")


class RunRuntime:
    """Implements `mainspring.sdk.runtime.Runtime`."""

    def __init__(self, passage: Passage, shown: Shown) -> None:
        self._passage = passage
        self._shown = shown
        self._thread = threading.get_ident()
        self.waits = WaitCalls(passage)
        self._effects = EffectCalls(passage)
        self._tasks = TaskCalls(passage, self.waits)
        self._streams = StreamCalls(passage)

    def run_task(self, call: TaskCall) -> Coroutine[Any, Any, Any]:
        return self._tasks.run(call)

    async def wait(self, call: WaitCall) -> Any:
        return await self.waits.wait(call)

    async def send_events(self, key: str, events: Sequence[EventDraft]) -> Any:
        return await self._effects.send_events(key, events)

    async def trigger_runs(self, key: str, runs: Sequence[RunDraft]) -> Any:
        return await self._effects.trigger_runs(key, runs)

    async def use_store(self, key: str, operation: StoreOperation) -> Any:
        return await self._effects.use_store(key, operation)

    async def create_token(self, key: str, timeout: int | None, tags: tuple[str, ...]) -> Any:
        return await self._effects.create_token(key, timeout, tags)

    async def ask_approval(self, key: str, draft: ApprovalDraft) -> Any:
        return await self._effects.ask_approval(key, draft)

    def value(self, key: str, make: Callable[[], Any]) -> Any:
        return self._on_loop(lambda: self._effects.value(key, make))

    def now(self) -> Instant:
        return self._passage.clock.now()

    def random(self) -> random.Random:
        return self._on_loop(lambda: random.Random(self._passage.here().next_seed(self._seed())))

    def _seed(self) -> str:
        return self._passage.replay.origin() or self._passage.held.claimed.run_id

    # ── what is shown ────────────────────────────────────────────────────────────────────────────────
    def log(self, level: LogLevel, message: str, fields: Mapping[str, Any] | None, origin: str) -> None:
        task = current_task.get()
        if task is not None or not self._passage.replay.is_replaying:
            self._shown.log(level, message, fields, origin, None if task is None else task.key)

    def printed(self, text: str) -> None:
        """Text that user code wrote to standard output."""
        task = current_task.get()
        if task is not None or not self._passage.replay.is_replaying:
            self._shown.printed(text, None if task is None else task.key)

    def change(
        self, *, tags: list[str] | None = None, metadata: dict[str, Any] | None = None, progress: Any = None
    ) -> None:
        passage = self._passage
        if current_task.get() is not None or not passage.replay.is_replaying or passage.replay.is_untouched:
            self._shown.change(tags, metadata, progress)

    async def append_chunk(self, stream: str, chunk: str) -> None:
        await self._streams.append(stream, chunk)

    def is_cancelled(self) -> bool:
        return self._passage.stop is Cancelled

    def tags(self) -> list[str]:
        return self._shown.tags()

    def metadata(self) -> dict[str, Any]:
        return self._shown.metadata()

    def _on_loop(self, act: Callable[[], T]) -> T:
        """`act()` on the run's loop, also when asked for in a thread of a plain `def`."""
        if threading.get_ident() == self._thread:
            return act()
        done: concurrent.futures.Future[T] = concurrent.futures.Future()

        def settle() -> None:
            try:
                done.set_result(act())
            except BaseException as error:  # also what stops user code: it must stop in its thread
                done.set_exception(error)

        self._passage.loop.call_soon_threadsafe(settle, context=contextvars.copy_context())
        return done.result()
        return done.result()
