"""Procrastinate on PostgreSQL, its worker in this process. It has no results: a run counts as done when its
function was called, a little early. Argument: the database URL.
"""

import asyncio
import sys
import time

import figures as f
from procrastinate import App, PsycopgConnector

app = App(connector=PsycopgConnector(conninfo=sys.argv[1], max_size=20))
done: dict[str, asyncio.Future[float]] = {}


@app.task(name="one")
async def one(key: str) -> None:
    done[key].set_result(time.monotonic())


@app.task(name="link")
async def link(key: str, left: int) -> None:
    if left == 0:
        done[key].set_result(time.monotonic())
    else:
        await link.defer_async(key=key, left=left - 1)


async def call(count: int = 1) -> float:
    """When the run, or the last of a chain of them, was called."""
    key = str(time.monotonic_ns())
    while key in done:
        key += "+"
    done[key] = asyncio.get_running_loop().create_future()
    if count == 1:
        await one.defer_async(key=key)
    else:
        await link.defer_async(key=key, left=count - 1)
    return await done[key]


async def measure() -> None:
    for _ in range(20):
        await call()
    lines = []
    for _ in range(f.STARTS):
        began = time.monotonic()
        lines.append(await call() - began)
    f.spread("W3", "trigger to first line", lines)
    f.figure("W1", "runs, 100 in flight", f.RUNS / await f.in_flight(call, f.RUNS), "runs/s")
    wide = max(10, f.WIDE // 2)
    took = await f.timed(asyncio.gather(*(call(f.TASKS) for _ in range(wide))))
    f.figure("W2", "tasks", wide * f.TASKS / took, "tasks/s")


async def main() -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        working = asyncio.create_task(
            app.run_worker_async(concurrency=f.IN_FLIGHT, install_signal_handlers=False)
        )
        await measure()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


asyncio.run(main())
