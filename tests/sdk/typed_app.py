"""What type checkers must accept and refuse. `test_typing.py` runs mypy on it: a line that ends in `# E: code`
must have that error, no other line may have one. `assert_type` holds what is inferred. Never imported."""

from dataclasses import dataclass
from typing import Any, assert_type

from mainspring import (
    IO,
    CallNext,
    CircuitBreaker,
    Client,
    Context,
    Event,
    Retry,
    Run,
    SyncIO,
    ctx,
    event_trigger,
    io,
    task,
)
from mainspring.sdk.updates import RunUpdate

client = Client("shop")


@dataclass
class Order:
    id: str


@client.job(id="a", trigger=event_trigger("order.created"), retry=Retry(max_attempts=2))
async def all_three(payload: Order, io: IO, ctx: Context) -> dict[str, str]:
    return {"id": payload.id}


@client.job(id="b")
async def payload_last(io: IO, ctx: Context, payload: Order) -> int:
    return 1


@client.job(id="c")
async def payload_between(ctx: Context, payload: Order, io: IO) -> int:
    return 1


@client.job(id="d")
def in_a_thread(order: Order) -> list[int]:
    return [1]


@client.job(id="e")
async def no_payload(io: IO) -> str:
    return ""


@client.job(id="f")
async def nothing() -> None: ...


@client.job(id="g")
async def any_payload(payload: dict[str, Any], io: IO) -> None: ...


@client.middleware
async def around(ctx: Context, call_next: CallNext) -> object:
    return await call_next()


@client.job(id="i")
async def guarded(io: IO) -> None:
    gateway = CircuitBreaker("gateway", failures=3, reset="30s")
    assert_type(await io.run_task("a", len, "abc", breaker=gateway), int)
    await io.run_task("b", len, "abc", breaker="gateway")  # E: call-overload


@client.on("order.created", filter={"id": ["a"]})
async def listening(payload: Order) -> bytes:
    return b""


defined = client.define_job(id="h", run=all_three.fn)


@task
async def fetch(url: str, *, times: int = 1) -> Order:
    return Order(url)


@task(retry=5, timeout="3s")
def resize(width: int) -> float:
    return width / 2


class Press:
    @task
    async def stamp(self, text: str) -> int:
        return 1


def charge(amount: int) -> Order:
    return Order(str(amount))


async def trigger() -> None:
    order = Order("o-1")
    assert_type(await all_three.trigger(order, delay="1m", tags=["a"]), Run[dict[str, str]])
    assert_type(await (await all_three.trigger(order)).result(timeout=3), dict[str, str])
    assert_type(await payload_last.trigger(order), Run[int])
    assert_type(await payload_between.trigger(order), Run[int])
    assert_type(await in_a_thread.trigger(order), Run[list[int]])
    assert_type(await no_payload.trigger(), Run[str])
    assert_type(await nothing.trigger(), Run[None])
    assert_type(await nothing.trigger({"a": 1}), Run[None])
    assert_type(await any_payload.trigger({"a": 1}), Run[None])
    assert_type(await listening.trigger(order), Run[bytes])
    assert_type(await defined.trigger(order), Run[dict[str, str]])
    await all_three.trigger("nope")  # E: call-overload
    await all_three.trigger()  # E: call-overload
    await all_three.trigger(order, dealy=3)  # E: call-overload
    await all_three.trigger(order, priority="high")  # E: call-overload
    await payload_last.trigger("nope")  # E: call-overload
    await payload_between.trigger("nope")  # E: call-overload
    await in_a_thread.trigger("nope")  # E: arg-type
    await listening.trigger("nope")  # E: call-overload
    await defined.trigger("nope")  # E: call-overload
    assert_type(await all_three.fn(order, io, ctx), dict[str, str])
    assert_type(await all_three(order, io=io, ctx=ctx), dict[str, str])
    assert_type(in_a_thread.fn(order), list[int])
    await all_three.fn("nope", io, ctx)  # E: arg-type
    await no_payload.fn(3)  # E: arg-type


async def inside() -> None:
    assert_type(await fetch("u", times=2), Order)
    assert_type(await resize(3), float)
    assert_type(await Press().stamp("a"), int)
    assert_type(await fetch.options(key="x", retry=0)("u"), Order)
    await fetch(3)  # E: arg-type
    await fetch("u", time=2)  # E: call-arg
    await resize("wide")  # E: arg-type
    await Press().stamp(3)  # E: arg-type
    fetch.options(retries=3)  # E: call-arg
    assert_type(await io.run_task("c", charge, 3, retry=5), Order)
    assert_type(await io.run_task("f", fetch, "u"), Order)
    assert_type(await io.run_task("f", all_three.fn, Order("a"), io, ctx), dict[str, str])
    await io.run_task("c", charge, 3, retry="often")  # E: call-overload
    await io.wait("3 seconds")
    await io.wait("cool-off", "3 days")
    await io.wait("a", "b", "c")  # E: call-overload
    assert_type(await io.wait_for_event("k", name="a", schema=Order, timeout=3), Event[Order])
    assert_type((await io.wait_for_event("k", name="a", schema=Order)).payload, Order)
    assert_type(await io.wait_for_event("k", name="a"), Event[Any])
    await io.wait_for_event("k")  # E: call-overload
    assert_type(await io.store.get("k", type=Order), Order | None)
    assert_type(await io.store.get("k", Order("a"), type=Order), Order)
    assert_type(await io.store.job.has("k"), bool)
    await io.progress(1, 2)
    await io.tags.add("a")
    await io.tags.add(3)  # E: arg-type
    io.logger.info("a", n=1)
    io.run_tsk("a", charge)  # E: operator
    await io.slack.post_message("tell", text="hi")
    assert_type(ctx.attempt.number, int)
    print(ctx.rnu)  # E: attr-defined


async def outside() -> None:
    assert_type(await client.send_event("a", {"n": 1}, id="x"), Event[Any])
    await client.send_events([{"name": "a", "payload": 1}])
    await client.send_events([{"payload": 1}])  # E: typeddict-item
    await client.send_event("a", {}, dely=3)  # E: call-arg
    assert_type((await client.runs.list()).data, list[Run[Any]])
    assert_type(await client.store.get("k", type=int), int | None)
    client.job(id="x", retry="often")  # E: arg-type
    client.job(name="x")  # E: call-arg
    event_trigger("a", filtre={})  # E: call-arg


@client.job(id="plain")
def plain(payload: Order, tools: SyncIO) -> str:
    assert_type(tools.run_task("one", in_a_thread, payload), list[int])
    assert_type(tools.wait_for_event("paid", name="paid", schema=Order), Event[Order])
    tools.store.update("n", lambda n: n + 1)
    tools.wait("1 day")
    both = tools.parallel(lambda: tools.run_task("one", in_a_thread, payload), lambda: "two")
    assert_type(both, tuple[list[int], str])
    assert_type(tools.map(fetch, ["a"]), list[Order])
    assert_type(tools.map(in_a_thread, [payload]), list[list[int]])
    first = tools.wait_for_any(
        paid=lambda: tools.wait_for_event("paid", name="paid", schema=Order),
        sent=lambda: tools.wait_for_event("sent", name="sent", schema=Order),
    )
    assert_type(first.value, Event[Order])
    tools.parallel(tools.now(), tools.now)  # E: call-overload
    tools.nonsense()  # E: operator
    return ""


def in_a_view() -> None:
    assert_type(client.sync.send_event("order.created", Order("a")), Event[Any])
    assert_type(plain.sync.trigger(Order("a")).result(), str)
    assert_type(all_three.sync.trigger(Order("a")).result(), dict[str, str])
    for update in plain.sync.trigger(Order("a")).subscribe():
        assert_type(update, RunUpdate)
    plain.sync.trigger("nope")  # E: arg-type
