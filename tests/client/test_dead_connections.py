"""Connections that died without a word: a heartbeat that is answered after silence makes all of them anew."""

import asyncio

import pytest

from client.test_wire import KEY, Peer, listening
from mainspring.client import backend as backends
from mainspring.client.backend import HttpBackend
from mainspring.errors import ServerUnavailable
from mainspring.model.protocol import CommitRequest, Heartbeat

EMPTY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
TAKEN = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 28\r\n\r\n"
    b'{"reports":[], "notices":[]}'
)
COMMIT, BEAT = CommitRequest("wrk_1", 1, ()), Heartbeat("wrk_1", (), 0, 0)


async def test_what_waits_on_one_is_lost_once_a_heartbeat_gets_through_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backends, "BEAT_TIMEOUT", 0.05)
    peer = Peer(None, None, EMPTY)  # the commit and the first beat hear nothing
    async with listening(peer) as url:
        backend = HttpBackend(url, KEY)
        commit = asyncio.ensure_future(backend.commit(COMMIT))
        await peer.asked.wait()
        with pytest.raises(ServerUnavailable):
            await asyncio.to_thread(backend.heartbeat, BEAT)
        assert not commit.done(), "silence alone may be a server that is slow"
        await asyncio.to_thread(backend.heartbeat, BEAT)
        with pytest.raises(ServerUnavailable):
            await asyncio.wait_for(commit, 5)
        assert peer.connections == 3
        await backend.aclose()


async def test_heartbeats_that_are_answered_leave_the_others_alone() -> None:
    peer = Peer(None, EMPTY)
    async with listening(peer) as url:
        backend = HttpBackend(url, KEY)
        commit = asyncio.ensure_future(backend.commit(COMMIT))
        await peer.asked.wait()
        for _ in range(3):
            await asyncio.to_thread(backend.heartbeat, BEAT)
        assert not commit.done()
        commit.cancel()
        await backend.aclose()


async def test_a_server_that_hangs_is_given_up_for_the_next_one_that_is_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A frozen one still takes connections."""
    monkeypatch.setattr(backends, "FIRST_TIMEOUT", 0.05)
    peer = Peer(None, TAKEN)
    async with listening(peer) as url:
        backend = HttpBackend(url, KEY)
        with pytest.raises(ServerUnavailable):
            await asyncio.wait_for(backend.commit(COMMIT), 5)
        await asyncio.wait_for(backend.commit(COMMIT), 5)
        assert peer.connections == 2
        await backend.aclose()
