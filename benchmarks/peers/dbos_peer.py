"""DBOS: workflows called directly in the process that serves them, its fastest way. Argument: the database URL."""

import asyncio
import sys
import time

import figures as f
from dbos import DBOS

DBOS(config={"name": "bench", "system_database_url": sys.argv[1], "log_level": "ERROR"})


@DBOS.step()
async def one() -> int:
    return 1


@DBOS.workflow()
async def one_task() -> int:
    return await one()


@DBOS.workflow()
async def many_tasks(count: int) -> float:
    began = time.monotonic()
    for _ in range(count):
        await one()
    return time.monotonic() - began


@DBOS.workflow()
async def first_line() -> float:
    return time.monotonic()


@DBOS.workflow()
async def child(number: int) -> int:
    return number


@DBOS.workflow()
async def parent(count: int) -> int:
    return sum(await asyncio.gather(*(child(number) for number in range(count))))


async def main() -> None:
    DBOS.launch()
    for _ in range(20):
        await one_task()
    lines, results = [], []
    for _ in range(f.STARTS):
        began = time.monotonic()
        lines.append(await first_line() - began)
        results.append(time.monotonic() - began)
    f.spread("W3", "trigger to first line", lines)
    f.spread("W3", "trigger to result", results)
    f.figure("W4", "a task, one run", 1000 * await many_tasks(f.ALONE) / f.ALONE, "ms")
    f.figure("W1", "runs, 100 in flight", f.RUNS / await f.in_flight(one_task, f.RUNS), "runs/s")
    took = await f.timed(asyncio.gather(*(many_tasks(f.TASKS) for _ in range(f.WIDE))))
    f.figure("W2", "tasks", f.WIDE * f.TASKS / took, "tasks/s")
    f.figure("W8", f"a parent with {f.CHILDREN} children", await f.timed(parent(f.CHILDREN)), "s")
    DBOS.destroy()


asyncio.run(main())
