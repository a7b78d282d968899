"""The world of a scenario: a real platform and real workers on a clock turned by hand, which can be killed.

A scenario defines jobs on `world.client`, starts the world, does things and looks. It never waits for real time:
the clock moves only when all is still, to whatever is due next.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mainspring import Client, Event, Job, Run
from mainspring.client.backend import HttpBackend
from mainspring.duration import Duration, parse_duration
from mainspring.model.limits import Limits
from mainspring.storage.database import Database
from mainspring.testing.disk import Disk
from mainspring.testing.server import API_KEY, Server, open_disk
from mainspring.testing.world import Crew
from mainspring.testing.world import World as Stage
from mainspring.worker.backend import Backend
from scenarios.parts.gates import Effects, Gate


@dataclass(frozen=True)
class Axes:
    """Where a scenario plays."""

    #: Where the truth is kept, as a database URL.
    database: str
    is_http: bool
    always_replay: bool

    def __str__(self) -> str:
        kind = self.database.partition(":")[0]
        return (
            f"{kind}, {'over HTTP' if self.is_http else 'in process'}{', forced replay' * self.always_replay}"
        )


class World(Stage):
    """Made by the `world` fixture."""

    def __init__(self, axes: Axes) -> None:
        super().__init__(always_replay=axes.always_replay)
        self.axes = axes
        self.label = str(axes)
        self.client = Client("test")
        self.effects = Effects()
        #: What the server's database is wrapped in.
        self.wraps: Callable[[Database], Disk] = Disk
        self._gates: list[Gate] = []
        self.clients = {self.client}

    def gate(self) -> Gate:
        gate = Gate()
        self._gates.append(gate)
        return gate

    # ── beginning and end ────────────────────────────────────────────────────────────────────────────
    async def start(self, *, workers: int = 1, slots: int = 10, limits: Limits | None = None) -> None:
        """Server up, workers registered with the jobs that the client has by now."""
        self.slots = slots
        self.limits = limits or self.limits
        await self.start_server()
        for _ in range(workers):
            await self.start_worker()

    async def open_server(self, port: int) -> Server:
        axes = self.axes
        return await Server.start(
            self.lives,
            self.wraps(open_disk(axes.database)),
            self.clock,
            port=port if axes.is_http else None,
            limits=self.limits,
        )

    async def start_worker(
        self, client: Client | None = None, *, slots: int | None = None, queues: Sequence[str] = ()
    ) -> Crew:
        """Another worker; `client` when its code differs from that of the others."""
        return await super().start_worker(client or self.client, slots=slots, queues=queues)

    def backend(self) -> Backend:
        return HttpBackend(self.server.url, API_KEY) if self.axes.is_http else super().backend()

    async def close(self) -> None:
        """The end of the scenario, however it went."""
        for gate in self._gates:
            gate.open()
        if hasattr(self, "server"):
            await self.die()
        self.lives.close()

    # ── faults ───────────────────────────────────────────────────────────────────────────────────────
    async def crash(self, *, down_for: Duration = 0) -> None:
        """Everything dies at once, and is started again: what was committed is all that is left."""
        crews = list(self.crews)
        await self.die()
        self.clock.advance(parse_duration(down_for))
        await self.start_server()
        # What `mainspring dev` knows when it starts: nobody of its earlier workers is alive.
        await self.end_workers(crews, "superseded", blames=False)
        for crew in crews:
            await self.start_worker(crew.client)

    async def crash_server(self) -> None:
        """The server dies and comes back. Over HTTP it is at its old place, and the workers live and have to notice;
        in process they died with it."""
        port = self.server.port
        if port is None:
            await self.crash()
            return
        await self.door.aclose()
        await self.server.die(self.lives)
        await self.start_server(port)

    async def crash_worker(self, *, restart: bool = True, blames: bool = True, fault: str = "") -> None:
        """Every worker dies at once; their supervisor notices, and starts as many again. `fault`: what it sees them
        die of; "" when they may have been killed from outside."""
        crews = list(self.crews)
        self.kill_workers()
        await self.end_workers(crews, "exited", blames=blames, fault=fault)
        if restart:
            for crew in crews:
                await self.start_worker(crew.client)

    async def kill(self, crew: Crew) -> None:
        """One worker dies, and its supervisor notices."""
        self.kill_worker(crew)
        await self.end_workers([crew], "exited", blames=True)

    async def give_up(self, crew: Crew) -> None:
        """One worker is taken for dead though it lives: it was frozen, or cut off, and comes back."""
        await self.end_workers([crew], "exited", blames=True)

    async def beat(self) -> None:
        """Every worker's next heartbeat, which takes seconds of the machine's time otherwise, comes now."""
        for crew in self.crews:
            beats = crew.backend.beats
            crew.worker._keeper.nudge()
            while crew.backend.beats == beats:
                await self.lives.something_happens(0.1)
        await self.still()

    async def drain(self, crew: Crew) -> None:
        """One worker is asked to stop, and stops."""
        crew.worker.drain()
        await crew.working
        self.crews.remove(crew)

    # ── doing ────────────────────────────────────────────────────────────────────────────────────────
    async def send(self, name: str, payload: Any = None, **options: Any) -> Event[Any]:
        """As `client.send_event`."""
        return await self.client.send_event(name, payload, **options)

    async def trigger(self, job: Job[..., Any, Any], payload: Any = None, **options: Any) -> Run[Any]:
        """As `job.trigger`, from outside."""
        return await job.trigger({} if payload is None else payload, **options)

    async def run_of(self, event: Event[Any]) -> Run[Any]:
        """The one run that an event started."""
        (started,) = event.runs
        return await self.client.runs.retrieve(started.id)

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────
    async def advance(self, delay: Duration) -> None:
        """Let this span pass; whatever falls due in it happens at its own time."""
        await self.pass_until(self.clock.now() + parse_duration(delay))

    async def commits(self, count: int) -> None:
        """Returns when the database has taken so many more commits: in the midst of whatever goes on."""
        until = self.server.disk.commits + count
        while self.server.disk.commits < until:
            before = self.server.disk.commits
            await self.lives.something_happens(0.1)
            if self.server.disk.commits == before and self.stillness.motion() is None:
                return  # there is nothing to be in the midst of

    async def until(
        self, run: Run[Any], status: str | None = None, *, waiting_for: str | None = None
    ) -> Run[Any]:
        """The run, once all is still and it stands as asked; the clock does not move."""
        await self.still()
        await run.refresh()
        keys = [wait["task"] for wait in run.waiting_for]
        if run.status != (status or run.status) or (waiting_for is not None and waiting_for not in keys):
            wanted = f"{status} for '{waiting_for}'" if waiting_for else status
            raise AssertionError(
                f"the run is {run.status}, waiting for {keys}, not {wanted}\n{run.error}\n{self.outstanding()}"
            )
        return run

    async def finish(self, run: Run[Any]) -> Run[Any]:
        """The run when it has ended; the clock moves to whatever is due next, as often as needed."""
        looks = 0
        while True:
            await self.still()
            await run.refresh()
            if run.is_final:
                return run
            due = self.stillness.next_at()
            if due is None and looks < 20:  # a thread may be on its way back to the loop
                looks += 1
                await asyncio.to_thread(time.monotonic)
                continue
            if due is None:
                raise AssertionError(f"the run {run.id} stands still for ever\n{self.outstanding()}")
            self.turn_to(due)

    async def output(self, run: Run[Any]) -> Any:
        """What the run came to, which must be a success."""
        await self.finish(run)
        assert run.status == "SUCCESS", f"{run.status}: {run.error}\n{self.outstanding()}"
        return run.output

    async def failure(self, run: Run[Any]) -> Any:
        """The error that the run ended with; it must have FAILED."""
        await self.finish(run)
        assert run.status == "FAILED", f"{run.status}: {run.output}"
        assert run.error is not None
        return run.error

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────
    async def tasks(self, run: Run[Any]) -> dict[str, Any]:
        """Its tasks as the API shows them, by key, in the order they began."""
        return {task["key"]: task for task in await self._list(run, "tasks")}

    async def history(self, run: Run[Any]) -> list[Any]:
        return await self._list(run, "history")

    async def kinds(self, run: Run[Any], task: str | None = None) -> list[str]:
        """The kinds of its history's entries, or of those about one task."""
        entries = await self.history(run)
        return [entry["kind"] for entry in entries if task is None or entry["task"] == task]

    async def logs(self, run: Run[Any]) -> list[Any]:
        return await self._list(run, "logs")

    async def trace(self, run: Run[Any]) -> list[Any]:
        return await self._list(run, "trace")

    async def _list(self, run: Run[Any], noun: str) -> list[Any]:
        data: list[Any] = []
        params: dict[str, Any] = {}
        while True:
            answer = await self.door.call("GET", f"/api/v1/runs/{run.id}/{noun}", params=params)
            data += answer["data"]
            if not (answer["data"] and answer.get("next_cursor")):  # some lists give a cursor for ever
                return data
            params = {"cursor": answer["next_cursor"]}
