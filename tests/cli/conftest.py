"""A running `mainspring dev` for the command tests, one per module; and folders with apps in them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from processes import Dev

APP = """
import asyncio

from pydantic import BaseModel

from mainspring import IO, Client, Retry, ctx, event_trigger, invoke_trigger

client = Client("test-app")


class Hello(BaseModel):
    who: str = "world"


class Price(BaseModel):
    amount: int


@client.job(id="hello", name="Say hello", trigger=event_trigger("hello.world"))
async def hello(payload: Hello, io: IO) -> dict[str, str]:
    greeting = await io.run_task("compose", lambda who: f"Hello, {who}!", payload.who)
    io.logger.info("composed", who=payload.who)
    return {"greeting": greeting}


def fetch() -> str:
    if ctx.attempt.number < 3:
        raise ConnectionError("the line is dead")
    return "fetched"


@client.job(id="flaky", trigger=event_trigger("fetch.wanted"))
async def flaky(io: IO) -> str:
    return await io.run_task("fetch", fetch, retry=Retry(max_attempts=5, min_delay="50ms", max_delay="50ms"))


@client.job(id="broken", trigger=event_trigger("break.wanted"))
async def broken(io: IO) -> None:
    def charge() -> None:
        raise ValueError("no such card")

    await io.run_task("charge", charge, retry=1)


@client.job(id="price", trigger=event_trigger("price.changed"))
async def price(payload: Price) -> int:
    return payload.amount


@client.job(id="approval", trigger=event_trigger("approval.wanted"))
async def approval(payload: dict[str, str], io: IO) -> str:
    io.logger.warning("waiting for a person", about=payload["about"])
    event = await io.wait_for_event("decision", name="approval.given", id=payload["about"], timeout="1 hour")
    return event.payload["by"]


@client.job(id="slow", trigger=invoke_trigger(), max_duration="300ms", retry=1)
async def slow(io: IO) -> None:
    await asyncio.sleep(60)


@client.job(id="counter", trigger=event_trigger("count.wanted"))
async def counter(io: IO) -> int:
    return await io.store.update("count", lambda count: count + 1, default=0)
"""


@pytest.fixture
def launch() -> Iterator[Callable[..., Dev]]:
    """Starts `mainspring dev` processes that end with the test."""
    started: list[Dev] = []

    def start(folder: Path, *arguments: str, **options: object) -> Dev:
        dev = Dev.start(folder, *arguments, **options)  # type: ignore[arg-type]
        started.append(dev)
        return dev

    yield start
    for dev in started:
        dev.close()


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """The platform with `APP`, shared by the tests of a module: each uses events or ids of its own."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "app.py").write_text(APP)
    running = Dev.start(folder)
    try:
        yield running.wait_until_ready()
    finally:
        running.close()
