"""The environment of a test: jobs run by the real engine and real workers, in memory, on a clock of its own.

Every verb returns when all is still: nothing more happens until the clock is turned or somebody does something.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from mainspring.clock import FakeClock, to_datetime
from mainspring.duration import Duration, parse_duration
from mainspring.engine import inspect
from mainspring.engine.views import RunQuery
from mainspring.errors import DefinitionError, WrongLoop
from mainspring.sdk.approvals import Approval, Decision
from mainspring.sdk.client import Client
from mainspring.sdk.door import Door
from mainspring.sdk.events import Event, as_instant
from mainspring.sdk.handle import RunState
from mainspring.sdk.job import Job
from mainspring.sdk.names import near
from mainspring.sdk.tokens import Token
from mainspring.testing.blocking import SyncEnvironment
from mainspring.testing.live import LiveRun
from mainspring.testing.lives import current_life
from mainspring.testing.memory import MemoryWorld
from mainspring.testing.people import approval_of, token_of
from mainspring.testing.plans import Planned, Plans
from mainspring.testing.plays.crashes import CrashReport, crash_everywhere
from mainspring.testing.plays.explore import Exploration, explore
from mainspring.testing.replays import Replayed, replay
from mainspring.testing.server import Server
from mainspring.testing.stand_ins import FakeConnector, Fakes


class Environment:
    """`async with Environment(client) as mainspring:`; the fixture `mainspring` is one.

    It begins with the first verb, on the running event loop, and leaves its clients as they were.
    """

    def __init__(
        self,
        *clients: Client,
        now: datetime | str | None = None,
        always_replay: bool = False,
        slots: int = 10,
        patience: float = 10,
    ) -> None:
        """`clients`: those whose jobs can run, besides those of every job that is triggered. `now`: what time it is
        at first (2026-01-01, midnight UTC). `always_replay`: user code begins anew after everything that it waited
        for, as it may after any restart. `slots`: runs that each worker executes side by side. `patience`: seconds of
        real time that user code may take for what it waits for outside (a request, a thread) before a verb gives up
        with `AssertionError`."""
        self.clients: list[Client] = []
        self.use(*clients)
        self._clock = FakeClock() if now is None else FakeClock(as_instant(now))
        self._always_replay = always_replay
        self._slots = slots
        self._patience = patience
        self._world: MemoryWorld | None = None
        self._doors: dict[Client, Door | None] = {}
        self._specs: dict[Client, Any] = {}
        self._plans = Plans()
        self._fakes = Fakes()
        self.is_over = False
        #: The same verbs for plain `def` tests: `mainspring.sync.trigger(...)` returns when all is still.
        self.sync = SyncEnvironment(self)

    def __repr__(self) -> str:
        return f"<Environment at {self.now.isoformat()}>"

    # ── beginning and end ────────────────────────────────────────────────────────────────────────────
    def use(self, *clients: Client) -> None:
        """Let the jobs of these clients run here too, each client's by a worker of its own."""
        for client in clients:
            if not isinstance(client, Client):
                raise DefinitionError(
                    f"use() got {client!r:.80}", mend='Give the app\'s client: Client("shop").'
                )
            if client not in self.clients:
                self.clients.append(client)

    async def start(self) -> None:
        """Begin now: from here on the clients' own calls (`job.trigger`, `client.runs`, ...) come here. Any other
        verb does it too."""
        await self._begun()

    async def settle(self) -> None:
        """Returns when nothing more happens until the clock is turned, or somebody does something."""
        await (await self._begun()).still()

    async def restart(self) -> None:
        """Everything dies, engine and workers, and is started again: what was committed is all that is left."""
        world = await self._begun()
        await world.restart()
        await world.still()

    def close(self) -> None:
        """The end: everything is dropped as it stands, and the clients reach what they reached before."""
        if self.is_over:
            return
        self.is_over = True
        for client, door in self._doors.items():
            client.use_door(door)
        self._fakes.give_back()
        if self._world is not None:
            self._world.close()
        self.sync.close()

    async def __aenter__(self) -> "Environment":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.check_plans()
        finally:
            self.close()

    async def _begun(self) -> MemoryWorld:
        """The world, on the running loop, with a worker for each client that has the jobs it has now."""
        current_life.set(None)  # explicitly: nothing that a worker does makes the test one of its own
        world = self._world
        self._check_open()
        loop = asyncio.get_running_loop()
        if world is not None and world.loop is not loop:
            raise WrongLoop(
                "the test's environment began on another event loop",
                mend="Use it in tests and fixtures of one loop, or only `mainspring.sync` in plain `def` tests.",
            )
        if world is None:
            if not isinstance(loop, asyncio.BaseEventLoop):
                raise WrongLoop(
                    f"the test kit needs asyncio's own event loop, and this is {type(loop).__module__}'s",
                    mend="Run these tests without it, or write them as plain `def` with `mainspring.sync`.",
                )
            world = self._world = MemoryWorld(
                clock=self._clock,
                always_replay=self._always_replay,
                slots=self._slots,
                patience=self._patience,
            )
            world.points.watchers.append(self._plans.watch)
            await world.open()
        for client in self.clients:
            await self._employ(world, client)
        return world

    def _check_open(self) -> None:
        if self.is_over:
            raise DefinitionError("the test's environment has ended", mend="Use it inside the test.")

    def _server(self) -> Server:
        """The present one, for those who look."""
        self._check_open()
        if self._world is None:
            raise DefinitionError("nothing runs yet", mend="Call `await mainspring.start()` first.")
        return self._world.server

    async def _employ(self, world: MemoryWorld, client: Client) -> None:
        specs = client.job_specs()
        self._fakes.take(client)
        if client not in self._doors:
            self._doors[client] = client._api._door
            world.know(client)
        if not specs or self._specs.get(client) == specs:
            return
        self._specs[client] = specs
        crew = world.worker_of(client)
        await (world.start_worker(client) if crew is None else world.replace(crew))

    # ── doing ────────────────────────────────────────────────────────────────────────────────────────
    async def trigger(self, job: Job[..., Any, Any] | str, *payload: Any, **options: Any) -> LiveRun[Any]:
        """Start a run of a job (or of the job of this id) and let it go on until all is still. Options and errors
        as of `job.trigger`."""
        found = self._job(job)
        self.use(_client_of(found))
        world = await self._begun()
        run = await found.trigger(*payload, **options)
        await world.still()
        return self.run(run)

    async def send_event(self, name: str, payload: Any = None, **options: Any) -> Event[Any]:
        """Send an event and let what it starts go on until all is still. Options and errors as of
        `client.send_event`; `mainspring.run_of(event)` is the run that it started."""
        world = await self._begun()
        event = await self._any_client().send_event(name, payload, **options)
        await world.still()
        return event

    async def complete(
        self, token: Token | LiveRun[Any] | str, output: Any = None, *, by: str | None = None
    ) -> None:
        """Complete a token, by itself, its id or its URL, or the one that a run has made and that is open still; and
        let what waits for it go on. Raises as `client.tokens.complete`."""
        world, client = await self._begun(), self._any_client()
        await client.tokens.complete(await token_of(client, token), output, by=by)
        await world.still()

    async def approve(
        self,
        approval: Approval | LiveRun[Any] | str,
        form: Any = None,
        *,
        by: str | None = None,
        comment: str | None = None,
    ) -> None:
        """Approve, for `by`, an approval, by itself or its id, or the one that a run waits for; and let the run go on.
        `form` is what they filled in. Raises as `client.approvals.answer`."""
        await self._answer(approval, "approve", form, by, comment)

    async def reject(
        self,
        approval: Approval | LiveRun[Any] | str,
        *,
        by: str | None = None,
        comment: str | None = None,
    ) -> None:
        """Reject it, in the same way."""
        await self._answer(approval, "reject", None, by, comment)

    async def _answer(
        self,
        approval: Approval | LiveRun[Any] | str,
        decision: Decision,
        form: Any,
        by: str | None,
        comment: str | None,
    ) -> None:
        world, client = await self._begun(), self._any_client()
        found = await approval_of(client, approval)
        await client.approvals.answer(found, decision, by=by, form=form, comment=comment)
        await world.still()

    def _job(self, job: Job[..., Any, Any] | str) -> Job[..., Any, Any]:
        if isinstance(job, Job):
            return job
        known = {job_id: one for client in self.clients for job_id, one in client.registered.items()}
        if isinstance(job, str) and job in known:
            return known[job]
        if isinstance(job, str):
            raise DefinitionError(
                f"no client of the test has a job {job!r:.80}{near(job, known)}",
                mend="Give the job itself, or `mainspring.use(client)` first.",
            )
        raise DefinitionError(f"{job!r:.80} is no job", mend="Give what `@client.job` made, or a job's id.")

    def _any_client(self) -> Client:
        if not self.clients:
            raise DefinitionError(
                "the test has no client, so nobody would take the event",
                mend="Call `mainspring.use(client)` first, or set mainspring_client in pytest's configuration.",
            )
        return self.clients[0]

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────
    @property
    def now(self) -> datetime:
        """What time it is here, UTC."""
        return to_datetime(self._clock.now())

    async def advance(self, span: Duration) -> None:
        """Let this span pass: waits end, retries come, schedules fire, each at its own time and in order. It takes
        as long as what then happens."""
        until = self._clock.now() + parse_duration(span)
        await (await self._begun()).pass_until(until)

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────
    @property
    def runs(self) -> list[LiveRun[Any]]:
        """All runs, children too, the oldest first."""
        if self._world is None:
            return []
        server = self._server()
        found: list[str] = []
        cursor = None
        with server.disk.read() as tx:
            while True:
                query = RunQuery(limit=500, cursor=cursor)
                page = inspect.list_runs(tx, server.environment_id, query, self._clock.now())
                found += [view.run.id for view in page.data]
                cursor = page.next_cursor
                if cursor is None:
                    return [self.run(run_id) for run_id in reversed(found)]

    def run(self, run: RunState[Any] | str) -> LiveRun[Any]:
        """A run by its id or handle, live; `NotFound` when there is none."""
        run_id = run if isinstance(run, str) else run.id
        self._server()
        bare: LiveRun[Any] = LiveRun(run_id, self._server, self._any_client()._api)
        for client in self.clients:
            job = client.registered.get(bare.job_id)
            if job is not None:
                return LiveRun(run_id, self._server, client._api, job.definition.restore)
        return bare

    def run_of(self, event: Event[Any]) -> LiveRun[Any]:
        """The one run that an event started."""
        if len(event.runs) != 1:
            started = [run.job_id for run in event.runs]
            raise DefinitionError(
                f"the event '{event.name}' started {len(started)} runs: {started}"
                + "".join(f"; {one.job_id}: {one.message}" for one in event.skipped),
                mend="Take them one by one: `mainspring.run(event.runs[0].id)`.",
            )
        return self.run(event.runs[0].id)

    def replay(
        self, run_history: LiveRun[Any] | Mapping[str, Any] | str | Path, job: Job[..., Any, Any]
    ) -> Replayed:
        """Whether the job as it is now fits a run of this test, or one that was recorded; see `replay`."""
        return replay(run_history.checkpoints if isinstance(run_history, LiveRun) else run_history, job)

    # ── faults ───────────────────────────────────────────────────────────────────────────────────────
    def fail(
        self,
        task: str,
        *,
        times: int = 1,
        error: BaseException | type[BaseException] | None = None,
        job: str | Job[..., Any, Any] | None = None,
    ) -> None:
        """The next so many attempts of a task fail with this error instead of calling its function. `task`: its key
        (with or without its parents and the number of a repetition); `job`: only in runs of this job."""
        self._plans.add(Planned("fail", "starting", task, _id_of(job), times, error))

    def crash_before(self, task: str, *, times: int = 1, job: str | Job[..., Any, Any] | None = None) -> None:
        """The worker dies before it calls the function of this task; another goes on."""
        self._plans.add(Planned("crash_before", "starting", task, _id_of(job), times))

    def crash_before_commit(
        self, task: str, *, times: int = 1, job: str | Job[..., Any, Any] | None = None
    ) -> None:
        """The worker dies when the function of this task has returned and nothing of that is kept: it is called
        again by the worker that goes on."""
        self._plans.add(Planned("crash_before_commit", "returned", task, _id_of(job), times))

    def crash_after(self, task: str, *, times: int = 1, job: str | Job[..., Any, Any] | None = None) -> None:
        """The worker dies when the outcome of this task is kept, and before it has heard so; another goes on."""
        self._plans.add(Planned("crash_after", "kept", task, _id_of(job), times))

    def connector(self, name: str) -> FakeConnector:
        """What stands for the connector of this name: `mainspring.connector("slack").returns(post_message={...})`.
        No real action is called in a test unless `.real()` lets it."""
        for client in self.clients:
            self._fakes.take(client)
        return self._fakes.named(name)

    # ── many runs of one job ─────────────────────────────────────────────────────────────────────────
    async def crash_everywhere(
        self, job: Job[..., Any, Any] | str, payload: Any = None, **options: Any
    ) -> CrashReport:
        """`testing.crash_everywhere`: the job once, then once per boundary with a worker that dies there. Each has an
        environment of its own: nothing of this one is seen there, or changed."""
        return await crash_everywhere(self._played(job), payload, **options)

    async def explore(
        self, job: Job[..., Any, Any] | str, payload: Any = None, **options: Any
    ) -> Exploration:
        """`testing.explore`: the job under one schedule after another, each in an environment of its own."""
        return await explore(self._played(job), payload, **options)

    def _played(self, job: Job[..., Any, Any] | str) -> Job[..., Any, Any]:
        """The job, with the fakes of this test."""
        found = self._job(job)
        self._fakes.take(_client_of(found))
        return found

    def check_plans(self) -> None:
        """`AssertionError` when a planned fault never came to pass, or a fake stands for no connector; the plugin asks
        at the end of each test."""
        self._plans.check(self._keys())
        self._fakes.check()

    def _keys(self) -> Iterable[str]:
        return {key for run in self.runs for key in run.tasks}


def _id_of(job: str | Job[..., Any, Any] | None) -> str | None:
    return job.id if isinstance(job, Job) else job


def _client_of(job: Job[..., Any, Any]) -> Client:
    assert isinstance(job._shared, Client), "jobs are made by clients"
    return job._shared
