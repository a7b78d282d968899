"""A task that computes for ever in a process of its own is killed at its timeout; its neighbours go on meanwhile."""

import asyncio
import os
from pathlib import Path

import pytest

from mainspring import IO
from scenarios.parts.isolated import spin
from scenarios.world import World


async def test_a_task_in_its_own_process_is_killed_at_its_timeout(world: World, tmp_path: Path) -> None:
    fifo = tmp_path / "told"
    os.mkfifo(fifo)

    @world.client.job(id="crunch")
    async def crunch(io: IO) -> None:
        await io.run_task("spin", spin, str(fifo), isolation="process", timeout="10 minutes", retry=0)

    @world.client.job(id="neighbour")
    async def neighbour(io: IO) -> int:
        return await io.run_task("one", lambda: 1)

    await world.start()
    run = await world.trigger(crunch)
    pid = int(await asyncio.to_thread(fifo.read_text))

    # While it computes, and holds its interpreter, the others do not notice.
    neighbours = [await world.trigger(neighbour) for _ in range(20)]
    assert [await world.output(one) for one in neighbours] == [1] * 20
    os.kill(pid, 0)

    world.clock.advance(600_000_000)
    async for _ in run.subscribe():
        pass
    assert run.status == "FAILED"
    assert run.error is not None
    assert "TaskTimeout" in run.error.message
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
