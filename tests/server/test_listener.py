"""The port: taken before anything starts, refused clearly, given back in order."""

import asyncio
import socket

import httpx2
import pytest

from mainspring.errors import InvalidSetting, PortInUse
from mainspring.server.listener import Listener


async def app(scope: object, receive: object, send: object) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b"here"})  # type: ignore[operator]


async def test_it_answers_from_ready_until_stopped() -> None:
    listener = Listener("127.0.0.1", 0)
    ready = asyncio.Event()
    serving = asyncio.ensure_future(listener.serve(app, ready.set))
    await ready.wait()
    async with httpx2.AsyncClient() as http:
        assert (await http.get(listener.url)).text == "here"
    listener.stop()
    await serving
    Listener("127.0.0.1", listener.port).close()  # the port is free again


async def test_cancelling_it_gives_the_port_back() -> None:
    listener = Listener("127.0.0.1", 0)
    port, ready = listener.port, asyncio.Event()
    serving = asyncio.ensure_future(listener.serve(app, ready.set))
    await ready.wait()
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    Listener("127.0.0.1", port).close()


async def test_stopped_before_it_serves_it_never_does() -> None:
    listener = Listener("127.0.0.1", 0)
    listener.stop()
    await listener.serve(app)
    Listener("127.0.0.1", 0).close()


def test_a_port_in_use_is_named_with_the_mend() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"port {port} on 127\.0\.0\.1 is in use.*--port") as refused:
            Listener("127.0.0.1", port)
    assert refused.value.port == port


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7", "not a host", "a" * 300])
def test_a_host_that_is_not_ours_is_named(host: str) -> None:
    with pytest.raises(InvalidSetting, match="cannot listen on") as refused:
        Listener(host, 0)
    assert refused.value.setting == "host"


def test_the_url_is_one_that_can_be_called() -> None:
    everywhere = Listener("0.0.0.0", 0)
    assert everywhere.url == f"http://127.0.0.1:{everywhere.port}"
    everywhere.close()
