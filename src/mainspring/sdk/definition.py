"""From a function and its options to a job: ids, triggers, the payload's schema, everything refused early."""

import inspect
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mainspring.duration import parse_duration
from mainspring.errors import DefinitionError, InvalidJobId, InvalidSchema, InvalidTrigger
from mainspring.model.jobs import JobSpec, check_singleton
from mainspring.model.logs import LOG_LEVELS
from mainspring.sdk.annotations import UNRESOLVED, restorer_for, return_annotation, underlying
from mainspring.sdk.context import Context
from mainspring.sdk.inject import Injection, plan
from mainspring.sdk.io import IO
from mainspring.sdk.job import Definition
from mainspring.sdk.options import JobOptions, as_tags
from mainspring.sdk.queues import read_queue
from mainspring.sdk.rate_limit import read_start_limit
from mainspring.sdk.retry import DEFAULT_RETRY, as_retry
from mainspring.sdk.shape import AnyShape, Shape, output_schema, shape_of
from mainspring.sdk.singleton import read_singleton
from mainspring.sdk.sync_io import SyncIO
from mainspring.sdk.triggers import Trigger, as_triggers

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")


def slug(text: str) -> str:
    """The id that `text` stands for: "Fulfil Order" is "fulfil-order". Raises `InvalidJobId`."""
    if not isinstance(text, str):
        raise InvalidJobId(f"{text!r:.80} is no job id")
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9._-]+", "-", plain.strip()).strip("-").lstrip("._-")
    if not _ID.fullmatch(made):
        raise InvalidJobId(f"{text!r:.140} is no job id")
    return made


def define(fn: Callable[..., Any], options: JobOptions, localns: Mapping[str, Any]) -> Definition:
    """Check everything that can be known at import. Raises the `DefinitionError`s of errors.py."""
    job_id = slug(options["id"])
    what = f"job '{job_id}'"
    if not callable(fn):
        raise DefinitionError(f"{what} got {fn!r:.80} instead of a function", mend="Decorate a function.")
    triggers = as_triggers(options.get("trigger"))
    injection = plan(fn, {"payload": None, "io": (IO, SyncIO), "ctx": Context}, "payload", what, localns)
    schema = _given_schema(options.get("schema"), triggers, what)
    returned = return_annotation(fn, localns)
    output = None if returned is UNRESOLVED else returned
    payload_schema, read_payload = _payload(schema, injection, f"the payload of {what}")
    _check_lists(triggers, payload_schema, what)
    retry = as_retry(options.get("retry")) or DEFAULT_RETRY
    queue = read_queue(options.get("queue"), options.get("concurrency"), what)
    singleton = read_singleton(options.get("singleton"), what)
    spec = JobSpec(
        id=job_id,
        name=_text(options.get("name") or job_id, "name", what),
        version=_text(options.get("version", "0.0.1"), "version", what),
        triggers=tuple(trigger.spec for trigger in triggers),
        payload_schema=payload_schema,
        output_schema=output_schema(output, f"the output of {what}"),
        retry=retry.policy,
        queue=queue.name,
        limits=queue.limits,
        concurrency_key=queue.key,
        singleton=None if singleton is None else singleton.mode,
        singleton_key=None if singleton is None else singleton.key,
        start_limit=read_start_limit(options.get("rate_limit"), what),
        max_duration=_span(options, "max_duration"),
        ttl=_span(options, "ttl"),
        enabled=_flag(options.get("enabled", True), "enabled", what),
        tags=as_tags(options.get("tags", ()), what),
        log_level=_level(options.get("log_level"), what),
        pin_version=_flag(options.get("pin_version", False), "pin_version", what),
        description=inspect.getdoc(fn) if inspect.isroutine(fn) else None,
    )
    for trigger in spec.triggers:
        check_singleton(spec, trigger)
    return Definition(
        spec=spec,
        retry=retry,
        injection=injection,
        read_payload=read_payload,
        restore=restorer_for(output, f"the output of {what}"),
        place=place_of(fn),
    )


def place_of(fn: Callable[..., Any]) -> str:
    """Where a function stands, for messages: "shop/jobs.py:12"."""
    code = getattr(underlying(fn), "__code__", None)
    if code is None:
        return repr(fn)
    path = Path(code.co_filename)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}:{code.co_firstlineno}"


# ── payloads ─────────────────────────────────────────────────────────────────────────────────────────
def _given_schema(schema: Any, triggers: tuple[Trigger, ...], what: str) -> Any:
    """`schema=` of the job, else of its triggers; None where neither says anything."""
    if schema is not None:
        return schema
    given = [trigger.schema for trigger in triggers if trigger.schema is not None]
    if any(other is not given[0] and other != given[0] for other in given[1:]):
        raise InvalidSchema(
            f"the triggers of {what} have different schemas",
            mend="Give one that takes them all: schema=A | B.",
        )
    return given[0] if given else None


def _check_lists(triggers: tuple[Trigger, ...], payload_schema: Mapping[str, Any] | None, what: str) -> None:
    """Events that gather are a list: refused early, and not with the first run."""
    gathering = any(trigger.spec.batch is not None for trigger in triggers)
    if gathering and (payload_schema or {}).get("type", "array") != "array":
        raise InvalidTrigger(
            f"{what} gathers events, but its payload is no list",
            mend="Annotate the payload with a list of what one event carries: payload: list[Order].",
        )
    if gathering and any(trigger.spec.kind == "event" and trigger.spec.batch is None for trigger in triggers):
        raise InvalidTrigger(
            f"{what} gathers the events of one trigger, and gets those of another one by one",
            mend="Give every event trigger of the job a batch; Batch(1, ...) makes a list of each event.",
        )


def _payload(
    schema: Any, injection: Injection, what: str
) -> tuple[dict[str, Any] | None, Callable[[str], Any]]:
    """The schema that the server checks with, and how the worker reads what passed.

    `schema=` is checked first where it differs from the annotation, which decides what the function gets.
    """
    annotation = injection.annotations.get("payload")
    if isinstance(annotation, str):
        if schema is None:
            raise InvalidSchema(
                f"{what} is annotated with '{annotation}', which is not defined there",
                mend="Define or import it above the job, not only for type checking.",
            )
        annotation = None
    annotated = shape_of(annotation, what)
    if schema is None or schema is annotation:
        return annotated.schema, annotated.read
    given = shape_of(schema, what)
    if isinstance(annotated, AnyShape):
        return given.schema, given.read
    return given.schema, _read_both(given, annotated)


def _read_both(given: Shape, annotated: Shape) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        given.read(text)
        return annotated.read(text)

    return read


# ── single options ───────────────────────────────────────────────────────────────────────────────────
def _span(options: JobOptions, name: str) -> int | None:
    value: Any = options.get(name)
    return None if value is None else parse_duration(value)


def _flag(value: Any, name: str, what: str) -> bool:
    if not isinstance(value, bool):  # "no" would count as yes
        raise DefinitionError(f"{name} of {what} is {value!r:.80}", mend="Use True or False.")
    return value


def _level(level: str | None, what: str) -> str | None:
    if level is None:
        return None
    if not isinstance(level, str) or level.upper() not in LOG_LEVELS:
        raise DefinitionError(
            f"the log_level of {what} is {level!r}", mend=f"Use one of {', '.join(LOG_LEVELS).lower()}."
        )
    return level.upper()


def _text(value: str, name: str, what: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 256:
        raise DefinitionError(
            f"the {name} of {what} is {value!r:.80}", mend="Use a text of 1 to 256 characters."
        )
    return value
