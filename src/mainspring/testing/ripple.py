"""Ripples: a word said to the engine that comes out again behind everything that was said before it.

It takes the way of the hints that servers on one database give each other, so it costs no transaction.
"""

import asyncio
from collections.abc import Callable

from mainspring.engine.engine import Engine
from mainspring.model.wake import Wake
from mainspring.storage.database import Transaction


class Ripples:
    """Implements `Hints`. One server alone: there is nobody else to hint at."""

    def __init__(self) -> None:
        self._on_wake: Callable[[Wake], None] = lambda wake: None
        self._count = 0

    def announce(self, tx: Transaction, wake: Wake) -> None: ...

    def start(self, on_wake: Callable[[Wake], None]) -> None:
        self._on_wake = on_wake

    def stop(self) -> None: ...

    async def pass_through(self, engine: Engine) -> None:
        """Returns when all commands submitted until now have been applied, and whomever they concern was told."""
        self._count += 1
        mark = f"ripple-{self._count}"
        passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def seen(grown: set[str]) -> None:
            if mark in grown and not passed.done():
                passed.set_result(None)

        with engine.watching(seen):
            self._on_wake(Wake(grown={mark}))
            await passed
