"""The explicit limits, each a setting of the same name. A refusal names the setting that would allow more."""

from dataclasses import dataclass, fields
from typing import Self

from mainspring.errors import TooLarge
from mainspring.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes are bytes of UTF-8. The defaults stand in the table of settings and nowhere else."""

    #: JSON of one payload, output, store value or task params.
    max_payload_bytes: int = Settings.max_payload_bytes
    #: Body of one HTTP request.
    max_body_bytes: int = Settings.max_body_bytes
    #: One log line with its fields; longer ones are cut with a note.
    max_log_line_bytes: int = Settings.max_log_line_bytes
    #: Message or traceback of a kept failure; longer ones are cut with a note.
    max_error_bytes: int = Settings.max_error_bytes
    max_events_per_request: int = Settings.max_events_per_request
    #: Runs started by one call.
    max_runs_per_batch: int = Settings.max_runs_per_batch
    max_tasks_per_run: int = Settings.max_tasks_per_run
    #: Runs handed out by one claim.
    max_runs_per_claim: int = Settings.max_runs_per_claim
    #: Rows on one page of a list.
    max_page_size: int = Settings.max_page_size

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})

    def check_payload(self, text: str, what: str) -> None:
        """Raises `TooLarge` for JSON text that is longer than a payload may be."""
        limit = self.max_payload_bytes
        size = len(text) if len(text) * 4 <= limit else len(text.encode())
        if size > limit:
            raise TooLarge(
                f"{what} has {size:,} bytes of JSON; the limit is {limit:,} (max_payload_bytes)",
                size=size,
                limit=limit,
                setting="max_payload_bytes",
            )
