"""What runs have to report, batched: one commit request under way, all that gathers meanwhile rides in the next.

There are no timers in the way of what user code waits for: a batch is whatever was put in while the one before
was under way. Only what nobody waits for (logs, task starts) waits for company, for a moment.
"""

import asyncio
import logging
from collections.abc import Callable
from contextvars import Context
from dataclasses import replace
from typing import Any

from mainspring import faults
from mainspring.clock import Clock
from mainspring.errors import Forbidden, MainspringError, ProtocolMismatch, Unauthorized, UnknownWorker
from mainspring.model.approvals import ApprovalAsked
from mainspring.model.protocol import (
    CommitAnswer,
    CommitRequest,
    EventsSent,
    Item,
    ItemAnswer,
    LogWritten,
    ReportAnswer,
    RunChanged,
    RunReport,
    RunsTriggered,
    RunSucceeded,
    StoreUsed,
    StreamAppended,
    TaskAttemptFailed,
    TaskStarted,
    TaskSucceeded,
    WaitStarted,
)
from mainspring.model.tasks import TaskLabel
from mainspring.worker.backend import Backend
from mainspring.worker.patience import Patience, is_passing

log = logging.getLogger("mainspring.worker")

#: Called with the run's answer and, if the item has one, its own.
Ack = Callable[[ReportAnswer, ItemAnswer | None], None]

#: How long (seconds) items that nobody waits for may wait for company.
LAZY_AFTER = 0.1
#: What one request carries at most, so that it passes the server's limit on bodies: characters and items.
MOST_CHARACTERS = 4 << 20
MOST_ITEMS = 5_000


class Entry:
    """An item in the outbox."""

    __slots__ = ("ack", "is_sent", "item", "weight", "written_at")

    def __init__(self, item: Item, ack: Ack | None, written_at: int | None) -> None:
        self.item = item
        self.ack = ack
        self.is_sent = False
        texts = _TEXTS.get(type(item))
        #: About how many characters it has on the wire.
        self.weight = _LEAST_WEIGHT if texts is None else _LEAST_WEIGHT + texts(item)
        #: Log lines and waits are sent with their age; this is when (monotonic) they were written, or begun.
        self.written_at = written_at

    def change(self, item: Item) -> bool:
        """Puts another item in its place; False when it has been sent."""
        if self.is_sent:
            return False
        self.item = item
        return True


class Channel:
    """One run's way into the outbox, under one lease. Items are committed in the order they were put in."""

    def __init__(self, outbox: "Outbox", run_id: str, lease: int) -> None:
        self.run_id = run_id
        self.lease = lease
        #: Called when the lease turns out to be gone, or when the server will not take what the run reports.
        self.on_lost: Callable[[], None] = _nothing
        self.on_refused: Callable[[MainspringError], None] = _ignored
        self.entries: list[Entry] = []
        #: The attempt that began last, as long as that is not among the entries: most are over before they are sent.
        self._begun: tuple[TaskLabel, int] | None = None
        self.is_closed = False
        self._outbox = outbox

    def put(
        self,
        item: Item,
        ack: Ack | None = None,
        *,
        lazy: bool = False,
        alone: bool = False,
        written_at: int | None = None,
    ) -> Entry:
        """Reports `item`. `ack` is called once it is committed, before anything put in later is acknowledged.
        `lazy`: nobody waits for it. `alone`: all that there is of the run waits for it."""
        if self._begun is not None:
            self.tell_begun()
        entry = Entry(item, ack, written_at)
        if not self.is_closed:
            self.entries.append(entry)
            self._outbox.gather(self, lazy=lazy, alone=alone)
        return entry

    def begin(self, task: TaskLabel, attempt: int) -> None:
        """An attempt of a task began. Nobody waits for that to be told; an outcome that is quicker stands for it."""
        self.tell_begun()
        if not self.is_closed:
            self._begun = (task, attempt)
            self._outbox.gather(self, lazy=True, alone=False)

    def take_back(self, task: TaskLabel) -> bool:
        """Whether its beginning has not been told and nothing came after it: then it is not told by itself."""
        if self._begun is None or self._begun[0] is not task:
            return False
        self._begun = None
        return True

    def tell_begun(self) -> None:
        """Before anything else is put in, and when a batch is taken."""
        if self._begun is not None:
            begun, self._begun = TaskStarted(*self._begun), None
            self.entries.append(Entry(begun, None, None))

    def close(self) -> None:
        """Drops what has not been sent, and everything put in from now on; acknowledgements are not passed on."""
        self.is_closed = True
        self._begun = None
        self.entries.clear()
        self.on_lost, self.on_refused = _nothing, _ignored


class Outbox:
    """All channels of a worker. `run` sends; `on_unknown` and `on_fatal` are called when sending has no sense."""

    def __init__(
        self,
        backend: Backend,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        *,
        on_unknown: Callable[[], None],
        on_fatal: Callable[[MainspringError], None],
    ) -> None:
        self._backend = backend
        self._clock = clock
        self._loop = loop
        self._on_unknown = on_unknown
        self._on_fatal = on_fatal
        self._worker_id = ""
        self._seq = 0
        self.acknowledged = 0
        #: Channels with items, in the order in which they got their first.
        self._ready: dict[Channel, None] = {}
        self._is_roused = False
        self._wake: asyncio.Future[None] | None = None
        self._lazy: asyncio.TimerHandle | None = None
        self._context = Context()

    def open(self, run_id: str, lease: int) -> Channel:
        """A channel for a run that was claimed."""
        return Channel(self, run_id, lease)

    def restart(self, worker_id: str) -> None:
        """The worker has registered under a new id: commits are counted anew, earlier ones forgotten."""
        self._worker_id = worker_id
        self._seq = 0
        self._ready.clear()

    # ── gathering ────────────────────────────────────────────────────────────────────────────────────
    def gather(self, channel: Channel, *, lazy: bool, alone: bool) -> None:
        """A channel has something to send."""
        self._ready[channel] = None
        if alone:
            # Nothing more can come of this run, and others that go on in this turn still do so before the sender.
            self._is_roused = True
            self._let_go()
        elif not lazy:
            self._rouse()
        elif self._lazy is None and not self._is_roused:
            self._lazy = self._loop.call_later(LAZY_AFTER, self._rouse_late, context=self._context)

    def _rouse_late(self) -> None:
        self._lazy = None
        if self._ready:
            self._rouse()

    def _rouse(self) -> None:
        """Sends two turns from now: code that goes on in this turn may still add to the batch, and a run that
        has nothing more to do may park in it."""
        if not self._is_roused:
            self._is_roused = True
            self._loop.call_soon(self._let_go, context=self._context)

    def _let_go(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _take(self) -> list[tuple[Channel, list[Entry]]]:
        """The next batch; what exceeds the limits stays for the one after."""
        self._is_roused = False
        batch: list[tuple[Channel, list[Entry]]] = []
        characters, items = MOST_CHARACTERS, MOST_ITEMS
        while self._ready and characters > 0 and items > 0:
            channel = next(iter(self._ready))
            del self._ready[channel]
            channel.tell_begun()
            waiting, taken = channel.entries, 0
            for entry in waiting:
                if characters <= 0 or items <= 0:
                    break
                taken += 1
                characters -= entry.weight
                items -= 1
            channel.entries = waiting[taken:]
            if taken:
                batch.append((channel, waiting[:taken]))
            if channel.entries:
                self._ready[channel] = None
        if self._ready:
            self._rouse()
        return batch

    # ── sending ──────────────────────────────────────────────────────────────────────────────────────
    async def run(self) -> None:
        """Sends batch after batch until cancelled."""
        while True:
            self._wake = self._loop.create_future()
            if self._is_roused:
                self._loop.call_soon(self._let_go, context=self._context)
            await self._wake
            await self._deliver(self._take())  # and no name for it here: what is delivered is let go of

    async def _deliver(self, batch: list[tuple[Channel, list[Entry]]]) -> None:
        if not batch:
            return
        self._seq += 1
        worker_id = self._worker_id
        try:
            answer = await self._send(CommitRequest(worker_id, self._seq, self._reports(batch)))
        except UnknownWorker:
            answer = CommitAnswer((), unknown_worker=True)
        except (Unauthorized, Forbidden, ProtocolMismatch) as error:
            self._on_fatal(error)
            return
        except MainspringError as error:
            await self._isolate(batch, error)
            return
        if worker_id != self._worker_id:
            return  # registered anew meanwhile: the runs of this batch were stopped
        if answer.unknown_worker:
            self._on_unknown()
            return
        self.acknowledged += 1
        for (channel, entries), report in zip(batch, answer.reports, strict=True):
            _acknowledge(channel, entries, report)

    def _reports(self, batch: list[tuple[Channel, list[Entry]]]) -> tuple[RunReport, ...]:
        now = self._clock.monotonic()
        reports = []
        for channel, entries in batch:
            items = []
            for entry in entries:
                entry.is_sent = True
                items.append(entry.item if entry.written_at is None else _aged(entry, now))
            reports.append(RunReport(channel.run_id, channel.lease, tuple(items)))
        return tuple(reports)

    async def _send(self, request: CommitRequest) -> CommitAnswer:
        """Until it is answered, however long that takes: same number, same content."""
        patience = Patience(self._clock, f"commit {request.commit_seq}")
        while True:
            try:
                faults.at("commit.sending")
                answer = await self._backend.commit(request)
                faults.at("commit.answered")
            except Exception as error:
                if not is_passing(error):
                    raise
                await patience.wait(error)
            else:
                patience.answered()
                return answer

    async def _isolate(self, batch: list[tuple[Channel, list[Entry]]], error: MainspringError) -> None:
        """The server will not take this content: find the run whose report it is, so that the others go on."""
        if len(batch) > 1:
            for channel, entries in batch:
                if not channel.is_closed:
                    await self._deliver([(channel, entries)])
            return
        channel = batch[0][0]
        log.error("the report of run %s was refused: %s", channel.run_id, error)
        if not channel.is_closed:
            channel.entries.clear()
            channel.on_refused(error)


def _acknowledge(channel: Channel, entries: list[Entry], report: ReportAnswer) -> None:
    if channel.is_closed:
        return
    if report.status == "lost":
        channel.on_lost()
        return
    answers = {answer.index: answer for answer in report.items} if report.items else _NO_ANSWERS
    for index, entry in enumerate(entries):
        if entry.ack is not None and not channel.is_closed:
            entry.ack(report, answers.get(index))


def _aged(entry: Entry, now: int) -> Item:
    item = entry.item
    if entry.written_at is not None and isinstance(item, LogWritten | WaitStarted):
        return replace(item, age=max(0, now - entry.written_at))
    return item


#: Characters of an item beside its texts, about.
_LEAST_WEIGHT = 200


def _of_task(item: TaskStarted | TaskAttemptFailed) -> int:
    return 0 if item.task.params is None else len(item.task.params)


def _of_success(item: TaskSucceeded) -> int:
    return len(item.output) if item.task.params is None else len(item.output) + len(item.task.params)


def _of_change(item: RunChanged) -> int:
    return sum(len(text or "") for text in (item.tags, item.metadata, item.progress))


def _of_events(item: EventsSent) -> int:
    return sum(len(event.payload) + len(event.context or "") for event in item.events)


#: By kind of item, how long its texts are; the others have none to speak of.
_TEXTS: dict[type[Any], Callable[[Any], int]] = {
    TaskStarted: _of_task,
    TaskSucceeded: _of_success,
    TaskAttemptFailed: _of_task,
    RunSucceeded: lambda item: len(item.output),
    LogWritten: lambda item: len(item.message) + len(item.fields or ""),
    StreamAppended: lambda item: len(item.chunk),
    EventsSent: _of_events,
    RunsTriggered: lambda item: sum(len(run.payload) + len(run.metadata) for run in item.runs),
    StoreUsed: lambda item: len(item.operation.value or ""),
    RunChanged: _of_change,
    ApprovalAsked: lambda item: len(item.draft.show or "") + len(item.draft.form_schema or ""),
}

_NO_ANSWERS: dict[int, ItemAnswer] = {}


def _nothing() -> None:
    pass


def _ignored(error: MainspringError) -> None:
    pass
