"""The options of jobs and calls, named once: what `client.job`, `client.on` and `job.trigger` accept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Required, TypedDict

from mainspring.duration import Duration
from mainspring.errors import DefinitionError
from mainspring.sdk.queues import Concurrency, Queue
from mainspring.sdk.retry import Retry
from mainspring.sdk.triggers import Trigger

LogLevelName = Literal["debug", "info", "warning", "error", "DEBUG", "INFO", "WARNING", "ERROR"]

#: Called after a run ended; takes any of its documented values by name. Its errors are only logged.
Hook = Callable[..., Any]


class FreeJobOptions(TypedDict, total=False):
    """What may be said about a job besides its id and what starts it; the words are at `Client.job`."""

    name: str | None
    version: str
    queue: str | Queue | None
    concurrency: int | Concurrency | None
    retry: Retry | int | None
    max_duration: Duration | None
    ttl: Duration | None
    enabled: bool
    on_success: Hook | None
    on_failure: Hook | None
    log_level: LogLevelName | None
    tags: Sequence[str]
    pin_version: bool


class JobOptions(FreeJobOptions, total=False):
    """All that `Client.job` takes."""

    id: Required[str]
    trigger: Trigger | Iterable[Trigger] | None
    schema: Any


class TriggerOptions(TypedDict, total=False):
    """Options of `job.trigger`; the words are there."""

    idempotency_key: str | None
    idempotency_key_ttl: Duration | None
    idempotency_key_scope: Literal["global", "run"]
    delay: Duration | None
    queue: str | None
    concurrency_key: str | None
    priority: int
    ttl: Duration | None
    tags: Sequence[str]
    metadata: Mapping[str, Any] | None
    max_attempts: int | None


def as_tags(tags: Sequence[str], what: str) -> tuple[str, ...]:
    """Tags without repeats, in order; `DefinitionError` for anything that is no list of short texts."""
    if isinstance(tags, str):
        raise DefinitionError(f"the tags of {what} are the text {tags!r}", mend='Give a list: tags=["..."].')
    for tag in tags:
        if not isinstance(tag, str) or not tag.strip() or len(tag) > 128:
            raise DefinitionError(f"{tag!r:.80} is no tag of {what}", mend="A tag has 1 to 128 characters.")
    return tuple(dict.fromkeys(tags))


def as_count(value: int | None, name: str, what: str) -> int | None:
    """A whole number from 1, or None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise DefinitionError(f"{name} of {what} is {value!r}", mend="Give a whole number from 1.")
    return value
