"""What limits and fairness cost of W1: runs of one task, a hundred in flight, with engine and worker in this process.

`python benchmarks/queue_costs.py [--runs 1000] [--rounds 15] [--database-url postgresql://...]`

The time is this process's CPU time per run (on PostgreSQL the server's own comes on top), so that a busy machine
changes little; the kinds of queue take turns round by round, and the median of the rounds counts.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from mainspring import IO, Client, Concurrency
from mainspring.embedded import Embedded

client = Client("queue-costs")
KEYS = 50


async def _one() -> int:
    return 1


@client.job(id="free")
async def free(payload: dict, io: IO) -> int:
    return await io.run_task("one", _one)


@client.job(id="limited", concurrency=1_000)
async def limited(payload: dict, io: IO) -> int:
    return await io.run_task("one", _one)


@client.job(id="keyed", concurrency=Concurrency(limit=1_000, per_key=100, key="account"))
async def keyed(payload: dict, io: IO) -> int:
    return await io.run_task("one", _one)


@client.job(id="scarce", concurrency=Concurrency(limit=50, per_key=2, key="account"))
async def scarce(payload: dict, io: IO) -> int:
    """Half of what is asked for waits for a slot."""
    return await io.run_task("one", _one)


JOBS = (free, limited, keyed, scarce)


async def _round(job: Any, runs: int, senders: int) -> float:
    """Microseconds of CPU a run."""
    left = runs

    async def sender() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            run = await job.trigger({"account": f"key-{left % KEYS}"})
            await run.result(timeout="10 minutes")

    began = time.process_time()
    await asyncio.gather(*(sender() for _ in range(senders)))
    return 1e6 * (time.process_time() - began) / runs


async def measure(url: str | None, runs: int, rounds: int) -> dict[str, float]:
    """Medians, and what each kind costs more than a free queue: the median of the rounds' own ratios."""
    with tempfile.TemporaryDirectory() as folder:
        flags = {
            "database_url": url or f"sqlite:///{folder}/bench.db",
            "data_dir": Path(folder),
            "worker_concurrency": 1000,
        }
        async with Embedded(client, flags):
            for job in JOBS:
                await _round(job, 200, 100)
            spent: dict[str, list[float]] = {job.id: [] for job in JOBS}
            for number in range(rounds):
                for job in JOBS[
                    :: 1 if number % 2 else -1
                ]:  # what one leaves behind is not always the same one's
                    spent[job.id].append(await _round(job, runs, 100))
    found = {f"us a run, {name}": round(statistics.median(each), 1) for name, each in spent.items()}
    for name, each in spent.items():
        if name != "free":
            ratios = [mine / plain for mine, plain in zip(each, spent["free"], strict=True)]
            found[f"{name}, % more"] = round(100 * (statistics.median(ratios) - 1), 1)
    return found


def main() -> None:
    """Prints what was measured as one JSON document."""
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--database-url", help="an EMPTY database; default: SQLite in a temporary folder")
    said.add_argument("--runs", type=int, default=1_000, help="a round and kind")
    said.add_argument("--rounds", type=int, default=15)
    asked = said.parse_args()
    print(json.dumps(asyncio.run(measure(asked.database_url, asked.runs, asked.rounds)), indent=2))


if __name__ == "__main__":
    main()
