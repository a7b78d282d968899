"""Random programs of tasks, waits, groups and races, stopped at random moments: every passage sees what the
earlier ones saw, in the same order, as far as it was committed.

All tasks share two keys and are called with their place in the program, so that a repeated key counted in
another order, or a race won by another, shows up as drift.
"""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from mainspring import IO, Client
from mainspring.model.protocol import Notice, RunParked, RunSucceeded
from worker.scripted import Bench, ScriptedBackend, a_run, at_work, turns

SEEDS = range(120)


@dataclass
class Node:
    kind: str
    path: str
    children: list["Node"] = field(default_factory=list)
    number: int = 0


def a_program(dice: random.Random, path: str = "", depth: int = 0) -> Node:
    """A tree of calls; its inner nodes say how their children run together."""
    leaves = ["task", "task", "task", "wait", "value", "hops"]
    kinds = leaves if depth >= 3 else [*leaves, "seq", "seq", "gather", "group", "race"]
    kind = "seq" if depth == 0 else dice.choice(kinds)
    node = Node(kind, path, number=dice.randrange(4))
    if kind not in leaves:
        count = dice.randrange(2, 5)
        node.children = [a_program(dice, f"{path}{n}", depth + 1) for n in range(count)]
    return node


class Program:
    """What one passage does and sees."""

    def __init__(self, io: IO, timing: random.Random) -> None:
        self.io = io
        self.timing = timing
        self.seen: list[str] = []

    async def run(self, node: Node) -> None:
        await getattr(self, node.kind)(node)

    async def task(self, node: Node) -> None:
        key = "km"[node.number % 2]
        self.seen.append(await self.io.run_task(key, self._work, node.path))

    async def _work(self, path: str) -> str:
        for _ in range(self.timing.randrange(30)):  # differs from passage to passage
            await asyncio.sleep(0)
        return path

    async def wait(self, node: Node) -> None:
        await self.io.wait("nap", "1 hour")
        self.seen.append(node.path)

    async def value(self, node: Node) -> None:
        self.seen.append(f"{node.path} at {self.io.now()}")

    async def hops(self, node: Node) -> None:
        for _ in range(node.number):
            await asyncio.sleep(0)

    async def seq(self, node: Node) -> None:
        for child in node.children:
            await self.run(child)

    async def gather(self, node: Node) -> None:
        await asyncio.gather(*(self.run(child) for child in node.children))

    async def group(self, node: Node) -> None:
        async with asyncio.TaskGroup() as group:
            for child in node.children:
                group.create_task(self.run(child))

    async def race(self, node: Node) -> None:
        racers = [asyncio.create_task(self.run(child)) for child in node.children]
        done, losers = await asyncio.wait(racers, return_when=asyncio.FIRST_COMPLETED)
        for loser in losers:
            loser.cancel()
        await asyncio.gather(*losers, return_exceptions=True)
        for one in done:
            one.result()


async def play(
    client: Client, backend: ScriptedBackend, seed: int, *, always_replay: bool
) -> list[list[str]]:
    """The run to its end, stopped now and then; what each of its passages saw."""
    dice = random.Random(seed)
    program = a_program(dice)
    passages: list[Program] = []

    @client.job(id="job")
    async def job(io: IO) -> list[str]:
        passages.append(Program(io, dice))
        await passages[-1].run(program)
        return passages[-1].seen

    async with at_work(client, backend, always_replay=always_replay) as bench:
        backend.grant(run := a_run())
        while True:
            item = await _until_it_leaves(backend, run, after=dice.randrange(1, 8))
            if isinstance(item, RunSucceeded):
                break
            if not isinstance(item, RunParked):
                assert item is True, item  # above all, no drift
                await _take_away(bench, run)
            waiting = [key for key, one in backend.checkpoints[run.run_id].items() if one.status == "WAITING"]
            dice.shuffle(waiting)
            for key in waiting[: dice.randrange(1, 4)] if isinstance(item, RunParked) else waiting[:1]:
                backend.resolve(run, key, tell=False)
            run = backend.grant_again(run)
    _check_prefixes(passages, backend, run.run_id)
    return [passage.seen for passage in passages]


async def _until_it_leaves(backend: ScriptedBackend, run: Any, *, after: int) -> Any:
    """The run's last item; True after so many more commits."""
    stop_at = len(backend.commits) + after
    return await backend.until(lambda: _last(backend, run) or len(backend.commits) >= stop_at)


def _last(backend: ScriptedBackend, run: Any) -> Any:
    items = backend.kinds(run)
    is_last = items and not type(items[-1]).__name__.startswith(("Task", "Wait"))
    return items[-1] if is_last else None


async def _take_away(bench: Bench, run: Any) -> None:
    """The lease ends here and now; what was not committed by then never is."""
    bench.backend.lost.add((run.run_id, run.lease))
    bench.backend.notify(Notice(run.run_id, run.lease, 1, lease_ended=True))
    while bench.worker.running:  # noqa: ASYNC110 - it has no event for that
        await asyncio.sleep(0)


def _check_prefixes(passages: list[Program], backend: ScriptedBackend, run_id: str) -> None:
    final = passages[-1].seen
    for passage in passages:
        # Values are seen before they are committed, so a passage may end with some that never were.
        seen = [one for one in passage.seen if " at " not in one]
        assert [one for one in final if " at " not in one][: len(seen)] == seen


@pytest.mark.parametrize("seed", SEEDS)
async def test_every_passage_sees_the_same(client: Client, backend: ScriptedBackend, seed: int) -> None:
    await play(client, backend, seed, always_replay=False)


@pytest.mark.parametrize("seed", SEEDS[::3])
async def test_under_forced_replay_too(client: Client, backend: ScriptedBackend, seed: int) -> None:
    await play(client, backend, seed, always_replay=True)


async def test_nothing_is_left_turning(client: Client, backend: ScriptedBackend) -> None:
    await play(client, backend, 1, always_replay=False)
    await turns()
    assert len(asyncio.all_tasks()) == 1
