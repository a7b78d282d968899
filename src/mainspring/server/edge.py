"""The outermost layer of every request: its id, which hosts it may be addressed to, and a last catch of errors."""

import logging
import random
import re
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mainspring.errors import BadRequest, Forbidden, MainspringError
from mainspring.server.problems import internal_problem, problem_response

logger = logging.getLogger("mainspring.server")

REQUEST_ID_HEADER = "X-Request-Id"

#: What we take over from a caller: enough for any tracing system, nothing that could break a log line.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Guard:
    """Which Host headers are answered. None answers any; `dev` knows only its own, against DNS rebinding."""

    hosts: frozenset[str] | None = None
    #: Listening on all addresses: any bare address is ours too. Rebinding needs a name.
    any_address: bool = False

    @classmethod
    def development(cls, host: str) -> "Guard":
        """The names of this machine to itself, and `host`, which the server was told to listen on."""
        return cls(_LOOPBACK_NAMES | {host.lower()}, any_address=_is_wildcard(host))

    def check(self, host: str) -> None:
        """Raise `Forbidden` for a Host header that is not ours."""
        if self.hosts is None:
            return
        name = _name_of(host)
        if name not in self.hosts and not (self.any_address and _is_address(name)):
            raise Forbidden(
                "this development server only answers on its own address, and the Host header names another",
                mend="Call it as http://127.0.0.1:PORT, or use `mainspring server` behind other names.",
            )


def _is_wildcard(host: str) -> bool:
    return _is_address(host) and ip_address(host).is_unspecified


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _name_of(host: str) -> str:
    """The name in a Host header, without its port and an IPv6 address's brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


class Edge:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self.app = app
        self.guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope).get(REQUEST_ID_HEADER))
        scope.setdefault("state", {})["request_id"] = request_id
        has_started = False

        async def send_with_id(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id
            await send(message)

        try:
            self._check(scope)
            await self.app(scope, receive, send_with_id)
        except ClientDisconnect:
            return  # before its request was through: nobody is there to be answered
        except MainspringError as error:
            await problem_response(error, Request(scope))(scope, receive, send_with_id)
        except Exception:
            # The one place where a fault of ours is logged: the answer carries only the id to find it by.
            logger.exception("request %s failed: %s %.200r", request_id, scope["method"], scope["path"])
            if has_started:
                raise
            await internal_problem(Request(scope))(scope, receive, send_with_id)

    def _check(self, scope: Scope) -> None:
        self.guard.check(Headers(scope=scope).get("host", ""))
        if "\x00" in scope["path"]:
            raise BadRequest("the path holds a NUL character")


def _request_id(given: str | None) -> str:
    return given if given and _REQUEST_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"
