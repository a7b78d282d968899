"""Twelve jobs that between them use every call of `io`, each with what people outside do about it.

What a job does depends on nothing but its payload and the answers it gets, so a run of it has one right end.
`tests/replay/` keeps recorded runs of them: a change here must leave those able to go on, as it would a user's.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from mainspring import (
    IO,
    ApprovalNotice,
    CircuitBreaker,
    Client,
    Context,
    Done,
    NonRetryable,
    NotDone,
    Retry,
    RunFailed,
    SyncIO,
    TaskFailed,
    WaitTimeout,
    ctx,
    event_trigger,
)
from mainspring.testing.lives import is_dead

#: Short pauses are made in place, long ones give up the worker's slot.
SHORT = Retry(max_attempts=3, min_delay="1s", max_delay="1s", jitter=False)
LONG = Retry(max_attempts=3, min_delay="1m", max_delay="1m", jitter=False)


@dataclass(frozen=True)
class Answer:
    """An event that somebody sends while the run waits for it."""

    name: str
    payload: Any
    id: str | None = None


@dataclass(frozen=True)
class Play:
    """How a job is started, and answered."""

    job_id: str
    payload: Any
    #: The event that starts it; None: it is called.
    event: str | None = None
    #: By the key of the wait.
    answers: Mapping[str, Answer] = field(default_factory=dict)


PLAYS = (
    Play("order", {"n": 7}, event="order"),
    Play("nested", {"n": 2}),
    Play("approval", {"id": "a-1"}, answers={"second": Answer("decision", {"ok": True, "n": 9}, "a-1")}),
    Play("together", 3, answers={"paid": Answer("paid", {"by": "Ada"})}),
    Play("parent", 2),
    Play("ledger", 5),
    Play("teller", "hello"),
    Play("plain", 4),
    Play("payments", 3),
    Play("guarded", "in"),
    Play("voucher", 8),
    Play("council", 6),
)


class Jobs:
    """The jobs of a play on a client; `did` is told of every effect: the task and the number of its attempt."""

    def __init__(self, client: Client, play: Play, did: Callable[[str, int], None]) -> None:
        self.client = client
        self.did = did
        #: An outside service, which outlives every process: what it was asked to do, by idempotency key.
        self.bank: dict[str, int] = {}
        if play.job_id in _DEFINED:
            _DEFINED[play.job_id](self)

    def fails(self, ctx: Context, times: int, value: Any) -> Any:
        """A task's effect, which is done and yet fails so many times."""
        key, attempt = ctx.task_key or "", ctx.attempt.number
        self.did(f"{ctx.job.id}:{key}", attempt)
        if attempt <= times:
            raise ConnectionError(f"{key} failed on attempt {attempt}")
        return value

    async def does(
        self, io: IO, ctx: Context, key: str, value: Any, *, fails: int = 0, retry: Any = None
    ) -> Any:
        async def work() -> Any:
            return self.fails(ctx, fails, value)

        return await io.run_task(key, work, retry=retry)


def _order(jobs: Jobs) -> None:
    @jobs.client.job(id="order", trigger=event_trigger("order"))
    async def order(payload: dict[str, int], io: IO, ctx: Context) -> list[Any]:
        """Tasks with short and long pauses between their attempts; one fails for good."""
        charged = await jobs.does(io, ctx, "charge", payload["n"], fails=2, retry=SHORT)
        packed = await jobs.does(io, ctx, "pack", "packed", fails=1, retry=LONG)
        try:
            await jobs.does(io, ctx, "thank", None, fails=2, retry=2)
        except TaskFailed as failed:
            return [charged, packed, failed.attempts]
        return []


def _nested(jobs: Jobs) -> None:
    @jobs.client.job(id="nested")
    async def nested(payload: dict[str, int], io: IO, ctx: Context) -> list[Any]:
        """Tasks in tasks, repeated keys, values that stay the same, all that a run shows of itself."""
        began, number, mark = io.now(), io.random(), io.uuid()
        io.logger.info("it begins", n=payload["n"])
        await io.progress(0, payload["n"], "begun")
        found: list[Any] = []

        async def outer(n: int) -> Any:
            inner = await jobs.does(io, ctx, "inner", n, fails=1, retry=SHORT)
            return [inner, await jobs.does(io, ctx, "inner", n + 1)]

        for n in range(payload["n"]):
            found.append(await io.run_task("outer", outer, n))
            await io.progress(n + 1, payload["n"])
            io.metadata.set("at", n)
            io.metadata.increment("done")
            io.metadata.append("all", n)
            io.tags.add(f"n-{n}")
            print(f"{n + 1} done")
        kept = await jobs.does(io, ctx, "keep", [began.isoformat(), number, str(mark)])
        assert kept == [began.isoformat(), number, str(mark)], "a value changed on replay"
        return found


def _approval(jobs: Jobs) -> None:
    @jobs.client.job(id="approval")
    async def approval(payload: dict[str, str], io: IO, ctx: Context) -> list[Any]:
        """Waits for time and for events: one times out, one is answered."""
        await jobs.does(io, ctx, "ask", "asked")
        await io.wait("cool-off", "10 seconds")
        first = "answered"
        try:
            await io.wait_for_event("first", name="decision", id=payload["id"], timeout="1 hour")
        except WaitTimeout:
            first = "nobody"
        await jobs.does(io, ctx, "remind", "reminded")
        fits = {"n": [{"$gte": 5}]}
        second = await io.wait_for_event(
            "second", name="decision", id=payload["id"], filter=fits, timeout="1 day"
        )
        await io.wait_until("due", io.now() + timedelta(hours=1))
        return [first, second.payload, await jobs.does(io, ctx, "file", "filed")]


def _together(jobs: Jobs) -> None:
    @jobs.client.job(id="together")
    async def together(payload: int, io: IO, ctx: Context) -> list[Any]:
        """Several things at once: tasks, waits, the first of several."""

        async def side(name: str, seconds: int) -> list[Any]:
            one = await jobs.does(io, ctx, f"{name}-a", name)
            await io.wait(f"{name}-nap", seconds)
            return [one, await jobs.does(io, ctx, f"{name}-b", seconds)]

        sides = await io.parallel(side("left", 20), side("right", 10))
        mapped = await io.map(lambda n: jobs.does(io, ctx, "each", n * n), range(payload), limit=2)
        first = await io.wait_for_any(
            paid=io.wait_for_event("paid", name="paid"), late=io.wait("late", "3 days")
        )
        second = await io.wait_for_any(
            paid=io.wait_for_event("paid", name="paid again"), late=io.wait("late", "1 hour")
        )
        gathered = await asyncio.gather(jobs.does(io, ctx, "last-a", 1), jobs.does(io, ctx, "last-b", 2))
        return [list(sides), mapped, first.key, first.payload, second.key, gathered]


def _parent(jobs: Jobs) -> None:
    @jobs.client.job(id="child")
    async def child(payload: int, io: IO, ctx: Context) -> int:
        if payload > 90:
            raise NonRetryable("too large")
        await io.wait("nap", payload)
        return int(await jobs.does(io, ctx, f"work-{payload}", payload * 10))

    @jobs.client.job(id="parent")
    async def parent(payload: int, io: IO, ctx: Context) -> list[Any]:
        """Runs of another job: one alone, one waited for, several waited for, one that fails."""
        await child.trigger(30)
        one = await child.trigger_and_wait(1)
        results = await child.batch_trigger_and_wait([payload + n for n in range(2)])
        try:
            await child.trigger_and_wait(91)
        except RunFailed as failed:
            return [one, [result.output for result in results], failed.status]
        return []


def _ledger(jobs: Jobs) -> None:
    @jobs.client.job(id="ledger", retry=Retry(max_attempts=3, min_delay="20s", max_delay="20s", jitter=False))
    async def ledger(payload: int, io: IO, ctx: Context) -> list[Any]:
        """The store in all its scopes; the body fails once, over its finished tasks."""
        before = await io.store.get("count", 0)
        count = await io.store.update("count", lambda value: (value or 0) + payload)
        if ctx.attempt.number == 1:
            raise ConnectionError("the first body fails")
        await io.store.job.set("last", {"count": count})
        await io.store.run.set("mine", count)
        had = await io.store.has("gone")
        await io.store.set("gone", "soon")
        gone = await io.store.delete("gone")
        await jobs.does(io, ctx, "book", count)
        return [before, count, had, gone, await io.store.job.get("last"), await io.store.run.get("mine")]


def _teller(jobs: Jobs) -> None:
    @jobs.client.job(id="listener", trigger=event_trigger("told"))
    async def listener(payload: dict[str, Any], io: IO, ctx: Context) -> Any:
        return await jobs.does(io, ctx, f"hear-{payload['n']}", payload["n"])

    @jobs.client.job(id="teller")
    async def teller(payload: str, io: IO, ctx: Context) -> list[Any]:
        """Events it sends, which start runs and resolve its own wait; a stream."""
        async for word in io.stream("words", [payload, "world"]):
            await jobs.does(io, ctx, "say", word)
        await io.send_event("one", "told", {"n": 1})
        await io.send_events("more", [{"name": "told", "payload": {"n": n}} for n in (2, 3)])
        await io.send_event("later", "echo", {"n": 4}, id=payload, delay="30 seconds")
        echo = await io.wait_for_event("echo", name="echo", id=payload)
        await io.stream.append("words", "end")
        return [echo.payload]


def _plain(jobs: Jobs) -> None:
    @jobs.client.job(id="adder")
    def adder(payload: int, io: SyncIO, ctx: Context) -> int:
        return int(io.run_task(f"help-{payload}", lambda: jobs.fails(ctx, 0, payload + 1)))

    @jobs.client.job(id="plain")
    def plain(payload: int, io: SyncIO, ctx: Context) -> list[Any]:
        """A plain `def`: the same calls, which wait for their values."""
        one = io.run_task("one", lambda: jobs.fails(ctx, 1, payload), retry=SHORT)
        io.wait("nap", "5 seconds")
        both = io.parallel(
            lambda: io.run_task("left", lambda: jobs.fails(ctx, 0, "l")),
            lambda: io.run_task("right", lambda: jobs.fails(ctx, 0, "r")),
        )
        total = io.store.update("total", lambda value: (value or 0) + payload)
        added = adder.sync.trigger_and_wait(payload)
        return [one, list(both), total, added]


def _payments(jobs: Jobs) -> None:
    async def charge(amount: int) -> int:
        if ctx.idempotency_key in jobs.bank:
            raise NonRetryable("somebody was charged twice")
        jobs.fails(ctx, 0, None)
        if not is_dead():
            jobs.bank[ctx.idempotency_key] = amount
        return amount

    async def find(amount: int) -> Done[int] | NotDone:
        found = jobs.bank.get(ctx.idempotency_key)
        return NotDone() if found is None else Done(found)

    @jobs.client.job(id="payments")
    async def payments(payload: int, io: IO) -> list[int]:
        """What must not be done twice: each time somebody dies in between, the bank is asked."""
        return [await io.run_task("charge", charge, n, effect="once", reconcile=find) for n in range(payload)]


def _guarded(jobs: Jobs) -> None:
    gateway = CircuitBreaker("gateway", failures=2, reset="1 minute")

    @jobs.client.job(id="guarded")
    async def guarded(payload: str, io: IO, ctx: Context) -> list[Any]:
        """A breaker that opens under it: it is held, and is the probe, which fails once and then passes."""
        often = Retry(max_attempts=5, min_delay="1s", max_delay="1s", jitter=False)

        async def work() -> Any:
            return jobs.fails(ctx, 3, payload)

        first = await io.run_task("first", work, retry=often, breaker=gateway)
        return [first, await io.run_task("second", lambda: jobs.fails(ctx, 0, payload), breaker=gateway)]


def _voucher(jobs: Jobs) -> None:
    @jobs.client.job(id="voucher")
    async def voucher(payload: int, io: IO, ctx: Context) -> list[Any]:
        """One token that nobody completes before the run gives up, and one that expires while it is waited for."""
        token = await io.create_token("voucher", timeout="1 day", tags=[f"n-{payload}"])
        try:
            await io.wait_for_token(token, key="worth", timeout="1 minute")
        except WaitTimeout:
            await jobs.does(io, ctx, "remind", payload)
        late = await io.create_token("late", timeout="1 hour")
        try:
            return [await io.wait_for_token(late, key="more")]
        except WaitTimeout:
            return [token.tags, await jobs.does(io, ctx, "make-do", "made do")]


def _council(jobs: Jobs) -> None:
    @jobs.client.job(id="council")
    async def council(payload: int, io: IO, ctx: Context) -> list[Any]:
        """One of two is reminded, another is asked too, and nobody decides before the time is over."""

        def tell(notice: ApprovalNotice) -> None:
            jobs.fails(ctx, 0, notice.kind)

        try:
            await io.wait_for_approval(
                "agree",
                show={"n": payload},
                to=["ann"],
                timeout="100 minutes",
                remind_every="1 hour",
                escalate_after="90 minutes",
                escalate_to=["bob"],
                notify=tell,
            )
        except WaitTimeout:
            return [payload, await jobs.does(io, ctx, "make-do", "made do")]
        return []


_DEFINED: dict[str, Callable[[Jobs], None]] = {
    "order": _order,
    "nested": _nested,
    "approval": _approval,
    "together": _together,
    "parent": _parent,
    "ledger": _ledger,
    "teller": _teller,
    "plain": _plain,
    "payments": _payments,
    "guarded": _guarded,
    "voucher": _voucher,
    "council": _council,
}
