"""A server copy: the real engine, whose committer takes its turns on a virtual loop instead of a thread.

All copies share one SQLite in memory, as they would share one PostgreSQL: a transaction has it to itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

from mainspring.clock import SECOND
from mainspring.engine.commands import ChangeBreaker, ChangeQueue, RescheduleRun, StartBulk
from mainspring.engine.committer import _Hint
from mainspring.engine.engine import Engine
from mainspring.engine.timing import Timing
from mainspring.engine.worker_commands import DrainWorker
from mainspring.ids import IdSource
from mainspring.model.wake import Wake
from mainspring.storage.database import Database, Transaction
from mainspring.storage.sqlite import SqliteDatabase
from mainspring.testing.plays.universe import Node, NodeClock, Universe
from simulation.network import MILLISECOND, Endpoint, Network


class Observed:
    """The database as one server copy sees it: what was committed is looked at before anything else happens."""

    def __init__(
        self, database: SqliteDatabase, committed: Callable[[], None], rolled_back: Callable[[], None]
    ) -> None:
        self._database = database
        self._committed = committed
        self._rolled_back = rolled_back
        self.dialect = database.dialect
        self.label = database.label

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        try:
            with self._database.write() as tx:
                yield tx
        except BaseException:
            self._rolled_back()
            raise
        self._committed()

    def read(self) -> Any:
        return self._database.read()

    def close(self) -> None:
        """It belongs to all."""


class Hints:
    """Between server copies, as with NOTIFY: what was committed is told, late, or not, and then all is doubted."""

    def __init__(self, universe: Universe, board: "Board", node: Node) -> None:
        self._universe = universe
        self._board = board
        self._node = node
        self._announced: list[Wake] = []
        self.on_wake: Callable[[Wake], None] | None = None

    def announce(self, tx: Transaction, wake: Wake) -> None:
        if not wake.is_empty():
            self._announced.append(wake)

    def start(self, on_wake: Callable[[Wake], None]) -> None:
        self.on_wake = on_wake
        self._board.hints.append(self)
        self._node.on_death.append(lambda: self._board.hints.remove(self))
        on_wake(Wake(is_everything=True))

    def stop(self) -> None:
        """Nobody stops a server here: they are killed."""

    def committed(self) -> None:
        """The transaction is in the database: the others hear of it."""
        for wake in self._announced:
            self._board.tell(self, wake)
        self._announced.clear()

    def rolled_back(self) -> None:
        self._announced.clear()

    def hear(self, wake: Wake) -> None:
        if not self._node.is_dead and self.on_wake is not None:
            self.on_wake(wake)


class Board:
    """Where hints are passed on."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self.hints: list[Hints] = []
        #: Of connections that break before a hint gets through; what was missed is told on reconnecting, or,
        #: where it `is_silent`, never.
        self.loses = 0.0
        self.is_silent = False

    def tell(self, sender: Hints, wake: Wake) -> None:
        rng = self._universe.random
        for other in self.hints:
            if other is sender or other.on_wake is None:
                continue
            delay, said = rng.randrange(5 * MILLISECOND), wake
            if self.loses and rng.random() < self.loses:
                if self.is_silent:
                    continue
                delay, said = delay + rng.randrange(1_000 * MILLISECOND), Wake(is_everything=True)
            self._universe.after(delay, lambda one=other, what=said: one.hear(what))  # type: ignore[misc]


class Inbox(SimpleQueue[Any]):
    """The committer's: whatever is put in gets a turn of the committer, which takes all that gathered."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node = node
        self.go: Callable[[], Any] = lambda: None
        self._is_due = False

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        super().put(item)
        if not self._is_due and not self.node.is_dead:
            self._is_due = True
            universe = self.node.universe
            universe.after(universe.random.randrange(MILLISECOND), self._wake)

    def _wake(self) -> None:
        if not self.node.is_dead:
            self.node.loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._is_due = False
        if not self.empty():
            self.go()


class Server:
    """One copy, from its start until it is killed."""

    def __init__(
        self,
        universe: Universe,
        network: Network,
        board: Board,
        database: SqliteDatabase,
        options: "Options",
    ) -> None:
        self.node = universe.node(options.name)
        self.hints = Hints(universe, board, self.node)
        self.clock = NodeClock(self.node)
        self.engine = Engine(
            _as_database(Observed(database, self._committed, self.hints.rolled_back)),
            clock=self.clock,
            timing=options.timing,
            ids=options.ids,
            hints=self.hints,
        )
        self._on_committed = options.on_committed
        self._endpoint = Endpoint(self.node, self._verbs())
        inbox = Inbox(self.node)
        self.engine._committer._inbox = inbox
        inbox.go = self.engine._committer.go
        self.engine._committer.start = self._start_committing  # type: ignore[method-assign]
        self.node.spawn(self._start(network))

    def freeze(self, until: int) -> None:
        """It does nothing until then."""
        self.node.freeze(until)

    async def _start(self, network: Network) -> None:
        await self.engine.start()
        network.open(self._endpoint)

    def _start_committing(self) -> None:
        """Instead of a thread: the inbox sees to it."""
        self.hints.start(lambda wake: self._hear(wake))

    def _hear(self, wake: Wake) -> None:
        self.engine._committer._inbox.put(_Hint(wake))

    def _committed(self) -> None:
        self._on_committed(self)
        self.hints.committed()

    def _verbs(self) -> dict[str, Any]:
        engine = self.engine
        return {
            "register": lambda env, message: engine.register(env, message),
            "claim": lambda env, message: engine.claim(env, message),
            "commit": lambda env, message: engine.commit(env, message),
            "heartbeat": lambda env, message: engine.heartbeat(env, message),
            "farewell": lambda env, message: engine.farewell(env, message),
            "send_events": lambda env, message: engine.send_events(env, message),
            "trigger": lambda env, message: engine.trigger_runs(env, message),
            "quiet": lambda env, message: engine.trigger_runs(env, message),
            "batch": lambda env, message: engine.trigger_batch(env, message),
            "cancel": lambda env, message: engine.cancel_run(env, message),
            "settle": lambda env, message: engine.settle_task(message),
            "change_queue": lambda env, message: engine.change(ChangeQueue(env, "narrow", **dict(message))),
            "change_breaker": lambda env, message: engine.change(
                ChangeBreaker(env, "bell", is_open=message, span=4 * SECOND)
            ),
            "drain_worker": lambda env, message: engine.change(DrainWorker(env, message, "an operator")),
            "complete": lambda env, message: engine.tokens.complete(message),
            "vote": lambda env, message: engine.approvals.answer(message),
            "delegate": lambda env, message: engine.approvals.delegate(message),
            "cancel_event": lambda env, message: engine.cancel_event(env, message),
            "bulk": lambda env, message: engine.move_bulk(StartBulk(message)),
            "reschedule": lambda env, message: engine.move_run(
                RescheduleRun(env, message[0], delay=message[1])
            ),
            "replay": lambda env, message: engine.replay_run(
                env, message[0], idempotency_key=message[1], from_task=message[2]
            ),
            "wait_run": lambda env, message: engine.wait_run(env, message[0], message[1]),
            "resume": lambda env, message: engine.resume_run(env, message),
            "enable": lambda env, message: engine.enable_job(env, *message),
            "store": lambda env, message: engine.use_store(env, message),
            "end_workers": lambda env, message: engine.end_workers(message),
        }


def _as_database(observed: Observed) -> Database:
    return observed


class Options:
    """What a server copy is started with."""

    def __init__(
        self, name: str, timing: Timing, ids: IdSource, on_committed: Callable[[Server], None]
    ) -> None:
        self.name = name
        self.timing = timing
        self.ids = ids
        self.on_committed = on_committed
