"""One play on a world of its own, with one fault: from its beginning, over the fault, to the end of every run."""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from crash.ending import ending, errors, uncounted, wrongs
from crash.jobs import Jobs, Play
from crash.points import Fault, PointedDisk
from mainspring.clock import SECOND
from mainspring.codec import encode
from mainspring.engine import account, inspect
from mainspring.engine.commands import EndWorkers
from mainspring.engine.views import RunQuery, RunView, TaskView
from mainspring.errors import DatabaseUnavailable
from mainspring.model.events import EventDraft
from mainspring.model.runs import FINAL_RUN_STATUSES, RunDraft
from mainspring.model.tasks import FINAL_TASK_STATUSES
from mainspring.testing.lives import Life, current_life, is_dead
from scenarios.world import Axes, World

#: The ids that people outside gave; the same in every run of a play, as their idempotency keys are.
RUN_ID = f"run_{'0' * 25}1"
EVENT_ID = f"evt_{'0' * 24}"

#: What a task did: job and key, and the number of its attempt.
Effect = tuple[str, int]


@dataclass
class Ledger:
    """The effects of user code, by the process that had them."""

    by_life: dict[Life | None, list[Effect]] = field(default_factory=dict)
    #: What was in the database when the last process died.
    kept: set[Effect] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def did(self, key: str, attempt: int) -> None:
        if not is_dead():
            self.by_life.setdefault(current_life.get(), []).append((key, attempt))
            if (key, attempt) in self.kept:
                self.wrong.append(f"{key} was done again, attempt {attempt}, after it was kept")

    def doings(self) -> set[Effect]:
        """All of them. Nothing was done again but what was not kept when the process that did it died."""
        for effects in self.by_life.values():
            self.wrong += [
                f"{one} was done {n} times by one process" for one, n in Counter(effects).items() if n > 1
            ]
        assert not self.wrong, self.wrong
        return {effect for effects in self.by_life.values() for effect in effects}


class Stage:
    """A world with the jobs, one of which is played."""

    def __init__(self, database: str, play: Play, fault: Fault) -> None:
        self.database = database
        self.play = play
        self.fault = fault
        self.ledger = Ledger()

    def begin(self) -> None:
        """On the loop on which it plays."""
        database, fault = self.database, self.fault
        self.world = World(Axes(database, is_http=False, always_replay=False))
        self.world.wraps = lambda inner: PointedDisk(inner, fault)
        Jobs(self.world.client, self.play, self.ledger.did)

    async def run(self) -> None:
        """To the end."""
        fault = self.fault
        loop = asyncio.get_running_loop()
        struck = asyncio.Event()

        def strike() -> None:
            self.see_what_is_kept()
            self.ledger.wrong += self.uncounted()
            loop.call_soon_threadsafe(struck.set)

        fault.struck = strike
        await self.start()
        fault.is_armed = True
        while not await self._goes_on(struck):
            pass
        fault.is_armed = False

    async def start(self) -> None:
        """Server and worker, before anything is asked of them."""
        await self.world.start()

    async def _goes_on(self, struck: asyncio.Event) -> bool:
        """Until the end, or the next fault; whether it was the end."""
        playing = asyncio.ensure_future(self._play())
        waiting = asyncio.ensure_future(struck.wait())
        await asyncio.wait({playing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if playing.done():
            playing.result()
            return True
        struck.clear()
        if self.fault.is_deadly:
            playing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await playing
            await self._start_again(struck)
            return False
        return await self._outlive(playing)

    async def _start_again(self, struck: asyncio.Event) -> None:
        """Everything, however often it dies while it starts."""
        while True:
            starting = asyncio.ensure_future(self._restart())
            waiting = asyncio.ensure_future(struck.wait())
            await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if starting.done():
                starting.result()
                return
            struck.clear()
            starting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await starting

    async def _restart(self) -> None:
        self.fault.is_armed = False  # what opens a database is not told apart from who uses it
        self.world.kill_workers()
        await self.world.crash()
        self.fault.rearm()
        self.fault.is_armed = True
        await self.start_over()

    async def start_over(self) -> None:
        """A worker in place of those that the database knows of, and nobody else."""
        server = self.world.server
        with server.disk.read() as tx:
            workers = inspect.list_workers(tx, server.environment_id, self.world.clock.now())
        for view in workers:
            gone = EndWorkers(
                "superseded", environment_id=server.environment_id, worker_id=view.worker.id, blames=False
            )
            await server.engine.end_workers(gone)
        await self.world.start_worker()

    async def _outlive(self, playing: asyncio.Task[None]) -> bool:
        """Nobody died: whoever was told of a failure asks again, some of them after a nap that nobody can see."""
        overdue = None
        while not playing.done():
            await asyncio.wait({playing}, timeout=0.02)
            clock, due = self.world.clock, self.world.next_at()
            if due is not None and due == overdue and due <= clock.now():
                clock.advance(SECOND)
            overdue = due
        playing.result()
        return True

    def see_what_is_kept(self) -> None:
        """On the thread that wrote, which writes no more."""
        server = self.world.server
        with server.disk.read() as tx:
            for view in inspect.list_runs(
                tx, server.environment_id, RunQuery(limit=100), self.world.clock.now()
            ).data:
                for task in account.run_tasks(tx, server.environment_id, view.run.id) or ():
                    self.ledger.kept |= {
                        (f"{view.run.job_id}:{task.task.key}", n) for n in _kept_attempts(task)
                    }

    def ending(self) -> dict[str, Any]:
        """Where all came to; the auditor agrees."""
        server = self.world.server
        assert wrongs(server.disk) == []
        return ending(server.disk, server.environment_id, self.world.clock.now())

    def uncounted(self) -> list[str]:
        """Failures that are not counted as they were."""
        server = self.world.server
        return uncounted(server.disk, server.environment_id, self.world.clock.now())

    def errors(self) -> list[Any]:
        """The groups of failures at the end."""
        assert self.uncounted() == []
        server = self.world.server
        return errors(server.disk, server.environment_id, self.world.clock.now())

    # ── what people outside do: each thing again until it is answered ────────────────────────────────
    async def _play(self) -> None:
        world, beaten = self.world, False
        await self._begin()
        while True:
            await world.still()
            runs = self.runs()
            if all(view.run.status in FINAL_RUN_STATUSES for view in runs):
                return
            if await self._answer(runs):
                continue
            if self.fault.has_struck and not self.fault.is_deadly and not beaten:
                # What a lost claim granted is given back by a heartbeat, which goes by the machine's clock.
                beaten = True
                await world.beat()
                continue
            due = world.next_at()
            assert due is not None, f"it stands still for ever\n{world.outstanding()}"
            world.clock.advance(max(0, due - world.clock.now()))

    def runs(self) -> list[RunView]:
        server = self.world.server
        with server.disk.read() as tx:
            page = inspect.list_runs(tx, server.environment_id, RunQuery(limit=100), self.world.clock.now())
        return page.data

    async def _begin(self) -> None:
        server, play = self.world.server, self.play
        payload = encode(play.payload, what="the payload")
        if play.event is not None:
            await self._send(0, play.event, payload, None)
            return
        draft = RunDraft(RUN_ID, play.job_id, payload, idempotency_key="begin")
        await self._until_answered(lambda: server.engine.trigger_runs(server.environment_id, (draft,)))

    async def _answer(self, runs: list[RunView]) -> bool:
        """Sends what a run waits for; whether somebody did."""
        for number, (key, answer) in enumerate(self.play.answers.items(), 1):
            if any(wait.task_key == key for view in runs for wait in view.waiting_for):
                await self._send(number, answer.name, encode(answer.payload, what="an answer"), answer.id)
                return True
        return False

    async def _send(self, number: int, name: str, payload: str, id: str | None) -> None:
        server = self.world.server
        draft = EventDraft(
            f"{EVENT_ID}{number:02}", name, payload, correlation_id=id, idempotency_key=f"{name}-{number}"
        )
        await self._until_answered(lambda: server.engine.send_events(server.environment_id, (draft,)))

    async def _until_answered(self, ask: Any) -> None:
        while True:
            try:
                await ask()
                return
            except DatabaseUnavailable:
                continue


def _kept_attempts(view: TaskView) -> set[int]:
    if view.task.status in FINAL_TASK_STATUSES:
        return set(range(1, view.task.attempt + 1))
    return {attempt.number for attempt in view.attempts}
