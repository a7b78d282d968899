"""`Singleton`: of a job, or of each customer, one run is alive at a time."""

from dataclasses import dataclass
from typing import Any, get_args

from mainspring.errors import DefinitionError
from mainspring.model.jobs import SingletonMode
from mainspring.model.queues import path_mend


@dataclass(frozen=True, slots=True)
class Singleton:
    """`client.job(singleton="skip")`, or `singleton=Singleton("queue", key="customer.id")` for one run per customer.

    What becomes of a start while a run is alive (it runs, waits, is delayed or held): "skip": it is answered with
    that run; "cancel": that run is cancelled, and the new one begins when it has ended; "queue": it waits behind it.
    """

    mode: SingletonMode
    #: Where in the payload that is found of which there is one; without it, or where nothing is there: the job.
    key: str | None = None


def read_singleton(given: Any, what: str) -> Singleton | None:
    """`singleton=` of a job. Raises `DefinitionError`."""
    if given is None:
        return None
    modes = get_args(SingletonMode)
    said: Any = Singleton(given) if given in modes else given
    if not isinstance(said, Singleton) or said.mode not in modes:
        words = " or ".join(f'"{mode}"' for mode in modes)
        raise DefinitionError(
            f"singleton of {what} is {given!r:.80}", mend=f"Use {words}, or Singleton(...)."
        )
    if said.key is not None and (mend := path_mend(said.key)):
        raise DefinitionError(f"the singleton key of {what} is {said.key!r:.80}", mend=mend)
    return said
