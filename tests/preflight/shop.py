"""The app that checks are tested with, as text: each change of it is a text put in the place of another."""

from typing import Any

from mainspring import Client

#: What its tasks did. A check must never add to it.
DONE: list[str] = []

SOURCE = """
import asyncio
from pydantic import BaseModel
from mainspring import IO, Client, event_trigger, task

client = Client("shop")


class Order(BaseModel):
    id: str
    amount: int = 5


class Receipt(BaseModel):
    id: str
    total: int


def charge(order_id: str, amount: int) -> Receipt:
    DONE.append("charge")
    return Receipt(id=f"ch-{order_id}", total=amount)


@task
async def reserve(sku: str) -> str:
    DONE.append(sku)
    return sku


@client.job(id="mail")
async def mail(payload: dict[str, str], io: IO) -> str:
    await io.wait("until the morning", "8 hours")
    return payload["to"]


@client.job(id="fulfil", version="1.0", trigger=event_trigger("order.created"))
async def fulfil(payload: Order, io: IO) -> str:
    began = io.now()
    receipt = await io.run_task("charge", charge, payload.id, payload.amount)
    left, right = await asyncio.gather(reserve("left"), reserve("right"))
    await io.send_event("tell", "order.charged", {"id": payload.id})
    await io.store.set("last", payload.id)
    await io.run_task("label", print, receipt.id)
    await io.wait_for_event("packed", name="order.packed", id=payload.id)
    await io.run_task("ship", print, left, right)
    return receipt.id


@client.job(id="sync-report")
def sync_report(payload: dict[str, str], io: IO) -> None:
    io.run_task("gather", print, "x")
    io.wait("pause", "1 day")
"""


def shop(*changes: tuple[str, str]) -> Client:
    """The app, with some of its text changed."""
    source = SOURCE
    for old, new in changes:
        assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in the app"
        source = source.replace(old, new)
    names: dict[str, Any] = {"DONE": DONE, "__name__": "shop"}
    exec(compile(source, "shop.py", "exec"), names)
    client = names["client"]
    assert isinstance(client, Client)
    return client
