"""One sleeper for all who wait: each is woken at its time, never early, and nothing stays when they have gone."""

import asyncio

import pytest

from mainspring.clock import SECOND, FakeClock
from mainspring.engine.deadlines import Deadlines


class Hall:
    """People who wait, each with a time of their own."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.deadlines = Deadlines(self.clock)
        self.woken: list[int] = []

    def wait(self, until: int) -> "asyncio.Task[None]":
        return asyncio.create_task(self._wait(until))

    async def _wait(self, until: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self.deadlines.ending(future, until):
            await future
        self.woken.append(until)

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    @property
    def sleepers_at(self) -> int | None:
        at = self.clock.next_sleeper_at()
        return None if at is None else at - self.clock.now() + self.clock.monotonic()


@pytest.fixture
async def hall() -> Hall:
    return Hall()


async def test_each_is_woken_at_its_time_and_never_early(hall: Hall) -> None:
    waiting = [hall.wait(until * SECOND) for until in (3, 1, 2, 1)]
    await hall.settle()
    assert hall.sleepers_at == SECOND
    hall.clock.advance(SECOND - 1)
    await hall.settle()
    assert hall.woken == []
    hall.clock.advance(1)
    await hall.settle()
    assert hall.woken == [SECOND, SECOND]
    hall.clock.advance(2 * SECOND)
    await asyncio.gather(*waiting)
    assert hall.woken == [SECOND, SECOND, 2 * SECOND, 3 * SECOND]


async def test_nobody_sleeps_when_nobody_waits(hall: Hall) -> None:
    waiting = [hall.wait(SECOND), hall.wait(2 * SECOND)]
    await hall.settle()
    for one in waiting:
        one.cancel()
    await hall.settle()
    assert hall.sleepers_at is None
    other = hall.wait(5 * SECOND)
    await hall.settle()
    assert hall.sleepers_at == 5 * SECOND
    hall.clock.advance(5 * SECOND)
    await other


async def test_those_who_went_are_forgotten(hall: Hall) -> None:
    stays = hall.wait(SECOND)
    for _ in range(1_000):
        gone = hall.wait(60 * SECOND)
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
    await hall.settle()
    assert len(hall.deadlines._heap) < 100
    hall.clock.advance(SECOND)
    await stays
