"""`FakeIO`: one function tried by itself, with nothing behind its io."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from mainspring import IO, Client, SyncIO, TaskFailed, WaitTimeout, ctx
from mainspring import io as ambient
from mainspring.errors import ApprovalRejected, DefinitionError, NonRetryable
from mainspring.testing import FakeIO

client = Client("shop")


class Paid(BaseModel):
    sum: int


@client.job(id="ship")
async def ship(payload: str) -> str:
    return f"sent {payload}"


@client.job(id="fulfil")
async def fulfil(payload: dict[str, Any], io: IO) -> dict[str, Any]:
    async def charge(amount: int) -> dict[str, int]:
        return {"charged": amount}

    charged = await io.run_task("charge", charge, payload["amount"])
    before = io.now()
    await io.wait("cool-off", "7 days")
    paid = await io.wait_for_event("paid", name="invoice.paid", schema=Paid, timeout="1 day")
    await io.store.set("last", payload["amount"])
    await io.send_event("tell", "order.paid", {"sum": paid.payload.sum})
    await io.progress(1, 2)
    io.logger.info("done", sum=paid.payload.sum)
    return {**charged, "days": (io.now() - before).days, "last": await io.store.get("last")}


async def test_tasks_are_called_and_waits_are_over_at_once() -> None:
    io = FakeIO(answers={"paid": {"sum": 3}})
    assert await fulfil.fn({"amount": 3}, io) == {"charged": 3, "days": 7, "last": 3}
    assert io.keys == ["charge", "cool-off", "paid", "last", "order.paid", "progress", "last"]
    assert io.calls[0].given == ((3,), {})
    assert timedelta(microseconds=io.calls[1].given) == timedelta(days=7)
    assert io.logged == [("INFO", "done", {"sum": 3})]
    assert io.stored == {"last": 3}


async def test_an_event_may_be_answered_by_its_name_and_an_error_is_raised() -> None:
    assert await fulfil.fn({"amount": 1}, FakeIO(answers={"invoice.paid": {"sum": 3}}))
    with pytest.raises(WaitTimeout):
        await fulfil.fn({"amount": 1}, FakeIO(answers={"paid": WaitTimeout("nobody paid")}))


async def test_what_has_no_answer_says_how_to_give_it() -> None:
    with pytest.raises(DefinitionError, match=r"given no answer.*FakeIO\(answers=\{'paid': \.\.\.\}\)"):
        await fulfil.fn({"amount": 1}, FakeIO())


async def test_an_answer_for_a_task_stands_for_its_function() -> None:
    io = FakeIO(answers={"charge": {"charged": 9}, "paid": {"sum": 3}})
    assert (await fulfil.fn({"amount": 3}, io))["charged"] == 9


async def test_a_task_has_its_attempts_without_their_pauses() -> None:
    tries: list[int] = []

    async def shaky() -> int:
        tries.append(ctx.attempt.number)
        if len(tries) < 3:
            raise ConnectionError("no route")
        return len(tries)

    async def never() -> None:
        raise NonRetryable("no such card")

    io = FakeIO()
    assert await io.run_task("charge", shaky, retry=3) == 3
    assert tries == [1, 2, 3]
    with pytest.raises(TaskFailed, match="no such card"):
        await io.run_task("charge", never)


async def test_a_whole_job_is_called_with_its_io_found_anywhere() -> None:
    @client.job(id="parent")
    async def parent(payload: str) -> str:
        sent = await ship.trigger_and_wait(payload)
        await ambient.wait("1 hour")
        return f"{sent} by {ctx.job.id}"

    io = FakeIO(answers={"ship": "sent it"})
    assert await io.run(parent, "it") == "sent it by parent"
    assert [call.kind for call in io.calls] == ["trigger", "wait"]


async def test_a_stream_passes_on_what_comes() -> None:
    io = FakeIO()
    assert [chunk async for chunk in io.stream("words", ["a", "b"])] == ["a", "b"]
    assert io.chunks == {"words": ["a", "b"]}


async def test_an_approval_is_what_the_test_fills_in() -> None:
    io = FakeIO(answers={"refund": {"sum": 3}, "again": ApprovalRejected("no", comment="too much")})
    assert (await io.wait_for_approval("refund", schema=Paid)).sum == 3
    with pytest.raises(ApprovalRejected):
        await io.wait_for_approval("again")
    with pytest.raises(DefinitionError, match="ApprovalRejected"):
        await io.wait_for_approval("unknown")


async def test_waits_side_by_side() -> None:
    io = FakeIO(answers={"paid": {"sum": 3}})
    first = await io.wait_for_any(paid=io.wait_for_event("paid", name="paid"), late=io.wait("3 days"))
    assert first.key == "paid"
    assert await io.parallel(io.run_task("a", lambda: 1), io.run_task("b", lambda: 2)) == [1, 2]


def test_a_plain_def_gets_values() -> None:
    def charge(io: SyncIO) -> int:
        io.wait("1 day")
        io.logger.info("waited")
        return io.run_task("charge", lambda: 5) + int(io.store.get("fee", 2))

    io = FakeIO()
    assert charge(io) == 7  # type: ignore[arg-type]  # a FakeIO blocks where nothing can be awaited
    assert io.keys == ["wait", "charge", "fee"]
    assert list(io.stream("words", ["a"])) == ["a"]  # type: ignore[call-overload]  # as a plain `def` writes it
    assert io.chunks == {"words": ["a"]}
