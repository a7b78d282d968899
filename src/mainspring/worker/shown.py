"""What a run shows of itself: log lines, captured prints, tags, metadata, progress. Nothing here waits or fails.

Called from any thread; what is put into the outbox is put there on the loop.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from mainspring.codec import clean_text, decode, encode
from mainspring.errors import DataError
from mainspring.model.logs import LOG_LEVELS, LogLevel
from mainspring.model.protocol import LogWritten, RunChanged
from mainspring.worker.held import Held
from mainspring.worker.outbox import Entry
from mainspring.worker.replay import is_untouched

#: Lines of one run that may wait in the outbox; more are counted, not kept.
MOST_LINES = 10_000


class Shown:
    """Of one held run."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._place = held.workplace
        self._thread = threading.get_ident()
        level = held.job.definition.spec.log_level
        self._least = LOG_LEVELS.index(level.upper()) if level and level.upper() in LOG_LEVELS else 0
        self._dropped = 0
        #: Text printed without a line's end, by thread and task.
        self._unfinished: dict[tuple[int, str | None], str] = {}
        self.read()

    def read(self) -> None:
        """Has the values that the run was claimed with; most runs never ask for them."""
        self._tags: list[str] | None = None
        self._metadata: dict[str, Any] | None = None
        #: The last change, while it waits in the outbox: the next one joins it.
        self._waiting: Entry | None = None

    # ── lines ────────────────────────────────────────────────────────────────────────────────────────
    def log(
        self,
        level: LogLevel,
        message: str,
        fields: Mapping[str, Any] | None,
        origin: str,
        task_key: str | None,
    ) -> None:
        """One line."""
        if LOG_LEVELS.index(level) < self._least:
            return
        limit = self._place.limits.max_log_line_bytes
        text = clean_text(message, limit)
        kept = None if fields is None else _fields(fields, max(256, limit - len(text)))
        written_at = self._place.clock.monotonic()
        self._on_loop(lambda: self._put(LogWritten(0, 0, level, text, task_key, kept, origin), written_at))

    def _put(self, line: LogWritten, written_at: int) -> None:
        if len(self._held.channel.entries) >= MOST_LINES:
            self._dropped += 1
            return
        self._tell_dropped(written_at)
        self._keep(line, written_at)

    def _tell_dropped(self, written_at: int) -> None:
        """A line in the place of those that were left out. It is kept however many wait."""
        if not self._dropped:
            return
        message = (
            f"{self._dropped:,} log lines were left out here: they came faster than they could be kept, "
            f"and no more than {MOST_LINES:,} of a run may wait for that"
        )
        fields = encode({"left_out": self._dropped}, what="the fields of a log line")
        self._dropped = 0
        self._keep(LogWritten(0, 0, "WARNING", message, None, fields, "mainspring"), written_at)

    def _keep(self, line: LogWritten, written_at: int) -> None:
        number = self._held.next_line()
        item = LogWritten(number, 0, line.level, line.message, line.task_key, line.fields, line.origin)
        self._held.channel.put(item, lazy=True, written_at=written_at)

    def printed(self, text: str, task_key: str | None) -> None:
        """Text that went to standard output; becomes one line per line."""
        key = (threading.get_ident(), task_key)
        *lines, rest = (self._unfinished.pop(key, "") + text).split("\n")
        for line in lines:
            if line.strip():
                self.log("INFO", line, None, "print", task_key)
        if rest:
            self._unfinished[key] = rest

    def finish_lines(self) -> None:
        """The run ends or leaves: what was printed without a line's end is one now; what was left out is said."""
        unfinished, self._unfinished = self._unfinished, {}
        for (_, task_key), text in unfinished.items():
            self.log("INFO", text, None, "print", task_key)
        now = self._place.clock.monotonic()
        self._on_loop(lambda: self._tell_dropped(now))

    # ── values ───────────────────────────────────────────────────────────────────────────────────────
    def tags(self) -> list[str]:
        if self._tags is None:
            self._tags = decode(self._held.claimed.tags)
        return list(self._tags)

    def metadata(self) -> dict[str, Any]:
        if self._metadata is None:
            claimed = self._held.claimed
            self._metadata = {} if is_untouched(claimed.checkpoints) else decode(claimed.metadata)
        return dict(self._metadata)

    def change(self, tags: list[str] | None, metadata: dict[str, Any] | None, progress: Any) -> None:
        """New whole values; None leaves one as it is."""
        if tags is not None:
            self._tags = list(tags)
        if metadata is not None:
            self._metadata = dict(metadata)
        limit = self._place.registered.max_payload_bytes
        change = RunChanged(
            tags=None if tags is None else encode(tags, what="the run's tags", limit=limit),
            metadata=None if metadata is None else encode(metadata, what="the run's metadata", limit=limit),
            progress=None if progress is None else encode(progress, what="the run's progress", limit=limit),
        )
        self._on_loop(lambda: self._put_change(change))

    def _put_change(self, change: RunChanged) -> None:
        waiting = self._waiting
        if waiting is not None and isinstance(waiting.item, RunChanged):
            old = waiting.item
            joined = RunChanged(
                tags=change.tags or old.tags,
                metadata=change.metadata or old.metadata,
                progress=change.progress or old.progress,
            )
            if waiting.change(joined):
                return
        self._waiting = self._held.channel.put(change, lazy=True)

    def _on_loop(self, act: Callable[[], None]) -> None:
        if threading.get_ident() == self._thread:
            act()
        else:
            self._place.loop.call_soon_threadsafe(act)


def _fields(fields: Mapping[str, Any], limit: int) -> str:
    """The fields as JSON text; what JSON cannot hold is shown as Python would."""
    try:
        text = encode(fields, what="the fields of a log line")
    except DataError:
        text = encode({clean_text(str(k), 200): _field(v) for k, v in fields.items()}, what="the fields")
    if len(text) <= limit:
        return text
    return encode({"cut": clean_text(text, limit // 2)}, what="the fields")


def _field(value: Any) -> Any:
    try:
        return decode(encode(value, what="a field"))
    except DataError:
        return clean_text(repr(value), 1_000)
