"""Jobs as they are defined: what becomes of the options, and everything that is refused at definition."""

from datetime import datetime
from typing import Any

import pytest

from mainspring import (
    IO,
    Batch,
    Client,
    Context,
    Debounce,
    RateLimit,
    Retry,
    Singleton,
    event_trigger,
    invoke_trigger,
)
from mainspring.clock import MINUTE, SECOND
from mainspring.errors import (
    DefinitionError,
    DuplicateJob,
    InvalidDuration,
    InvalidFilter,
    InvalidJobId,
    InvalidQueue,
    InvalidRetry,
    InvalidSchema,
    InvalidTrigger,
    MainspringError,
    NotFound,
)
from mainspring.model.jobs import StartLimit
from mainspring.model.joining import EventBatch, EventDebounce
from mainspring.model.queues import QueueLimits, Rate
from mainspring.sdk.definition import slug


async def nothing(io: IO) -> None: ...


def test_a_job_is_told_to_the_server_with_all_of_its_options() -> None:
    client = Client("shop")
    job = client.define_job(
        id="Fulfil Order",
        name="Fulfil order",
        version="1.2.0",
        trigger=[event_trigger("order.created", filter={"amount": [{"$gte": 100}]}), invoke_trigger()],
        queue="orders",
        concurrency=5,
        retry=Retry(max_attempts=7, min_delay="2s"),
        max_duration="1 minute",
        ttl=30,
        enabled=False,
        log_level="warning",
        tags=["a", "b", "a"],
        pin_version=True,
        run=nothing,
    )
    spec = job.spec()
    assert (spec.id, spec.name, spec.version) == ("fulfil-order", "Fulfil order", "1.2.0")
    assert [trigger.kind for trigger in spec.triggers] == ["event", "invoke"]
    assert spec.triggers[0].filter == {"amount": [{"$gte": 100}]}
    assert (spec.queue, spec.limits, spec.enabled, spec.pin_version) == (
        "orders",
        QueueLimits(5),
        False,
        True,
    )
    assert (spec.retry.max_attempts, spec.retry.min_delay) == (7, 2 * SECOND)
    assert (spec.max_duration, spec.ttl) == (MINUTE, 30 * SECOND)
    assert (spec.log_level, spec.tags) == ("WARNING", ("a", "b"))
    assert client.job_specs() == (spec,)
    assert client.job_by_id("fulfil-order") is job
    assert client.registered == {"fulfil-order": job}


def test_a_plain_job_needs_only_an_id() -> None:
    @Client("shop").job(id="plain")
    async def plain() -> None:
        """Does nothing.

        And more.
        """

    spec = plain.spec()
    assert (spec.name, spec.version, spec.triggers, spec.payload_schema) == ("plain", "0.0.1", (), None)
    assert spec.retry.max_attempts == 3
    assert spec.description == "Does nothing.\n\nAnd more."


async def test_the_function_stays_callable() -> None:
    @Client("shop").job(id="double")
    async def double(payload: int, io: IO, ctx: Context) -> int:
        return 2 * payload

    someone: Any = object()
    assert await double.fn(3, someone, someone) == 6
    assert await double(4, io=someone, ctx=someone) == 8
    assert double.__name__ == "double"


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("Fulfil Order", "fulfil-order"),
        ("a.b_c-1", "a.b_c-1"),
        ("Café!", "cafe"),
        ("  x  ", "x"),
        ("_a", "a"),
    ],
)
def test_an_id_is_kept_as_a_slug(given: str, made: str) -> None:
    assert slug(given) == made


@pytest.mark.parametrize("given", ["", "!!!", "  ", "a" * 129, 7, None, "日本"])
def test_a_bad_id_is_refused(given: Any) -> None:
    with pytest.raises(InvalidJobId, match="job id"):
        Client("shop").define_job(id=given, run=nothing)


def test_two_jobs_with_one_id_are_refused_and_both_places_named() -> None:
    client = Client("shop")
    client.define_job(id="same", run=nothing)
    with pytest.raises(DuplicateJob, match=r"'same' is taken twice: at .*test_definitions.py:\d+ and at"):
        client.define_job(id="Same", run=nothing)
    assert len(client.job_specs()) == 1


@pytest.mark.parametrize("trigger", ["order.created", 3, [event_trigger("a"), "b"], object()])
def test_an_unknown_trigger_is_refused(trigger: Any) -> None:
    with pytest.raises(InvalidTrigger, match="is not a trigger"):
        Client("shop").define_job(id="x", trigger=trigger, run=nothing)


def test_triggers_are_checked_where_they_are_written() -> None:
    with pytest.raises(InvalidTrigger):
        event_trigger("")
    with pytest.raises(InvalidTrigger):
        event_trigger([])
    with pytest.raises(InvalidTrigger):
        event_trigger("two\nlines")
    with pytest.raises(InvalidTrigger, match="Name each"):
        event_trigger("order.*")
    with pytest.raises(InvalidFilter):
        event_trigger("a", filter={"amount": 3})
    with pytest.raises(InvalidTrigger):
        event_trigger("a", source=3)  # type: ignore[arg-type]
    assert event_trigger(["a", "b", "a"]).spec.events == ("a", "b")
    assert event_trigger("a", filter={"at": ["x"]}, examples=[{"n": 1}]).spec.examples == ({"n": 1},)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"retry": -1}, InvalidRetry),
        ({"retry": True}, InvalidRetry),
        ({"retry": "5"}, InvalidRetry),
        ({"max_duration": "soon"}, InvalidDuration),
        ({"ttl": "1 month"}, InvalidDuration),
        ({"concurrency": 0}, DefinitionError),
        ({"log_level": "loud"}, DefinitionError),
        ({"tags": "one"}, DefinitionError),
        ({"tags": [""]}, DefinitionError),
        ({"name": 3}, DefinitionError),
        ({"schema": {"type": "objekt"}}, InvalidSchema),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        Client("shop").define_job(id="x", run=nothing, **options)


def test_an_unknown_option_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="retries"):
        Client("shop").define_job(id="x", run=nothing, retries=3)  # type: ignore[call-overload]


def test_on_is_short_for_a_job_with_an_event_trigger() -> None:
    client = Client("shop")

    @client.on("order.created", filter={"vip": [True]}, source="web", retry=1)
    async def greet_vip(payload: dict[str, Any]) -> None: ...

    @client.on(["a", "b"], id="other", name="Other")
    def other() -> None: ...

    spec = greet_vip.spec()
    assert spec.id == "greet-vip"
    assert (spec.triggers[0].events, spec.triggers[0].source) == (("order.created",), "web")
    assert spec.retry.max_attempts == 1
    assert (other.id, other.name, other.spec().triggers[0].events) == ("other", "Other", ("a", "b"))


def test_a_client_needs_a_name() -> None:
    for name in ("", " ", 3):
        with pytest.raises(DefinitionError):
            Client(name)  # type: ignore[arg-type]


def test_an_unknown_job_is_not_found() -> None:
    with pytest.raises(NotFound, match="defines no job 'gone'"):
        Client("shop").job_by_id("gone")


def test_a_filter_is_kept_as_data() -> None:
    spec = event_trigger("a", filter={"day": [str(datetime(2026, 1, 1).date())]}).spec
    assert spec.filter == {"day": ["2026-01-01"]}


# ── several events, one run ──────────────────────────────────────────────────────────────────────────
def test_a_trigger_says_which_events_become_one_run() -> None:
    client = Client("shop")
    quiet = Debounce("5 seconds", key="page.id", mode="leading", max_delay="1 minute")
    index = client.define_job(id="index", trigger=event_trigger("saved", debounce=quiet), run=nothing)
    assert index.spec().triggers[0].debounce == EventDebounce(5 * SECOND, "page.id", "leading", MINUTE)

    @client.on("paid", batch=Batch(100, "5 seconds", key="shop"))
    async def book(payload: list[int]) -> None: ...

    assert book.spec().triggers[0].batch == EventBatch(100, 5 * SECOND, "shop")
    assert book.spec().takes_lists


def test_the_schema_of_a_trigger_that_gathers_is_that_of_one_event() -> None:
    client = Client("shop")
    one = {"$ref": "#/$defs/Paid", "$defs": {"Paid": {"type": "object"}}}
    for job_id, schema in (("a", int), ("b", one)):
        trigger = event_trigger("paid", schema=schema, batch=Batch(2, 1))
        job = client.define_job(id=job_id, trigger=trigger, run=nothing)
        assert (job.spec().payload_schema or {})["type"] == "array"


def test_what_could_never_join_is_refused_where_it_is_written() -> None:
    batch, quiet = Batch(2, "1 second"), Debounce("1 second")
    with pytest.raises(InvalidTrigger, match="both debounce and batch"):
        event_trigger("paid", batch=batch, debounce=quiet)
    for wrong in (Batch(0, 1), Batch(10_001, 1), Batch(2, 0), Batch(2, 1, key="")):
        with pytest.raises(InvalidTrigger):
            event_trigger("paid", batch=wrong)
    with pytest.raises(InvalidTrigger, match='begin inside the payload: "shop"'):
        event_trigger("paid", batch=Batch(2, 1, key="payload.shop"))
    with pytest.raises(InvalidTrigger, match=r"batch=Batch"):
        event_trigger("paid", batch=100)  # type: ignore[arg-type]  # what people may try
    with pytest.raises(DefinitionError, match="max_delay"):
        Debounce("1 minute", max_delay="1 second")

    async def one(payload: dict[str, int]) -> None: ...

    with pytest.raises(InvalidTrigger, match=r"payload: list\[Order\]|is no list"):
        Client("shop").define_job(id="book", trigger=event_trigger("paid", batch=batch), run=one)
    both = [event_trigger("paid", batch=batch), event_trigger("refunded")]
    with pytest.raises(InvalidTrigger, match="one by one"):
        Client("shop").define_job(id="book", trigger=both, run=nothing)


async def test_a_calls_debounce_needs_a_key() -> None:
    job = Client("shop").define_job(id="index", run=nothing)
    with pytest.raises(DefinitionError, match="no key"):
        await job.trigger(debounce=Debounce("1 second"))


def test_a_rate_limit_lets_so_many_come_at_once() -> None:
    client = Client("shop")
    for job_id, given, wanted in (
        ("a", "100/hour", StartLimit(Rate(100, 60 * MINUTE, 100))),
        (
            "b",
            RateLimit("5 per 10 seconds burst 2", key="to.id"),
            StartLimit(Rate(5, 10 * SECOND, 2), "to.id"),
        ),
    ):
        assert client.define_job(id=job_id, rate_limit=given, run=nothing).spec().start_limit == wanted
    for wrong in ("often", 5, RateLimit("0/hour"), RateLimit("1/hour", key="a..b")):
        with pytest.raises(InvalidQueue):
            client.define_job(id="c", rate_limit=wrong, run=nothing)  # type: ignore[arg-type]  # what people may try


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pin_version": "2.0.0"}, "pin_version of job 'a' is '2.0.0'"),
        ({"enabled": "no"}, "enabled of job 'a' is 'no'"),
        ({"singleton": "skp"}, 'Use "skip" or "cancel" or "queue"'),
        ({"singleton": Singleton("skip", key="payload.shop")}, 'begin inside the payload: "shop"'),
        ({"rate_limit": RateLimit("2/hour", key="payload.shop")}, 'begin inside the payload: "shop"'),
    ],
    ids=str,
)
def test_what_would_mean_something_else_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MainspringError, match=message):
        Client("shop").define_job(id="a", run=nothing, **options)
