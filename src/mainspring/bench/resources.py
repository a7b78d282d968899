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
from mainspring.bench.workloads import Sizes, waiting
from mainspring.ids import new_id

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


async def idle(shape: Shape) -> list[Figure]:
    """W6: memory and processor time of each process while nothing happens."""
    before = {name: cpu_seconds(pid) for name, pid in shape.processes.items()}
    await asyncio.sleep(_LOOK)
    figures = []
    for name, pid in shape.processes.items():
        figures.append(Figure("W6", f"idle {name}, memory", memory(pid), "MB"))
        used = 100 * (cpu_seconds(pid) - before[name]) / _LOOK
        figures.append(Figure("W6", f"idle {name}, one core", used, "%"))
    return figures


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
