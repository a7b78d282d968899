"""A lease that ends, a worker the server does not know, cancels, and runs that are given back."""

import asyncio
import gc
import logging
import threading

import pytest

from mainspring import IO, Client, RunCancelled, RunSuspended
from mainspring.errors import LeaseRevoked, ProtocolMismatch, Unauthorized
from mainspring.model.protocol import (
    Notice,
    RunCancelConfirmed,
    RunDrifted,
    RunParked,
    RunReleased,
    RunSucceeded,
    TaskStarted,
    TaskSucceeded,
)
from mainspring.worker.passage import Passage
from mainspring.worker.tenure import Tenure
from worker.scripted import ScriptedBackend, a_run, at_work, turns, unavailable


class Stopped:
    """A job that notes how it was stopped."""

    def __init__(self, client: Client) -> None:
        self.gate = asyncio.Event()
        self.by: list[BaseException] = []
        self.after: list[BaseException] = []
        self.entered = 0
        self.ended = asyncio.Event()

        @client.job(id="job")
        async def job(io: IO) -> str:
            self.entered += 1
            try:
                await io.run_task("slow", self.gate.wait)
            except Exception:
                pytest.fail("a stop is no Exception")
            except BaseException as error:
                self.by.append(error)
                try:
                    await io.run_task("clean-up", asyncio.sleep, 0)
                except BaseException as second:
                    self.after.append(second)
                self.ended.set()
                raise
            return "done"


async def test_a_lost_lease_stops_the_run_and_nothing_of_it_is_reported(
    client: Client, backend: ScriptedBackend, caplog: pytest.LogCaptureFixture
) -> None:
    stopped = Stopped(client)
    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        backend.lost.add((run.run_id, run.lease))
        await backend.until(lambda: backend.commits)  # the lazy TaskStarted tells it of the loss
        await turns()
        assert bench.worker.running == 0
        count = len(backend.commits)
        stopped.gate.set()
        await turns()
        assert len(backend.commits) == count
    assert [type(error).__mro__[1] for error in stopped.by] == [LeaseRevoked]
    assert isinstance(stopped.after[0], LeaseRevoked)
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def test_a_notice_can_end_a_lease(client: Client, backend: ScriptedBackend) -> None:
    stopped = Stopped(client)
    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        await backend.until(lambda: backend.kinds(run, TaskStarted))
        backend.notify(Notice(run.run_id, run.lease, 1, lease_ended=True))
        await backend.until(lambda: not bench.worker.running)
    assert len(stopped.by) == 1
    assert backend.kinds(run, TaskSucceeded) == []


async def test_a_result_that_arrives_after_the_lease_is_not_handed_out(
    client: Client, backend: ScriptedBackend
) -> None:
    passed: list[str] = []

    @client.job(id="job")
    async def job(io: IO) -> None:
        await io.run_task("work", asyncio.sleep, 0)
        passed.append("work")

    async with at_work(client, backend) as bench:
        run = a_run()
        backend.lost.add((run.run_id, run.lease))
        backend.grant(run)
        await backend.until(lambda: backend.commits)
        await turns()
        assert bench.worker.running == 0
    assert passed == []


async def test_a_cancel_reaches_user_code_as_run_cancelled(client: Client, backend: ScriptedBackend) -> None:
    stopped = Stopped(client)
    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.until(lambda: backend.kinds(run, TaskStarted))
        backend.notify(Notice(run.run_id, run.lease, 1, cancel_requested=True))
        assert await backend.ended(run) == RunCancelConfirmed()
    assert isinstance(stopped.by[0], RunCancelled)
    assert isinstance(stopped.after[0], RunCancelled)


async def test_a_run_cancelled_before_it_was_claimed_never_begins(
    client: Client, backend: ScriptedBackend
) -> None:
    stopped = Stopped(client)
    async with at_work(client, backend):
        backend.grant(run := a_run(cancel_requested=True))
        assert await backend.ended(run) == RunCancelConfirmed()
    assert stopped.entered == 0


async def test_code_that_swallows_its_cancel_is_cancelled_again(
    client: Client, backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mainspring.worker.tenure._AGAIN_AFTER", 0.001)
    cancels: list[int] = []

    @client.job(id="job")
    async def job(io: IO) -> None:
        while len(cancels) < 3:
            try:
                await io.run_task(
                    "slow", asyncio.Event().wait
                ) if not cancels else await asyncio.Event().wait()
            except BaseException:
                cancels.append(1)

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.until(lambda: backend.kinds(run, TaskStarted))
        backend.notify(Notice(run.run_id, run.lease, 1, cancel_requested=True))
        assert await backend.ended(run) == RunCancelConfirmed()
    assert len(cancels) == 3


async def test_code_that_never_stops_is_given_up(
    client: Client,
    backend: ScriptedBackend,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("mainspring.worker.tenure._AGAIN_AFTER", 0.001)
    gate = asyncio.Event()

    @client.job(id="job")
    async def job(io: IO) -> None:
        await io.run_task("quick", asyncio.sleep, 0)
        while not gate.is_set():
            try:
                await gate.wait()
            except BaseException:
                continue

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.until(lambda: backend.kinds(run, TaskSucceeded))
        backend.notify(Notice(run.run_id, run.lease, 1, cancel_requested=True))
        assert await backend.ended(run) == RunCancelConfirmed()
        gate.set()
        await turns()
    assert "does not stop" in caplog.text


async def test_an_unknown_worker_registers_under_a_new_id(client: Client, backend: ScriptedBackend) -> None:
    stopped = Stopped(client)
    ids: list[str] = []
    async with at_work(client, backend, ready=ids.append) as bench:
        backend.grant(run := a_run())
        await backend.until(lambda: backend.kinds(run, TaskStarted))
        backend.is_unknown = True
        stopped.gate.set()  # its commit is answered "unknown worker"
        await backend.until(lambda: len(backend.registrations) == 2)
        again = backend.grant_again(run)
        assert await backend.ended(again) == RunSucceeded('"done"')
        assert bench.worker.worker_id == ids[-1]
    assert len(set(ids)) == 2
    assert backend.commits[-1].worker_id == ids[1]
    assert [c.commit_seq for c in backend.commits if c.worker_id == ids[1]] == [1, 2]
    assert stopped.entered == 2


async def test_a_claim_may_be_told_so_too(client: Client, backend: ScriptedBackend) -> None:
    async with at_work(client, backend):
        backend.is_unknown = True
        backend.look_up()
        await backend.until(lambda: len(backend.registrations) == 2)
        await backend.until(lambda: backend.claims[-1].claim_seq == 1)


@pytest.mark.parametrize("error", [Unauthorized("this key is revoked"), ProtocolMismatch("speak 2")])
async def test_a_refused_worker_ends_with_the_reason(
    client: Client, backend: ScriptedBackend, error: Exception
) -> None:
    stopped = Stopped(client)
    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        await backend.until(lambda: backend.kinds(run, TaskStarted))
        backend.refuse_claims.append(error)
        backend.look_up()
        with pytest.raises(type(error)):
            await bench.working
    assert isinstance(stopped.by[0], LeaseRevoked)


async def test_registration_is_tried_until_the_server_is_there(
    client: Client, backend: ScriptedBackend
) -> None:
    backend.refuse_registrations = [unavailable(), unavailable()]
    async with at_work(client, backend, is_registered=False) as bench:
        for _ in range(2):
            await bench.pass_time(2_000_000)
            await turns()
        await backend.until(lambda: backend.claims)
    assert len(backend.registrations) == 3
    assert len({one.worker_id for one in backend.registrations}) == 1


async def test_a_lost_claim_answer_is_given_up_and_said_so(client: Client, backend: ScriptedBackend) -> None:
    async with at_work(client, backend) as bench:
        backend.refuse_claims.append(unavailable())
        backend.look_up()
        await backend.until(lambda: backend.heartbeats)
        assert backend.heartbeats[-1].claims_done == 1
        assert backend.heartbeats[-1].held == ()
        await bench.pass_time(2_000_000)
        await backend.until(lambda: len(backend.claims) == 2)
        assert backend.claims[-1].claim_seq == 2


# ── draining ─────────────────────────────────────────────────────────────────────────────────────────
async def test_a_drain_gives_runs_back_at_their_next_checkpoint(
    client: Client, backend: ScriptedBackend
) -> None:
    gate, begun = asyncio.Event(), []

    @client.job(id="job")
    async def job(io: IO) -> None:
        await io.run_task("first", gate.wait)
        begun.append("second")
        await io.run_task("second", gate.wait)

    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        await backend.until(lambda: backend.kinds(run, TaskStarted))
        bench.worker.drain()
        await turns()
        assert backend.claims[-1].slots == 0
        gate.set()
        assert await backend.ended(run) == RunReleased()
        await bench.working
        assert bench.worker.released == 1
    assert [item.task.key for item in backend.kinds(run, TaskSucceeded)] == ["first"]
    assert begun == []
    assert [one.worker_id for one in backend.farewells] == ["wrk_1"]


async def test_a_drain_that_takes_too_long_gives_back_what_there_is(
    client: Client, backend: ScriptedBackend
) -> None:
    stopped = Stopped(client)
    async with at_work(client, backend, drain_timeout=30_000_000) as bench:
        backend.grant(run := a_run())
        await backend.until(lambda: backend.kinds(run, TaskStarted))
        bench.worker.drain()
        await turns()
        assert backend.kinds(run, RunReleased) == []
        await bench.pass_time(30_000_000)
        assert await backend.ended(run) == RunReleased()
        await bench.working
    assert isinstance(stopped.by[0], RunSuspended)


async def test_a_waiting_run_is_given_back_at_once(client: Client, backend: ScriptedBackend) -> None:
    @client.job(id="job")
    async def job(io: IO) -> None:
        beside = asyncio.create_task(asyncio.Event().wait())
        await io.wait("nap", "1 hour")
        await beside

    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        await backend.until(lambda: backend.kinds(run))
        bench.worker.drain()
        assert await backend.ended(run) == RunReleased()
        await bench.working


async def test_a_plain_def_job_is_let_finish(client: Client, backend: ScriptedBackend) -> None:
    gate, begun = threading.Event(), threading.Event()

    @client.job(id="job")
    def job() -> str:
        begun.set()
        gate.wait(10)
        return "done"

    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        await asyncio.to_thread(begun.wait, 10)
        bench.worker.drain()
        await turns()
        assert backend.kinds(run) == []
        gate.set()
        assert await backend.ended(run) == RunSucceeded('"done"')
        await bench.working


async def test_a_draining_worker_takes_nothing_new(client: Client, backend: ScriptedBackend) -> None:
    stopped = Stopped(client)
    async with at_work(client, backend) as bench:
        bench.worker.drain()
        backend.grant(a_run())
        await bench.working
    assert stopped.entered == 0
    assert len(backend.farewells) == 1


# ── the same run again ───────────────────────────────────────────────────────────────────────────────
async def test_a_run_that_comes_back_waits_for_its_code_to_leave(
    client: Client, backend: ScriptedBackend
) -> None:
    """Parked, resumed at once, while the first passage is still in its `finally`."""
    gate = asyncio.Event()
    account: list[str] = []

    @client.job(id="job")
    async def job(io: IO) -> str:
        account.append("enter")
        try:
            await io.wait("nap", "1 hour")
        finally:
            if len(account) == 1:
                await gate.wait()
            account.append("leave")
        return "done"

    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        assert await backend.ended(run) == RunParked(("nap",))
        backend.resolve(run, "nap", tell=False)
        again = backend.grant_again(run)
        await turns()
        assert account == ["enter"]
        assert bench.worker.running == 2
        gate.set()
        assert await backend.ended(again) == RunSucceeded('"done"')
    assert account == ["enter", "leave", "enter", "leave"]


async def test_a_run_of_a_job_it_does_not_have_is_handed_to_a_person(
    client: Client, backend: ScriptedBackend
) -> None:
    async with at_work(client, backend) as bench:
        backend.grant(run := a_run("unheard-of"))
        ending = await backend.ended(run)
        await turns()
        assert bench.worker.running == 0
    assert isinstance(ending, RunDrifted)
    assert "unheard-of" in ending.message


# ── silence ──────────────────────────────────────────────────────────────────────────────────────────
async def test_runs_stop_when_no_heartbeat_was_answered_for_the_leases_time(
    client: Client, backend: ScriptedBackend, caplog: pytest.LogCaptureFixture
) -> None:
    stopped = Stopped(client)
    backend.timing = (5_000, 20_000)  # microseconds: real time, so next to none

    def unanswered(heartbeat: object) -> None:
        raise unavailable()

    backend.heartbeat = unanswered  # type: ignore[method-assign, assignment]
    with caplog.at_level(logging.WARNING):
        async with at_work(client, backend) as bench:
            backend.grant(a_run())
            await asyncio.wait_for(stopped.ended.wait(), 10)
            await turns()
            assert bench.worker.running == 0
            assert not bench.working.done()
    assert isinstance(stopped.by[0], LeaseRevoked)
    assert "no heartbeat was answered" in caplog.text


async def test_a_run_that_ended_is_gone_without_the_garbage_collector(
    client: Client, backend: ScriptedBackend
) -> None:
    @client.job(id="job")
    async def job(io: IO) -> None:
        await asyncio.gather(io.run_task("left", asyncio.sleep, 0), io.run_task("right", asyncio.sleep, 0))

    gc.collect()
    gc.disable()
    try:
        async with at_work(client, backend):
            backend.grant(run := a_run(run_id="run_gone"))
            await backend.ended(run)
            await turns()
            alive = [one.held for one in gc.get_objects() if isinstance(one, Passage | Tenure)]
            assert run.run_id not in [held.claimed.run_id for held in alive]
    finally:
        gc.enable()
