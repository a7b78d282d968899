"""The server of a play: the real engine on a database in memory, whose committer takes turns instead of a thread.

Nothing beats and nobody falls silent here, however far the time jumps; who dies is told.
"""

import asyncio
import random
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from mainspring.clock import HOUR
from mainspring.engine.commands import Command
from mainspring.engine.engine import Engine
from mainspring.engine.timing import Timing
from mainspring.ids import IdSource
from mainspring.model.limits import Limits
from mainspring.testing.plays.disk import Ground
from mainspring.testing.plays.universe import Node, NodeClock, Universe

#: Longer than any play, microseconds: ten years.
AGES = 90_000 * HOUR
CALM = Timing(
    heartbeat_every=AGES,
    lease_timeout=AGES,
    sweep_every=AGES,
    listen_every=AGES,
    deaf_after=AGES,
    longest_nap=AGES,
)


class Inbox(SimpleQueue[Any]):
    """The committer's: whatever is put in gets a turn of the committer, which takes all that gathered."""

    def __init__(self, node: Node, go: Callable[[], Any]) -> None:
        super().__init__()
        self._node = node
        self._go = go
        self._is_due = False

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        super().put(item)
        if not self._is_due:
            self._is_due = True
            self._node.loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._is_due = False
        if not self.empty():
            self._go()


class StagedEngine(Engine):
    """Asked from several loops, which all have turns of one thread."""

    async def _do(self, command: Command) -> Any:
        future = self._committer.submit(command).future
        assert isinstance(future, asyncio.Future)
        return await future


class Server:
    """Made anew for every play."""

    def __init__(self, universe: Universe, ground: Ground, salt: str) -> None:
        self.node = universe.node("server")
        self.clock = NodeClock(self.node)
        self.ids = IdSource(self.clock.now, random.Random(f"ids {salt}"))
        self.limits = Limits()
        #: Workers are the same in every play.
        self.worker_ids = IdSource(self.clock.now, random.Random("workers"))
        ground.clear()
        self.ground = ground
        self.database, self.environment_id = ground.database, ground.environment_id
        self.engine = StagedEngine(
            self.database, clock=self.clock, limits=self.limits, ids=self.ids, timing=CALM
        )
        committer = self.engine._committer
        committer._inbox = Inbox(self.node, committer.go)
        committer.start = _nothing  # type: ignore[method-assign]  # instead of a thread: the inbox sees to it
        self.node.spawn(self.engine.start())


def _nothing() -> None:
    """No thread is started."""
