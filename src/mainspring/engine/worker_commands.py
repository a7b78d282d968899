"""What operators say of workers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DrainWorker:
    """It is granted nothing more, and leaves once it holds nothing. Result: the `Worker`; `NotFound`, or `Conflict`
    for one that has gone. Told twice, the first counts."""

    environment_id: str
    worker_id: str
    #: Who says so.
    by: str | None = None
