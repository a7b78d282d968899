"""The world in which the demo's data comes about: the real engine, real workers and people, in virtual time.

Days pass in seconds: nobody waits for anything but the next thing that happens. One seed makes one world.
"""

import asyncio
import contextlib
import gc
import random
import warnings
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import replace
from typing import Any

from mainspring import ids
from mainspring.clock import SECOND, Instant
from mainspring.demo.client import client
from mainspring.duration import Duration, parse_duration
from mainspring.engine.accounts import ensure_environment
from mainspring.ids import IdSource
from mainspring.model.jobs import JobSpec
from mainspring.model.limits import Limits
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
from mainspring.sdk.client import Client
from mainspring.storage.database import Database
from mainspring.testing.plays.crew import StagedWorker
from mainspring.testing.plays.outside import StagedDoor, use_door
from mainspring.testing.plays.server import AGES, CALM, Inbox, StagedEngine
from mainspring.testing.plays.universe import BEGIN, Node, NodeClock, Universe
from mainspring.worker import capture

#: Where `mainspring dev --demo` finds the jobs.
APP = "mainspring.demo.app:client"

#: Turns of nodes: no world that is meant goes on for so long.
_MOST_TURNS = 50_000_000
#: How long a server takes to answer, microseconds: at least, and at most.
_LATENCY = (600, 7_000)


class Server:
    """The engine on a loop of its own, and the way to its API."""

    def __init__(self, universe: Universe, database: Database, offset: int, api_key: str, salt: str) -> None:
        self.node = universe.node("server")
        self.node.offset = offset
        self.clock = NodeClock(self.node)
        self.ids = IdSource(self.clock.now, random.Random(f"ids {salt}"))
        self.limits = Limits()
        self.environment_id = ensure_environment(database, self.clock.now(), self.ids, api_key)
        self.engine = StagedEngine(database, clock=self.clock, limits=self.limits, ids=self.ids, timing=CALM)
        committer = self.engine._committer
        committer._inbox = Inbox(self.node, committer.go)
        committer.start = lambda: None  # type: ignore[method-assign]  # the inbox sees to it
        self.node.spawn(self.engine.start())


class World:
    """From `begins` (an instant) on. `tell` things to happen, then `play` until an instant."""

    def __init__(self, database: Database, api_key: str, begins: Instant, salt: str) -> None:
        self.random = random.Random(f"story {salt}")
        self.universe = Universe(f"universe {salt}")
        self.universe.most_turns = _MOST_TURNS
        self._offset = begins - BEGIN
        self._salt, self._api_key = salt, api_key
        self.server = Server(self.universe, database, self._offset, api_key, salt)
        self._people = self._node("people")
        self.clock = NodeClock(self._people)
        self.crews: list[Crew] = []

    def _node(self, name: str) -> Node:
        node = self.universe.node(name)
        node.offset = self._offset
        return node

    def tell(self, what: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Somebody does this from now on."""
        return self._people.spawn(what)

    async def sleep(self, span: Duration) -> None:
        await self.clock.sleep(parse_duration(span))

    async def sleep_until(self, at: Instant) -> None:
        await self.clock.sleep(at - self.clock.now())

    def hire(self, name: str, versions: Mapping[str, str] | None = None) -> "Crew":
        """A worker comes; `versions`: of jobs that it has in an older one."""
        crew = Crew(self._node(name), self.server, self.universe, versions or {})
        self.crews.append(crew)
        return crew

    async def let_go(self, crew: "Crew") -> None:
        """It is told to stop: its runs go to others at their next checkpoint."""
        crew.worker.drain()
        self.crews.remove(crew)
        while not crew.working.done():
            await self.clock.sleep(SECOND)

    @contextlib.contextmanager
    def played(self) -> Iterator[None]:
        """Inside, chance, ids, log and the client's way out are the world's."""
        state, system, was_enabled = random.getstate(), ids._system, gc.isenabled()
        random.seed(f"chance {self._salt}")
        ids._system = self.server.ids
        gc.disable()  # or what it frees would speak at moments that no seed repeats
        before = use_door(client, StagedDoor(self.server, _as_it_comes, self._api_key))
        try:
            with capture.capturing(echoes=False):
                yield
        finally:
            use_door(client, before)
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", RuntimeWarning
                )  # of coroutines that were cut off before they began
                self.universe.close()
            ids._system = system
            random.setstate(state)
            if was_enabled:
                gc.enable()

    def play(self, until: Instant) -> None:
        """Lets everything happen up to this instant. Raises what somebody's plans raised."""
        complaints = self.universe.complaints
        self.universe.run(until - self._offset - BEGIN, lambda: bool(complaints))
        for complaint in complaints:
            raise complaint.get("exception") or AssertionError(complaint["message"])


def _as_it_comes(name: str, choices: tuple[str, ...]) -> None:
    """Events come once, and in time."""


class _Jobs:
    """The client as a worker of an older deploy sees it."""

    def __init__(self, inner: Client, versions: Mapping[str, str]) -> None:
        self._inner = inner
        self._versions = versions
        self.name, self.sealing, self.registered = inner.name, inner.sealing, inner.registered

    def job_specs(self) -> tuple[JobSpec, ...]:
        return tuple(
            replace(spec, version=self._versions.get(spec.id, spec.version))
            for spec in self._inner.job_specs()
        )


class Crew:
    """One worker."""

    def __init__(self, node: Node, server: Server, universe: Universe, versions: Mapping[str, str]) -> None:
        self.node = node
        jobs: Any = _Jobs(client, versions)
        self.backend = _Backend(server, universe)
        self.worker = StagedWorker(
            jobs,
            self.backend,
            clock=NodeClock(node),
            name=node.name,
            app=APP,
            worker_id=server.ids.new("wrk"),
            echoes=False,
        )
        self.working = node.spawn(self.worker.run())


class _Backend:
    """Implements `Backend`: a server that is near, and takes a moment for every answer."""

    def __init__(self, server: Server, universe: Universe) -> None:
        self._engine, self._environment_id = server.engine, server.environment_id
        self._universe = universe

    async def _moment(self) -> None:
        await asyncio.sleep(self._universe.random.randint(*_LATENCY) / SECOND)

    async def register(self, registration: Registration) -> Registered:
        await self._moment()
        return await self._engine.register(self._environment_id, registration)

    async def claim(self, request: ClaimRequest) -> ClaimAnswer:
        answer = await self._engine.claim(self._environment_id, replace(request, wait=AGES))
        await self._moment()
        return answer

    async def commit(self, request: CommitRequest) -> CommitAnswer:
        await self._moment()
        return await self._engine.commit(self._environment_id, request)

    async def beat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        return await self._engine.heartbeat(self._environment_id, heartbeat)

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        raise AssertionError("its keeper does not beat")

    async def farewell(self, farewell: Farewell) -> None:
        await self._engine.farewell(self._environment_id, farewell)

    async def aclose(self) -> None:
        """Nothing is open."""
