"""What the peers' scripts share: sizes, how time is taken, and a figure as a line of JSON on stdout.

Runs in the environment of each peer, so it knows nothing of Mainspring.
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable

#: Peers are slower: a quarter of our sizes takes them long enough.
SCALE = float(os.environ.get("BENCH_SCALE", "1"))
RUNS = max(100, int(1000 * SCALE))
WIDE, TASKS = max(10, int(200 * SCALE)), 25
STARTS = max(20, int(100 * SCALE))
ALONE = max(50, int(500 * SCALE))
CHILDREN = max(50, int(1000 * SCALE))
IN_FLIGHT = 100


def figure(workload: str, name: str, value: float, unit: str) -> None:
    """One measured value."""
    print(json.dumps({"workload": workload, "name": name, "value": value, "unit": unit}), flush=True)


def spread(workload: str, name: str, spans: list[float]) -> None:
    """p50 and p99 of spans in seconds, as milliseconds."""
    cuts = statistics.quantiles(spans, n=100, method="inclusive")
    for percent in (50, 99):
        figure(workload, f"{name}, p{percent}", 1000 * cuts[percent - 1], "ms")


async def in_flight(run: Callable[[], Awaitable[object]], runs: int) -> float:
    """Seconds that `runs` runs took with 100 senders, each waiting for its run's result before the next."""
    left = runs

    async def sender() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await run()

    began = time.monotonic()
    await asyncio.gather(*(sender() for _ in range(IN_FLIGHT)))
    return time.monotonic() - began


async def timed(run: Awaitable[object]) -> float:
    """Seconds that it took."""
    began = time.monotonic()
    await run
    return time.monotonic() - began
