"""Jobs as registered: kept as data, read back once per text, their schemas compiled once.

The server never imports user code; all it knows of a job is its `JobSpec`.
"""

from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs
from pydantic import TypeAdapter

from mainspring.codec import clean_text, decode, encode
from mainspring.engine.batch import Batch
from mainspring.engine.commands import EnableJob
from mainspring.errors import InvalidSchema, InvalidTrigger, MainspringError, NotFound
from mainspring.model.events import Problem
from mainspring.model.filters import check_filter
from mainspring.model.jobs import JobSpec, check_singleton
from mainspring.model.joining import check_joining
from mainspring.model.queues import MAX_KEY, check_limits, key_of
from mainspring.model.schedules import check_times
from mainspring.model.sealed import is_sealed

_SPEC = TypeAdapter(JobSpec)
#: Of what a schema finds wrong this much is kept: a message quotes the value, and a list may be wrong throughout.
MAX_PROBLEMS = 50
MAX_MESSAGE = 500
#: Jobs and schemas kept in memory, ready for use.
MAX_KEPT = 4096

#: By identity of the spec; each is held here too, so that no other can come to have its identity.
_validators: dict[int, tuple[JobSpec, Any]] = {}


@lru_cache(maxsize=MAX_KEPT)
def spec_from_text(text: str) -> JobSpec:
    """A kept job; equal texts give the same object."""
    return _SPEC.validate_json(text)


def spec_to_text(spec: JobSpec) -> str:
    return _SPEC.dump_json(spec).decode()


@lru_cache(maxsize=MAX_KEPT)
def _validator(schema_text: str) -> Any:
    return jsonschema_rs.validator_for(schema_text, retriever=refuse_uri)


def refuse_uri(uri: str) -> Any:
    """A schema refers to nothing outside itself: the server fetches no address that a worker names."""
    raise ValueError(f"'{uri}' lies outside the schema: put what it defines under $defs")


def check_spec(spec: JobSpec) -> None:
    """Raises `InvalidSchema`, `InvalidFilter`, `InvalidTrigger` or `InvalidQueue` for a job that the engine could not
    use as it is."""
    if spec.payload_schema is not None:
        try:
            _validator(encode(spec.payload_schema, what="schema"))
        except ValueError as error:
            raise InvalidSchema(
                f"the payload schema of job '{spec.id}' is not valid JSON Schema: {_first_line(error)}"
            ) from error
    if spec.limits is not None:
        check_limits(spec.limits, f"job '{spec.id}'")
    for trigger in spec.triggers:
        check_singleton(spec, trigger)
        if trigger.filter is not None:
            check_filter(trigger.filter)
        check_times(trigger)
        if spec.start_limit is not None and (trigger.debounce or trigger.batch):
            raise InvalidTrigger(
                f"job '{spec.id}' has a rate_limit and makes one run of several events",
                mend="Leave one of them out; a queue's rate lets such runs wait.",
            )
        check_joining(trigger.debounce, trigger.batch, f"a trigger of job '{spec.id}'")


def _first_line(error: ValueError) -> str:
    return clean_text(str(error).split("\n", 1)[0], MAX_MESSAGE)


def payload_problems(spec: JobSpec, payload: Any) -> tuple[Problem, ...]:
    """What the job's schema finds wrong with a decoded payload; empty when it accepts.

    An encrypted payload says nothing here: the worker checks it.
    """
    if is_sealed(payload):
        return ()
    if spec.concurrency_key is not None and len(key_of(spec.concurrency_key, payload) or "") > MAX_KEY:
        return (
            Problem(spec.concurrency_key, f"is longer than a concurrency key may be: {MAX_KEY} characters"),
        )
    if spec.singleton_key is not None and len(key_of(spec.singleton_key, payload) or "") > MAX_KEY:
        return (Problem(spec.singleton_key, f"is longer than a singleton key may be: {MAX_KEY} characters"),)
    if spec.payload_schema is None:
        return ()
    validator = _validator_of(spec)
    if validator.is_valid(payload):
        return ()
    return tuple(problem_of(error) for error in islice(validator.iter_errors(payload), MAX_PROBLEMS))


def _validator_of(spec: JobSpec) -> Any:
    """Found by the spec itself: writing its schema as text, only to look it up, would cost more than to validate."""
    kept = _validators.get(id(spec))
    if kept is None:
        if len(_validators) >= MAX_KEPT:
            _validators.clear()
        kept = _validators[id(spec)] = (spec, _validator(encode(spec.payload_schema, what="schema")))
    return kept[1]


def problem_of(error: Any) -> Problem:
    """One schema violation, at the path of the field that is to be mended."""
    if error.kind.name == "required":
        return Problem(_path([*error.instance_path, error.kind.property]), "is required")
    if error.kind.name == "additionalProperties":
        return Problem(_path([*error.instance_path, error.kind.unexpected[0]]), "is not expected here")
    return Problem(_path(error.instance_path), clean_text(str(error.message), MAX_MESSAGE))


def _path(parts: Any) -> str:
    """`["items", 2, "sku"]` as `items[2].sku`; the payload itself is `$`."""
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path or "$"


@lru_cache(maxsize=MAX_KEPT)
def filter_from_text(text: str) -> Any:
    return decode(text)


def save_jobs(batch: Batch, environment_id: str, specs: tuple[JobSpec, ...]) -> None:
    """Keeps jobs and what they listen for; the newest registration counts."""
    tx = batch.tx
    tx.run_many(
        "save_job",
        [
            {
                "environment_id": environment_id,
                "id": s.id,
                "spec": spec_to_text(s),
                "queue": s.queue_name,
                "now": batch.now,
            }
            for s in specs
        ],
    )
    tx.run("forget_triggers", environment_id=environment_id, job_ids=[s.id for s in specs])
    tx.run_many("insert_trigger", [row for s in specs for row in _trigger_rows(environment_id, s)])


def _trigger_rows(environment_id: str, spec: JobSpec) -> list[dict[str, Any]]:
    if not spec.enabled:
        return []
    return [
        {
            "environment_id": environment_id,
            "event_name": name,
            "job_id": spec.id,
            "ordinal": ordinal,
            "filter": encode(trigger.filter, what="filter") if trigger.filter else None,
            "source": trigger.source,
        }
        for ordinal, trigger in enumerate(spec.triggers)
        for name in dict.fromkeys(trigger.events)
    ]


def jobs_of(
    batch: Batch, environment_id: str, rows: list[tuple[Any, ...]]
) -> dict[str, tuple[JobSpec, bool]]:
    """Jobs by id, each with whether it may run, out of rows of `jobs_by_ids`. The batch learns which queues of
    theirs are governed."""
    found: dict[str, tuple[JobSpec, bool]] = {}
    for job_id, text, enabled, is_governed in rows:
        spec = spec_from_text(text)
        found[job_id] = (spec, bool(enabled) and spec.enabled)
        if is_governed:
            batch.governed.add((environment_id, spec.queue_name))
    return found


def no_such_job(job_id: str) -> NotFound:
    return NotFound(
        f"there is no job '{job_id}'", mend="`mainspring jobs` lists the jobs that workers have registered."
    )


def enable_job(batch: Batch, command: EnableJob) -> MainspringError | None:
    changed = batch.tx.run(
        "enable_job",
        environment_id=command.environment_id,
        id=command.job_id,
        enabled=command.enabled,
        now=batch.now,
    )
    return None if changed else no_such_job(command.job_id)
