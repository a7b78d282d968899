"""The bodies that callers send, field by field as the API's table has them; and the drafts they become."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from mainspring.clock import from_iso
from mainspring.codec import encode
from mainspring.duration import parse_duration
from mainspring.errors import DefinitionError
from mainspring.model.effects import Verdict
from mainspring.model.events import EventDraft
from mainspring.model.limits import Limits
from mainspring.model.protocol import RunDraft
from mainspring.model.runs import DebounceSpec
from mainspring.server.shapes.parts import Json

MAX_NAME = 256
MAX_TAGS = 64


def _one_line(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    if not text.isprintable() and any(ord(character) < 32 for character in text):
        raise ValueError("must be one line without control characters")
    return text


def _span(value: float | str) -> int:
    try:
        return parse_duration(value)
    except DefinitionError as error:
        raise ValueError(str(error)) from None


def _instant(text: str) -> int:
    try:
        return from_iso(text)
    except DefinitionError as error:
        raise ValueError(str(error)) from None


#: Names and keys: waits, channels and log lines rely on their being one line.
Word = Annotated[str, Field(min_length=1, max_length=MAX_NAME), AfterValidator(_one_line)]
#: A span: seconds, or a text like "1h30m". Microseconds once validated.
Span = Annotated[
    float | str, AfterValidator(_span), Field(description="Seconds, or a text.", examples=["1h30m", 90])
]
#: An instant with its zone. Microseconds since the epoch once validated.
When = Annotated[str, AfterValidator(_instant), Field(json_schema_extra={"format": "date-time"})]


class Body(BaseModel):
    """Fields are taken as they are: "1" is no number, and unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class EventBody(Body):
    name: Word = Field(examples=["order.created"])
    payload: Json
    id: Word | None = Field(None, description="Correlation id; may repeat.")
    idempotency_key: Word | None = Field(None, description="A second event with it is not sent.")
    deliver_at: When | None = None
    delay: Span | None = None
    source: Word | None = None
    context: Json = None

    @model_validator(mode="after")
    def _once(self) -> Self:
        if self.deliver_at is not None and self.delay is not None:
            raise ValueError("give deliver_at or delay, not both")
        return self


class EventsBody(Body):
    events: list[EventBody] = Field(min_length=1)


class DebounceBody(Body):
    key: Word = Field(description="Calls of the job with it become one run.")
    delay: Span = Field(description="The run starts when there was no such call for this long.")
    mode: Literal["trailing", "leading"] = Field(
        "trailing", description="Whose payload: the last call's, the first's."
    )
    max_delay: Span | None = Field(None, description="From the first call; then it starts whatever comes.")

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.max_delay is not None and int(self.max_delay) <= int(self.delay):
            raise ValueError("max_delay must be longer than delay")
        return self


class TriggerBody(Body):
    payload: Json = Field(default_factory=dict)
    idempotency_key: Word | None = None
    idempotency_key_ttl: Span | None = Field(
        None, description="How long the key answers with this run; left out: as long as the run is kept."
    )
    delay: Span | None = None
    debounce: DebounceBody | None = None
    queue: Word | None = None
    concurrency_key: Word | None = None
    priority: int = Field(0, ge=-1_000_000, le=1_000_000, description="Higher goes first.")
    ttl: Span | None = Field(
        None, description="Not started within this span of the call, the run is EXPIRED."
    )
    tags: list[Word] = Field(default_factory=list, max_length=MAX_TAGS)
    metadata: dict[str, Any] = Field(default_factory=dict)
    max_attempts: int | None = Field(None, ge=1, le=1_000)
    is_test: bool = False
    version: Word | None = Field(None, description="Of the job: only workers that have it are given the run.")

    @model_validator(mode="after")
    def _held_back_once(self) -> Self:
        if self.delay is not None and self.debounce is not None:
            raise ValueError("give delay or debounce, not both")
        return self


class CancelBody(Body):
    reason: str | None = Field(None, max_length=1_000, description="Shown with the run.")


class RescheduleBody(Body):
    at: When | None = None
    delay: Span | None = Field(None, description="From now.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.at is None) == (self.delay is None):
            raise ValueError("give at or delay")
        return self


class RepinBody(Body):
    version: Word | None = Field(description="Of its job; null: whichever takes it.")


class ResetKeyBody(Body):
    key: Word = Field(description="An idempotency key that a run of the job was started with.")


class ReplayBody(Body):
    payload: Json = Field(None, description="Left out: the payload of the run that is replayed.")
    from_task: str | None = Field(
        None,
        min_length=1,
        max_length=2_048,
        description="The key of a task: what began before it and finished is kept. Left out: all of it runs again.",
    )


class SettleBody(Body):
    verdict: Verdict = Field(description="It was done (and came to `output`), do it again, or let it fail.")
    output: Json = Field(None, description="With `done`: what the task returns.")
    message: str | None = Field(None, description="With `fail`: why.", max_length=2_048)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.verdict != "done" and "output" in self.model_fields_set:
            raise ValueError("output goes with the verdict `done` alone")
        if self.verdict != "fail" and self.message is not None:
            raise ValueError("message goes with the verdict `fail` alone")
        return self


class StoreBody(Body):
    value: Json
    expected_version: int | None = Field(None, ge=0, description="Write only over this version; 0: none.")


def event_draft(body: EventBody, id: str, limits: Limits, *, idempotency_key: str | None) -> EventDraft:
    """The event on its way in; `TooLarge` when the payload or context is over the limit."""
    context = None
    if body.context is not None:
        context = encode(body.context, what="context", limit=limits.max_payload_bytes)
    return EventDraft(
        id=id,
        name=body.name,
        payload=encode(body.payload, what="payload", limit=limits.max_payload_bytes),
        correlation_id=body.id,
        idempotency_key=body.idempotency_key or idempotency_key,
        source=body.source,
        context=context,
        deliver_at=validated(body.deliver_at),
        delay=validated(body.delay),
    )


def run_draft(
    body: TriggerBody, id: str, job_id: str, limits: Limits, *, idempotency_key: str | None
) -> RunDraft:
    """The run to be started; `TooLarge` when the payload or metadata is over the limit."""
    return RunDraft(
        run_id=id,
        job_id=job_id,
        payload=encode(body.payload, what="payload", limit=limits.max_payload_bytes),
        idempotency_key=body.idempotency_key or idempotency_key,
        delay=validated(body.delay),
        queue=body.queue,
        concurrency_key=body.concurrency_key,
        priority=body.priority,
        ttl=validated(body.ttl),
        tags=tuple(body.tags),
        metadata=encode(body.metadata, what="metadata", limit=limits.max_payload_bytes),
        max_attempts=body.max_attempts,
        is_test=body.is_test,
        idempotency_key_ttl=validated(body.idempotency_key_ttl),
        debounce=_debounce(body.debounce),
        version=body.version,
    )


def _debounce(body: DebounceBody | None) -> DebounceSpec | None:
    if body is None:
        return None
    return DebounceSpec(body.key, validated(body.delay) or 0, body.mode, validated(body.max_delay))


def validated(value: Any) -> int | None:
    """What a `Span` or `When` became: its annotation is what callers write, its value is an int."""
    return None if value is None else int(value)
