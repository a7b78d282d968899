"""The jobs that are measured. Times are `time.monotonic()`, which all processes of one machine share, or the
wall clock's where a replay must read them again."""

import time
from datetime import UTC, datetime

from mainspring import IO, Client

client = Client("bench")


async def _one() -> int:
    return 1


@client.job(id="one-task")
async def one_task(io: IO) -> int:
    """W1: the least a durable run is."""
    return await io.run_task("one", _one)


@client.job(id="many-tasks")
async def many_tasks(payload: int, io: IO) -> float:
    """W2 and W4: `payload` tasks one after the other; the seconds that they took together."""
    began = time.monotonic()
    for _ in range(payload):
        await io.run_task("one", _one)
    return time.monotonic() - began


@client.job(id="first-line")
async def first_line() -> float:
    """W3: when user code began."""
    return time.monotonic()


@client.job(id="sleeper")
async def sleeper(payload: float, io: IO) -> float:
    """W5: seconds beyond the `payload` seconds that a durable wait took, from the line before it to the one after."""
    began = io.now()  # and no task, whose commit would be measured with the wait
    await io.wait(payload)
    return (datetime.now(UTC) - began).total_seconds() - payload


@client.job(id="listener")
async def listener(payload: str, io: IO) -> float:
    """W5 and W7: when user code went on after its event."""
    await io.wait_for_event("event", name="bench.event", id=payload)
    return time.monotonic()


@client.job(id="child")
async def child(payload: int) -> int:
    return payload


@client.job(id="parent")
async def parent(payload: int) -> int:
    """W8: a batch of `payload` children."""
    results = await child.batch_trigger_and_wait(range(payload))
    return sum(result.unwrap() for result in results)
