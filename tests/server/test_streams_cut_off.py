"""Live streams over connections that break at every message, on both databases: no loss, no repeat, in order.

And over real sockets: a reader that never reads is dropped at its bounded buffer and slows nobody.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, nullcontext
from pathlib import Path
from typing import Any

import httpx2
import pytest

import postgres
from engine.items import done, started, succeeded
from mainspring.client.connection import Address, Connections
from mainspring.client.http import HttpDoor
from mainspring.client.inprocess import InProcess
from mainspring.clock import FakeClock
from mainspring.model.protocol import LogWritten, StreamAppended
from mainspring.model.streams import Streamed
from mainspring.server.listener import Listener
from mainspring.server.stream import STALLED_AFTER
from stage import URL, Stage, job, staged

RUNS = 3
#: More than a socket's buffers on both sides hold.
LARGE, MANY = 100_000, 150

_EVENT = re.compile(rb"id: [^\n]+\nevent: [^\n]+\ndata: [^\n]*\n\n")


@pytest.fixture(params=["sqlite", "postgres"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    is_sqlite = request.param == "sqlite"
    with nullcontext(None) if is_sqlite else postgres.server().database() as url:
        async with staged(tmp_path, **({} if url is None else {"database_url": url})) as stage:
            yield stage


class Impatient(FakeClock):
    """Nobody waits before a stream is opened again."""

    async def sleep(self, delay: int) -> None:
        self.advance(delay)
        await asyncio.sleep(0)


class Cutting(httpx2.AsyncBaseTransport):
    """Each connection breaks after one event with an id, or so many characters into the next one."""

    def __init__(self, app: Any, further: int) -> None:
        self._inner = InProcess(app)
        self._further = further
        self.opened = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.opened += 1
        response = await self._inner.handle_async_request(request)
        return httpx2.Response(
            response.status_code, headers=response.headers, stream=_Cut(response, self._further)
        )


class _Cut(httpx2.AsyncByteStream):
    def __init__(self, response: httpx2.Response, further: int) -> None:
        self._response = response
        self._further = further

    async def __aiter__(self) -> AsyncIterator[bytes]:
        whole = b""
        async for piece in self._response.stream:  # type: ignore[union-attr]
            before = len(whole)
            whole += piece
            event = _EVENT.search(whole)
            if event is not None:
                yield whole[before : event.end() + self._further]
                raise httpx2.ReadError("reset by peer")
            yield piece

    async def aclose(self) -> None:
        await self._response.aclose()


async def work(stage: Stage) -> list[str]:
    """Runs that do a little of everything, their commits interleaved."""
    worker = await stage.work(job("bill"))
    for _ in range(RUNS):
        await stage.ask("POST", "/api/v1/jobs/bill/trigger", {"payload": {}})
    runs = await worker.claim(RUNS)
    for number in range(1, 4):
        for run in runs:
            await worker.report(run, started(f"t{number}"), StreamAppended("n", str(number), number))
            await worker.report(
                run, LogWritten(number, 0, "INFO", "said"), succeeded(f"t{number}", position=number)
            )
    for run in runs:
        await worker.report(run, done())
    return [run.run_id for run in runs]


async def sequences(stage: Stage, run_ids: list[str]) -> list[int]:
    """Of everything that these runs did, as the history has it."""
    found: list[int] = []
    for run_id in run_ids:
        response = await stage.request("GET", f"/api/v1/runs/{run_id}/stream")
        found += [int(line[4:]) for line in response.text.splitlines() if line.startswith("id: ")]
    return sorted(found)


async def somebody_listens(stage: Stage) -> None:
    while not stage.platform.engine._watchers:
        await asyncio.to_thread(list)


def door_to(transport: httpx2.AsyncBaseTransport, key: str) -> HttpDoor:
    return HttpDoor(Connections(Address(URL, key), transport), Impatient())


@pytest.mark.parametrize("further", [0, 1, 9, 40])
async def test_a_run_is_told_once_however_often_it_is_cut(stage: Stage, further: int) -> None:
    run_id = (await work(stage))[0]
    transport = Cutting(stage.platform.app, further)
    door = door_to(transport, stage.platform.api_key)
    expected = await sequences(stage, [run_id])
    messages = [message async for message in door.stream(f"/api/v1/runs/{run_id}/stream")]
    assert [int(message.id) for message in messages if message.id] == expected
    assert (messages[-1].kind, transport.opened) == ("end", len(expected) + 1)

    told = [one async for one in door.stream(f"/api/v1/runs/{run_id}/stream", params={"logs": True})]
    assert [int(one.id.split("-")[0]) for one in told if one.id and one.kind != "log"] == expected
    assert [one.data["id"] for one in told if one.kind == "log"] == ["1.1", "1.2", "1.3"]


@pytest.mark.parametrize("further", [0, 9])
async def test_the_environment_is_told_once_however_often_it_is_cut(stage: Stage, further: int) -> None:
    await work(stage)  # earlier than the reader
    transport = Cutting(stage.platform.app, further)
    door = door_to(transport, stage.platform.api_key)
    heard: list[Streamed] = []
    begun = asyncio.Event()

    async def read() -> None:
        async with aclosing(door.stream("/api/v1/stream")) as messages:
            async for message in messages:
                heard.append(message)
                begun.set()

    reading = asyncio.ensure_future(read())
    async with asyncio.timeout(20):
        await somebody_listens(stage)
        run_ids = await work(stage)
        expected = await sequences(stage, run_ids)
        while len(heard) < len(expected):
            begun.clear()
            await begun.wait()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert [int(message.id or 0) for message in heard] == expected
    assert transport.opened >= len(expected)


async def test_the_environment_is_told_from_where_a_reader_began(stage: Stage) -> None:
    class First(httpx2.AsyncBaseTransport):
        """Its first connection breaks as soon as it is open, and much happens before the second one."""

        def __init__(self) -> None:
            self.inner = InProcess(stage.platform.app)
            self.run_ids: list[str] | None = None

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            response = await self.inner.handle_async_request(request)
            if self.run_ids is not None:
                return response
            stream = response.stream
            assert isinstance(stream, httpx2.AsyncByteStream)
            opening = await anext(aiter(stream))
            await stream.aclose()
            self.run_ids = await work(stage)
            return httpx2.Response(200, stream=httpx2.ByteStream(opening))

    transport = First()
    door = door_to(transport, stage.platform.api_key)
    async with asyncio.timeout(20), aclosing(door.stream("/api/v1/stream")) as messages:
        first = await anext(messages)
    assert transport.run_ids is not None
    assert first.data["sequence"] == (await sequences(stage, transport.run_ids))[0]


async def test_a_socket_that_is_never_read_slows_nobody_and_is_dropped(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    worker = await stage.work(job("bill"))
    await stage.ask("POST", "/api/v1/jobs/bill/trigger", {"payload": {}})
    run = await worker.claim_one()
    listener = Listener("127.0.0.1", 0)
    serving = asyncio.create_task(listener.serve(stage.platform.app))
    dead = socket.socket()
    dead.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    dead.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(dead, ("127.0.0.1", listener.port))
    request = f"GET /api/v1/runs/{run.run_id}/stream HTTP/1.1\r\nHost: 127.0.0.1:{listener.port}\r\n"
    await loop.sock_sendall(dead, f"{request}Authorization: Bearer {stage.platform.api_key}\r\n\r\n".encode())
    watchers = stage.platform.engine._watchers
    alive = HttpDoor(Connections(Address(listener.url, stage.platform.api_key)), Impatient())
    async with asyncio.timeout(60):
        await somebody_listens(stage)

        async def read() -> int:
            messages = alive.stream(f"/api/v1/runs/{run.run_id}/stream")
            return len([one async for one in messages if one.kind == "chunk"])

        reading = asyncio.ensure_future(read())
        chunk = '"' + "x" * LARGE + '"'
        for number in range(1, MANY + 1):
            await worker.report(run, StreamAppended("n", chunk, number))
        await worker.report(run, done())
        assert await reading == MANY
        assert len(watchers) == 1  # the dead one's: it has had its pages, as many as the buffers hold
        while watchers:
            stage.clock.advance(STALLED_AFTER)
            await asyncio.to_thread(list)
        assert listener._server is not None
        while len(listener._server.server_state.connections) > 1:  # that of the living one
            await asyncio.to_thread(list)
    dead.close()
    await alive.aclose()
    listener.stop()
    await serving
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
