"""The jobs of the storm: five tasks with waits and events between them; and what a fault may make of a run.

Every task writes two lines into the file of effects: that its body began, and that its effect was done. A line is
one write at the end of a file, so a kill leaves it whole or leaves nothing.
"""

import asyncio
import json
import os
import random
import threading
import time
from typing import Any

from mainspring import IO, Client, ctx, event_trigger

client = Client("chaos")


def note(what: str, key: str) -> None:
    """What befell a task, with who did it and when (microseconds, one clock for all processes here)."""
    line = {"what": what, "run_id": ctx.run.id, "task_key": key, "pid": os.getpid(), "at": now()}
    out = os.open(os.environ["EFFECTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(out, json.dumps(line).encode() + b"\n")
    os.close(out)


def now() -> int:
    return time.monotonic_ns() // 1_000


async def work(key: str, n: int) -> str:
    """A body that a kill may hit before its effect, after it, or not at all."""
    note("begun", key)
    await asyncio.to_thread(threading.Event().wait, random.uniform(0.005, 0.05))
    note("done", key)
    return f"{key}-{n}"


@client.job(id="order", trigger=event_trigger("order.created"))
async def order(payload: dict[str, int], io: IO) -> list[Any]:
    """Its output tells whether every task answered with its own result, in every replay."""
    n = payload["n"]
    reserved = await io.run_task("reserve", work, "reserve", n)
    await io.wait("cool", "300ms")
    charged = await io.run_task("charge", work, "charge", n)
    paid = await io.wait_for_event("paid", name="order.paid", id=f"order-{n}")
    packed, labelled = await asyncio.gather(
        io.run_task("pack", work, "pack", n), io.run_task("label", work, "label", n)
    )
    await io.wait("carry", "200ms")
    shipped = await io.run_task("ship", work, "ship", n)
    return [reserved, charged, paid.payload["n"], packed, labelled, shipped]


TASKS = ("reserve", "charge", "pack", "label", "ship")


def output_of(n: int) -> list[Any]:
    """What the run of order `n` comes to."""
    return [f"reserve-{n}", f"charge-{n}", n, f"pack-{n}", f"label-{n}", f"ship-{n}"]
