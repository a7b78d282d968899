"""The order in which results reach user code, on the first run and on replay."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import copy_context
from typing import Any

import pytest

from mainspring.worker.strands import Ours, Strands, current_strands, install_factory
from mainspring.worker.turns import IDLE_TURNS, Turns
from worker.scripted import turns


@pytest.fixture(autouse=True)
async def closed_desks() -> AsyncIterator[None]:
    yield
    while DESKS:
        DESKS.pop().turns.close()


DESKS: list["Desk"] = []


class Desk:
    """Turns with some strands that note what they got."""

    def __init__(self, *expected: int) -> None:
        DESKS.append(self)
        self.loop = asyncio.get_running_loop()
        install_factory(self.loop)
        self.strands = Strands(self.loop)
        self.is_intercepting = False
        self.idle = 0
        self.turns = Turns(
            self.loop, self.strands, expected, intercept=lambda: self.is_intercepting, idle=self._is_idle
        )
        self.got: list[Any] = []

    def _is_idle(self) -> None:
        self.idle += 1

    def strand(self, code: Callable[[], Awaitable[Any]]) -> "asyncio.Task[Any]":
        async def run() -> Any:
            self.strands.touch()
            self.turns.stir()
            return await code()

        context = copy_context()
        context.run(current_strands.set, self.strands)
        return self.loop.create_task(run(), context=context)

    def replays(self, position: int) -> "asyncio.Task[Any]":
        async def code() -> None:
            await self.turns.replayed(position)
            self.got.append(position)

        return self.strand(code)

    def fresh(self, position: int) -> Any:
        """A strand that waits for a fresh result; the turn, to make it ready."""
        turn = self.turns.open(position)

        async def code() -> None:
            self.got.append(await self.turns.take(turn))

        self.strand(code)
        return turn


async def test_a_lone_strand_gets_its_results_at_once() -> None:
    desk = Desk(1, 2, 3)

    async def code() -> None:
        for position in (1, 2, 3):
            before = desk.got.copy()
            await desk.turns.replayed(position)
            assert desk.got == before  # nothing else ran
            desk.got.append(position)

    await desk.strand(code)
    assert desk.got == [1, 2, 3]


async def test_replayed_results_come_by_position_not_by_call() -> None:
    desk = Desk(1, 2, 3)
    strands = [desk.replays(position) for position in (3, 1, 2)]
    await asyncio.gather(*strands)
    assert desk.got == [1, 2, 3]


async def test_a_result_comes_only_after_the_code_was_idle() -> None:
    desk = Desk()
    first, second = desk.fresh(1), desk.fresh(2)
    await turns()
    desk.turns.ready(first, "a")
    desk.turns.ready(second, "b")
    await turns(IDLE_TURNS // 2)
    assert desk.got == []
    await turns(IDLE_TURNS)
    assert desk.got == ["a"]
    await turns(IDLE_TURNS)
    assert desk.got == ["a", "b"]


async def test_whoever_calls_io_meanwhile_holds_the_next_result_up() -> None:
    desk = Desk()
    turn = desk.fresh(1)
    desk.fresh(2)
    await turns()
    desk.turns.ready(turn, "a")
    for _ in range(5):
        await turns(IDLE_TURNS // 2)
        desk.turns.stir()
    assert desk.got == []
    await turns(IDLE_TURNS + 2)
    assert desk.got == ["a"]


async def test_a_fresh_result_waits_for_the_acknowledgement_of_those_before_it() -> None:
    desk = Desk()
    first, second = desk.fresh(1), desk.fresh(2)
    await turns()
    desk.turns.ready(second, "b")
    await turns(3 * IDLE_TURNS)
    assert desk.got == []
    desk.turns.ready(first, "a")
    await turns(3 * IDLE_TURNS)
    assert desk.got == ["a", "b"]


async def test_known_results_go_before_fresh_ones() -> None:
    desk = Desk(1, 2)
    fresh = desk.fresh(3)
    desk.replays(2)
    desk.replays(1)
    desk.turns.ready(fresh, 3)
    await turns(5 * IDLE_TURNS)
    assert desk.got == [1, 2, 3]


async def test_a_wait_without_a_position_comes_after_those_with_one_and_gets_the_next() -> None:
    desk = Desk(1, 2)
    positions = iter([4, 5])

    def unpositioned(order: int) -> None:
        async def code() -> None:
            await desk.turns.unpositioned(order, lambda: next(positions))
            desk.got.append(f"wait {order}")

        desk.strand(code)

    unpositioned(1)
    unpositioned(0)
    fresh = desk.fresh(3)
    desk.replays(2)
    desk.replays(1)
    await turns(5 * IDLE_TURNS)
    assert desk.got == [1, 2]  # the waits stand in line behind the fresh result, which has its position
    desk.turns.ready(fresh, 3)
    await turns(5 * IDLE_TURNS)
    assert desk.got == [1, 2, 3, "wait 0", "wait 1"]


async def test_a_result_nobody_wants_any_more_holds_nobody_up() -> None:
    desk = Desk(1, 2)
    unwanted, wanted = desk.replays(1), desk.replays(2)
    await turns(2)
    unwanted.cancel()
    await wanted
    assert desk.got == [2]


async def test_a_cancelled_strand_leaves_when_its_result_is_known_to_be_kept() -> None:
    desk = Desk()
    turn = desk.turns.open(1)

    async def code() -> None:
        await desk.turns.take(turn)

    strand = desk.strand(code)
    desk.fresh(2)
    await turns()
    strand.cancel()
    await turns()
    assert not strand.done()
    desk.turns.ready(turn, "kept")
    await turns()
    assert strand.cancelled()


async def test_a_failed_result_raises() -> None:
    desk = Desk()
    turn = desk.turns.open(1)

    async def code() -> None:
        with pytest.raises(ValueError, match="no"):
            await desk.turns.take(turn)
        desk.got.append("raised")

    strand = desk.strand(code)
    await turns()
    desk.turns.ready(turn, error=ValueError("no"))
    await strand
    assert desk.got == ["raised"]


async def test_an_earlier_result_is_waited_for_while_its_code_is_on_the_way() -> None:
    """Position 1 was handed to code that does something else first; position 2 must not overtake it."""
    desk = Desk(1, 2)
    elsewhere = desk.loop.create_future()

    async def late() -> None:
        await elsewhere
        await desk.turns.replayed(1)
        desk.got.append(1)

    strands = [desk.strand(late), desk.replays(2)]
    await turns(5 * IDLE_TURNS)
    assert desk.got == []
    elsewhere.set_result(None)
    await asyncio.gather(*strands)
    assert desk.got == [1, 2]


async def test_a_result_that_the_code_never_asks_for_is_passed_over() -> None:
    desk = Desk(1, 2)

    async def forever() -> None:
        await Ours(loop=desk.loop)

    desk.strand(forever)
    await desk.replays(2)
    assert desk.got == [2]


async def test_interception_drops_the_fresh_result() -> None:
    desk = Desk()
    desk.is_intercepting = True
    turn = desk.fresh(1)
    await turns()
    desk.turns.ready(turn, "a")
    await turns(3 * IDLE_TURNS)
    assert desk.got == []


async def test_idleness_is_told_when_nothing_is_ready() -> None:
    desk = Desk()
    desk.turns.wake()
    await turns(IDLE_TURNS + 2)
    assert desk.idle == 1
