"""A failure: the stored form of an error, the same in runs, tasks, attempts and API answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, as kept. Texts are cut to the limits in `model/limits.py` before they get here."""

    #: The exception's class name, e.g. "ValueError".
    type: str
    message: str
    #: Stable machine word: "task_failed", "payload_invalid", "worker_crashed", "max_duration", ...
    code: str = "error"
    #: User frames of the traceback, as text.
    traceback: str | None = None
    #: The task whose failure ended the run.
    task_key: str | None = None
    #: Where in the payload or output, for schema and serialisation failures.
    path: str | None = None
