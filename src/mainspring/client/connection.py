"""How the HTTP clients are made: one address, one key, and what every request bears."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakKeyDictionary

import httpx2

from mainspring.client.answers import Answer, answer_in, shown_url, unreachable
from mainspring.client.wire import CONNECT_TIMEOUT, Place, Request, Wire
from mainspring.errors import InvalidSetting, Unauthorized
from mainspring.version import __version__


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
        return {
            "base_url": self.url,
            "verify": self._security(),
            "headers": self._headers(),
            # Proxies of the environment are for the world outside: this machine is reached directly.
            "trust_env": not self._is_local(),
        }

    def place(self) -> Place | None:
        """Where to connect by ourselves; None where a proxy of the environment is to be asked."""
        host = urlsplit(self.url).hostname or ""
        is_direct = self._is_local() or not getproxies() or bool(proxy_bypass(host))
        return Place.of(self.url, self._security(), self._headers()) if is_direct else None

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._key}",
            "User-Agent": f"mainspring-python/{__version__}",
        }

    def _is_local(self) -> bool:
        return _is_loopback(urlsplit(self.url).hostname or "")

    def _security(self) -> ssl.SSLContext:
        is_plain = urlsplit(self.url).scheme == "http"
        return _no_authorities() if is_plain and self._is_local() else _authorities()


@dataclass(slots=True)
class _Ways:
    """Those of one event loop. `client` is made when it is first needed."""

    wire: Wire | None = None
    client: httpx2.AsyncClient | None = None


class Connections:
    """Ways to the server, apart for each event loop: a pool cannot be shared between loops, nor outlive its own.

    Answers that come whole go over a wire of our own. Live streams, proxies and what stands in for the network
    in tests are httpx2's.
    """

    def __init__(self, address: Address, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._address = address
        self._transport = transport
        self._ways: WeakKeyDictionary[asyncio.AbstractEventLoop, _Ways] = WeakKeyDictionary()

    @property
    def url(self) -> str:
        return self._address.url

    async def ask(self, request: Request) -> Answer:
        """The answer, good or bad; `ServerUnavailable` when none came. Cancelling it hangs up."""
        wire = self._own().wire
        try:
            return await (self._ask_client(request) if wire is None else wire.ask(request))
        except httpx2.TransportError as error:
            raise unreachable(error, self.url) from None

    def client(self) -> httpx2.AsyncClient:
        """httpx2's client for the running loop."""
        ways = self._own()
        if ways.client is None:
            ways.client = httpx2.AsyncClient(
                transport=self._transport,
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=20),
                **self._address.options(),
            )
        return ways.client

    def renew(self) -> None:
        """From any thread: our own connections are made anew, and what waits on one is lost."""
        for loop, ways in list(self._ways.items()):
            if ways.wire is not None and not loop.is_closed():
                loop.call_soon_threadsafe(ways.wire.renew)

    async def aclose(self) -> None:
        """Closes the running loop's connections."""
        ways = self._ways.pop(asyncio.get_running_loop(), _Ways())
        if ways.wire is not None:
            ways.wire.close()
        if ways.client is not None:
            await ways.client.aclose()

    async def _ask_client(self, request: Request) -> Answer:
        response = await self.client().request(
            request.method,
            request.target,
            content=request.body,
            headers=request.headers,
            timeout=timeouts(request.timeout),
        )
        return answer_in(response)

    def _own(self) -> _Ways:
        loop = asyncio.get_running_loop()
        ways = self._ways.get(loop)
        if ways is None:
            for other in [other for other in self._ways if other.is_closed()]:
                del self._ways[other]  # its connections hold it, and would for ever
            place = self._address.place() if self._transport is None else None
            ways = self._ways[loop] = _Ways(None if place is None else Wire(place))
        return ways


def target(path: str, query: Mapping[str, str | list[str]] | None = None) -> str:
    """Path and query as a request has them. What is percent-encoded in `path` stays so."""
    plain = quote(path, safe="/%:@!$&'()*+,;=~")
    return f"{plain}?{urlencode(query, doseq=True)}" if query else plain


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
