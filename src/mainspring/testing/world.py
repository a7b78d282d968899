"""A world: the real engine and real workers on one event loop and on a clock turned by hand; all of it can be killed.

`Environment` is what users get of it, and our own scenarios play in it. Nothing waits for real time: the clock moves
only when all is still, to whatever is due next.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

from mainspring.clock import FakeClock, Instant
from mainspring.engine.commands import EndWorkers
from mainspring.ids import new_id
from mainspring.model.limits import Limits
from mainspring.sdk.client import Client
from mainspring.sdk.door import Door
from mainspring.testing.lives import Life, Lives
from mainspring.testing.outstanding import outstanding
from mainspring.testing.server import Server
from mainspring.testing.stillness import Stillness
from mainspring.testing.taps import TappedBackend, TappedClock, TappedDoor
from mainspring.worker.backend import Backend
from mainspring.worker.worker import Worker


@dataclass(eq=False)
class Crew:
    """A worker with the life it leads."""

    client: Client
    worker: Worker
    life: Life
    backend: TappedBackend
    clock: TappedClock
    working: "asyncio.Task[None]"


class World:
    """Made on the event loop on which it plays. Say how the server is opened in `open_server`."""

    #: In the message of a failure: where it plays.
    label = "the world"
    #: Seconds of real time after which something that goes on and on is an error; None: never.
    patience: float | None = None

    def __init__(
        self, *, clock: FakeClock | None = None, always_replay: bool = False, slots: int = 10
    ) -> None:
        self.clock = clock or FakeClock()
        self.always_replay = always_replay
        self.slots = slots
        self.lives = Lives()
        self.server: Server
        self.door: TappedDoor
        self.crews: list[Crew] = []
        self.limits = Limits()
        self.stillness = Stillness(self)
        self.clients: set[Client] = set()
        self._numbers = count(1)

    # ── what others do differently ───────────────────────────────────────────────────────────────────
    async def open_server(self, port: int) -> Server:
        """The server's next incarnation, at work; `port`: where the one before listened, if it did."""
        raise NotImplementedError

    def door_in(self) -> Door:
        """A way to the API of the present server."""
        return self.server.door()

    def backend(self) -> Backend:
        """A worker's way to the present server."""
        return self.server.local_backend()

    def tap(self, life: Life) -> TappedBackend:
        """The same for the worker that leads this life, seen."""
        return TappedBackend(self.backend(), life)

    def user_code(self) -> Sequence[str]:
        """What user code waits for that is neither ours nor the test's: stillness waits for it too."""
        return ()

    # ── beginning and end ────────────────────────────────────────────────────────────────────────────
    async def start_server(self, port: int = 0) -> None:
        self.server = await self.open_server(port)
        self.door = TappedDoor(self.door_in())
        for client in self.clients:
            client.use_door(self.door)

    def know(self, client: Client) -> None:
        """From now on this client's calls come here."""
        self.clients.add(client)
        client.use_door(self.door)

    async def start_worker(
        self, client: Client, *, slots: int | None = None, queues: Sequence[str] = ()
    ) -> Crew:
        """Another worker, registered with the jobs that the client has by now."""
        self.know(client)
        name = f"worker-{next(self._numbers)}"
        life = self.lives.begin(name)
        backend = self.tap(life)
        clock = TappedClock(self.clock)
        worker = Worker(
            client,
            backend,
            slots=slots or self.slots,
            clock=clock,
            name=name,
            worker_id=new_id("wrk"),
            limits=self.limits,
            always_replay=self.always_replay,
            queues=queues,
        )
        working = self.lives.spawn(life, worker.run())
        registered = asyncio.ensure_future(backend.registered.wait())
        await asyncio.wait({working, registered}, return_when=asyncio.FIRST_COMPLETED)
        registered.cancel()
        if working.done():
            working.result()
        crew = Crew(client, worker, life, backend, clock, working)
        self.crews.append(crew)
        return crew

    async def die(self) -> None:
        """Everything at once: what was committed is all that is left."""
        await self.door.aclose()
        self.kill_workers()
        await self.server.die(self.lives)

    # ── workers that end ─────────────────────────────────────────────────────────────────────────────
    def kill_workers(self) -> None:
        """All of them, and nobody notices yet."""
        for crew in list(self.crews):
            self.kill_worker(crew)

    def kill_worker(self, crew: Crew) -> None:
        """One of them, and nobody notices yet."""
        self.lives.end(crew.life)
        crew.worker._keeper.stop()  # its thread would only find out with the next heartbeat
        self.crews.remove(crew)

    async def end_workers(
        self,
        crews: Sequence[Crew],
        reason: Literal["exited", "superseded"],
        *,
        blames: bool,
        fault: str = "",
    ) -> None:
        """Their supervisor notices that they are dead. `blames`: their runs may have killed them; `fault`: what it
        sees them die of."""
        for crew in crews:
            command = EndWorkers(
                reason,
                environment_id=self.server.environment_id,
                worker_id=crew.backend.worker_id,
                blames=blames,
                fault=fault,
            )
            await self.server.engine.end_workers(command)

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────
    async def still(self) -> None:
        """Returns when nothing more happens until the clock is turned."""
        await self.stillness.reached()

    def next_at(self) -> Instant | None:
        """When something is due next; for when all is still."""
        return self.stillness.next_at()

    async def pass_until(self, until: Instant) -> None:
        """The clock goes on to this instant; whatever falls due before happens at its own time."""
        while True:
            await self.still()
            due = self.next_at()
            if due is None or due > until:
                break
            self.turn_to(due)
        self.turn_to(until)
        await self.still()

    def turn_to(self, instant: Instant) -> None:
        """The clock stands at this instant now, unless it does already or has gone by."""
        self.clock.advance(max(0, instant - self.clock.now()))

    # ── for stillness and for the message of a failure ───────────────────────────────────────────────
    def backends(self) -> list[TappedBackend]:
        return [crew.backend for crew in self.crews]

    def clocks(self) -> list[TappedClock]:
        return [crew.clock for crew in self.crews]

    def is_workers(self, one: "asyncio.Task[object]") -> bool:
        return any(one in crew.life.begun for crew in self.crews)

    def outstanding(self) -> str:
        return outstanding(self)
