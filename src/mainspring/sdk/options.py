"""The options of jobs and calls, named once: what `client.job`, `client.on` and `job.trigger` accept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Required, TypedDict

from mainspring.duration import Duration
from mainspring.errors import DefinitionError
from mainspring.model.jobs import SingletonMode
from mainspring.sdk.connected import Connected
from mainspring.sdk.debounce import Debounce
from mainspring.sdk.queues import Concurrency, Queue
from mainspring.sdk.rate_limit import RateLimit
from mainspring.sdk.retry import Retry
from mainspring.sdk.singleton import Singleton
from mainspring.sdk.triggers import Trigger

LogLevelName = Literal["debug", "info", "warning", "error", "DEBUG", "INFO", "WARNING", "ERROR"]

#: Called around a run; takes any of its documented values by name. Its errors are kept and logged, no more.
Hook = Callable[..., Any]


class HookOptions(TypedDict, total=False):
    """A job's hooks; the words are in docs/howto/hooks.md."""

    on_start: Hook | None
    on_success: Hook | None
    on_failure: Hook | None
    on_wait: Hook | None
    on_resume: Hook | None
    on_cancel: Hook | None


class FreeJobOptions(HookOptions, total=False):
    """What may be said about a job besides its id and what starts it; the words are at `Client.job`."""

    name: str | None
    version: str
    queue: str | Queue | None
    concurrency: int | Concurrency | None
    singleton: SingletonMode | Singleton | None
    rate_limit: str | RateLimit | None
    retry: Retry | int | None
    max_duration: Duration | None
    ttl: Duration | None
    enabled: bool
    log_level: LogLevelName | None
    tags: Sequence[str]
    connectors: Mapping[str, Connected] | None
    pin_version: bool


class JobOptions(FreeJobOptions, total=False):
    """All that `Client.job` takes."""

    id: Required[str]
    trigger: Trigger | Iterable[Trigger] | None
    schema: Any


def check_hooks(hooks: Mapping[str, Any]) -> None:
    """TypeError for a name that is no hook, as Python has it for any other parameter."""
    unknown = sorted(set(hooks) - set(HookOptions.__annotations__))
    if unknown:
        raise TypeError(f"job() got an unexpected keyword argument '{unknown[0]}'")


class TriggerOptions(TypedDict, total=False):
    """Options of `job.trigger`; the words are there."""

    idempotency_key: str | None
    idempotency_key_ttl: Duration | None
    idempotency_key_scope: Literal["global", "run"]
    delay: Duration | None
    debounce: Debounce | None
    queue: str | None
    concurrency_key: str | None
    priority: int
    ttl: Duration | None
    tags: Sequence[str]
    metadata: Mapping[str, Any] | None
    max_attempts: int | None
    version: str | None


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
