"""The user's code: jobs that between them use every call of `io`, written as people write them.

What each does is a function of its payload, so that its outcome is known; every body and task tells the stage
that it was here. Errors and pauses are chosen by the payload too.
"""

import asyncio
from typing import Any, Protocol, cast

from mainspring import (
    IO,
    ApprovalNotice,
    ApprovalRejected,
    Batch,
    CircuitBreaker,
    Client,
    Concurrency,
    Context,
    Debounce,
    Done,
    NonRetryable,
    NotDone,
    Retry,
    RunFailed,
    Singleton,
    WaitTimeout,
    event_trigger,
    interval_trigger,
)


class Stage(Protocol):
    """Where user code plays: it is told of everything user code does, and checks it."""

    def body_begins(self, ctx: Context) -> None: ...
    def task_begins(self, ctx: Context, key: str) -> int:
        """How many times this was reached by now, this time included; `key` if no task is around it."""
        ...

    def task_given(self, ctx: Context, key: str, value: Any) -> None: ...
    def asks(self, ctx: Context, key: str, **what: Any) -> None: ...
    def event_given(self, ctx: Context, key: str, event: Any) -> None: ...
    def wait_over(self, ctx: Context, key: str, status: str) -> None: ...
    def child_given(self, ctx: Context, result: Any) -> None: ...
    def child_failed(self, ctx: Context, failed: RunFailed) -> None: ...
    def charges(self, ctx: Context, amount: int) -> None:
        """An outside service does what it is asked."""
        ...

    def is_charged(self, idempotency_key: str) -> bool: ...
    def is_newer(self) -> bool:
        """Whether this worker was deployed with newer code: more tasks around those there were."""
        ...

    async def pause(self, seconds: float) -> None:
        """Work that takes its time."""
        ...

    def rings(self, ctx: Context, key: str) -> None:
        """A task's function begins that its breaker has let in."""
        ...

    def dies(self) -> None:
        """The process of whoever calls this is gone."""
        ...


#: Set for the length of one seed.
stage: Stage = cast(Stage, None)
client = Client("simulation")
QUICK = Retry(max_attempts=4, min_delay="200ms", max_delay="900ms")
SLOW = Retry(max_attempts=3, min_delay="6s", max_delay="8s", jitter=False)


async def do(
    io: IO, ctx: Context, key: str, value: Any, *, fails: int = 0, retry: Retry = QUICK, takes: float = 0.0
) -> Any:
    """One task, which fails so many times first. A key that ends in "#2" is the second use of what is before."""

    async def work() -> Any:
        begun = stage.task_begins(ctx, key)
        if takes:
            await stage.pause(takes)
        if begun <= fails:
            raise ConnectionError(f"{key} is not in the mood")
        return value

    given = await io.run_task(key.partition("#")[0], work, retry=retry)
    stage.task_given(ctx, key, given)
    assert given == value, (key, given, value)
    return given


async def nap(io: IO, ctx: Context, key: str, seconds: float) -> None:
    stage.asks(ctx, key, delay=seconds)
    await io.wait(key, seconds)
    stage.wait_over(ctx, key, "SUCCESS")


async def heard(io: IO, ctx: Context, key: str, id: str | None, timeout: float | None) -> Any:
    """The payload's word of an event "go", or None after the timeout."""
    stage.asks(ctx, key, name="go", id=id, timeout=timeout)
    try:
        event = await io.wait_for_event(key, name="go", id=id, timeout=timeout)
    except WaitTimeout:
        stage.wait_over(ctx, key, "FAILED")
        return None
    stage.wait_over(ctx, key, "SUCCESS")
    stage.event_given(ctx, key, event)
    return event.event_id


@client.job(id="order", trigger=event_trigger("order"))
async def order(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    stage.body_begins(ctx)
    n = payload["n"]
    charged = await do(io, ctx, "charge", n, fails=n % 3, takes=0.05 * (n % 4))
    await io.store.update("orders", lambda count: (count or 0) + 1)
    if stage.is_newer():
        await do(io, ctx, "insure", n)
    await nap(io, ctx, "cool-off", 1 + n % 3)
    await io.send_event("tell", "shipped", {"run": ctx.run.id, "n": n})
    for key in ("pack", "pack#2"):
        await do(io, ctx, key, f"{n}/{key}")
    return charged


async def thank() -> None: ...


@order.on_success
async def after_order(payload: dict[str, Any], output: int, io: IO, ctx: Context) -> None:
    assert output == payload["n"]
    await io.run_task("thank", thank)


@order.on_cancel
async def undo_order(io: IO, ctx: Context) -> None:
    async def undo() -> None:
        stage.task_begins(ctx, "undo")

    await io.run_task("undo", undo)
    await io.wait("settle", 1)
    await io.run_task("undo", undo)


@client.job(id="big", trigger=event_trigger("order", filter={"n": [{"$gte": 50}]}))
async def big(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    stage.body_begins(ctx)
    io.logger.info("a big one", n=payload["n"])
    return await do(io, ctx, "weigh", payload["n"] * 2, takes=0.2)


@client.job(id="approve", trigger=event_trigger("request"))
async def approve(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    stage.body_begins(ctx)
    await do(io, ctx, "ask", "asked")
    first = await heard(io, ctx, "first", payload["id"], 6.0)
    await do(io, ctx, "note", "noted", fails=payload["n"] % 2)
    second = await heard(io, ctx, "second", payload["id"], None if payload["n"] % 2 else 9.0)
    assert first is None or first != second, "one event resolved two waits"
    return "ok"


@client.job(id="race")
async def race(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    stage.body_begins(ctx)

    async def side(name: str) -> list[Any]:
        one = await do(io, ctx, f"{name}-a", name, takes=0.03)
        await nap(io, ctx, f"{name}-nap", 0.5 if name == "left" else 2)
        if stage.is_newer():
            await do(io, ctx, f"{name}-more", name)
        return [one, await do(io, ctx, f"{name}-b", name + "!", fails=payload["n"] % 2)]

    both = await asyncio.gather(side("left"), side("right"))
    stage.asks(ctx, "won", name="go", id="race", timeout=None)
    stage.asks(ctx, "limit", delay=3)
    first = await io.wait_for_any(
        event=io.wait_for_event("won", name="go", id="race"), clock=io.wait("limit", 3)
    )
    await do(io, ctx, "told", first.key)
    return both


@client.job(id="child")
async def child(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    stage.body_begins(ctx)
    n = payload["n"]
    await do(io, ctx, "work", n, takes=0.1 * (n % 3))
    if n % 4 == 1:
        await nap(io, ctx, "rest", 1.5)
    if n % 5 == 4:
        raise NonRetryable("this child fails")
    return n * 10


@client.job(id="parent")
async def parent(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    stage.body_begins(ctx)
    n = payload["n"]
    try:
        alone = await child.trigger_and_wait({"n": n})
        assert alone == n * 10, (n, alone)
        assert n % 5 != 4, n
    except RunFailed as failed:
        stage.child_failed(ctx, failed)
    results = await child.batch_trigger_and_wait([{"n": n + i} for i in range(1, 4)])
    for result in results:
        stage.child_given(ctx, result)
    await do(io, ctx, "sum", [result.ok for result in results])
    return [result.output for result in results]


@client.job(id="stubborn", retry=Retry(max_attempts=3, min_delay="1s", max_delay="2s"))
async def stubborn(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    stage.body_begins(ctx)
    await do(io, ctx, "slowly", "kept", fails=1, retry=SLOW)
    if ctx.run.attempt == 1:
        raise ValueError("the body fails the first time")
    return ctx.run.attempt


@client.job(id="talk")
async def talk(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    stage.body_begins(ctx)
    for part in range(4):
        await io.stream.append("words", part)
        if part == 1:
            await do(io, ctx, "think", "thought")
    io.metadata.set("said", 4)
    await io.progress(1, 2, "halfway")
    await nap(io, ctx, "breath", 0.7)
    await io.store.set(f"said-{ctx.run.id}", io.uuid().hex)
    return str(io.now().year)


@client.job(id="narrow", concurrency=Concurrency(limit=2, per_key=1, key="n"))
async def narrow(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    """In a queue with limits: it waits, and stands in line again."""
    stage.body_begins(ctx)
    n = payload["n"]
    await do(io, ctx, "squeeze", n, fails=n % 2, takes=0.3)
    await nap(io, ctx, "breather", 0.5 + n % 3)
    return await do(io, ctx, "through", n, takes=0.2)


@client.job(id="ring")
async def ring(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    """What others find broken too: a few failures hold them all back, until one has tried."""
    stage.body_begins(ctx)
    n = payload["n"]

    async def bell() -> int:
        begun = stage.task_begins(ctx, "bell")
        stage.rings(ctx, "bell")
        await stage.pause(0.4)
        if begun <= n % 3:
            raise ConnectionError("nobody hears it")
        if begun == n % 3 + 1 and n % 5 == 1:
            await stage.pause(2)
        return n

    bells = CircuitBreaker("bell", failures=2, reset="3 seconds")
    return await io.run_task("bell", bell, retry=QUICK, breaker=bells)


@client.job(id="solo", singleton=Singleton("queue", key="n"))
async def solo(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    """One of each kind at a time, also while it waits."""
    stage.body_begins(ctx)
    await do(io, ctx, "begin", payload["n"], fails=payload["n"] % 2, takes=0.1)
    await nap(io, ctx, "alone", 0.5 + payload["n"])
    return await do(io, ctx, "end", "over")


@client.job(id="ask")
async def ask(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    """What somebody outside must say: in time, too late, twice, or never."""
    stage.body_begins(ctx)
    token = await io.create_token("question", timeout=2 + payload["n"] % 9)
    try:
        said = await io.wait_for_token(token, key="said")
    except WaitTimeout:
        said = None
    await do(io, ctx, "heard", said)
    try:
        again = await io.wait_for_token(token.id, key="again")
    except WaitTimeout:
        again = None
    assert again == said, "a token has two ends"
    return said


@client.job(id="board")
async def board(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    """What two of three people must approve, or more once they were too slow, and never who asked."""
    stage.body_begins(ctx)
    n = payload["n"]

    def tell(notice: ApprovalNotice) -> None:
        stage.task_begins(ctx, "tell")

    try:
        done = await io.wait_for_approval(
            "ok",
            to=["ann", "bob", "cem"],
            quorum=2,
            requested_by="eve",
            timeout=70 if n % 5 == 0 else 2 + n % 9,
            remind_every="1 minute",
            escalate_after=1 + n % 4,
            escalate_to=["dan"],
            notify=tell if n % 3 else quietly,
        )
        said = done.status
        assert sum(one.decision == "approve" for one in done.answers) == 2, "approved by too few"
    except ApprovalRejected as refused:
        said = refused.approval.status
    except WaitTimeout:
        said = "EXPIRED"
    await do(io, ctx, "decided", said)
    return said


async def quietly(notice: ApprovalNotice) -> None:
    """Tells nobody."""


@client.job(id="deep")
async def deep(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    """Tasks inside tasks, some at a time, and one that is too slow the first time."""
    stage.body_begins(ctx)
    n = payload["n"]

    async def outer(part: int) -> int:
        stage.task_begins(ctx, "part")
        first = await io.run_task("inner", inner, part)
        if stage.task_begins(ctx, "mood") <= n % 2:
            raise ConnectionError("once more, and what is inside is kept")
        return first + 1

    async def inner(part: int) -> int:
        stage.task_begins(ctx, "inner")
        await stage.pause(0.02 * part)
        return part

    async def slow() -> str:
        await stage.pause(5 if stage.task_begins(ctx, "slow") == 1 else 0.1)
        return "done"

    parts = await io.map(
        lambda part: io.run_task(f"part-{part}", outer, part, retry=QUICK), range(3), limit=2
    )
    assert parts == [1, 2, 3], parts
    await io.send_event("say", "go", {"run": ctx.run.id}, id="a")
    return await io.run_task("slow", slow, timeout="1s", retry=QUICK)


@client.job(id="hurry", max_duration="7s", ttl="40s")
async def hurry(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    stage.body_begins(ctx)
    await do(io, ctx, "begin", "begun")
    await nap(io, ctx, "long", 4 if payload["n"] % 2 else 30)
    return "in time"


@hurry.on_failure
async def after_hurry(payload: dict[str, Any], error: TimeoutError, io: IO, ctx: Context) -> None:
    """It is not in time: its code is not called again, and this is, its tasks once."""
    assert isinstance(error, TimeoutError), error

    async def apologise() -> None:
        stage.task_begins(ctx, "apologise")

    await io.run_task("apologise", apologise)
    await io.wait("breath", 1)
    await io.run_task("apologise", apologise)


@client.job(id="pay")
async def pay(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    """What must not be done twice: now and then it takes too long, and the bank is asked what became of it."""
    stage.body_begins(ctx)

    async def charge(amount: int) -> int:
        begun = stage.task_begins(ctx, "charge")
        if begun == 1 and amount % 3 == 1:
            await stage.pause(3)
        stage.charges(ctx, amount)
        if begun == 1 and amount % 3 == 2:
            await stage.pause(3)
        return amount

    async def find(amount: int, idempotency_key: str) -> Done[int] | NotDone:
        return Done(amount) if stage.is_charged(idempotency_key) else NotDone()

    for amount in (payload["n"], payload["n"] + 1):
        given = await io.run_task("charge", charge, amount, effect="once", reconcile=find, timeout="1s")
        assert given == amount, (given, amount)
    return "paid"


@client.job(id="tick", trigger=interval_trigger("7 seconds", catch_up="all"))
async def tick(io: IO, ctx: Context) -> None:
    """What nobody asks for: every slot starts it once, whatever the servers and their clocks do."""
    stage.body_begins(ctx)
    await do(io, ctx, "count", ctx.run.schedule_id)


@client.job(
    id="index",
    trigger=event_trigger("saved", debounce=Debounce("2 seconds", key="id", max_delay="5 seconds")),
)
async def index(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    """Of events and calls that come together one run."""
    stage.body_begins(ctx)
    return await do(io, ctx, "write", payload["n"])


@client.job(id="ledger", trigger=event_trigger("paid", batch=Batch(2, "3 seconds", key="id")))
async def ledger(payload: list[dict[str, Any]], io: IO, ctx: Context) -> Any:
    """Events gather for it."""
    stage.body_begins(ctx)
    return await do(io, ctx, "book", [one["n"] for one in payload])


@client.job(id="poison")
async def poison(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
    stage.body_begins(ctx)

    async def bite() -> None:
        stage.task_begins(ctx, "bite")
        stage.dies()

    await io.run_task("bite", bite)


@poison.on_failure
async def after_poison(error: Exception, io: IO) -> None:
    assert type(error).__name__ == "WorkerCrashed", error
    await io.run_task("thank", thank)
