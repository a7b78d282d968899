"""Following a live stream over connections that break: nothing is lost, nothing comes twice."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from mainspring.client.connection import Address, Connections
from mainspring.client.http import HttpDoor
from mainspring.clock import FakeClock
from mainspring.errors import NotFound, ServerUnavailable
from mainspring.model.streams import Streamed


class Impatient(FakeClock):
    """Nobody waits for anything."""

    async def sleep(self, delay: int) -> None:
        self.advance(delay)


class Breaking(httpx2.AsyncByteStream):
    def __init__(self, text: str, is_cut: bool) -> None:
        self._text = text
        self._is_cut = is_cut

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._text), 7):
            yield self._text[at : at + 7].encode()
        if self._is_cut:
            raise httpx2.ReadError("reset by peer")


class Server(httpx2.AsyncBaseTransport):
    """Has messages 1 to `count`; each connection breaks after `cut_after` characters of its answer."""

    def __init__(self, count: int, cut_after: int | None = None) -> None:
        self.count = count
        self.cut_after = cut_after
        self.asked: list[str | None] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        after = request.headers.get("last-event-id")
        self.asked.append(after)
        rest = [
            f'id: {number}\nevent: entry\ndata: {{"n": {number}}}\n\n: ping\n\n'
            for number in range(int(after or 0) + 1, self.count + 1)
        ]
        text = "".join(rest) + 'event: end\ndata: {"n": 0}\n\n'
        is_cut = self.cut_after is not None and len(text) > self.cut_after
        return httpx2.Response(200, stream=Breaking(text[: self.cut_after] if is_cut else text, is_cut))


def door_to(transport: httpx2.AsyncBaseTransport) -> HttpDoor:
    return HttpDoor(Connections(Address("http://127.0.0.1:1", "tr_dev_x"), transport), Impatient())


async def heard(door: HttpDoor, **options: Any) -> list[Streamed]:
    return [message async for message in door.stream("/api/v1/stream", **options)]


@pytest.mark.parametrize("cut_after", range(55, 140))
async def test_it_goes_on_wherever_it_was_cut(cut_after: int) -> None:
    server = Server(5, cut_after)
    messages = await heard(door_to(server))
    assert [message.data["n"] for message in messages] == [1, 2, 3, 4, 5, 0]
    assert [message.id for message in messages] == ["1", "2", "3", "4", "5", None]
    assert len(server.asked) > 1
    assert server.asked[0] is None


async def test_it_begins_after_an_id() -> None:
    assert [message.data["n"] for message in await heard(door_to(Server(5)), after="3")] == [4, 5, 0]


async def test_a_server_that_stays_away_is_given_up() -> None:
    class Gone(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            raise httpx2.ConnectError("refused")

    with pytest.raises(ServerUnavailable):
        await heard(door_to(Gone()))


async def test_a_refusal_is_raised_at_once_and_no_more_is_an_end() -> None:
    class Refusing(httpx2.AsyncBaseTransport):
        def __init__(self, response: httpx2.Response) -> None:
            self.response = response

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            return self.response

    problem = {"detail": "there is no run.", "code": "not_found"}
    with pytest.raises(NotFound):
        await heard(door_to(Refusing(httpx2.Response(404, json=problem))))
    assert [message.kind for message in await heard(door_to(Refusing(httpx2.Response(204))))] == ["end"]
