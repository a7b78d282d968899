"""A failure: the stored form of an error, the same in runs, tasks, attempts and API answers."""

import json
from dataclasses import dataclass
from typing import Literal


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


#: Codes of failures that the engine decides, and of which a run's code knows nothing, with the status each leads to.
DECIDED: dict[str, Literal["TIMED_OUT", "FAILED"]] = {"max_duration": "TIMED_OUT", "worker_crashed": "FAILED"}


def decided_end(failure: str | None) -> Literal["TIMED_OUT", "FAILED"] | None:
    """How a run will end whose failure (JSON text) was decided, though its hooks are still to be called."""
    return None if failure is None else DECIDED.get(json.loads(failure).get("code", ""))
