"""Reads that many ask for at once: whatever is asked while one look is under way shares the next one.

A look costs a hop to a thread and a query; a hundred callers who wait for a hundred runs should not pay a
hundred of each. What an answer says was true after its question was asked, never before.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Gathered(Generic[K, T]):
    """Answers by key. `look` is given the keys asked for and returns what there is; for use on one event loop."""

    def __init__(self, look: Callable[[list[K]], Awaitable[Mapping[K, T]]]) -> None:
        self._look = look
        self._asked: dict[K, asyncio.Future[T | None]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def ask(self, key: K) -> T | None:
        """What there is under `key`, None when nothing. Raises what the look raised."""
        return await asyncio.shield(self._answer_for(key))  # others may wait for the same

    async def ask_all(self, keys: Sequence[K]) -> list[T]:
        """What there is under the keys, in their order; those with nothing are left out."""
        answers = [self._answer_for(key) for key in keys]
        await asyncio.wait(answers)
        return [found for answer in answers if (found := answer.result()) is not None]

    def _answer_for(self, key: K) -> asyncio.Future[T | None]:
        answer = self._asked.get(key)
        if answer is None:
            answer = self._asked[key] = asyncio.get_running_loop().create_future()
        if self._looking is None:
            self._looking = asyncio.create_task(self._answer())
        return answer

    async def _answer(self) -> None:
        try:
            while self._asked:
                await asyncio.sleep(0)  # let everybody ask who is about to
                asked, self._asked = self._asked, {}
                await self._answer_these(asked)
        finally:
            self._looking = None

    async def _answer_these(self, asked: dict[K, asyncio.Future[T | None]]) -> None:
        try:
            found = await self._look(list(asked))
        except asyncio.CancelledError:
            for answer in asked.values():
                answer.cancel()
            raise
        except Exception as error:
            for answer in asked.values():
                answer.set_exception(error)
                answer.exception()  # seen: whoever asked may be gone
            return
        for key, answer in asked.items():
            answer.set_result(found.get(key))
