"""A worker of a play: the real one on a loop of its own, with one slot, whose reports pass through the stage."""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from mainspring.clock import SECOND
from mainspring.model.jobs import JobSpec
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
from mainspring.sdk.job import Job
from mainspring.testing.plays.server import AGES, Server
from mainspring.testing.plays.universe import NodeClock, Universe
from mainspring.worker.keeper import Keeper
from mainspring.worker.worker import Worker

#: What starts runs by the clock is left out: a play that waits for a week would be full of them.
_BY_THE_CLOCK = ("cron", "interval")


class Stage(Protocol):
    """Whoever is told, and may let things happen, before a report is sent and before its answer is heard."""

    def taken(self, crew: "Crew", answer: ClaimAnswer) -> bool:
        """A claim was answered; False: the worker has died of it."""
        ...

    async def asks(self, crew: "Crew", request: CommitRequest) -> None: ...

    async def heard(self, crew: "Crew", request: CommitRequest, answer: CommitAnswer) -> None: ...


class _Still(Keeper):
    """Beats for nobody: who dies is told."""

    def start(self, registered: Registered) -> None: ...

    def nudge(self) -> None: ...

    def stop(self) -> None: ...

    def is_lease_over(self) -> bool:
        return False


@contextlib.contextmanager
def _uncaptured(*, echoes: bool = True) -> Iterator[None]:
    """The play captures once, around all its workers."""
    yield


class StagedWorker(Worker):
    keeper = _Still
    capturing = staticmethod(_uncaptured)


class _Jobs:
    """A client as a worker sees it, without what starts its jobs by the clock."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.name, self.sealing = client.name, client.sealing

    @property
    def registered(self) -> Mapping[str, Job[..., Any, Any]]:
        return self._client.registered

    def job_specs(self) -> tuple[JobSpec, ...]:
        return tuple(_without_clock(spec) for spec in self._client.job_specs())


def _without_clock(spec: JobSpec) -> JobSpec:
    return replace(spec, triggers=tuple(one for one in spec.triggers if one.kind not in _BY_THE_CLOCK))


class Crew:
    """One worker process, from its start to its death."""

    def __init__(self, universe: Universe, server: Server, stage: Stage, client: Client, number: int) -> None:
        self.node = universe.node(f"worker-{number}")
        jobs: Any = _Jobs(client)
        backend = _StagedBackend(server, stage, self)
        #: The number of the run it holds; 0: none.
        self.run = 0
        self.is_registered = False
        self.worker = StagedWorker(
            jobs,
            backend,
            slots=1,
            clock=NodeClock(self.node),
            name=self.node.name,
            worker_id=server.worker_ids.new("wrk"),
            drain_timeout=SECOND,
            echoes=False,
            ready=self._ready,
        )
        self.working: asyncio.Task[Any] | None = None

    def start(self) -> None:
        self.working = self.node.spawn(self.worker.run())

    def _ready(self, worker_id: str) -> None:
        self.is_registered = True


class _StagedBackend:
    """Implements `Backend`."""

    def __init__(self, server: Server, stage: Stage, crew: Crew) -> None:
        self._engine, self._environment_id = server.engine, server.environment_id
        self._registered = server.ground.registered
        self._stage = stage
        self._crew = crew

    async def register(self, registration: Registration) -> Registered:
        known = self._registered.get(registration.worker_id)
        if known is not None and not self._crew.is_registered:
            return known
        return await self._engine.register(self._environment_id, registration)

    async def claim(self, request: ClaimRequest) -> ClaimAnswer:
        answer = await self._engine.claim(self._environment_id, replace(request, wait=AGES))
        if not self._stage.taken(self._crew, answer):
            await self._crew.node.loop.create_future()  # the dead wait for ever
        return answer

    async def commit(self, request: CommitRequest) -> CommitAnswer:
        await self._stage.asks(self._crew, request)
        answer = await self._engine.commit(self._environment_id, request)
        await self._stage.heard(self._crew, request, answer)
        return answer

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        raise AssertionError("nobody beats in a play")

    async def farewell(self, farewell: Farewell) -> None:
        await self._engine.farewell(self._environment_id, farewell)

    async def aclose(self) -> None:
        """Nothing is open."""
