"""A worker's process: the real worker; only its sockets and the thread of its heartbeats are played."""

import asyncio
import contextlib
from typing import Any

from mainspring import Client
from mainspring.clock import SECOND
from mainspring.errors import UnknownWorker
from mainspring.model.protocol import (
    ClaimAnswer,
    ClaimRequest,
    CommitAnswer,
    CommitRequest,
    Farewell,
    Heartbeat,
    HeartbeatAnswer,
    Registered,
    Registration,
)
from mainspring.testing.plays.universe import Node, NodeClock, Universe
from mainspring.worker.keeper import _AGAIN_AFTER, Keeper
from mainspring.worker.worker import Worker
from simulation.network import Network
from simulation.witness import Witness

#: As the client over HTTP has them, with less patience, so that a seed is over sooner.
ANSWER_TIMEOUT = 8 * SECOND
BEAT_TIMEOUT = 3 * SECOND


class PlayedKeeper(Keeper):
    """The lease keeper; its thread is a node beside that of the worker's loop, which may be blocked meanwhile."""

    _beating: "asyncio.Task[None] | None" = None

    def __init__(self, backend: Any, worker: Any, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(backend, worker, loop, monotonic=loop.time)
        self._node: Node = loop.beside  # type: ignore[attr-defined]
        self._roused = asyncio.Event()

    def start(self, registered: Registered) -> None:
        self._every = registered.heartbeat_every / SECOND
        self._timeout = registered.lease_timeout / SECOND
        self._answered_at = self._monotonic()
        if self._beating is None:
            self._beating = self._node.spawn(self._beat_on())

    def nudge(self) -> None:
        self._roused.set()

    def stop(self) -> None:
        if self._beating is not None:
            self._beating.cancel()

    async def _beat_on(self) -> None:
        pause = self._every
        while True:
            rouse = self._node.loop.call_later(pause, self._roused.set)
            await self._roused.wait()
            rouse.cancel()
            self._roused.clear()
            pause = self._every if await self._beaten() else min(_AGAIN_AFTER, self._every)

    async def _beaten(self) -> bool:
        began = self._monotonic()
        heartbeat = self._worker.snapshot(self._blocked_at())
        try:
            answer = await self._backend.beat(heartbeat)  # type: ignore[attr-defined]
        except UnknownWorker:
            answer = HeartbeatAnswer(unknown_worker=True)
        except Exception as error:
            self._unanswered(error)
            return False
        self._answered_at = began
        self._loop.call_soon_threadsafe(self._worker.heard, heartbeat, answer)
        return True

    def _blocked_at(self) -> str | None:
        """The stack that blocks the loop, when the simulator has blocked it."""
        process = self._node.process
        return "a loop without await" if process.frozen_until > process.universe.now else None


class PlayedWorker(Worker):
    """The worker, in a process that is played: nobody else prints in it."""

    keeper = PlayedKeeper
    capturing = staticmethod(lambda echoes=True: contextlib.nullcontext())  # type: ignore[assignment]


class PlayedBackend:
    """`Backend` of `worker/backend.py`, over the played network."""

    def __init__(self, network: Network, node: Node, witness: Witness) -> None:
        self._network = network
        self._node = node
        self._witness = witness

    async def register(self, registration: Registration) -> Registered:
        answer: Registered = await self._ask("register", registration)
        return answer

    async def claim(self, request: ClaimRequest) -> ClaimAnswer:
        asked = self._witness.now()
        answer: ClaimAnswer = await self._ask("claim", request, request.wait + ANSWER_TIMEOUT)
        self._witness.granted(asked, request, answer)
        return answer

    async def commit(self, request: CommitRequest) -> CommitAnswer:
        askings = self._witness.reports(request)
        answer: CommitAnswer = await self._ask("commit", request)
        self._witness.reported(askings, answer)
        return answer

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        raise AssertionError("the played keeper awaits `beat`")

    async def beat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        keeper: Node = self._node.loop.beside  # type: ignore[attr-defined]
        answer: HeartbeatAnswer = await self._network.ask(keeper, "heartbeat", heartbeat, BEAT_TIMEOUT)
        return answer

    async def farewell(self, farewell: Farewell) -> None:
        await self._ask("farewell", farewell)

    async def aclose(self) -> None:
        """Nothing is open."""

    async def _ask(self, verb: str, message: Any, timeout: int = ANSWER_TIMEOUT) -> Any:
        return await self._network.ask(self._node, verb, message, timeout)


class Crew:
    """One worker process, from its start to its death."""

    def __init__(
        self,
        universe: Universe,
        network: Network,
        witness: Witness,
        client: Client,
        options: dict[str, Any],
    ) -> None:
        """`options` are the worker's, with its name."""
        self.node = universe.node(options["name"])
        keeper = self.keeper = universe.node(options["name"] + "'s keeper")
        keeper.process, self.node.loop.beside = self.node, keeper  # type: ignore[attr-defined]
        self.node.on_death.append(keeper.kill)
        keeper.on_death.append(self.node.kill)
        self.backend = PlayedBackend(network, self.node, witness)
        clock = NodeClock(self.node)
        self.worker = PlayedWorker(client, self.backend, clock=clock, drain_timeout=5 * SECOND, **options)
        #: Of the next version of the app.
        self.is_newer = False
        self.working = self.node.spawn(self.worker.run())

    def freeze(self, until: int) -> None:
        """The whole process does nothing until then."""
        self.node.freeze(until)
        self.keeper.freeze(until)

    def is_registered(self) -> bool:
        """Whether it may claim."""
        return hasattr(self.worker, "_keeper") and self.worker._keeper._beating is not None  # type: ignore[attr-defined]

    def holds(self, run_id: str, lease: int) -> bool:
        """Whether it believes so."""
        return (run_id, lease) in self.worker._roster.leases()
