"""The ends that the other jobs do not come to: cancelled, out of time, expired, lost, given back, drifted, in doubt,
repaired."""

import sqlite3
from typing import Any

from crash.jobs import Play
from crash.stage import Stage
from mainspring import IO, Client, Debounce, Done, InDoubt, NotDone, ctx
from mainspring.audit.data import check_database
from mainspring.audit.repair import Repairer
from mainspring.engine.commands import SettleTask
from mainspring.model.runs import FINAL_RUN_STATUSES
from mainspring.testing.server import open_disk

ENDS = Play("ends", None)

#: How runs of each job may end, whenever they are taken up again.
OUTCOMES = {
    "patient": {"CANCELLED"},
    "stubborn": {"CANCELLED", "SUCCESS"},
    "hurried": {"TIMED_OUT"},
    "late": {"EXPIRED", "SUCCESS"},
    "later": {"SUCCESS"},
    "moved": {"SUCCESS"},
    "changed": {"SUCCESS"},
    "doubtful": {"SUCCESS"},
}


class Ends(Stage):
    """Recorded as it is; a recording is gone on with by `finish` alone."""

    def begin(self) -> None:
        super().begin()
        self.gate = self.world.gate()
        self._define(self.world.client, 10)

    def _define(self, client: Client, amount: int) -> None:
        async def stand(what: str) -> str:
            await self.gate.passed()
            return what

        @client.job(id="patient")
        async def patient(io: IO) -> None:
            await io.wait_for_event("go", name="go")

        @client.job(id="stubborn")
        async def stubborn(io: IO) -> str:
            return await io.run_task("stand", stand, "stood")

        @client.job(id="hurried", max_duration="1 hour")
        async def hurried(io: IO) -> None:
            await io.wait("long", "1 day")

        @hurried.on_failure
        async def sorry(io: IO) -> None:
            await io.wait("breath", "1 second")

        @client.job(id="late")
        async def late(io: IO) -> None: ...

        @client.job(id="later")
        async def later(io: IO) -> None: ...

        @client.job(id="moved")
        async def moved(io: IO) -> str:
            return await io.run_task("stand", stand, "moved")

        @client.job(id="changed")
        async def changed(io: IO) -> int:
            charged = await io.run_task("charge", lambda given: given, amount)
            await io.wait("pause", "10 minutes")
            return int(charged)

        async def charge() -> None:
            raise InDoubt("nobody answered")

        async def find() -> NotDone | None:
            return NotDone() if ctx.attempt.number == 1 else None

        @client.job(id="doubtful")
        async def doubtful(io: IO) -> str:
            return str(await io.run_task("charge", charge, effect="once", reconcile=find))

    async def _play(self) -> None:
        world, jobs = self.world, self.world.client.job_by_id
        await world.trigger(jobs("hurried"))
        patient = await world.trigger(jobs("patient"))
        await world.until(patient, "WAITING")
        await patient.cancel()
        stubborn = await world.trigger(jobs("stubborn"))
        await self.gate.reached()
        await stubborn.cancel()
        await world.until(stubborn, "CANCELLED")
        moved = await world.trigger(jobs("moved"))
        await self.gate.reached(2)
        await world.crash_worker(restart=False)
        run = await world.trigger(jobs("late"), ttl="1 minute")
        await world.advance("2 minutes")
        await world.until(run, "EXPIRED")
        await self._give_back()
        await world.until(moved, "SUCCESS")
        await self._move()
        await self._change()
        await self._doubt()
        await self._repair()
        await self.finish()

    async def _give_back(self) -> None:
        """The run that a lost worker had goes to another one, which is asked to stop meanwhile."""
        crew = await self.world.start_worker()
        await self.gate.reached(3)
        crew.worker.drain()
        await self.world.still()
        self.gate.open()
        await crew.working
        self.world.crews.remove(crew)
        await self.world.start_worker()

    async def _move(self) -> None:
        """Runs that are put off before they begin, by hand and by a later call, and bound to a version."""
        world, job = self.world, self.world.client.job_by_id("later")
        delayed = await world.trigger(job, delay="1 hour")
        await delayed.reschedule(delay="2 minutes")
        await delayed.repin("0.0.1")
        for _ in range(2):
            called = await world.trigger(job, debounce=Debounce("1 minute", key="one"))
        await world.advance("5 minutes")
        await world.until(delayed, "SUCCESS")
        await world.until(called, "SUCCESS")

    async def _change(self) -> None:
        """The code of a job changes under a run that waits."""
        world = self.world
        run = await world.trigger(world.client.job_by_id("changed"))
        await world.until(run, "WAITING", waiting_for="pause")
        await world.drain(world.crews[0])
        newer = Client("test")
        self._define(newer, 20)
        await world.start_worker(newer)
        await world.advance("10 minutes")
        await world.until(run, "WAITING")

    async def _doubt(self) -> None:
        """A task of which nobody knows whether it was done, until somebody looks."""
        run = await self.world.trigger(self.world.client.job_by_id("doubtful"))
        await self.world.advance("1 minute")
        await self.world.until(run, "WAITING", waiting_for="charge")
        await run.settle("charge", Done("found"))
        await self.world.until(run, "SUCCESS")

    async def _repair(self) -> None:
        """A run that is pending, and would never start, is repaired while the server is down."""
        world = self.world
        for crew in list(world.crews):
            await world.drain(crew)
        await world.trigger(world.client.job_by_id("moved"))
        await world.server.die(world.lives)
        with sqlite3.connect(self.database.removeprefix("sqlite:///")) as connection:
            connection.execute("update runs set is_ready = 0 where status = 'PENDING'")
        connection.close()
        database = open_disk(self.database)
        repairs = list(Repairer(database, world.clock.now).repair(list(check_database(database, grace=0))))
        database.close()
        assert [repair.rules for repair in repairs] == [("never-starts",)], repairs
        await world.crash()
        await world.start_worker()

    async def finish(self) -> None:
        """What people do about runs that stand: a drift is let go on, who waits for nothing is cancelled."""
        world = self.world
        self.gate.open()
        while True:
            await world.still()
            standing = [view for view in self.runs() if view.run.status not in FINAL_RUN_STATUSES]
            if not standing:
                return
            if await self._help(standing):
                continue
            due = world.next_at()
            assert due is not None, f"it stands still for ever\n{world.outstanding()}"
            world.clock.advance(max(0, due - world.clock.now()))

    async def _help(self, standing: list[Any]) -> bool:
        engine, environment_id = self.world.server.engine, self.world.server.environment_id
        helped = False
        for view in standing:
            if any(wait.kind == "drift" for wait in view.waiting_for):
                await engine.resume_run(environment_id, view.run.id)
                helped = True
            elif any(wait.kind == "in_doubt" for wait in view.waiting_for):
                command = SettleTask(environment_id, view.run.id, "charge", "done", '"found"')
                await engine.settle_task(command)
                helped = True
            elif view.run.job_id == "patient" and view.run.cancel_requested_at is None:
                await engine.cancel_run(environment_id, view.run.id)
                helped = True
        return helped
