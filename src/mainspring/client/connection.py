"""How the HTTP clients are made: one address, one key, and what every request bears."""

import asyncio
import ssl
from functools import cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from weakref import WeakKeyDictionary

import httpx2

from mainspring.client.answers import shown_url
from mainspring.errors import InvalidSetting, Unauthorized
from mainspring.version import __version__

#: A lost packet is sent again within this; a server that lives accepts at once.
CONNECT_TIMEOUT = 5.0


class Address:
    """A checked URL and key. Neither shows in its text."""

    def __init__(self, url: str, key: str) -> None:
        self.url = _checked(url)
        self._key = key.strip()
        if not self._key:
            raise Unauthorized("there is no API key")
        if not self._key.isascii() or not self._key.isprintable():
            raise Unauthorized("the API key has characters that no key has")

    def __repr__(self) -> str:
        return f"Address({shown_url(self.url)!r})"

    def options(self) -> dict[str, Any]:
        """What httpx2's clients are made with."""
        parts = urlsplit(self.url)
        is_local = _is_loopback(parts.hostname or "")
        return {
            "base_url": self.url,
            "verify": _no_authorities() if is_local and parts.scheme == "http" else _authorities(),
            "headers": {
                "Authorization": f"Bearer {self._key}",
                "User-Agent": f"mainspring-python/{__version__}",
            },
            # Proxies of the environment are for the world outside: this machine is reached directly.
            "trust_env": not is_local,
        }


class Connections:
    """One async client per event loop: a pool cannot be shared between loops, nor outlive its own."""

    def __init__(self, address: Address, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._address = address
        self._transport = transport
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx2.AsyncClient] = WeakKeyDictionary()

    @property
    def url(self) -> str:
        return self._address.url

    def client(self) -> httpx2.AsyncClient:
        """The client of the running loop."""
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = httpx2.AsyncClient(
                transport=self._transport,
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=20),
                **self._address.options(),
            )
            self._clients[loop] = client
        return client

    async def aclose(self) -> None:
        """Closes the running loop's client."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()


def timeouts(answer_within: float | None) -> httpx2.Timeout:
    """Connecting is quick or fails; the answer may take `answer_within` seconds."""
    return httpx2.Timeout(answer_within, connect=CONNECT_TIMEOUT)


@cache
def _authorities() -> ssl.SSLContext:
    """Whom https trusts. Reading them takes tens of milliseconds: once per process is enough."""
    return httpx2.create_ssl_context()


@cache
def _no_authorities() -> ssl.SSLContext:
    """For plain http on this machine, which every command and worker in development starts with: nobody is
    asked, and if anybody were, nobody would be trusted."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is no number
        is_good = False
    if not is_good:
        raise InvalidSetting(
            f"the API URL {shown_url(url)!r} is not understood",
            mend="Write it like http://127.0.0.1:2020.",
            setting="api_url",
        )
    # A user and password would become an Authorization header and take the place of the key's.
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
    return urlunsplit(plain).rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
