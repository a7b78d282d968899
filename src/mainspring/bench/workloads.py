"""W1-W5 and W8: what is done, and how its time is taken. Each returns its figures.

Everything goes through the public API, with history, attempts and logs on, and a run counts as done when its
sender holds the result.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mainspring import Run
from mainspring.bench import app
from mainspring.bench.figures import Figure, at_percent
from mainspring.ids import new_id

_MOST_PER_BATCH = 1000


@dataclass(frozen=True)
class Sizes:
    """How much of each; a quick look takes a tenth."""

    runs: int = 5_000
    bulk: int = 10_000
    wide: int = 200
    tasks: int = 25
    starts: int = 300
    alone: int = 500
    sleeps: int = 500
    sleep: float = 2.0
    events: int = 100
    waiting: int = 10_000
    children: int = 1_000
    listed: int = 1_000_000

    def quick(self) -> "Sizes":
        return Sizes(500, 1_000, 50, 25, 50, 200, 100, 0.5, 30, 1_000, 1_000, 20_000)


Workload = Callable[[Sizes], Awaitable[list[Figure]]]


async def warm_up() -> None:
    """Imports, caches and prepared statements."""
    await _in_flight(100, 200)
    await _result(await app.many_tasks.trigger(25))


async def one_task_runs(sizes: Sizes) -> list[Figure]:
    """W1: 100 senders, each starts a run of one task and waits for its result, again and again."""
    took = await _in_flight(100, sizes.runs)
    return [Figure("W1", "runs, 100 in flight", sizes.runs / took, "runs/s", "higher")]


async def _in_flight(senders: int, runs: int) -> float:
    """Seconds that `runs` runs took with so many senders."""
    left = runs

    async def sender() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await _result(await app.one_task.trigger())

    began = time.monotonic()
    await asyncio.gather(*(sender() for _ in range(senders)))
    return time.monotonic() - began


async def bulk_runs(sizes: Sizes) -> list[Figure]:
    """W1 in bulk: all enqueued first, a thousand a call. When the last one ended is read from the runs."""
    tag = new_id("bat")
    began_at, began = time.time(), time.monotonic()
    runs: list[Run[int]] = []
    for start in range(0, sizes.bulk, _MOST_PER_BATCH):
        count = min(_MOST_PER_BATCH, sizes.bulk - start)
        runs += await app.one_task.batch_trigger([None] * count, tags=[tag])
    enqueued = time.monotonic() - began
    await asyncio.gather(*(_result(run) for run in runs[-100:]))
    ends = [_instant(run.finished_at) async for run in app.client.runs.list(tag=tag, limit=100)]
    return [
        Figure("W1", "enqueue in bulk", sizes.bulk / enqueued, "runs/s", "higher"),
        Figure("W1", "runs, enqueued in bulk", len(ends) / (max(ends) - began_at), "runs/s", "higher"),
    ]


async def durable_tasks(sizes: Sizes) -> list[Figure]:
    """W2: runs side by side, each with tasks one after the other."""
    began = time.monotonic()
    runs = await app.many_tasks.batch_trigger([sizes.tasks] * sizes.wide)
    await asyncio.gather(*(_result(run) for run in runs))
    took = time.monotonic() - began
    name = f"tasks, {sizes.wide} runs x {sizes.tasks}"
    return [Figure("W2", name, sizes.wide * sizes.tasks / took, "tasks/s", "higher")]


async def idle_starts(sizes: Sizes) -> list[Figure]:
    """W3: one run at a time on an idle platform."""
    lines, results = [], []
    for _ in range(sizes.starts):
        began = time.monotonic()
        line = await _result(await app.first_line.trigger())
        results.append(1000 * (time.monotonic() - began))
        lines.append(1000 * (line - began))
    return [
        *_spread("W3", "trigger to first line", lines),
        *_spread("W3", "trigger to result", results),
    ]


async def one_long_run(sizes: Sizes) -> list[Figure]:
    """W4: one run, task after task, nobody to share a commit with."""
    took = await _result(await app.many_tasks.trigger(sizes.alone))
    return [Figure("W4", f"a task, one run of {sizes.alone}", 1000 * took / sizes.alone, "ms")]


async def sleeps(sizes: Sizes) -> list[Figure]:
    """W5: many durable waits that end at about the same time."""
    runs = await app.sleeper.batch_trigger([sizes.sleep] * sizes.sleeps)
    beyond = await asyncio.gather(*(_result(run) for run in runs))
    return _spread("W5", f"overshoot of {sizes.sleeps} waits", [1000 * span for span in beyond])


async def events(sizes: Sizes) -> list[Figure]:
    """W5: from an event to the next line of the run that waits for it."""
    spans = []
    for _ in range(sizes.events):
        name = new_id("evt")
        run = await app.listener.trigger(name)
        await waiting([run])
        began = time.monotonic()
        await app.client.send_event("bench.event", {}, id=name)
        spans.append(1000 * (await _result(run) - began))
    return _spread("W5", "event to next line", spans)


async def children(sizes: Sizes) -> list[Figure]:
    """W8: a parent with a batch of children."""
    began = time.monotonic()
    await _result(await app.parent.trigger(sizes.children))
    return [Figure("W8", f"a parent with {sizes.children:,} children", time.monotonic() - began, "s")]


async def waiting(runs: list[Run[Any]]) -> None:
    """Returns when all of the runs wait. Raises what ended one of them."""
    for run in runs:
        while (await run.refresh()).status != "WAITING":
            if run.is_final:
                await run.result()
            await asyncio.sleep(0.002)


async def _result(run: Run[Any]) -> Any:
    return await run.result(timeout="10 minutes")


def _instant(at: datetime | None) -> float:
    assert at is not None
    return at.timestamp()


def _spread(workload: str, name: str, values: list[float]) -> list[Figure]:
    return [Figure(workload, f"{name}, p{p}", at_percent(values, p), "ms") for p in (50, 99)]


#: In the order they are run; each leaves the platform idle.
WORKLOADS: tuple[tuple[str, Workload], ...] = (
    ("W3", idle_starts),
    ("W4", one_long_run),
    ("W5", events),
    ("W1", one_task_runs),
    ("W1", bulk_runs),
    ("W2", durable_tasks),
    ("W8", children),
    ("W5", sleeps),
)
