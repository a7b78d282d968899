"""Runs that leave the worker while they wait, and what may cross their way out."""

import asyncio

from mainspring import IO, Client, RetryAfter, WaitTimeout
from mainspring.model.failures import Failure
from mainspring.model.protocol import (
    Notice,
    RunDrifted,
    RunParked,
    RunSucceeded,
    TaskAttemptFailed,
    TaskSucceeded,
    WaitCancelled,
    WaitDelivered,
    WaitStarted,
)
from mainspring.model.tasks import Checkpoint
from mainspring.worker.failures import write_failure
from worker.scripted import ScriptedBackend, a_run, at_work, turns


def parks(backend: ScriptedBackend, *, refused_by: tuple[Checkpoint, ...] = ()) -> None:
    """Refuses the first park with these resolutions, accepts every later one."""
    answers = [refused_by]
    backend.park = lambda parked: answers.pop() if answers else None


async def test_a_wait_and_its_park_share_one_commit(client: Client, backend: ScriptedBackend) -> None:
    @client.job(id="job")
    async def job(io: IO) -> str:
        await io.wait("cool-off", "3 days")
        return "done"

    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        assert await backend.ended(run) == RunParked(("cool-off",))
        await turns()
        assert bench.worker.running == 0
        assert len(backend.commits) == 1

        backend.resolve(run, "cool-off", tell=False)
        again = backend.grant_again(run)
        assert await backend.ended(again) == RunSucceeded('"done"')
    assert [type(item) for item in backend.kinds(again)] == [WaitDelivered, RunSucceeded]


async def test_a_refused_park_goes_on_in_place(client: Client, backend: ScriptedBackend) -> None:
    entered: list[int] = []

    @client.job(id="job")
    async def job(io: IO) -> object:
        entered.append(1)
        event = await io.wait_for_event("paid", name="paid")
        return event.payload

    shown = '{"id":"e","event_id":"evt_1","name":"paid","payload":7,"timestamp":"2026-01-01T00:00:00Z"}'
    parks(backend, refused_by=(Checkpoint("paid", "event_wait", "SUCCESS", 1, "", shown),))
    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.until(lambda: backend.kinds(run, RunSucceeded))
    assert entered == [1]
    assert backend.kinds(run, WaitDelivered) == [WaitDelivered("paid", 1)]
    assert backend.kinds(run, RunSucceeded) == [RunSucceeded("7")]


async def test_a_notice_that_comes_while_the_park_is_asked_for_is_heard_when_it_is_refused(
    client: Client, backend: ScriptedBackend
) -> None:
    @client.job(id="job")
    async def job(io: IO) -> str:
        await io.wait("nap", "1 hour")
        return "done"

    parks(backend)
    async with at_work(client, backend):
        backend.commits_pass.clear()
        backend.grant(run := a_run())
        await backend.until(lambda: backend.commits)
        resolved = Checkpoint("nap", "wait", "SUCCESS", 1, "", "null")
        backend.notify(Notice(run.run_id, run.lease, 1, resolved=(resolved,)))
        await turns()
        backend.commits_pass.set()
        await backend.until(lambda: backend.kinds(run, RunSucceeded))
    assert backend.kinds(run, WaitDelivered) == [WaitDelivered("nap", 1)]


async def test_a_notice_for_a_run_that_has_just_parked_is_passed_over(
    client: Client, backend: ScriptedBackend
) -> None:
    @client.job(id="job")
    async def job(io: IO) -> str:
        await io.wait("nap", "1 hour")
        return "done"

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.ended(run)
        backend.resolve(run, "nap")
        await turns()
        again = backend.grant_again(run)
        assert await backend.ended(again) == RunSucceeded('"done"')
    assert backend.kinds(run, WaitDelivered) == []


async def test_a_notice_that_is_told_twice_delivers_once(client: Client, backend: ScriptedBackend) -> None:
    gate = asyncio.Event()

    @client.job(id="job")
    async def job(io: IO) -> str:
        await asyncio.gather(io.run_task("slow", gate.wait), io.wait("nap", "1 hour"))
        return "done"

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.until(lambda: backend.kinds(run, WaitStarted))
        known = backend.resolve(run, "nap")
        await backend.until(lambda: backend.claims[-1].noticed)
        backend.notify(Notice(run.run_id, run.lease, 2, resolved=(known,)))
        await turns()
        gate.set()
        assert await backend.ended(run) == RunSucceeded('"done"')
    assert backend.kinds(run, WaitDelivered) == [WaitDelivered("nap", 1)]


async def test_a_run_that_works_beside_its_wait_does_not_park(
    client: Client, backend: ScriptedBackend
) -> None:
    gate = asyncio.Event()

    @client.job(id="job")
    async def job(io: IO) -> None:
        await asyncio.gather(io.wait("nap", "1 hour"), io.run_task("work", gate.wait))

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.until(lambda: backend.kinds(run, WaitStarted))
        await turns(200)
        assert backend.kinds(run, RunParked) == []
        gate.set()
        assert await backend.ended(run) == RunParked(("nap",))


async def test_a_run_parks_once_its_own_work_beside_the_wait_is_over(
    client: Client, backend: ScriptedBackend
) -> None:
    """Work outside tasks gives no word when it ends; the run is looked at again."""
    gate = asyncio.Event()

    @client.job(id="job")
    async def job(io: IO) -> None:
        beside = asyncio.create_task(gate.wait())
        await io.wait("nap", "1 hour")
        await beside

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.until(lambda: backend.kinds(run, WaitStarted))
        await turns(100)
        assert backend.kinds(run, RunParked) == []
        gate.set()
        assert await backend.ended(run) == RunParked(("nap",))


async def test_a_task_group_of_waits_parks_and_comes_back_piece_by_piece(
    client: Client, backend: ScriptedBackend
) -> None:
    order: list[str] = []

    @client.job(id="job")
    async def job(io: IO) -> list[str]:
        async def one(key: str) -> None:
            await io.wait(key, "1 hour")
            order.append(key)
            await io.run_task(f"after {key}", asyncio.sleep, 0)

        order.clear()
        async with asyncio.TaskGroup() as group:
            for key in ("a", "b", "c"):
                group.create_task(one(key))
        return order

    async with at_work(client, backend):
        backend.grant(run := a_run())
        assert await backend.ended(run) == RunParked(("a", "b", "c"))
        backend.resolve(run, "b", tell=False)
        run = backend.grant_again(run)
        assert await backend.ended(run) == RunParked(("a", "c"))
        backend.resolve(run, "c", tell=False)
        backend.resolve(run, "a", tell=False)
        run = backend.grant_again(run)
        ending = await backend.ended(run)
    assert isinstance(ending, RunSucceeded)
    assert ending.output == '["b","c","a"]' or ending.output == '["b","a","c"]'
    kept = backend.checkpoints[run.run_id]
    positions = [kept[key].position or 0 for key in ("b", "after b", "a", "c")]
    assert positions[:2] == [1, 2]
    assert sorted(positions) == positions or positions[2] > positions[3]


async def test_a_wait_that_times_out_raises(client: Client, backend: ScriptedBackend) -> None:
    @client.job(id="job")
    async def job(io: IO) -> str:
        try:
            await io.wait_for_event("paid", name="paid", timeout="1 hour")
        except WaitTimeout as error:
            return error.wait_key
        return ""

    failure = write_failure(Failure("WaitTimeout", "nothing came", "wait_timeout"))
    parks(backend, refused_by=(Checkpoint("paid", "event_wait", "FAILED", 1, "", failure=failure),))
    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.until(lambda: backend.kinds(run, RunSucceeded))
    assert backend.kinds(run, RunSucceeded) == [RunSucceeded('"paid"')]


async def test_the_loser_of_a_race_is_given_up_now_and_on_replay(
    client: Client, backend: ScriptedBackend
) -> None:
    @client.job(id="job")
    async def job(io: IO) -> list[str]:
        async def wait(key: str) -> str:
            await io.wait(key, "1 hour")
            return key

        racers = [asyncio.create_task(wait(key)) for key in ("a", "b")]
        done, pending = await asyncio.wait(racers, return_when=asyncio.FIRST_COMPLETED)
        for one in pending:
            one.cancel()
        won = [one.result() for one in done]
        await io.wait("later", "1 hour")
        return won

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.ended(run)
        backend.resolve(run, "b", tell=False)
        run = backend.grant_again(run)
        assert await backend.ended(run) == RunParked(("later",))
        assert backend.kinds(run, WaitCancelled) == [WaitCancelled("a", 2)]
        backend.resolve(run, "later", tell=False)
        run = backend.grant_again(run)
        assert await backend.ended(run) == RunSucceeded('["b"]')
    assert backend.kinds(run, WaitCancelled) == []


async def test_code_that_waits_again_for_what_it_gave_up_has_changed(
    client: Client, backend: ScriptedBackend
) -> None:
    @client.job(id="job")
    async def job(io: IO) -> None:
        await io.wait("gone", "1 hour")

    async with at_work(client, backend):
        backend.grant(run := a_run(checkpoints=(Checkpoint("gone", "wait", "CANCELLED", 1, "", position=1),)))
        ending = await backend.ended(run)
    assert isinstance(ending, RunDrifted)
    assert ending.task_key == "gone"


async def test_a_long_pause_between_attempts_parks_the_run(client: Client, backend: ScriptedBackend) -> None:
    attempts: list[int] = []

    @client.job(id="job")
    async def job(io: IO) -> int:
        return await io.run_task("call", call)

    async def call() -> int:
        attempts.append(len(attempts) + 1)
        if len(attempts) == 1:
            raise RetryAfter("1 hour", "later")
        return len(attempts)

    async with at_work(client, backend):
        backend.grant(run := a_run())
        assert await backend.ended(run) == RunParked(("call",))
        (failed,) = backend.kinds(run, TaskAttemptFailed)
        assert (failed.retry_in, failed.frees_slot, failed.position) == (3_600_000_000, True, None)
        kept = backend.checkpoints[run.run_id]
        kept["call"] = Checkpoint("call", "task", "RETRYING", 1, kept["call"].fingerprint, next_attempt_in=0)
        run = backend.grant_again(run)
        assert await backend.ended(run) == RunSucceeded("2")
    (succeeded,) = backend.kinds(run, TaskSucceeded)
    assert (succeeded.attempt, succeeded.position) == (2, 1)


async def test_a_long_pause_whose_run_cannot_park_ends_by_a_notice(
    client: Client, backend: ScriptedBackend
) -> None:
    gate = asyncio.Event()
    attempts: list[int] = []

    @client.job(id="job")
    async def job(io: IO) -> None:
        await asyncio.gather(io.run_task("call", call), io.run_task("slow", gate.wait))

    async def call() -> None:
        attempts.append(1)
        if len(attempts) < 3:
            raise RetryAfter("1 hour", "later")
        gate.set()

    async with at_work(client, backend):
        backend.grant(run := a_run())
        for number in (1, 2):
            await backend.until(lambda number=number: len(backend.kinds(run, TaskAttemptFailed)) == number)
            stale = Checkpoint("call", "task", "RETRYING", number - 1, "", next_attempt_in=0)
            due = Checkpoint("call", "task", "RETRYING", number, "", next_attempt_in=0)
            backend.notify(Notice(run.run_id, run.lease, number, resolved=(stale,)))
            await turns()
            assert len(attempts) == number  # what was told of an earlier pause does not end this one
            backend.notify(Notice(run.run_id, run.lease, number, resolved=(due,)))
        assert await backend.ended(run) == RunSucceeded("null")
    assert [item.attempt for item in backend.kinds(run, TaskSucceeded)] == [3, 1]
