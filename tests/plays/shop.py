"""Jobs with the mistakes that the kit is there to find, and jobs without."""

import asyncio
from typing import Any

from pydantic import BaseModel

from mainspring import IO, Client, Context, NonRetryable, SyncIO, event_trigger
from mainspring.testing import Outside

client = Client("shop")

#: What the bank was asked to do; and, where it was told who asks, what it did.
charges: list[str] = []
dedupes: dict[str, str] = {}
#: Shared by runs of one process, as a cache of a module is.
shared = {"n": 0}


def reset() -> None:
    charges.clear()
    dedupes.clear()
    shared["n"] = 0


async def charge(id: str) -> str:
    charges.append(id)
    return f"ch-{id}"


async def charge_once(id: str, key: str) -> str:
    if key not in dedupes:
        dedupes[key] = await charge(id)
    return dedupes[key]


@client.job(id="fulfil")
async def fulfil(payload: dict[str, Any], io: IO, ctx: Context) -> dict[str, Any]:
    """Charges twice when a worker dies at the wrong moment."""
    await io.run_task("reserve", lambda: "r-1")
    charged = await io.run_task("charge", charge, payload["id"])
    await io.wait("cool-off", "7 days")
    paid = await io.wait_for_event("paid", name="invoice.paid", id=payload["id"])
    await io.store.set("last", payload["id"])
    return {"charged": charged, "paid": paid.payload}


@client.job(id="fulfil-well")
async def fulfil_well(payload: dict[str, Any], io: IO, ctx: Context) -> str:
    async def with_key() -> str:
        return await charge_once(payload["id"], ctx.idempotency_key)

    return await io.run_task("charge", with_key)


@client.job(id="fulfil-once")
async def fulfil_once(payload: dict[str, Any], io: IO) -> str:
    return await io.run_task("charge", charge, payload["id"], effect="once")


@client.job(id="in-the-body")
async def in_the_body(payload: dict[str, Any], io: IO) -> int:
    """An effect outside tasks, which every replay repeats."""
    charges.append(payload["id"])
    return await io.run_task("count", lambda: 1)


@client.job(id="plain")
def plain(payload: dict[str, Any], io: SyncIO) -> list[int]:
    first = io.run_task("first", lambda: io.store.update("n", lambda n: (n or 0) + 1))
    io.wait("1 day")
    return [first, io.run_task("second", lambda: first + 1)]


@client.job(id="parent")
async def parent(payload: dict[str, Any], io: IO) -> list[str]:
    children = await fulfil_well.batch_trigger_and_wait([{"id": f"c-{n}"} for n in range(2)])
    return [child.unwrap() for child in children]


@client.job(id="sell")
async def sell(payload: dict[str, Any], io: IO) -> int:
    """Loses an update when two runs read before one of them writes."""
    stock = await io.store.get("stock", 10)
    await io.store.set("stock", stock - 1)
    return int(stock) - 1


@client.job(id="sell-well")
async def sell_well(payload: dict[str, Any], io: IO) -> int:
    return int(await io.store.update("stock", lambda stock: stock - 1, default=10))


@client.job(id="remember")
async def remember(payload: dict[str, Any], io: IO) -> None:
    """The same mistake in memory."""

    async def add() -> None:
        n = shared["n"]
        await asyncio.sleep(0)
        shared["n"] = n + 1

    await io.run_task("add", add)


@client.job(id="differs")
async def differs(payload: dict[str, Any], io: IO) -> str:
    return str(await io.run_task("id", io.uuid))


@client.job(id="hangs")
async def hangs(payload: dict[str, Any], io: IO) -> None:
    await io.wait_for_event("never", name="never.sent")


@client.job(id="fails")
async def fails(payload: dict[str, Any], io: IO) -> int:
    return await io.run_task("one", lambda: 1)


@client.job(id="ledger", trigger=event_trigger("payment.made"))
async def ledger(payload: dict[str, Any], io: IO) -> None:
    """Counts what was paid; an event that comes twice is counted twice."""
    await io.store.update("paid", lambda sum: sum + 1, default=0)


async def pay(outside: Outside) -> None:
    await outside.sleep("3 days")
    await outside.send_event("invoice.paid", {"amount": 5}, id="o-1")


@client.job(id="beside")
async def beside(payload: dict[str, Any], io: IO) -> list[str]:
    """Tells in which order its tasks came back."""
    came: list[str] = []

    async def one(name: str) -> None:
        await io.run_task(name, lambda: None)
        came.append(name)

    await asyncio.gather(one("a"), one("b"))
    return came


def double(n: int) -> int:
    return 2 * n


@client.job(id="isolated")
async def isolated(payload: dict[str, int], io: IO) -> int:
    return await io.run_task("double", double, payload["n"], isolation="process")


@client.job(id="gives-up")
async def gives_up(payload: dict[str, Any], io: IO) -> None:
    raise NonRetryable("no more of these")


@client.job(id="asks-around")
async def asks_around(payload: dict[str, Any], io: IO) -> int:
    """Speaks to the platform as other programs do."""
    await client.store.set("asked", payload["n"])
    child = await isolated.trigger({"n": payload["n"]})
    return int(await child.result()) + len((await client.store.list()).data)


class Verdict(BaseModel):
    amount: int


@client.job(id="asks-people")
async def asks_people(payload: dict[str, Any], io: IO) -> int:
    verdict = await io.wait_for_approval("review", schema=Verdict, to=["ann@example.org"], timeout="3 days")
    return verdict.amount


async def ann(outside: Outside) -> None:
    await outside.sleep("1 hour")
    async for question in client.approvals.list():
        await client.approvals.answer(question, "approve", by="ann@example.org", form={"amount": 7})
