"""What stands for the outcomes of tasks that never ran, so that a rehearsal sees what the code asks for after them."""

from collections.abc import Iterator, Sequence
from typing import Any

from mainspring.clock import to_iso
from mainspring.codec import decode
from mainspring.model.events import EventDraft
from mainspring.model.store import StoreOperation
from mainspring.model.tasks import TaskKind
from mainspring.sdk.runtime import TaskCall, WaitCall
from mainspring.worker.passage import Passage
from mainspring.worker.runtime import RunRuntime
from mainspring.worker.shown import Shown

#: Calls whose outcome can be imagined.
IMAGINABLE: frozenset[TaskKind] = frozenset({"task", "wait", "send_event", "store"})


class Beyond(Exception):
    """A call that nothing is known of: its outcome is imagined."""


class Anything:
    """Stands for any value: has every attribute and item, is nothing when it is gone through, and is as true, as large
    and as small as it is said to be."""

    def __init__(self, truth: bool) -> None:
        self._truth = truth

    def _same(self, *_: Any, **__: Any) -> "Anything":
        return self

    __getattr__ = __getitem__ = __call__ = _same
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _same
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __neg__ = __abs__ = _same

    def __bool__(self) -> bool:
        return self._truth

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __contains__(self, _: object) -> bool:
        return self._truth

    def __int__(self) -> int:
        return 0

    __index__ = __int__

    def __float__(self) -> float:
        return 0.0

    def __lt__(self, _: object) -> bool:
        return self._truth

    __gt__ = __le__ = __ge__ = __lt__

    def __str__(self) -> str:
        return "anything"


class ImaginedRuntime(RunRuntime):
    """Answers calls that nothing is known of."""

    def __init__(self, passage: Passage, shown: Shown, truth: bool) -> None:
        super().__init__(passage, shown)
        self._truth = truth

    async def run_task(self, call: TaskCall) -> Any:
        try:
            return await super().run_task(call)
        except Beyond:
            return Anything(self._truth)

    async def wait(self, call: WaitCall) -> Any:
        try:
            return await super().wait(call)
        except Beyond:
            return None

    async def send_events(self, key: str, events: Sequence[EventDraft]) -> Any:
        try:
            return await super().send_events(key, events)
        except Beyond:
            now = to_iso(self.now())
            return [
                {"id": one.id, "name": one.name, "payload": decode(one.payload), "timestamp": now}
                for one in events
            ]

    async def use_store(self, key: str, operation: StoreOperation) -> Any:
        try:
            return await super().use_store(key, operation)
        except Beyond:
            return {"ok": True, "exists": False, "value": None, "version": 1}
