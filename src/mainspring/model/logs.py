"""A log line that user code wrote, with its level, its time and the task it came from."""

from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

LOG_LEVELS: tuple[LogLevel, ...] = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True)
class LogLine:
    run_id: str
    #: The lease under which it was written and its number under that lease: order, and identity on redelivery.
    lease: int
    number: int
    at: Instant
    level: LogLevel
    message: str
    task_key: str | None
    #: JSON object of structured fields, or None.
    fields: str | None
    #: "logger", "logging" or "print".
    origin: str
