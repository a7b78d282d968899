"""Live streams: everything once and in order, from wherever a reader left off; a dead reader slows nobody."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from engine.items import done, started, succeeded
from mainspring.clock import SECOND
from mainspring.model.protocol import ClaimedRun, RunChanged, StreamAppended
from mainspring.server.stream import PAGE, PING_EVERY, STALLED_AFTER
from stage import PuppetWorker, Stage, job

Event = tuple[int | None, str, Any]


def events_in(text: str) -> list[Event]:
    """(id, event, data) of each server-sent event; comments are left out."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            id_ = fields.get("id")
            found.append((None if id_ is None else int(id_), fields["event"], json.loads(fields["data"])))
    return found


async def a_run(stage: Stage) -> tuple[PuppetWorker, ClaimedRun]:
    worker = await stage.work(job("bill"))
    await stage.ask("POST", "/api/v1/jobs/bill/trigger", {"payload": {}})
    return worker, await worker.claim_one()


async def a_finished_run(stage: Stage) -> str:
    worker, run = await a_run(stage)
    await worker.report(run, started("a"), StreamAppended("tokens", '"x"', 0, "a", 1))
    await worker.report(run, RunChanged(progress="1"), StreamAppended("tokens", '{"y":2}', 1))
    await worker.report(run, succeeded("a"), done('"all"'))
    return run.run_id


async def read(stage: Stage, path: str, **options: Any) -> list[Event]:
    response = await stage.request("GET", path, **options)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    return events_in(response.text)


class Reader:
    """Speaks ASGI to the app: takes what it is sent, unless it has stopped to."""

    def __init__(self) -> None:
        self.text = ""
        self.is_deaf = False
        self.stuck = 0
        self._told = asyncio.Event()

    async def send(self, message: dict[str, Any]) -> None:
        if self.is_deaf and message["type"] == "http.response.body":
            self.stuck += 1
            await asyncio.get_running_loop().create_future()
        self.text += message.get("body", b"").decode()
        self._told.set()

    async def receive(self) -> dict[str, Any]:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def hears(self, words: str) -> None:
        while words not in self.text:
            self._told.clear()
            async with asyncio.timeout(10):
                await self._told.wait()


@asynccontextmanager
async def reading(stage: Stage, path: str) -> AsyncIterator[tuple[Reader, asyncio.Task[None]]]:
    """A reader of a live stream, and the app's call that serves it."""
    reader = Reader()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"127.0.0.1:2020"),
            (b"authorization", f"Bearer {stage.platform.api_key}".encode()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2020),
    }
    serving = asyncio.ensure_future(stage.platform.app(scope, reader.receive, reader.send))
    try:
        await reader.hears(": Mainspring")
        yield reader, serving
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


# ── order and completeness ───────────────────────────────────────────────────────────────────────────
async def test_a_run_is_told_from_its_beginning_to_its_end(stage: Stage) -> None:
    run_id = await a_finished_run(stage)
    events = await read(stage, f"/api/v1/runs/{run_id}/stream")
    first, *middle, last = events
    assert (first[:2], last[:2]) == ((None, "run"), (None, "end"))
    assert last[2] == {**first[2], "status": "SUCCESS", "progress": 1}
    ids = [id_ for id_, _, _ in middle]
    assert ids == sorted(set(ids))
    assert [data.get("kind") or data["chunk"] for _, _, data in middle] == [
        "RUN_CREATED",
        "JOB_STARTED",
        "x",
        "TASK_STARTED",
        {"y": 2},
        "TASK_COMPLETED",
        "JOB_COMPLETED",
    ]
    assert all(data["sequence"] == id_ and data["run_id"] == run_id for id_, _, data in middle)


@pytest.mark.parametrize("way", ["header", "parameter"])
async def test_a_reader_goes_on_wherever_it_was_cut_off(stage: Stage, way: str) -> None:
    run_id = await a_finished_run(stage)
    path = f"/api/v1/runs/{run_id}/stream"
    whole = [event for event in await read(stage, path) if event[0] is not None]
    for index, (id_, _, _) in enumerate(whole[:-1]):
        options: dict[str, Any] = (
            {"headers": {"Last-Event-ID": str(id_)}}
            if way == "header"
            else {"params": {"last_event_id": id_}}
        )
        rest = [event for event in await read(stage, path, **options) if event[0] is not None]
        assert rest == whole[index + 1 :]
    # After the last one there is nothing: 204 tells a browser not to come back.
    response = await stage.request("GET", path, headers={"Last-Event-ID": str(whole[-1][0])})
    assert (response.status_code, response.content) == (204, b"")


async def test_a_long_account_comes_in_pages(stage: Stage) -> None:
    worker, run = await a_run(stage)
    chunks = [StreamAppended("n", str(number), number) for number in range(1, 2 * PAGE + 2)]
    await worker.report(run, *chunks, done())
    events = await read(stage, f"/api/v1/runs/{run.run_id}/stream")
    told = [data["chunk"] for _, event, data in events if event == "chunk"]
    assert told == list(range(1, 2 * PAGE + 2))


async def test_chunks_of_the_body_that_come_again_are_kept_once(stage: Stage) -> None:
    worker, run = await a_run(stage)
    await worker.report(run, StreamAppended("n", "1", 1), StreamAppended("n", "2", 2))
    await worker.report(run, *(StreamAppended("n", str(number), number) for number in (1, 2, 3)))
    await worker.report(run, StreamAppended("m", "1", 1), StreamAppended("n", "4", 4))
    path = f"/api/v1/runs/{run.run_id}/chunks"
    page = await stage.ask("GET", path, params={"stream": "n", "limit": 3})
    assert [chunk["chunk"] for chunk in page["data"]] == [1, 2, 3]
    page = await stage.ask("GET", path, params={"stream": "n", "cursor": page["next_cursor"]})
    assert [chunk["chunk"] for chunk in page["data"]] == [4]


async def test_the_environment_is_told_live_and_goes_on_after_an_id(stage: Stage) -> None:
    before = await a_finished_run(stage)
    async with reading(stage, "/api/v1/stream") as (reader, _):
        run_id = await a_finished_run(stage)
        await reader.hears("JOB_COMPLETED")
    events = events_in(reader.text)
    assert {data["run_id"] for _, _, data in events} == {run_id} != {before}
    assert [id_ for id_, _, _ in events] == sorted(id_ for id_, _, _ in events if id_ is not None)
    async with reading(stage, f"/api/v1/runs/{run_id}/stream") as (of_run, serving):
        await serving
    assert [event for event in events_in(of_run.text) if event[0] is not None] == events


# ── readers ──────────────────────────────────────────────────────────────────────────────────────────
async def test_a_dead_reader_is_dropped_and_slows_nobody(stage: Stage) -> None:
    worker, run = await a_run(stage)
    path = f"/api/v1/runs/{run.run_id}/stream"
    async with reading(stage, path) as (dead, dropped), reading(stage, path) as (alive, _):
        await dead.hears("JOB_STARTED")
        await alive.hears("JOB_STARTED")
        dead.is_deaf = True
        for number in range(1, 3 * PAGE):
            await worker.report(run, StreamAppended("n", f'"n{number}."', number))
        await alive.hears(f'"n{3 * PAGE - 1}."')
        # One page is on its way to the dead one, and no more is read for it.
        assert (dead.stuck, dropped.done()) == (1, False)
        await worker.report(run, done())
        await alive.hears("event: end")
        stage.clock.advance(STALLED_AFTER)
        async with asyncio.timeout(10):
            await asyncio.wait({dropped})
        assert dropped.exception() is None


async def test_a_silent_stream_says_that_it_lives(stage: Stage) -> None:
    async with reading(stage, "/api/v1/stream") as (reader, _):
        while stage.clock.next_sleeper_at() is None or ": ping" not in reader.text:
            stage.clock.advance(PING_EVERY + SECOND)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await reader.hears(": ping")


async def test_streams_end_when_the_server_stops(stage: Stage) -> None:
    async with reading(stage, "/api/v1/stream") as (_, serving):
        stage.platform.app.state.services.draining.begin()
        async with asyncio.timeout(10):
            await serving


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("id_", ["x", "-1", "1.5", "9" * 19, "٣"])
async def test_an_id_that_is_none_is_refused(stage: Stage, id_: str) -> None:
    problem = await stage.refused(400, "GET", "/api/v1/stream", params={"last_event_id": id_})
    assert problem["errors"] == [{"path": "last_event_id", "message": "is no id of an event of this stream"}]


async def test_streams_want_a_key_and_a_run_that_is_there(stage: Stage) -> None:
    await stage.refused(404, "GET", "/api/v1/runs/run_nope/stream")
    await stage.refused(404, "GET", "/api/v1/runs/run_nope/chunks")
    for path in ("/api/v1/stream", "/api/v1/runs/run_nope/stream"):
        await stage.refused(401, "GET", path, headers={"Authorization": "Bearer tr_dev_wrong"})


async def test_a_timeline_is_kept_up_by_the_spans_of_the_stream(stage: Stage) -> None:
    worker, run = await a_run(stage)
    path = f"/api/v1/runs/{run.run_id}"
    await worker.report(run, started("a"))
    trace = await stage.ask("GET", f"{path}/trace")
    await worker.report(run, succeeded("a"), started("b"))
    await worker.report(run, succeeded("b"), done("1"))
    events = await read(stage, f"{path}/stream", params={"spans": True, "last_event_id": trace["sequence"]})
    spans = {span["id"]: span for span in trace["data"]}
    for _, kind, data in events:
        if kind == "spans":
            spans.update({span["id"]: span for span in data})
    after = (await stage.ask("GET", f"{path}/trace"))["data"]
    assert list(spans.values()) == after
    assert [span["status"] for span in after] == ["SUCCESS", "SUCCESS", "SUCCESS"]


async def test_the_spans_of_a_page_come_before_its_entries_and_only_when_asked_for(stage: Stage) -> None:
    run_id = await a_finished_run(stage)
    kinds = [kind for _, kind, _ in await read(stage, f"/api/v1/runs/{run_id}/stream?spans=true")]
    assert kinds.index("spans") < kinds.index("entry")
    plain = [kind for _, kind, _ in await read(stage, f"/api/v1/runs/{run_id}/stream")]
    assert plain == [kind for kind in kinds if kind != "spans"]
