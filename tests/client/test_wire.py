"""Our own way to the server: connections used again, answers in every form they may come in, silence and loss."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mainspring.client.connection import Address, Connections, target
from mainspring.client.http import HttpDoor, open_door
from mainspring.client.wire import Place, Request, Wire
from mainspring.clock import FakeClock
from mainspring.errors import BadRequest, ServerUnavailable

KEY = "tr_dev_S3cret"
GOOD = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"a": 1}'


class Peer:
    """Answers the requests of all connections, each with the next of the texts laid down, the last one for ever."""

    def __init__(self, *answers: bytes | None) -> None:
        """None: it says nothing. An answer that ends in CLOSED is the last word on its connection."""
        self.answers = list(answers)
        self.connections = 0
        self.requests: list[bytes] = []
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (line[16:] for line in head.split(b"\r\n") if line.startswith(b"Content-Length")), b"0"
                )
                self.requests.append(head + await reader.readexactly(int(length)))
                self.asked.set()
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer is not None:
                    writer.write(answer.removesuffix(CLOSED))
                    await writer.drain()
                    if answer.endswith(CLOSED):
                        return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.left.set()
            writer.close()


CLOSED = b"<closed>"


@asynccontextmanager
async def listening(peer: Peer) -> AsyncIterator[str]:
    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def door_to(peer: Peer) -> AsyncIterator[HttpDoor]:
    async with listening(peer) as url:
        door = open_door(url, KEY)
        try:
            yield door
        finally:
            await door.aclose()


async def test_a_connection_is_used_again() -> None:
    peer = Peer(GOOD)
    async with door_to(peer) as door:
        for _ in range(3):
            assert await door.call("GET", "/api/v1/runs", params={"tag": "a b&c"}) == {"a": 1}
        assert await door.call("POST", "/api/v1/events", body='{"name":"é"}', idempotency_key="k") == {"a": 1}
    assert peer.connections == 1
    assert peer.requests[0].startswith(b"GET /api/v1/runs?tag=a+b%26c HTTP/1.1\r\nHost: 127.0.0.1:")
    assert f"Authorization: Bearer {KEY}\r\n".encode() in peer.requests[0]
    posted = peer.requests[3]
    assert b"Idempotency-Key: k\r\n" in posted
    assert b"Content-Length: 13\r\n" in posted
    assert posted.endswith('\r\n\r\n{"name":"é"}'.encode())


async def test_exchanges_at_once_take_a_connection_each() -> None:
    peer = Peer(GOOD)
    async with door_to(peer) as door:
        answers = await asyncio.gather(*(door.call("GET", "/api/v1/runs") for _ in range(5)))
        assert answers == [{"a": 1}] * 5
        assert peer.connections == 5
        await asyncio.gather(*(door.call("GET", "/api/v1/runs") for _ in range(5)))
        assert peer.connections == 5


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n3\r\n 1}\r\n0\r\n\r\n',
        b'HTTP/1.1 200 OK\r\n\r\n{"a": 1}' + CLOSED,
        b'HTTP/1.0 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}' + CLOSED,
        b"HTTP/1.1 102 Processing\r\n\r\n" + GOOD,
        GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + CLOSED,
    ],
    ids=["in chunks", "until the end", "of HTTP/1.0", "after another", "closing"],
)
async def test_answers_come_in_many_forms(answer: bytes) -> None:
    async with door_to(Peer(answer)) as door:
        assert await door.call("GET", "/api/v1/runs") == {"a": 1}
        assert await door.call("GET", "/api/v1/runs") == {"a": 1}


async def test_an_answer_without_a_body_is_none() -> None:
    async with door_to(Peer(b"HTTP/1.1 204 No Content\r\n\r\n", GOOD)) as door:
        assert await door.call("DELETE", "/api/v1/store/environment/-/a") is None
        assert await door.call("GET", "/api/v1/runs") == {"a": 1}


async def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    peer = Peer(GOOD + CLOSED, GOOD)
    async with listening(peer) as url:
        connections = Connections(Address(url, KEY))
        for _ in range(2):
            assert (await connections.ask(Request("GET", "/", {}))).content == b'{"a": 1}'
            await peer.left.wait()
            for _ in range(10):  # turns of the loop, for the end to come through
                await asyncio.sleep(0)
        await connections.aclose()
    assert peer.connections == 2


@pytest.mark.parametrize(
    "answer",
    [CLOSED, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{" + CLOSED, b"SSH-2.0-OpenSSH_9\r\n", None],
    ids=["closed at once", "cut off", "of something else", "silent"],
)
async def test_no_answer_is_said_to_be_none(answer: bytes | None) -> None:
    async with listening(Peer(answer)) as url:
        connections = Connections(Address(url, KEY))
        with pytest.raises(ServerUnavailable):
            await connections.ask(Request("GET", "/", {}, timeout=0.05))
        await connections.aclose()


async def test_a_lost_answer_is_asked_for_again_with_the_same_content() -> None:
    class Hurried(FakeClock):
        async def sleep(self, delay: int) -> None:
            self.advance(delay)

    peer = Peer(CLOSED, GOOD)
    async with listening(peer) as url:
        door = open_door(url, KEY, clock=Hurried())
        assert await door.call("POST", "/api/v1/events", body="{}") == {"a": 1}
        await door.aclose()
    assert peer.requests[0] == peer.requests[1]


async def test_nobody_there_is_said() -> None:
    async with listening(Peer(GOOD)) as url:
        pass
    with pytest.raises(ServerUnavailable, match="nothing answers at"):
        await Connections(Address(url, KEY)).ask(Request("GET", "/", {}))


async def test_cancelling_hangs_up() -> None:
    peer = Peer(None)
    async with listening(peer) as url:
        connections = Connections(Address(url, KEY))
        asking = asyncio.ensure_future(connections.ask(Request("GET", "/", {})))
        async with asyncio.timeout(10):
            await peer.asked.wait()
            asking.cancel()
            await peer.left.wait()
        with pytest.raises(asyncio.CancelledError):
            await asking


def test_nothing_breaks_out_of_its_line() -> None:
    assert target("/a b\r\nX: 1/%2F", {"q": "c\r\nd"}) == "/a%20b%0D%0AX%3A%201/%2F?q=c%0D%0Ad".replace(
        "%3A", ":"
    )


async def test_an_idempotency_key_is_one_line() -> None:
    async with door_to(Peer(GOOD)) as door:
        with pytest.raises(BadRequest, match="printable"):
            await door.call("POST", "/api/v1/events", body="{}", idempotency_key="a\r\nX-Evil: 1")


@pytest.mark.parametrize(
    ("url", "asks_proxy"),
    [("http://127.0.0.1:1", False), ("http://runs.example", True), ("http://near.example", False)],
)
def test_a_proxy_of_the_environment_is_asked(url: str, asks_proxy: bool, monkeypatch: Any) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "near.example")
    assert (Address(url, KEY).place() is None) == asks_proxy


# ── https ────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("is_trusted", [True, False])
async def test_https_asks_whom_it_trusts(is_trusted: bool, tmp_path: Path) -> None:
    certificate = certificate_for("localhost", tmp_path)
    offered = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offered.load_cert_chain(certificate)
    trusted = ssl.create_default_context(cafile=str(certificate) if is_trusted else None)
    peer = Peer(GOOD)
    server = await asyncio.start_server(peer, "127.0.0.1", 0, ssl=offered)
    async with server:
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}/runs-on"
        wire = Wire(Place.of(url, trusted, {}))
        if is_trusted:
            for _ in range(2):
                assert (await wire.ask(Request("GET", "/a", {}))).content == b'{"a": 1}'
            assert peer.connections == 1
            assert peer.requests[0].startswith(b"GET /runs-on/a HTTP/1.1\r\nHost: localhost:")
        else:
            with pytest.raises(httpx2.ConnectError):
                await wire.ask(Request("GET", "/a", {}))
        wire.close()


def certificate_for(name: str, folder: Path) -> Path:
    """A certificate that vouches for itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    kept = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    kept.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return kept
