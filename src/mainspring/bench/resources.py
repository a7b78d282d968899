"""W6 and W7: what the platform's own processes take while idle and with many runs that wait. Linux only."""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from mainspring import Run
from mainspring.bench import app
from mainspring.bench.figures import Figure
from mainspring.bench.shapes import Shape
from mainspring.bench.workloads import Sizes, idle_starts, sleeps, waiting
from mainspring.ids import new_id
from mainspring.storage.open import open_database

#: Seconds over which idleness is watched.
_LOOK = 10.0
_COLD_START = """
import asyncio
from mainspring.bench.app import client, one_task
async def main():
    async with client.embedded(url="sqlite:///cold.db"):
        print(await (await one_task.trigger()).result())
asyncio.run(main())
"""


def are_measurable() -> bool:
    return Path("/proc/self/smaps_rollup").exists()


async def cold_start() -> list[Figure]:
    """W6: from nothing to the result of a first run, on a fresh database inside a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _COLD_START, cwd=folder, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        await process.stdout.readline()
        took = time.monotonic() - began
        await process.wait()
    return [Figure("W6", "cold start to the first result", took, "s")]


async def idle(shape: Shape, database_url: str | None) -> list[Figure]:
    """W6: memory and processor time of each process while nothing happens, and what PostgreSQL is asked."""
    asked = await asyncio.to_thread(_transactions, database_url)
    figures = await _standing(shape, "W6", "idle")
    if asked is not None and database_url is not None:
        more = (await asyncio.to_thread(_transactions, database_url) or asked) - asked
        # Our own two looks are not the platform's.
        figures.append(Figure("W6", "idle, asked of PostgreSQL", max(0, more - 2) / _LOOK, "transactions/s"))
    return figures


async def _standing(shape: Shape, workload: str, name: str) -> list[Figure]:
    """Memory and processor time of each process over a while."""
    before = {process: cpu_seconds(pid) for process, pid in shape.processes.items()}
    await asyncio.sleep(_LOOK)
    figures = []
    for process, pid in shape.processes.items():
        figures.append(Figure(workload, f"{name} {process}, memory", memory(pid), "MB"))
        used = 100 * (cpu_seconds(pid) - before[process]) / _LOOK
        figures.append(Figure(workload, f"{name} {process}, one core", used, "%"))
    return figures


def _transactions(database_url: str | None) -> int | None:
    """How many the database has seen; None where nobody counts."""
    if database_url is None:
        return None
    database = open_database(database_url, is_visitor=True)
    try:
        with database.read() as tx:
            row = tx.row("count_transactions")
        return None if row is None else row[0]
    finally:
        database.close()


async def very_many_waiting(shape: Shape, sizes: Sizes) -> list[Figure]:
    """W7 with as many waiting runs as were written into the database: what they cost, and whether others notice."""
    name = f"{sizes.listed:,} kept waiting"
    figures = await _standing(shape, "W7", f"{name},")
    starts = [Figure("W7", f"{name}, {f.name}", f.value, f.unit) for f in await idle_starts(sizes)]
    waits = [Figure("W7", f"{name}, {f.name}", f.value, f.unit) for f in await sleeps(sizes)]
    return [*figures, *starts, *waits]


async def many_waiting(shape: Shape, sizes: Sizes) -> list[Figure]:
    """W7: runs that wait for an event which never comes."""
    memory_before = {name: memory(pid) for name, pid in shape.processes.items()}
    began = time.monotonic()
    runs: list[Run[float]] = []
    for start in range(0, sizes.waiting, 1000):
        names = [new_id("evt") for _ in range(min(1000, sizes.waiting - start))]
        runs += await app.listener.batch_trigger(names)
    await waiting(list(reversed(runs))[:1000])
    took = time.monotonic() - began
    figures = [Figure("W7", f"{sizes.waiting:,} waiting, started", len(runs) / took, "runs/s", "higher")]
    del runs
    cpu_before = {name: cpu_seconds(pid) for name, pid in shape.processes.items()}
    await asyncio.sleep(_LOOK)
    for name, pid in shape.processes.items():
        used = 100 * (cpu_seconds(pid) - cpu_before[name]) / _LOOK
        more = memory(pid) - memory_before[name]
        figures.append(Figure("W7", f"{sizes.waiting:,} waiting, {name}, one core", used, "%"))
        figures.append(Figure("W7", f"{sizes.waiting:,} waiting, {name}, memory more", more, "MB"))
    return figures


def memory(pid: int) -> float:
    """Proportional memory of a process, in MB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/{pid}/smaps_rollup has no Pss line")


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
