"""One whole measurement: a fresh database and a running shape, all workloads on it, several rounds, the medians."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from mainspring import loops
from mainspring.bench import resources
from mainspring.bench.bulk import Load, fill
from mainspring.bench.figures import Figure, medians
from mainspring.bench.limits import limits
from mainspring.bench.lists import lists
from mainspring.bench.shapes import Shape, apart, embedded
from mainspring.bench.workloads import WORKLOADS, Sizes, warm_up

#: The workloads there are.
NUMBERS = frozenset(["W6", "W7", "W9", *(number for number, _ in WORKLOADS)])

#: Of each of the many runs that lists are measured with.
_TASKS_LISTED = 3


@dataclass(frozen=True)
class Plan:
    """What is measured: which shape, on which database (None: a fresh SQLite file), of which size."""

    shape: str
    database_url: str | None
    workers: int
    sizes: Sizes
    rounds: int
    #: W1, W2, ...; empty takes all but W9.
    only: frozenset[str] = frozenset()


async def measure(plan: Plan, folder: Path, told: Callable[[Sequence[Figure]], None]) -> list[Figure]:
    """The medians of all rounds, this machine's limits among them. `told` is given the figures as they come; of
    several rounds when each is over."""
    if plan.rounds == 1:
        return medians([await _figures(plan, folder, told)])
    rounds: list[list[Figure]] = []
    # A process for each: what one round leaves in memory would count as the next one's.
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        for _ in range(plan.rounds):
            loop = asyncio.get_running_loop()
            rounds.append(await loop.run_in_executor(processes, _in_a_process, plan, folder))
            told(rounds[-1])
    return medians(rounds)


def _in_a_process(plan: Plan, folder: Path) -> list[Figure]:
    return loops.run(_figures(plan, folder, lambda found: None))


async def _figures(plan: Plan, folder: Path, told: Callable[[Sequence[Figure]], None]) -> list[Figure]:
    """All figures of one round."""
    figures = await asyncio.to_thread(limits, folder)
    told(figures)
    async for found in _one_round(plan, folder):
        told(found)
        figures += found
    return figures


async def _one_round(plan: Plan, folder: Path) -> AsyncIterator[list[Figure]]:
    watches = resources.are_measurable()
    if plan.only == {"W9"}:
        yield await _with_many_runs(plan, folder)
        return
    async with _opened(plan, folder) as shape:
        if watches and _wants(plan, "W6"):
            yield await resources.idle(shape, plan.database_url)
        await warm_up()
        for number, workload in WORKLOADS:
            if _wants(plan, number):
                yield await workload(plan.sizes)
        if watches and _wants(plan, "W7"):
            yield await resources.many_waiting(shape, plan.sizes)
    if plan.shape == "embedded" and _wants(plan, "W6"):
        yield await resources.cold_start()
    if "W9" in plan.only:  # writing so many runs takes longer than all the rest
        yield await _with_many_runs(plan, folder)


async def _with_many_runs(plan: Plan, folder: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as own:
        url = plan.database_url or f"sqlite:///{own}/bench.db"
        many = plan.sizes.listed
        await asyncio.to_thread(fill, url, Load(runs=many, tasks=_TASKS_LISTED, waiting=many))
        async with _running(plan, url, Path(own)) as shape:
            # First: lists leave SQLite's caches of pages full, which are not of the runs that wait.
            figures = (
                await resources.very_many_waiting(shape, plan.sizes) if resources.are_measurable() else []
            )
            return [*figures, *await lists(shape.door, many)]


def _wants(plan: Plan, number: str) -> bool:
    return not plan.only or number in plan.only


@asynccontextmanager
async def _opened(plan: Plan, folder: Path) -> AsyncIterator[Shape]:
    with tempfile.TemporaryDirectory(dir=folder) as own:
        url = plan.database_url or f"sqlite:///{own}/bench.db"
        async with _running(plan, url, Path(own)) as shape:
            yield shape


def _running(plan: Plan, url: str, own: Path) -> AbstractAsyncContextManager[Shape]:
    return embedded(url, own) if plan.shape == "embedded" else apart(url, own, plan.workers)
