"""`logging` and `print` inside runs become lines of the run. Outside runs, and for the terminal, nothing changes.

Unless whoever started the worker shows the runs' lines itself: then what runs print is not echoed as well.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from mainspring.model.logs import LogLevel
from mainspring.sdk.context import scope_or_none
from mainspring.worker.runtime import RunRuntime

#: Loggers of ours: what the worker says of a run is no line of the run.
_OURS = "mainspring"

#: Set while a line is being passed on, so that whatever that logs is not captured in turn.
_is_busy: ContextVar[bool] = ContextVar("mainspring_capture_busy", default=False)


def _runtime() -> RunRuntime | None:
    """The run this code belongs to."""
    if _is_busy.get():
        return None
    scope = scope_or_none()
    return scope.runtime if scope is not None and isinstance(scope.runtime, RunRuntime) else None


def _level(number: int) -> LogLevel:
    if number >= logging.ERROR:
        return "ERROR"
    if number >= logging.WARNING:
        return "WARNING"
    return "INFO" if number >= logging.INFO else "DEBUG"


class _RunLog(logging.Handler):
    """On the root logger: records made inside a run go to the run as well."""

    echoes = True

    def emit(self, record: logging.LogRecord) -> None:
        runtime = _runtime()
        if runtime is not None and record.name.partition(".")[0] != _OURS:
            token = _is_busy.set(True)
            try:
                message = self.format(record)
                runtime.log(_level(record.levelno), message, {"logger": record.name}, "logging")
            except Exception:
                self.handleError(record)
            finally:
                _is_busy.reset(token)
            if not self.echoes:
                return
        last = logging.lastResort
        # With us on it the root logger has a handler, so Python's last resort would fall silent.
        if last is not None and logging.root.handlers == [self] and record.levelno >= last.level:
            last.handle(record)


class _Stdout:
    """Standard output; what is written inside a run goes to the run as well."""

    def __init__(self, real: Any, *, echoes: bool) -> None:
        self._real = real
        self._echoes = echoes

    def write(self, text: str) -> int:
        runtime = _runtime()
        written: int = len(text) if runtime is not None and not self._echoes else self._real.write(text)
        # A logging handler that writes to standard output says again what was captured already.
        if runtime is not None and sys._getframe(1).f_globals.get("__name__") != "logging":
            token = _is_busy.set(True)
            try:
                runtime.printed(text)
            finally:
                _is_busy.reset(token)
        return written

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


_count = 0
_log = _RunLog()


@contextmanager
def capturing(*, echoes: bool = True) -> Iterator[None]:
    """While a worker runs in this process; several may, and the first one's `echoes` holds for all."""
    global _count
    _count += 1
    real = sys.stdout
    if _count == 1:
        _log.echoes = echoes
        logging.root.addHandler(_log)
        sys.stdout = _Stdout(real, echoes=echoes)
    ours = sys.stdout
    try:
        yield
    finally:
        _count -= 1
        if _count == 0:
            logging.root.removeHandler(_log)
            if sys.stdout is ours and isinstance(ours, _Stdout):
                sys.stdout = ours._real
