"""What user code meets inside a run: attempts, failures of every kind, nesting, drift, strands left behind."""

import asyncio
import sys
import threading
from typing import Any

import pytest
from pydantic import BaseModel

from mainspring import (
    IO,
    Client,
    Context,
    NotFound,
    TaskFailed,
    TaskTimeout,
    TooLarge,
    Unserialisable,
    ctx,
    io,
    task,
)
from mainspring.model.failures import Failure
from mainspring.model.protocol import (
    EventsSent,
    LogWritten,
    RunAttemptFailed,
    RunChanged,
    RunDrifted,
    RunsTriggered,
    RunSucceeded,
    TaskAttemptFailed,
    TaskStarted,
    TaskSucceeded,
)
from mainspring.model.tasks import Checkpoint
from worker.scripted import ScriptedBackend, a_run, at_work, turns


class Charge(BaseModel):
    id: str
    amount: int


def known(key: str, position: int, output: str = "null", **more: Any) -> Checkpoint:
    return Checkpoint(key, "task", "SUCCESS", 1, "", output, position=position, **more)


async def test_code_gets_the_same_on_the_first_run_and_on_replay(
    client: Client, backend: ScriptedBackend
) -> None:
    got: list[Any] = []

    async def charge() -> Charge:
        return Charge(id="c", amount=3)

    async def bare():  # type: ignore[no-untyped-def]
        return (1, 2), {"when": 1.0}

    @client.job(id="job")
    async def job(io: IO) -> None:
        got.append([await io.run_task("charge", charge), await io.run_task("bare", bare)])
        await io.wait("1 hour")

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.ended(run)
        backend.resolve(run, "wait", tell=False)
        run = backend.grant_again(run)
        await backend.ended(run)
    assert got == [[Charge(id="c", amount=3), [[1, 2], {"when": 1.0}]]] * 2


async def test_a_short_pause_is_spent_in_place(client: Client, backend: ScriptedBackend) -> None:
    numbers: list[int] = []

    @client.job(id="job")
    async def job(io: IO) -> int:
        return await io.run_task("flaky", flaky)

    async def flaky() -> int:
        numbers.append(ctx.attempt.number)
        if len(numbers) < 3:
            raise ConnectionError("reset")
        return ctx.attempt.number

    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        for _ in range(2):
            await bench.pass_time(5_000_000)
            await turns()
        assert await backend.ended(run) == RunSucceeded("3")
    assert numbers == [1, 2, 3]
    failed = backend.kinds(run, TaskAttemptFailed)
    assert [(item.attempt, item.frees_slot, item.position) for item in failed] == [
        (1, False, None),
        (2, False, None),
    ]


async def test_a_task_that_was_running_when_its_worker_died_runs_the_same_attempt_again(
    client: Client, backend: ScriptedBackend
) -> None:
    @client.job(id="job")
    async def job(io: IO) -> int:
        return await io.run_task("call", number)

    async def number() -> int:
        return ctx.attempt.number

    async with at_work(client, backend):
        backend.grant(run := a_run(checkpoints=(Checkpoint("call", "task", "RUNNING", 2, ""),)))
        assert await backend.ended(run) == RunSucceeded("2")


async def test_what_is_left_of_a_pause_is_spent_before_the_next_attempt(
    client: Client, backend: ScriptedBackend
) -> None:
    @client.job(id="job")
    async def job(io: IO) -> int:
        return await io.run_task("call", number)

    async def number() -> int:
        return ctx.attempt.number

    async with at_work(client, backend) as bench:
        paused = Checkpoint("call", "task", "RETRYING", 1, "", next_attempt_in=2_000_000)
        backend.grant(run := a_run(checkpoints=(paused,)))
        await turns()
        bench.clock.advance(1_999_999)
        await turns()
        assert backend.kinds(run) == []
        bench.clock.advance(1)
        assert await backend.ended(run) == RunSucceeded("2")


async def test_a_timeout_counts_as_a_failed_attempt(client: Client, backend: ScriptedBackend) -> None:
    @client.job(id="job")
    async def job(io: IO) -> str:
        with pytest.raises(TaskFailed) as failed:
            await io.run_task("slow", asyncio.Event().wait, timeout="1 minute", retry=1)
        assert isinstance(failed.value.cause, TaskTimeout)
        return str(failed.value)

    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        await bench.pass_time(60_000_000)
        ending = await backend.ended(run)
    assert isinstance(ending, RunSucceeded)
    assert "took longer than 1m" in ending.output


class Odd(BaseException):
    """No Exception."""


async def cancelled() -> None:
    raise asyncio.CancelledError("by nobody")


async def exits() -> None:
    sys.exit(3)


async def odd() -> None:
    raise Odd("odd")


def exits_in_a_thread() -> None:
    sys.exit(3)


def stops() -> None:
    raise StopIteration(1)


@pytest.mark.parametrize("fn", [cancelled, exits, odd, exits_in_a_thread, stops])
async def test_whatever_a_task_raises_is_its_failure(
    client: Client, backend: ScriptedBackend, fn: Any
) -> None:
    @client.job(id="job")
    async def job(io: IO) -> str:
        try:
            await io.run_task("bad", fn, retry=1)
        except TaskFailed:
            return "caught"
        return ""

    async with at_work(client, backend):
        backend.grant(run := a_run())
        assert await backend.ended(run) == RunSucceeded('"caught"')


@pytest.mark.parametrize("fn", [cancelled, exits, odd])
async def test_whatever_a_body_raises_is_its_failure(
    client: Client, backend: ScriptedBackend, fn: Any
) -> None:
    client.job(id="job")(fn)
    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        ending = await backend.ended(run)
        assert not bench.working.done()
    assert isinstance(ending, RunAttemptFailed)
    assert ending.retry_in is not None


async def test_an_output_that_cannot_be_kept_fails_the_task_at_once(
    client: Client, backend: ScriptedBackend
) -> None:
    async def foreign() -> Any:
        return {"items": [1, object()]}

    async def huge() -> str:
        return "x" * (2 << 20)

    @client.job(id="job")
    async def job(io: IO) -> list[str]:
        with pytest.raises(Unserialisable) as unserialisable:
            await io.run_task("foreign", foreign)
        with pytest.raises(TooLarge) as too_large:
            await io.run_task("huge", huge)
        await io.wait("1 hour")
        return [unserialisable.value.path, str(too_large.value)]

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.ended(run)
        assert [item.retry_in for item in backend.kinds(run, TaskAttemptFailed)] == [None, None]
        backend.resolve(run, "wait", tell=False)
        run = backend.grant_again(run)
        ending = await backend.ended(run)
    assert isinstance(ending, RunSucceeded)
    assert ending.output.startswith('["items[1]","the output of task \'huge\' has 2,097,154 bytes')


async def test_a_nested_task_that_finished_is_not_run_again_by_its_parents_next_attempt(
    client: Client, backend: ScriptedBackend
) -> None:
    calls: list[str] = []

    @task
    async def fetch(page: int) -> int:
        calls.append(f"fetch {page}")
        return page

    async def whole() -> int:
        calls.append(f"whole {ctx.attempt.number}")
        total = await fetch(1) + await fetch(2)
        if ctx.attempt.number == 1:
            raise ConnectionError("reset")
        return total

    @client.job(id="job")
    async def job(io: IO) -> int:
        return await io.run_task("whole", whole)

    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        await bench.pass_time(5_000_000)
        assert await backend.ended(run) == RunSucceeded("3")
    assert calls == ["whole 1", "fetch 1", "fetch 2", "whole 2"]
    keys = [item.task.key for item in backend.kinds(run, TaskSucceeded)]
    assert keys == ["whole/fetch", "whole/fetch#2", "whole"]


async def test_a_thread_that_its_task_left_behind_is_refused(
    client: Client, backend: ScriptedBackend
) -> None:
    begun, gate, refused = threading.Event(), threading.Event(), threading.Event()
    seen: list[BaseException] = []

    def slow() -> None:
        begun.set()
        gate.wait(10)
        try:
            io.now()
        except BaseException as error:
            seen.append(error)
            refused.set()
            raise

    @client.job(id="job")
    async def job(io: IO) -> str:
        try:
            await io.run_task("slow", slow, timeout="1 minute", retry=1)
        except TaskFailed:
            gate.set()
            await asyncio.to_thread(refused.wait, 10)
        return "done"

    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        await asyncio.to_thread(begun.wait, 10)
        await bench.pass_time(60_000_000)
        assert await backend.ended(run) == RunSucceeded('"done"')
    assert not isinstance(seen[0], Exception)
    assert backend.kinds(run, TaskSucceeded) == []


async def test_a_sibling_that_was_cut_short_reports_nothing_and_runs_again_on_replay(
    client: Client, backend: ScriptedBackend
) -> None:
    begun: list[str] = []

    async def slow() -> None:
        begun.append("slow")
        await asyncio.Event().wait()

    async def bad() -> None:
        await asyncio.sleep(0)
        raise ValueError("bad")

    @client.job(id="job")
    async def job(io: IO) -> str:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(io.run_task("slow", slow))
                group.create_task(io.run_task("bad", bad, retry=1))
        except* TaskFailed:
            pass
        await io.wait("1 hour")
        return "done"

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.ended(run)
        backend.resolve(run, "wait", tell=False)
        run = backend.grant_again(run)
        assert await backend.ended(run) == RunSucceeded('"done"')
    assert begun == ["slow", "slow"]
    assert "slow" not in {item.task.key for item in backend.kinds(run, TaskSucceeded)}


# ── effects ──────────────────────────────────────────────────────────────────────────────────────────
async def test_what_the_server_refuses_raises_now_and_on_replay(
    client: Client, backend: ScriptedBackend
) -> None:
    @client.job(id="job")
    async def job(io: IO) -> str:
        with pytest.raises(NotFound, match="no job 'other'") as found:
            await other.trigger()
        await io.wait("1 hour")
        return str(found.value)

    other = Client("elsewhere").define_job(id="other", run=cancelled)
    backend.failures["trigger:other"] = Failure("NotFound", "There is no job 'other'.", "not_found")
    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.ended(run)
        backend.resolve(run, "wait", tell=False)
        run = backend.grant_again(run)
        assert await backend.ended(run) == RunSucceeded("\"There is no job 'other'.\"")
    assert backend.kinds(run, RunsTriggered) == []


async def test_ids_of_drafts_have_no_part_in_the_fingerprint(
    client: Client, backend: ScriptedBackend
) -> None:
    @client.job(id="job")
    async def job(io: IO) -> None:
        await io.send_events("tell", [{"name": "told", "payload": {"n": 1}}])
        await io.wait("1 hour")

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.ended(run)
        backend.resolve(run, "wait", tell=False)
        again = backend.grant_again(run)
        assert await backend.ended(again) == RunSucceeded("null")
    assert len(backend.kinds(run, EventsSent)) == 1
    assert backend.kinds(again, EventsSent) == []


async def test_values_are_kept_without_waiting(client: Client, backend: ScriptedBackend) -> None:
    seen: list[Any] = []

    @client.job(id="job")
    async def job(io: IO) -> None:
        seen.append((io.now(), io.random(), io.uuid()))
        await io.wait("1 hour")

    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        await backend.ended(run)
        assert len(backend.commits) == 1
        bench.clock.advance(1_000_000)
        backend.resolve(run, "wait", tell=False)
        again = backend.grant_again(run)
        await backend.ended(again)
    assert seen[0] == seen[1]


# ── code that changed ────────────────────────────────────────────────────────────────────────────────
async def test_another_kind_under_a_known_key_is_handed_to_a_person(
    client: Client, backend: ScriptedBackend
) -> None:
    @client.job(id="job")
    async def job(io: IO) -> None:
        await io.wait("pay", "1 hour")

    async with at_work(client, backend):
        backend.grant(run := a_run(checkpoints=(known("pay", 1),)))
        ending = await backend.ended(run)
    assert isinstance(ending, RunDrifted)
    assert ending.message == "'pay' was a task when it ran first; now it is a wait for a time"


async def test_a_drift_lets_running_attempts_come_to_their_end(
    client: Client, backend: ScriptedBackend
) -> None:
    gate = asyncio.Event()

    @client.job(id="job")
    async def job(io: IO) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(io.run_task("slow", gate.wait))
            await asyncio.sleep(0)
            group.create_task(io.wait("pay", "1 hour"))

    async with at_work(client, backend):
        backend.grant(run := a_run(checkpoints=(known("pay", 1),)))
        await backend.until(lambda: backend.kinds(run, TaskStarted))
        await turns()
        gate.set()
        assert isinstance(await backend.ended(run), RunDrifted)
    assert [item.task.key for item in backend.kinds(run, TaskSucceeded)] == ["slow"]


async def test_a_drifting_value_does_not_slip_through(client: Client, backend: ScriptedBackend) -> None:
    @client.job(id="job")
    async def job(io: IO) -> str:
        try:
            io.now()
        except Exception:
            return "swallowed"
        return "went on"

    async with at_work(client, backend):
        backend.grant(run := a_run(checkpoints=(known("now", 1),)))
        assert isinstance(await backend.ended(run), RunDrifted)


async def test_an_output_that_no_longer_fits_is_handed_to_a_person(
    client: Client, backend: ScriptedBackend
) -> None:
    async def charge() -> Charge:
        raise AssertionError("never again")

    @client.job(id="job")
    async def job(io: IO) -> None:
        await io.run_task("charge", charge)

    async with at_work(client, backend):
        backend.grant(run := a_run(checkpoints=(known("charge", 1, '{"id":"c"}'),)))
        ending = await backend.ended(run)
    assert isinstance(ending, RunDrifted)
    assert "amount" in ending.message


async def test_finished_tasks_that_the_code_left_out_are_said(
    client: Client, backend: ScriptedBackend
) -> None:
    @client.job(id="job")
    async def job(io: IO) -> None:
        await io.run_task("new", asyncio.sleep, 0)

    inside = known("outer/part", 1)
    async with at_work(client, backend):
        backend.grant(run := a_run(checkpoints=(inside, known("outer", 2), known("gone", 3))))
        await backend.ended(run)
    (line,) = backend.kinds(run, LogWritten)
    assert (line.level, line.origin) == ("WARNING", "mainspring")
    assert "'outer'" in line.message
    assert "'gone'" in line.message
    assert "part" not in line.message


# ── strands left behind ──────────────────────────────────────────────────────────────────────────────
async def test_what_a_job_left_at_work_is_stopped_when_it_returns(
    client: Client, backend: ScriptedBackend, caplog: pytest.LogCaptureFixture
) -> None:
    left: list[asyncio.Task[Any]] = []

    @client.job(id="job")
    async def job(io: IO) -> str:
        left.append(asyncio.create_task(io.run_task("behind", asyncio.Event().wait)))
        await io.run_task("work", asyncio.sleep, 0)
        return "done"

    async with at_work(client, backend):
        backend.grant(run := a_run())
        assert await backend.ended(run) == RunSucceeded('"done"')
        assert left[0].cancelled()
    assert "1 asyncio tasks of the job were still at work" in backend.kinds(run, LogWritten)[-1].message
    assert not [record for record in caplog.records if record.name == "asyncio"]


# ── what is shown ────────────────────────────────────────────────────────────────────────────────────
async def test_changes_that_gather_are_one_change(client: Client, backend: ScriptedBackend) -> None:
    @client.job(id="job")
    async def job(io: IO, ctx: Context) -> list[str]:
        for n in range(50):
            await io.progress(n, 50)
            io.metadata.increment("seen")
        io.tags.add("big")
        return io.tags.get()

    async with at_work(client, backend):
        backend.grant(run := a_run(tags='["vip"]', metadata='{"seen":1}'))
        assert await backend.ended(run) == RunSucceeded('["vip","big"]')
    (change,) = backend.kinds(run, RunChanged)
    assert change.tags == '["vip","big"]'
    assert change.metadata == '{"seen":51}'
    assert change.progress is not None
    assert '"current":49' in change.progress


async def test_lines_are_numbered_and_a_flood_is_cut_with_a_word(
    client: Client, backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mainspring.worker.shown.MOST_LINES", 20)

    @client.job(id="job")
    async def job(io: IO) -> None:
        for n in range(100):
            io.logger.info("line", n=n, odd=object())
        await io.run_task("work", asyncio.sleep, 0)
        io.logger.error("after")

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.ended(run)
    lines = backend.kinds(run, LogWritten)
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert lines[-2].message.startswith("80 log lines were left out")
    assert lines[-1].message == "after"
    assert '"odd":"<object object' in (lines[0].fields or "")


async def test_forced_replay_repeats_no_attempt_and_no_line(client: Client, backend: ScriptedBackend) -> None:
    calls: list[str] = []
    entered: list[int] = []

    async def work(name: str) -> str:
        calls.append(name)
        await asyncio.sleep(0)
        return name

    @client.job(id="job")
    async def job(io: IO) -> list[str]:
        entered.append(1)
        io.logger.info("begin")
        first = await io.run_task("a", work, "a")
        io.logger.info("between")
        both = await asyncio.gather(io.run_task("b", work, "b"), io.run_task("c", work, "c"))
        io.metadata.increment("passed")
        io.logger.info("end")
        return [first, *both]

    async with at_work(client, backend, always_replay=True):
        backend.grant(run := a_run())
        assert await backend.ended(run) == RunSucceeded('["a","b","c"]')
    assert calls == ["a", "b", "c"]
    assert len(entered) >= 3
    assert [line.message for line in backend.kinds(run, LogWritten)] == ["begin", "between", "end"]
    assert [change.metadata for change in backend.kinds(run, RunChanged)] == ['{"passed":1}']
