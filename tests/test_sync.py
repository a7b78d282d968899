"""`client.sync`: the same verbs for blocking code, from any thread, over HTTP and with the platform inside."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mainspring import (
    IO,
    CircuitBreaker,
    Client,
    Conflict,
    EventRejected,
    NotFound,
    RunFailed,
    SyncIO,
    WaitTimeout,
    WrongLoop,
    event_trigger,
)
from mainspring.sdk.sync import SyncRun
from mainspring.server.listener import Listener

KEY = "tr_dev_sync"


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.chdir(tmp_path)
    client = Client("shop", api_key=KEY)

    @client.job(id="number", trigger=event_trigger("number", schema={"type": "integer"}))
    def double(payload: int, io: SyncIO) -> int:
        for half in io.stream("halves", range(3)):
            assert half in range(3)
        return 2 * payload

    @client.job(id="many", trigger=event_trigger("many"))
    def many(io: SyncIO) -> None:
        for number in range(500):
            io.stream.append("numbers", number)

    @client.job(id="fails", retry=0)
    async def fails() -> None:
        raise ValueError("no luck")

    @client.job(id="ring")
    def ring(io: SyncIO) -> str:
        return io.run_task("ring", lambda: "rang", breaker=CircuitBreaker("the bell"))

    @client.job(id="patient", trigger=event_trigger("patience"))
    async def patient(io: IO) -> None:
        await io.wait_for_event("never", name="never")

    return client


@pytest.fixture
async def inside(client: Client) -> AsyncIterator[Client]:
    """The client with the engine in this process."""
    async with client.embedded(url="sqlite:///shop.db"):
        yield client


@pytest.fixture(params=["embedded", "http"])
async def shop(request: pytest.FixtureRequest, inside: Client) -> AsyncIterator[Client]:
    """A client whose calls go to the engine in this process, or over HTTP to the same."""
    if request.param == "embedded":
        yield inside
        return
    listener = Listener("127.0.0.1", 0)
    serving = asyncio.create_task(listener.serve(inside.asgi(), lambda: None))
    yield Client("elsewhere", api_key=KEY, api_url=listener.url)
    listener.stop()
    await serving


async def in_thread(fn: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(fn)


async def test_every_verb_waits_and_returns_its_value(shop: Client) -> None:
    def work() -> None:
        sync = shop.sync
        event = sync.send_event("number", 21, id="n-1")
        run = sync.runs.retrieve(event.runs[0].id)
        assert isinstance(run, SyncRun)
        assert run.result(timeout="20s") == 42
        assert (run.status, run.output, run.refresh().is_final) == ("SUCCESS", 42, True)
        assert run.replay(payload=4).result(timeout="20s") == 8
        assert len(sync.send_events([{"name": "number", "payload": n} for n in range(3)])) == 3
        assert len(list(sync.runs.list(limit=2))) == 5
        assert len(sync.runs.list(limit=2).page().data) == 2
        assert [job.id for job in sync.jobs.list()] == ["fails", "many", "number", "patient", "ring"]
        assert sync.jobs.disable("fails").enabled is False
        assert sync.jobs.enable("fails").enabled is True
        assert sync.events.retrieve("n-1").payload == 21
        assert [one.name for one in sync.events.list(name="number")] == ["number"] * 4
        sync.store.set("a", {"n": 1})
        assert (sync.store.get("a"), sync.store.has("b"), list(sync.store.list())) == (
            {"n": 1},
            False,
            [("a", {"n": 1})],
        )
        assert sync.store.delete("a")
        late = sync.send_event("later", delay="1 day")
        assert sync.cancel_event(late.event_id).cancelled_at is not None

    await in_thread(work)


async def test_breakers_are_opened_and_reset(shop: Client, inside: Client) -> None:
    def work() -> None:
        sync = shop.sync
        with pytest.raises(NotFound):
            sync.breakers.open("the bell")
        assert inside.job_by_id("ring").sync.trigger().result(timeout="20s") == "rang"
        assert [one.name for one in sync.breakers.list()] == ["the bell"]
        opened = sync.breakers.open("the bell", timeout="1 hour", by="Ada")
        assert (opened.state, opened.shown["opened_by"]) == ("open", "Ada")
        assert sync.breakers.retrieve("the bell").probe_at is not None
        assert sync.breakers.reset("the bell").state == "closed"

    await in_thread(work)


async def test_approvals_are_looked_for_and_answered(shop: Client, inside: Client) -> None:
    def work() -> None:
        approvals = shop.sync.approvals
        assert list(approvals.list(status="WAITING")) == []
        for call in (
            lambda: approvals.retrieve("apr_nope"),
            lambda: approvals.answer("apr_nope", "approve", by="Ada"),
            lambda: approvals.delegate("apr_nope", by="Ada", to="Bob"),
            lambda: approvals.links("apr_nope"),
        ):
            with pytest.raises(NotFound, match="no approval"):
                call()

    await in_thread(work)


async def test_errors_are_those_of_the_async_verbs(shop: Client) -> None:
    def work() -> None:
        with pytest.raises(NotFound):
            shop.sync.runs.retrieve("run_nowhere")
        with pytest.raises(EventRejected):
            shop.sync.send_event("number", "seven")
        event = shop.sync.send_event("nobody.listens")
        with pytest.raises(Conflict):
            shop.sync.cancel_event(event.event_id)

    await in_thread(work)


async def test_runs_are_started_and_cancelled(client: Client) -> None:
    def work() -> None:
        with pytest.raises(RunFailed, match="no luck"):
            client.job_by_id("fails").sync.trigger().result(timeout="20s")
        run = client.job_by_id("patient").sync.trigger(tags=["slow"])
        with pytest.raises(WaitTimeout):
            run.result(timeout="10ms")
        assert run.tags == ["slow"]
        assert client.sync.runs.cancel(run.id).id == run.id
        assert run.refresh().status == "CANCELLED"
        results = client.job_by_id("number").sync.batch_trigger_and_wait([1, 2, 3])
        assert [result.unwrap() for result in results] == [2, 4, 6]

    async with client.embedded(url="sqlite:///shop.db"):
        await in_thread(work)


async def test_many_threads_share_one_client(shop: Client) -> None:
    def work() -> list[int]:
        with ThreadPoolExecutor(8) as threads:
            events = list(threads.map(lambda n: shop.sync.send_event("number", n), range(24)))
            runs = threads.map(lambda event: shop.sync.runs.retrieve(event.runs[0].id), events)
            return [run.result(timeout="20s") for run in runs]

    assert await in_thread(work) == [2 * n for n in range(24)]
    assert sum(thread.name == "mainspring-sync" for thread in threading.enumerate()) == 1


async def test_on_an_event_loop_it_says_what_to_write_instead(shop: Client) -> None:
    with pytest.raises(WrongLoop, match=r"await client\.send_event") as refused:
        shop.sync.send_event("number", 1)
    assert "client.sync.send_event would block the event loop" in str(refused.value)
    with pytest.raises(WrongLoop, match=r"await client\.runs\.list"):
        list(shop.sync.runs.list())
    assert [one async for one in shop.events.list()] == []


async def test_a_plain_job_starts_another_once(client: Client) -> None:
    @client.job(id="parent")
    def parent() -> int:
        number = client.job_by_id("number").sync
        return int(number.trigger_and_wait(5)) + len(number.batch_trigger([1, 2]))

    async with client.embedded(url="sqlite:///shop.db"):
        run = await client.job_by_id("parent").trigger()
        assert await run.result(timeout="20s") == 12
        assert len((await client.runs.list(job_id="number")).data) == 3


# ── live ─────────────────────────────────────────────────────────────────────────────────────────────
def watchers(shop: Client) -> list[Any]:
    """Whom the engine tells of news: an open stream is one of them."""
    found: list[Any] = shop._inside.__self__._platform.engine._watchers  # type: ignore[union-attr]
    return found


async def test_a_run_is_followed_by_a_plain_for(shop: Client) -> None:
    def work() -> None:
        event = shop.sync.send_event("number", 21)
        run = shop.sync.runs.retrieve(event.runs[0].id)
        heard = list(run.subscribe())
        told = [update.what for update in heard if update.kind == "entry"]
        assert (told[0], told[-1]) == ("RUN_CREATED", "JOB_COMPLETED")
        assert [update.chunk for update in heard if update.kind == "chunk"] == [0, 1, 2]
        assert (run.status, run.output) == ("SUCCESS", 42)
        entries = [update for update in heard if update.kind == "entry"]
        rest = [update.sequence for update in run.subscribe(after=entries[0].sequence) if update.sequence]
        assert rest == [update.sequence for update in heard if update.sequence][1:]
        assert list(run.stream("halves")) == [0, 1, 2]

    await in_thread(work)


def interrupted(run: SyncRun[Any]) -> None:
    for _ in run.subscribe():
        raise KeyboardInterrupt


async def test_a_loop_that_is_left_closes_its_stream(shop: Client, inside: Client) -> None:
    before = len(watchers(inside))

    def leave() -> None:
        run = shop.sync.runs.retrieve(shop.sync.send_event("patience").runs[0].id)
        for update in run.subscribe():
            if update.what == "WAIT_STARTED":
                break
        half_read = run.subscribe()
        assert next(half_read).kind == "run"
        half_read.close()
        if shop is inside:  # over HTTP the server needs a moment to notice
            assert len(watchers(inside)) == before
        with pytest.raises(KeyboardInterrupt):
            interrupted(run)
        assert run.cancel().status == "CANCELLED"

    await in_thread(leave)
    async with asyncio.timeout(20):
        while len(watchers(inside)) > before:
            await asyncio.to_thread(list)


async def test_a_slow_reader_has_one_piece_in_hand_and_loses_none(shop: Client) -> None:
    asked = 0

    def work() -> list[int]:
        run = shop.sync.runs.retrieve(shop.sync.send_event("many").runs[0].id)
        run.result(timeout="20s")
        stream = shop.sync.runs.retrieve(run.id)
        original = stream._run.stream

        async def counted(name: str) -> AsyncIterator[Any]:
            nonlocal asked
            async for chunk in original(name):
                asked += 1
                yield chunk

        stream._run.stream = counted  # type: ignore[method-assign,assignment]
        chunks = []
        for chunk in stream.stream("numbers"):
            chunks.append(chunk)
            assert asked == len(chunks)
        return chunks

    assert await in_thread(work) == list(range(500))


async def test_an_unread_rest_holds_up_no_exit(inside: Client) -> None:
    event = await inside.send_event("patience")
    listener = Listener("127.0.0.1", 0)
    serving = asyncio.create_task(listener.serve(inside.asgi(), lambda: None))
    code = (
        "from mainspring import Client\n"
        f"run = Client('x').sync.runs.retrieve('{event.runs[0].id}')\n"
        "left = run.subscribe()\n"
        "print(next(left).kind)\n"
    )
    script = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "MAINSPRING_API_URL": listener.url, "MAINSPRING_API_KEY": KEY},
    )
    async with asyncio.timeout(20):
        said, _ = await script.communicate()
    assert (script.returncode, said.decode()) == (0, "run\n")
    listener.stop()
    await serving
