"""`io`: how each call reaches the runtime, and what is refused before it does."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from mainspring import ctx, io
from mainspring.clock import DAY, MINUTE, SECOND, from_datetime
from mainspring.errors import (
    DefinitionError,
    EventRejected,
    InvalidDuration,
    InvalidFilter,
    InvalidInstant,
    NotInRun,
    PayloadInvalid,
)
from mainspring.model.events import EventDraft
from mainspring.sdk.context import TaskScope, enter_task
from sdk.stand_ins import RecordingRuntime, a_context, event_object, in_run


class Charge(BaseModel):
    id: str
    at: datetime


@dataclass
class Size:
    width: int


@pytest.fixture
async def runtime() -> Any:
    with in_run() as runtime:
        yield runtime


# ── tasks ────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_task_carries_its_options(runtime: RecordingRuntime) -> None:
    async def add(a: int, b: int) -> int:
        return a + b

    result = await io.run_task(
        "sum",
        add,
        1,
        b=2,
        retry=5,
        timeout="1 minute",
        name="Sum",
        icon="plus",
        properties={"a": 1},
        params=[1],
    )
    assert result == 3
    (call,) = runtime.calls
    assert (call.key, call.args, call.kwargs) == ("sum", (1,), {"b": 2})
    assert call.retry is not None
    assert call.retry.policy.max_attempts == 5
    assert (call.timeout, call.name, call.icon) == (MINUTE, "Sum", "plus")
    assert (call.properties, call.params) == ({"a": 1}, [1])


async def test_the_annotation_restores_what_a_task_returned(runtime: RecordingRuntime) -> None:
    def charge() -> Charge:
        return Charge(id="c-1", at=datetime(2026, 1, 1, tzinfo=UTC))

    async def sizes() -> list[Size]:
        return [Size(3)]

    async def tags() -> set[str]:
        return {"a"}

    def plain():  # type: ignore[no-untyped-def]
        return Size(4)

    assert await io.run_task("charge", charge) == Charge(id="c-1", at=datetime(2026, 1, 1, tzinfo=UTC))
    assert await io.run_task("sizes", sizes) == [Size(3)]
    assert await io.run_task("tags", tags) == {"a"}
    unannotated: Any = await io.run_task("lambda", lambda: Size(1))
    assert unannotated == {"width": 1}
    assert await io.run_task("plain", plain) == {"width": 4}
    assert await io.run_task("class", Size, 5) == Size(5)


async def test_json_data_needs_no_restoring(runtime: RecordingRuntime) -> None:
    def data() -> dict[str, Any] | None:
        return {"id": 3}

    def loose() -> dict[str, str]:
        return {"id": 3}  # type: ignore[dict-item]

    assert await io.run_task("data", data) == {"id": 3}
    as_returned: Any = await io.run_task("loose", loose)
    assert as_returned == {"id": 3}
    assert [call.restore for call in runtime.calls] == [None, None]


async def test_a_call_instead_of_a_function_is_refused(runtime: RecordingRuntime) -> None:
    async def fetch() -> None: ...

    with pytest.raises(DefinitionError, match="Give the function and its arguments"):
        await io.run_task("fetch", fetch())  # type: ignore[call-overload]
    with pytest.raises(DefinitionError, match="empty key"):
        await io.run_task("", fetch)
    assert runtime.calls == []


# ── waits ────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_wait_has_a_key_or_the_default_one(runtime: RecordingRuntime) -> None:
    await io.wait("3 seconds")
    await io.wait("cool-off", "3 days")
    await io.wait("cool-off", delay=timedelta(hours=1))
    await io.wait(0.5)
    assert [(wait.key, wait.wait.delay) for wait in runtime.waits] == [
        ("wait", 3 * SECOND),
        ("cool-off", 3 * DAY),
        ("cool-off", 60 * MINUTE),
        ("wait", SECOND // 2),
    ]
    assert {wait.kind for wait in runtime.waits} == {"wait"}
    assert runtime.waits[0].name == "wait 3s"
    with pytest.raises(InvalidDuration):
        await io.wait("cool-off")
    with pytest.raises(InvalidDuration):
        await io.wait(-1)


async def test_wait_until_takes_an_instant(runtime: RecordingRuntime) -> None:
    moment = datetime(2026, 5, 1, 9, tzinfo=UTC)
    await io.wait_until(moment)
    await io.wait_until("opening", moment)
    assert [(wait.key, wait.wait.until) for wait in runtime.waits] == [
        ("wait_until", from_datetime(moment)),
        ("opening", from_datetime(moment)),
    ]
    with pytest.raises(InvalidInstant, match="no time zone"):
        await io.wait_until(datetime(2026, 5, 1))


def arrived(payload: Any) -> dict[str, Any]:
    return event_object(EventDraft("evt_1", "order.approved", "{}", correlation_id="o-1"), payload=payload)


async def test_an_event_is_waited_for_by_name_id_and_filter(runtime: RecordingRuntime) -> None:
    runtime.arrivals = [arrived({"by": "Ada"})]
    event = await io.wait_for_event(
        "approval", name="order.approved", id="o-1", filter={"by": ["Ada"]}, timeout="1 day"
    )
    assert (event.id, event.event_id, event.name, event.payload) == (
        "o-1",
        "evt_1",
        "order.approved",
        {"by": "Ada"},
    )
    assert event.timestamp == datetime(2026, 1, 1, tzinfo=UTC)
    (wait,) = runtime.waits
    assert (wait.key, wait.kind) == ("approval", "event_wait")
    assert (wait.wait.event_name, wait.wait.correlation_id, wait.wait.delay) == ("order.approved", "o-1", DAY)
    assert wait.wait.filter == '{"by":["Ada"]}'


async def test_the_payload_of_an_event_is_typed_by_schema(runtime: RecordingRuntime) -> None:
    runtime.arrivals = [arrived({"width": 3}), arrived({"width": "wide"}), arrived({"n": "x"})]
    event = await io.wait_for_event("a", name="order.approved", schema=Size)
    assert event.payload == Size(3)
    with pytest.raises(PayloadInvalid, match=r"the event 'order.approved' that io.wait_for_event\('a'\) got"):
        await io.wait_for_event("a", name="order.approved", schema=Size)
    with pytest.raises(PayloadInvalid, match="`n`"):
        await io.wait_for_event("a", name="order.approved", schema={"properties": {"n": {"type": "integer"}}})


async def test_a_bad_event_wait_is_refused(runtime: RecordingRuntime) -> None:
    with pytest.raises(InvalidFilter):
        await io.wait_for_event("a", name="x", filter={"a": 1})
    with pytest.raises(DefinitionError, match="event name"):
        await io.wait_for_event("a", name="")
    with pytest.raises(DefinitionError, match="the id that"):
        await io.wait_for_event("a", name="x", id=3)  # type: ignore[call-overload]
    assert runtime.waits == []


# ── events ───────────────────────────────────────────────────────────────────────────────────────────
async def test_events_are_sent_under_a_key(runtime: RecordingRuntime) -> None:
    event = await io.send_event("notify", "order.shipped", Size(2), id="o-1", delay="1m", context={"a": 1})
    assert (event.id, event.payload) == ("o-1", {"width": 2})
    await io.send_events("both", [{"name": "a"}, {"name": "b", "payload": [1]}])
    ((key, (draft,)), (second, pair)) = runtime.sent
    assert (key, second) == ("notify", "both")
    assert (draft.name, draft.payload, draft.correlation_id) == ("order.shipped", '{"width":2}', "o-1")
    assert (draft.delay, draft.context) == (MINUTE, '{"a":1}')
    assert [(one.name, one.payload) for one in pair] == [("a", "{}"), ("b", "[1]")]
    assert draft.id.startswith("evt_")


async def test_an_event_that_every_job_refused_raises(runtime: RecordingRuntime) -> None:
    runtime.rejected = [{"job_id": "ship", "errors": [{"path": "n", "message": "is missing"}]}]
    with pytest.raises(EventRejected, match="job 'ship': `n`: is missing") as caught:
        await io.send_event("notify", "order.shipped")
    assert caught.value.rejections[0]["job_id"] == "ship"


@pytest.mark.parametrize(
    "message",
    [
        {"name": ""},
        {"name": "x" * 257},
        {"name": "a\nb"},
        {"name": "a", "id": 3},
        {"name": "a", "delay": 1, "deliver_at": "2026-01-01T00:00:00Z"},
        {"name": "a", "nmae": "b"},
        {},
    ],
)
async def test_a_bad_event_is_refused(runtime: RecordingRuntime, message: Any) -> None:
    with pytest.raises(DefinitionError):
        await io.send_events("k", [message])
    nothing: Any
    for nothing in ([], {"name": "a"}):
        with pytest.raises(DefinitionError, match="no list of events"):
            await io.send_events("k", nothing)
    assert runtime.sent == []


# ── shown live ───────────────────────────────────────────────────────────────────────────────────────
async def test_progress_metadata_and_tags_may_be_awaited_or_not(runtime: RecordingRuntime) -> None:
    await io.progress(31, 50, "orders")
    assert runtime.progress == {"current": 31, "total": 50, "message": "orders"}
    io.metadata.set("size", Size(1))
    await io.metadata.increment("seen")
    io.metadata.increment("seen", 2)
    io.metadata.append("names", "Ada")
    await io.metadata.append("names", "Bob")
    assert runtime.metadata() == {"size": {"width": 1}, "seen": 3, "names": ["Ada", "Bob"]}
    assert (io.metadata.get("seen"), io.metadata.get("gone", 5)) == (3, 5)
    await io.tags.add("vip", "eu")
    io.tags.add("vip")
    assert io.tags.get() == ["vip", "eu"]
    with pytest.raises(DefinitionError, match="Increment only numbers"):
        io.metadata.increment("names")
    with pytest.raises(DefinitionError, match="Append only to lists"):
        io.metadata.append("seen", 1)
    with pytest.raises(DefinitionError):
        io.progress("half")  # type: ignore[arg-type]


async def test_lines_have_a_level_and_fields(runtime: RecordingRuntime) -> None:
    io.logger.debug("a")
    io.logger.info("b", amount=3)
    io.logger.warning("c")
    io.logger.warn("d")
    io.logger.error(ValueError("e"))
    assert runtime.lines == [
        ("DEBUG", "a", None),
        ("INFO", "b", {"amount": 3}),
        ("WARNING", "c", None),
        ("WARNING", "d", None),
        ("ERROR", "e", None),
    ]


# ── the same again on replay ─────────────────────────────────────────────────────────────────────────
async def test_time_and_chance_come_from_the_runtime(runtime: RecordingRuntime) -> None:
    assert io.now() == datetime(2026, 1, 1, tzinfo=UTC)
    assert 0 <= io.random() < 1
    assert io.random() == io.random()  # the stand-in seeds each alike
    assert io.random.choice([1, 2, 3]) in (1, 2, 3)
    assert isinstance(io.uuid(), uuid.UUID)
    assert io.uuid().version == 4


# ── where we are ─────────────────────────────────────────────────────────────────────────────────────
async def test_ctx_tells_the_run_and_inside_a_task_its_attempt() -> None:
    with in_run(a_context(deadline=datetime(2026, 1, 2, tzinfo=UTC))):
        assert (ctx.run.id, ctx.job.id, ctx.job.version, ctx.environment) == (
            "run_1",
            "fulfil",
            "1.0.0",
            "dev",
        )
        assert (ctx.attempt.number, ctx.attempt.max_attempts) == (2, 3)
        assert ctx.deadline is not None
        assert (ctx.task_key, ctx.idempotency_key) == (None, "run_1")
        trace = ctx.trace
        with enter_task(TaskScope("charge", 7, 9)):
            assert (ctx.attempt.number, ctx.task_key) == (7, "charge")
            assert ctx.idempotency_key == "run_1/charge"
            assert ctx.trace.trace_id == trace.trace_id
            assert ctx.trace.span_id != trace.span_id
        assert ctx.attempt.number == 2
        assert ctx.trace.traceparent.count("-") == 3


def calls() -> Iterator[Any]:
    yield lambda: io.now()
    yield lambda: io.random()
    yield lambda: io.logger.info("x")
    yield lambda: io.progress(1)
    yield lambda: io.tags.add("x")
    yield lambda: io.metadata.get("x")
    yield lambda: ctx.run
    yield lambda: ctx.attempt


@pytest.mark.parametrize("call", list(calls()))
def test_outside_a_run_everything_says_so(call: Any) -> None:
    with pytest.raises(NotInRun, match="outside a run"):
        call()


async def test_outside_a_run_awaited_calls_say_so_too() -> None:
    with pytest.raises(NotInRun, match=r"io\.run_task"):
        await io.run_task("a", print)
    with pytest.raises(NotInRun, match=r"io\.wait "):
        await io.wait(1)
    with pytest.raises(NotInRun, match=r"io\.store\.job"):
        await io.store.job.get("a")
    assert repr(ctx) == "<ctx outside a run>"
