"""Reads that many ask for at once share a look, and nobody is answered with what was true before they asked."""

import asyncio

import pytest

from mainspring.engine.gathered import Gathered


class Desk:
    """Answers with the number of the look; each look lasts until it is let go."""

    def __init__(self) -> None:
        self.looks: list[list[str]] = []
        self.goes_on: asyncio.Queue[Exception | None] = asyncio.Queue()
        self.reads: Gathered[str, int] = Gathered(self._look)

    async def _look(self, keys: list[str]) -> dict[str, int]:
        self.looks.append(sorted(keys))
        number = len(self.looks)
        error = await self.goes_on.get()
        if error is not None:
            raise error
        return {key: number for key in keys if key != "nobody"}

    def ask(self, *keys: str) -> "list[asyncio.Future[int | None]]":
        return [asyncio.ensure_future(self.reads.ask(key)) for key in keys]

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
async def desk() -> Desk:
    return Desk()


async def test_what_is_asked_together_is_looked_up_together(desk: Desk) -> None:
    asked = desk.ask("a", "b", "a", "nobody")
    desk.goes_on.put_nowait(None)
    assert await asyncio.gather(*asked) == [1, 1, 1, None]
    assert desk.looks == [["a", "b", "nobody"]]


async def test_what_is_asked_during_a_look_waits_for_the_next_one(desk: Desk) -> None:
    (early,) = desk.ask("a")
    await desk.settle()
    late = desk.ask("a", "b")
    await desk.settle()
    assert desk.looks == [["a"]]
    desk.goes_on.put_nowait(None)
    desk.goes_on.put_nowait(None)
    assert await early == 1
    assert await asyncio.gather(*late) == [2, 2]


async def test_one_who_gives_up_takes_nothing_from_the_others(desk: Desk) -> None:
    gone, other = desk.ask("a", "a")
    await desk.settle()
    gone.cancel()
    desk.goes_on.put_nowait(None)
    assert await other == 1


async def test_a_look_that_fails_fails_for_those_who_asked_and_nobody_else(desk: Desk) -> None:
    asked = desk.ask("a", "b")
    await desk.settle()
    later = desk.ask("c")
    desk.goes_on.put_nowait(OSError("no disk"))
    desk.goes_on.put_nowait(None)
    for one in asked:
        with pytest.raises(OSError, match="no disk"):
            await one
    assert await later[0] == 2
