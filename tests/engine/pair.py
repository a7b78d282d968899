"""Two servers on one database, and the narrowest of races between them: one stands right before its commit."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from engine.live import Live, living
from mainspring.clock import FakeClock
from mainspring.engine.account import run_history
from mainspring.hints.postgres import PostgresHints

#: Seconds of the machine's time; a wake-up takes milliseconds.
PATIENCE = 20.0

_BLOCKED = (
    "select count(*) from pg_stat_activity "
    "where datname = current_database() and application_name = 'mainspring' and wait_event_type = 'Lock'"
)


@dataclass
class Pair:
    """Two servers on one database, under one clock."""

    url: str
    a: Live
    b: Live

    async def race(
        self, first: Coroutine[Any, Any, Any], second: Coroutine[Any, Any, Any], before: str = "announce"
    ) -> tuple[Any, Any]:
        """The answers of a command to `a` that has decided and not committed when one to `b` arrives. It stands
        `before` a statement; that to the others is the last one before the commit.

        `a` commits when `b` is through, or waits for what `a` holds.
        """
        stands, may_go_on = threading.Event(), threading.Event()

        def hold(statement: str, values: Any) -> None:
            if statement == before:
                stands.set()
                may_go_on.wait(PATIENCE)

        self.a.database.before = hold
        try:
            slow = asyncio.ensure_future(first)
            assert await asyncio.to_thread(stands.wait, PATIENCE), "the first never came to its commit"
            quick = asyncio.ensure_future(second)
            while not quick.done() and not await asyncio.to_thread(self._is_blocked):
                pass  # it is on its way
        finally:
            self.a.database.before = lambda statement, values: None
            may_go_on.set()
        return await asyncio.wait_for(slow, PATIENCE), await asyncio.wait_for(quick, PATIENCE)

    def _is_blocked(self) -> bool:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(_BLOCKED).fetchone()
        return row is not None and row[0] > 0


@asynccontextmanager
async def paired(url: str) -> AsyncIterator[Pair]:
    """Both from their start to their stop."""
    clock = FakeClock()
    async with (
        living(url, clock=clock, hints=PostgresHints(url)) as a,
        living(url, clock=clock, hints=PostgresHints(url)) as b,
    ):
        yield Pair(url, a, b)


async def kinds(live: Live, run_id: str) -> list[str]:
    """The account of a run in words."""
    entries = await live.engine.read(run_history, live.env, run_id)
    assert entries is not None
    return [entry.kind for entry in entries]
