"""Which runs: the parameters that the list, the count and the export of runs share, and what they mean."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.requests import Request

from mainspring.clock import Instant
from mainspring.engine.views import RunQuery
from mainspring.model.payload_paths import MAX_TERMS, PayloadTerm, payload_term
from mainspring.server.api.queries import Back, instant_of, statuses_of
from mainspring.server.bodies import check
from mainspring.server.problems import bad_request

#: How a parameter begins that asks about a payload; the rest is the path.
PAYLOAD = "payload."

_SEVERAL = ("status", "tag")


class RunCriteria(BaseModel):
    """Every one that is given has to fit. Beside these: `payload.<path>=<value>`, as `payload.order_id=o1`."""

    model_config = ConfigDict(extra="allow")

    status: list[str] = Field(
        [], description="One, or several: repeated, or with commas.", examples=["FAILED"]
    )
    job: str | None = Field(None, max_length=128)
    version: str | None = Field(None, max_length=256, description="Of the job, that has or had the run.")
    event: str | None = Field(None, max_length=256, description="The name of the event that started it.")
    event_id: str | None = Field(None, max_length=256)
    schedule: str | None = Field(None, max_length=512)
    queue: str | None = Field(None, max_length=256)
    error: str | None = Field(
        None, max_length=64, description="Those that failed with this error (`err_...`)."
    )
    parent: str | None = Field(None, max_length=64, description="The run that started it.")
    tag: list[str] = Field([], max_length=10, description="One; repeated, all of them.")
    is_test: bool | None = None
    is_root: bool | None = Field(None, description="Whether no other run started it.")
    id: str | None = Field(None, pattern=r"^[\w-]{1,64}$", description="How its id begins.")
    since: Back = None
    until: Back = None

    @field_validator("status", "tag", mode="before")
    @classmethod
    def _one_is_a_list(cls, given: Any) -> Any:
        return [given] if isinstance(given, str) else given


def read_criteria(request: Request, model: type[RunCriteria]) -> Any:
    """The query's parameters as `model`, whose lists are repeated parameters."""
    params = request.query_params
    return check(model, {name: params.getlist(name) if name in _SEVERAL else params[name] for name in params})


def run_query(
    asked: RunCriteria, now: Instant, *, limit: int = 50, cursor: str | None = None, within: str = ""
) -> RunQuery:
    """What the criteria mean; `BadRequest` names the one that cannot be understood."""
    return RunQuery(
        statuses=tuple(statuses_of(",".join(asked.status), f"{within}status")),
        job_id=asked.job,
        version=asked.version,
        event_name=asked.event,
        event_id=asked.event_id,
        schedule_id=asked.schedule,
        error_id=asked.error,
        queue=asked.queue,
        parent_run_id=asked.parent,
        tags=tuple(dict.fromkeys(asked.tag)),
        is_test=asked.is_test,
        is_root=asked.is_root,
        id_prefix=asked.id,
        payload=_payload(asked.model_extra or {}, within),
        since=instant_of(asked.since, f"{within}since", now),
        until=instant_of(asked.until, f"{within}until", now),
        limit=limit,
        cursor=cursor,
    )


def _payload(extra: Mapping[str, Any], within: str) -> tuple[PayloadTerm, ...]:
    unknown = [name for name in extra if not name.startswith(PAYLOAD)]
    if unknown:
        raise bad_request([((within + name,), "there is no such field", "") for name in unknown])
    return payload_terms({name.removeprefix(PAYLOAD): text for name, text in extra.items()}, within)


def payload_terms(asked: Mapping[str, Any], within: str = "") -> tuple[PayloadTerm, ...]:
    """What is asked of payloads, by path; `BadRequest` names the path that is none."""
    if len(asked) > MAX_TERMS:
        raise bad_request(
            [((f"{within}payload",), f"at most {MAX_TERMS} paths may be asked for at once", "")]
        )
    return tuple(
        payload_term(path, text if isinstance(text, str) else str(text), within=within + PAYLOAD)
        for path, text in asked.items()
    )
