"""Parked runs whose code stays in memory: they go on in place when all fits, and are replayed when it does not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from mainspring import IO, Client, Context, RetryAfter, RunSuspended, SyncIO, io
from mainspring.model.protocol import (
    ClaimedRun,
    LogWritten,
    RunCancelConfirmed,
    RunDrifted,
    RunParked,
    RunSucceeded,
    TaskSucceeded,
    WaitDelivered,
)
from mainspring.model.sealed import SEALED_TEXT
from mainspring.model.tasks import Checkpoint
from worker.scripted import PATIENCE, Bench, ScriptedBackend, a_run, at_work, turns


class Diary:
    """What the code of a job went through, apart from what its runs came to."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.count = self.lines.count

    @contextlib.asynccontextmanager
    async def passage(self, io: IO) -> AsyncIterator[None]:
        """Around a job's body: notes that it was entered, and how it was left unless it came to its end."""
        self.lines.append("entered")
        try:
            yield
        except BaseException as error:
            self.lines.append("suspended" if isinstance(error, RunSuspended) else repr(error))
            with contextlib.suppress(RunSuspended):
                await io.run_task("too-late", asyncio.sleep, 0)
                self.lines.append("did something")
            raise


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def patient(client: Client, diary: Diary) -> None:
    """A job `job` that works once and waits as often as its payload says."""

    @client.job(id="job")
    async def job(payload: int, io: IO) -> list[Any]:
        async with diary.passage(io):
            done = [await io.run_task("work", asyncio.sleep, 0, result="worked")]
            for n in range(payload):
                done.append(await io.wait(f"wait-{n}", "1 hour"))
                done.append(io.now().isoformat())
            return done


def waits(count: int, **options: Any) -> ClaimedRun:
    return a_run(payload=str(count), **options)


async def resume(bench: Bench, run: ClaimedRun, *keys: str, **changes: Any) -> ClaimedRun:
    """The run is parked; these waits resolve, and it is granted again here. Returns when it ended or parked."""
    assert isinstance(await bench.backend.ended(run), RunParked)
    await turns()
    async with asyncio.timeout(PATIENCE):
        while bench.worker.running:  # code in a thread leaves it in its own time
            await asyncio.to_thread(int)
    for key in keys:
        bench.backend.resolve(run, key, tell=False)
    again = bench.backend.grant_again(run, **changes)
    await bench.backend.ended(again)
    await turns()
    return again


@pytest.mark.usefixtures("patient")
async def test_a_run_goes_on_in_place_wait_after_wait(
    client: Client, backend: ScriptedBackend, diary: Diary
) -> None:
    async with at_work(client, backend, parked_runs=1) as bench:
        backend.grant(run := waits(5))
        for n in range(5):
            run = await resume(bench, run, f"wait-{n}")
        assert isinstance(backend.kinds(run)[-1], RunSucceeded)
    assert diary.lines == ["entered"]
    positions = [one.position for one in backend.checkpoints["run_1"].values()]
    assert sorted(positions, key=int) == list(range(1, 12))


@pytest.mark.usefixtures("patient")
async def test_what_it_reports_is_what_a_replay_would_report(
    client: Client, backend: ScriptedBackend, diary: Diary
) -> None:
    for parked_runs, run_id in ((0, "run_replayed"), (9, "run_in_place")):
        async with at_work(client, backend, parked_runs=parked_runs) as bench:
            backend.grant(run := waits(2, run_id=run_id))
            for n in range(2):
                run = await resume(bench, run, f"wait-{n}")
    for lease in (1, 2, 3):
        replayed, in_place = (
            [
                replace(item, output="") if isinstance(item, TaskSucceeded | RunSucceeded) else item
                for item in backend.items[run_id, lease]
            ]
            for run_id in ("run_replayed", "run_in_place")
        )
        assert in_place == replayed
    assert diary.count("entered") == 3 + 1


@pytest.mark.usefixtures("patient")
async def test_those_that_parked_first_make_room_and_are_replayed(
    client: Client, backend: ScriptedBackend, diary: Diary
) -> None:
    async with at_work(client, backend, parked_runs=2) as bench:
        runs = [waits(1, run_id=f"run_{n}") for n in range(3)]
        for run in runs:
            backend.grant(run)
            await backend.ended(run)
        await turns()
        assert diary.lines == ["entered"] * 3 + ["suspended"]
        for run in runs:
            await resume(bench, run, "wait-0")
    assert diary.count("entered") == 4
    assert diary.count("did something") == 0


@pytest.mark.usefixtures("patient")
async def test_memory_is_bounded_whatever_the_number_of_runs(
    client: Client, backend: ScriptedBackend, diary: Diary
) -> None:
    before = len(asyncio.all_tasks())
    async with at_work(client, backend, parked_runs=10) as bench:
        own = len(asyncio.all_tasks()) - before
        runs = [waits(1, run_id=f"run_{n}") for n in range(60)]
        for run in runs:
            backend.grant(run)
        for run in runs:
            await backend.ended(run)
        await turns(200)
        assert len(asyncio.all_tasks()) - before - own == 10
        assert diary.count("suspended") == 50
        for run in runs:
            await resume(bench, run, "wait-0")
            assert isinstance(backend.items[run.run_id, 2][-1], RunSucceeded)
    assert len(asyncio.all_tasks()) == before


async def test_a_run_counts_as_many_as_it_has_asyncio_tasks(client: Client, backend: ScriptedBackend) -> None:
    entered: list[int] = []

    @client.job(id="job")
    async def job(payload: int, io: IO) -> None:
        entered.append(payload)
        await asyncio.gather(*(io.wait(f"wait-{n}", "1 hour") for n in range(payload)))

    async with at_work(client, backend, parked_runs=4) as bench:
        runs = waits(3, run_id="run_narrow"), waits(4, run_id="run_wide")
        for run in runs:
            backend.grant(run)
            await backend.ended(run)
        for run in runs:
            await resume(bench, run, *(f"wait-{n}" for n in range(int(run.payload))))
    assert entered == [3, 4, 4]


async def test_what_is_claimed_anew_is_not_kept_meanwhile(client: Client, backend: ScriptedBackend) -> None:
    @client.job(id="job")
    async def job(payload: str, io: IO) -> str:
        await io.run_task("work", asyncio.sleep, 0)
        await io.wait("1 hour")
        await io.wait("1 hour")
        return payload

    async with at_work(client, backend, parked_runs=4) as bench:
        backend.grant(run := a_run(payload='"large"', metadata='{"large":1}'))
        run = await resume(bench, run, "wait")
        tenure, _ = bench.worker._roster._dormant._kept["run_1"]
        assert not tenure.held.checkpoints
        assert "large" not in repr(tenure.held.claimed)
        again = await resume(bench, run, "wait#2")
        assert backend.kinds(again)[-1] == RunSucceeded('"large"')


# ── what does not fit is replayed ────────────────────────────────────────────────────────────────────
@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    "change",
    [
        {"lease": 3},  # somebody else held it in between
        {"attempt": 2},
        {"deadline_at": 1_000_000},
        {"checkpoints": (Checkpoint("work", "task", "SUCCESS", 1, "", '"worked"', position=1),)},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_another_history_than_the_codes_own_is_replayed(
    client: Client, backend: ScriptedBackend, diary: Diary, change: dict[str, Any]
) -> None:
    async with at_work(client, backend, parked_runs=4) as bench:
        backend.grant(run := waits(1))
        await backend.ended(run)
        await turns()
        backend.resolve(run, "wait-0", tell=False)
        kept = tuple(backend.checkpoints["run_1"].values())
        again = replace(run, **{"lease": 2, "checkpoints": kept, **change})
        backend.grant(again)
        await backend.ended(again)
        await turns()
        assert bench.worker.running == 0
    assert diary.lines[:3] == ["entered", "suspended", "entered"]
    assert "did something" not in diary.lines


@pytest.mark.usefixtures("patient")
async def test_a_result_that_the_code_does_not_know_is_replayed(
    client: Client, backend: ScriptedBackend, diary: Diary
) -> None:
    async with at_work(client, backend, parked_runs=4) as bench:
        backend.grant(run := waits(2))
        await backend.ended(run)
        # Under the very next lease, in a history that went another way: of a database that was set back, say.
        backend.checkpoints["run_1"]["other"] = Checkpoint("other", "task", "SUCCESS", 1, "", "1", position=3)
        await resume(bench, run, "wait-0")
    assert diary.lines == ["entered", "suspended", "entered", "suspended"]


@pytest.mark.usefixtures("patient")
async def test_a_cancelled_run_is_not_gone_on_with(
    client: Client, backend: ScriptedBackend, diary: Diary
) -> None:
    async with at_work(client, backend, parked_runs=4) as bench:
        backend.grant(run := waits(1))
        again = await resume(bench, run, "wait-0", cancel_requested=True)
        assert backend.kinds(again) == [RunCancelConfirmed()]
    assert diary.lines == ["entered", "suspended"]


@pytest.mark.usefixtures("patient")
async def test_what_cannot_be_read_is_handed_to_a_person(
    client: Client, backend: ScriptedBackend, diary: Diary
) -> None:
    async with at_work(client, backend, parked_runs=4) as bench:
        backend.grant(run := waits(1))
        await backend.ended(run)
        backend.resolve(run, "wait-0", f'{{"{SEALED_TEXT}":1}}', tell=False)
        again = await resume(bench, run)
        assert isinstance(backend.kinds(again)[-1], RunDrifted)


async def test_code_that_stirs_meanwhile_is_refused_and_replayed(
    client: Client, backend: ScriptedBackend
) -> None:
    entered: list[asyncio.Task[Any]] = []

    @client.job(id="job")
    async def job(io: IO) -> str:
        waiting = asyncio.ensure_future(io.wait("pause", "1 hour"))
        entered.append(waiting)
        try:
            await waiting
        except asyncio.CancelledError:
            await io.run_task("stirred", asyncio.sleep, 0)
        return "waited"

    async with at_work(client, backend, parked_runs=4) as bench:
        backend.grant(run := a_run())
        await backend.ended(run)
        await turns()
        entered[0].cancel()  # as a timer of its own, or anything else that is not ours, would
        again = await resume(bench, run, "pause")
        assert backend.kinds(again) == [WaitDelivered("pause", 1), RunSucceeded('"waited"')]
    assert len(entered) == 2
    assert len(backend.kinds(run)) == 2


async def test_what_is_begun_meanwhile_is_refused(client: Client, backend: ScriptedBackend) -> None:
    inside: list[Callable[..., Any]] = []

    @client.job(id="job")
    async def job(io: IO) -> str:
        inside.append(partial(copy_context().run, asyncio.ensure_future))
        await io.wait("pause", "1 hour")
        return "waited"

    async def late() -> None:
        await io.run_task("late", asyncio.sleep, 0)

    async with at_work(client, backend, parked_runs=4) as bench:
        backend.grant(run := a_run())
        await backend.ended(run)
        await turns()
        with pytest.raises(RunSuspended):
            await inside[0](late())
        busy = inside[0](asyncio.Event().wait())
        again = await resume(bench, run, "pause")
        assert backend.kinds(again)[-1] == RunSucceeded('"waited"')
        busy.cancel()
    assert len(inside) == 2


async def test_code_that_has_not_asked_for_all_that_is_known_is_replayed(
    client: Client, backend: ScriptedBackend
) -> None:
    entered: list[int] = []

    @client.job(id="job")
    async def job(io: IO) -> None:
        entered.append(1)
        await io.wait("pause", "1 hour")

    async with at_work(client, backend, parked_runs=4) as bench:
        backend.grant(
            run := a_run(checkpoints=(Checkpoint("gone", "task", "SUCCESS", 1, "", "1", position=1),))
        )
        await resume(bench, run, "pause")
    assert len(entered) == 2


async def test_a_plain_def_leaves_its_thread(client: Client, backend: ScriptedBackend) -> None:
    loop, left = asyncio.get_running_loop(), asyncio.Event()

    @client.job(id="job")
    def job(io: SyncIO) -> str:
        try:
            io.wait("pause", "1 hour")
        except RunSuspended:
            loop.call_soon_threadsafe(left.set)
            raise
        return "waited"

    async with at_work(client, backend, parked_runs=4) as bench:
        backend.grant(run := a_run())
        await backend.ended(run)
        await left.wait()
        again = await resume(bench, run, "pause")
        assert backend.kinds(again)[-1] == RunSucceeded('"waited"')


async def test_a_lease_lost_after_going_on_stops_the_code(
    client: Client, backend: ScriptedBackend, diary: Diary
) -> None:
    @client.job(id="job")
    async def job(io: IO) -> None:
        async with diary.passage(io):
            await io.wait("pause", "1 hour")
            await io.run_task("work", asyncio.sleep, 0)

    async with at_work(client, backend, parked_runs=4) as bench:
        backend.grant(run := a_run())
        await backend.ended(run)
        await turns()
        backend.lost.add((run.run_id, 2))
        backend.resolve(run, "pause", tell=False)
        backend.grant_again(run)
        await backend.until(lambda: len(backend.commits) == 2)
        await turns()
        assert bench.worker.running == 0
    assert diary.lines[0] == "entered"
    assert "lost its lease" in diary.lines[1]


# ── the worker leaves, or has to begin anew ──────────────────────────────────────────────────────────
async def test_a_worker_leaves_when_the_code_it_kept_has_ended(
    client: Client, backend: ScriptedBackend, diary: Diary
) -> None:
    @client.job(id="job")
    async def job(payload: int, io: IO) -> None:
        try:
            if payload:
                await io.wait("1 hour")
        finally:
            await turns(payload)
            diary.lines.append(f"closed {payload}")

    async with at_work(client, backend, parked_runs=4) as bench:
        for count in (0, 1, 200):
            backend.grant(run := waits(count, run_id=f"run_{count}"))
            await backend.ended(run)
            await turns()
        assert diary.lines == ["closed 0"]
        bench.worker.drain()
        await bench.working
        assert diary.lines == ["closed 0", "closed 1", "closed 200"]


@pytest.mark.usefixtures("patient")
async def test_a_draining_worker_keeps_nothing(
    client: Client, backend: ScriptedBackend, diary: Diary
) -> None:
    before = len(asyncio.all_tasks())
    async with at_work(client, backend, parked_runs=4) as bench:
        backend.grant(run := waits(1))
        await backend.ended(run)
        await turns()
        assert diary.lines == ["entered"]
        bench.worker.drain()
        await bench.working
        assert diary.lines == ["entered", "suspended"]
        assert len(asyncio.all_tasks()) == before
    assert len(backend.farewells) == 1


@pytest.mark.usefixtures("patient")
async def test_a_worker_that_registers_anew_keeps_nothing(
    client: Client, backend: ScriptedBackend, diary: Diary
) -> None:
    async with at_work(client, backend, parked_runs=4) as bench:
        backend.grant(run := waits(1))
        await backend.ended(run)
        await turns()
        backend.is_unknown = True
        backend.look_up()
        await backend.until(lambda: len(backend.registrations) == 2)
        await resume(bench, run, "wait-0")
    assert diary.lines == ["entered", "suspended", "entered"]


@pytest.mark.usefixtures("patient")
async def test_forced_replay_keeps_nothing(client: Client, backend: ScriptedBackend, diary: Diary) -> None:
    async with at_work(client, backend, parked_runs=4, always_replay=True) as bench:
        backend.grant(run := waits(1))
        await backend.ended(run)
        await turns()
        assert bench.worker.running == 0
        assert diary.lines == ["entered", "suspended"] * 2


# ── several waits, retries, what is shown ────────────────────────────────────────────────────────────
async def test_a_group_goes_on_with_what_has_resolved_and_parks_again_on_the_rest(
    client: Client, backend: ScriptedBackend
) -> None:
    got: list[str] = []

    @client.job(id="job")
    async def job(io: IO) -> list[str]:
        got.append("entered")

        async def branch(name: str) -> None:
            await io.wait(name, "1 hour")
            got.append(name)
            await io.run_task("after", asyncio.sleep, 0)

        async with asyncio.TaskGroup() as group:
            for name in ("a", "b", "c"):
                group.create_task(branch(name))
        return got

    async with at_work(client, backend, parked_runs=4) as bench:
        backend.grant(run := a_run())
        run = await resume(bench, run, "c", "a")
        assert backend.kinds(run, RunParked) == [RunParked(("b",))]
        assert [(one.key, one.position) for one in backend.kinds(run, WaitDelivered)] == [("a", 1), ("c", 2)]
        run = await resume(bench, run)  # for nothing: it parks once more
        assert backend.kinds(run, RunParked) == [RunParked(("b",))]
        run = await resume(bench, run, "b")
        assert backend.kinds(run)[-1] == RunSucceeded('["entered","a","c","b"]')
    assert set(backend.checkpoints["run_1"]) == {"a", "b", "c", "after", "after#2", "after#3"}


async def test_a_long_pause_between_attempts_ends_in_place(client: Client, backend: ScriptedBackend) -> None:
    calls: list[str] = []

    async def flaky() -> str:
        calls.append("tried")
        if calls.count("tried") < 2:
            raise RetryAfter("1 hour", "not yet")
        return "done"

    @client.job(id="job")
    async def job(io: IO) -> str:
        calls.append("entered")
        return await io.run_task("flaky", flaky)

    async with at_work(client, backend, parked_runs=4) as bench:
        backend.grant(run := a_run())
        run = await resume(bench, run)  # too early
        assert backend.kinds(run) == [RunParked(("flaky",))]
        kept = backend.checkpoints["run_1"]
        kept["flaky"] = replace(kept["flaky"], next_attempt_in=0)
        run = await resume(bench, run)
        assert backend.kinds(run)[-1] == RunSucceeded('"done"')
    assert calls == ["entered", "tried", "tried"]


async def test_it_shows_itself_under_the_new_lease(client: Client, backend: ScriptedBackend) -> None:
    @client.job(id="job")
    async def job(io: IO, ctx: Context) -> Any:
        io.logger.info("before")
        await io.wait("1 hour")
        io.logger.info("after")
        return [io.metadata.get("from"), ctx.run.is_replay]

    async with at_work(client, backend, parked_runs=4) as bench:
        backend.grant(run := a_run(metadata='{"from":"first"}'))
        again = await resume(bench, run, "wait", metadata='{"from":"second"}')
        assert backend.kinds(again)[-1] == RunSucceeded('["second",false]')
    (line,) = backend.kinds(again, LogWritten)
    assert (line.number, line.message) == (1, "after")
