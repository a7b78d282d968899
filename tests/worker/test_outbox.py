"""Commits: in order, one at a time, sent again until answered, and one run's trouble is not another's."""

import asyncio

from mainspring import IO, Client, TooLarge
from mainspring.model.protocol import RunAttemptFailed, RunSucceeded, TaskStarted, TaskSucceeded, WaitStarted
from worker.scripted import ScriptedBackend, a_run, at_work, turns, unavailable


async def test_a_commit_without_an_answer_is_sent_again_unchanged(
    client: Client, backend: ScriptedBackend
) -> None:
    calls: list[str] = []

    @client.job(id="job")
    async def job(io: IO) -> str:
        first = await io.run_task("first", work, "a")
        return first + await io.run_task("second", work, "b")

    async def work(name: str) -> str:
        calls.append(name)
        return name

    backend.refuse_commits = [unavailable(), unavailable()]
    backend.lose_answers = [unavailable()]
    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        for _ in range(3):
            await bench.pass_time(2_000_000)
            await turns()
        assert await backend.ended(run) == RunSucceeded('"ab"')

    first = [commit for commit in backend.commits if commit.commit_seq == 1]
    assert len(first) == 4
    assert all(commit == first[0] for commit in first)
    assert [commit.commit_seq for commit in backend.commits] == [1, 1, 1, 1, 2, 3]
    assert calls == ["a", "b"]
    assert [item.task.key for item in backend.kinds(run, TaskSucceeded)] == ["first", "second"]


async def test_user_code_goes_on_only_after_the_commit(client: Client, backend: ScriptedBackend) -> None:
    passed: list[str] = []

    @client.job(id="job")
    async def job(io: IO) -> None:
        await io.run_task("first", asyncio.sleep, 0)
        passed.append("first")

    backend.commits_pass.clear()
    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.until(lambda: backend.commits)
        await turns()
        assert passed == []
        backend.commits_pass.set()
        await backend.ended(run)
        assert passed == ["first"]


async def test_a_wait_says_how_long_it_stood_in_line(client: Client, backend: ScriptedBackend) -> None:
    may_wait = asyncio.Event()

    @client.job(id="job")
    async def job(io: IO) -> None:
        await asyncio.gather(io.run_task("first", asyncio.sleep, 0), sleeps(io))

    async def sleeps(io: IO) -> None:
        await may_wait.wait()
        await io.wait("nap", "1 hour")

    backend.commits_pass.clear()
    async with at_work(client, backend) as bench:
        backend.grant(run := a_run())
        await backend.until(lambda: backend.commits)
        may_wait.set()
        await turns()
        await bench.pass_time(2_000_000)
        backend.commits_pass.set()
        await backend.until(lambda: backend.kinds(run, WaitStarted))
        assert [item.age for item in backend.kinds(run, WaitStarted)] == [2_000_000]


async def test_what_gathers_meanwhile_rides_in_the_next_commit(
    client: Client, backend: ScriptedBackend
) -> None:
    @client.job(id="job")
    async def job(io: IO) -> None:
        await io.run_task("only", asyncio.sleep, 0)

    backend.commits_pass.clear()
    async with at_work(client, backend):
        runs = [a_run(run_id=f"run_{n}") for n in range(30)]
        backend.grant(runs[0])
        await backend.until(lambda: backend.commits)
        for run in runs[1:]:
            backend.grant(run)
        await turns(200)
        backend.commits_pass.set()
        for run in runs:
            await backend.ended(run)

    assert len(backend.commits[0].reports) == 1
    assert len(backend.commits[1].reports) == 30  # the first run's end, and the tasks of all others
    assert len(backend.commits) == 3


async def test_every_task_start_is_told_of_with_the_outcome_when_that_is_quicker(
    client: Client, backend: ScriptedBackend
) -> None:
    gate = asyncio.Event()

    @client.job(id="job")
    async def job(io: IO) -> None:
        await io.run_task("quick", asyncio.sleep, 0)
        await io.run_task("talks", talks, io)
        await io.run_task("slow", gate.wait)

    async def talks(io: IO) -> None:
        io.logger.info("one line")

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.until(lambda: len(backend.kinds(run, TaskStarted)) == 2)
        gate.set()
        await backend.ended(run)

    whole = [(item.task.key, item.is_whole) for item in backend.kinds(run, TaskSucceeded)]
    assert whole == [("quick", True), ("talks", False), ("slow", False)]
    assert [item.task.key for item in backend.kinds(run, TaskStarted)] == ["talks", "slow"]


async def test_a_report_that_is_refused_fails_its_run_alone(client: Client, backend: ScriptedBackend) -> None:
    @client.job(id="job")
    async def job(payload: int, io: IO) -> int:
        await io.run_task("work", asyncio.sleep, 0)
        return payload

    async with at_work(client, backend):
        good, bad = a_run(run_id="run_good", payload="1"), a_run(run_id="run_bad", payload="2")
        # The batch of both, then the bad one's report alone.
        backend.refuse_commits = [TooLarge("the batch is too large"), TooLarge("the report is too large")]
        backend.grant(bad)
        backend.grant(good)
        assert await backend.ended(good) == RunSucceeded("1")
        ending = await backend.ended(bad)

    assert isinstance(ending, RunAttemptFailed)
    assert ending.failure.code == "too_large"
    assert ending.retry_in is None


async def test_a_large_backlog_goes_in_several_commits(client: Client, backend: ScriptedBackend) -> None:
    @client.job(id="job")
    async def job(io: IO) -> int:
        texts = await asyncio.gather(*(io.run_task("fetch", fetch) for _ in range(12)))
        return sum(map(len, texts))

    async def fetch() -> str:
        return "x" * 900_000

    backend.commits_pass.clear()
    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.until(lambda: backend.commits)
        await turns(200)
        backend.commits_pass.set()
        assert await backend.ended(run) == RunSucceeded(str(12 * 900_000))

    sizes = [
        sum(
            len(item.output)
            for report in commit.reports
            for item in report.items
            if isinstance(item, TaskSucceeded)
        )
        for commit in backend.commits
    ]
    assert max(sizes) < 6_000_000
    positions = [item.position for item in backend.kinds(run, TaskSucceeded)]
    assert positions == list(range(1, 13))


async def test_what_all_of_a_run_waits_for_is_sent_in_the_next_turn(
    client: Client, backend: ScriptedBackend
) -> None:
    """Strands side by side get another turn, so that what comes of them goes together."""
    loop = asyncio.get_running_loop()
    sent: list[int] = []

    async def looked_at() -> None:
        loop.call_soon(loop.call_soon, lambda: sent.append(len(backend.commits)))

    @client.job(id="job")
    async def job(io: IO) -> None:
        await io.run_task("alone", looked_at)
        await asyncio.gather(io.run_task("left", looked_at), io.run_task("right", asyncio.sleep, 0))

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.ended(run)

    assert sent == [1, 1]
    together = backend.commits[1].reports[0].items
    assert [item.task.key for item in together if isinstance(item, TaskSucceeded)] == ["left", "right"]
