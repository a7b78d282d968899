"""The worker's backend over HTTP: the messages of `model/protocol.py` as JSON, one POST each."""

import time
from typing import Any, TypeVar

import httpx2
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from mainspring.client.answers import Answer, answer_in, content_of, unreachable
from mainspring.client.connection import Address, Connections, timeouts
from mainspring.client.wire import Request
from mainspring.clock import SECOND
from mainspring.errors import ProtocolMismatch, ServerUnavailable
from mainspring.model.protocol import (
    PROTOCOL_VERSION,
    ClaimAnswer,
    ClaimRequest,
    CommitAnswer,
    CommitRequest,
    Farewell,
    Heartbeat,
    HeartbeatAnswer,
    Registered,
    Registration,
)

A = TypeVar("A")

#: Seconds for an answer: of what may be sent again, for the first try, and doubled up to the last after each that
#: hung. A server may be frozen that still takes connections, and the next try reaches another.
FIRST_TIMEOUT = 5.0
ANSWER_TIMEOUT = 30.0
#: A beat must fail well before the lease does.
BEAT_TIMEOUT = 3.0
#: How long after the asked-for `wait` a claim is given up.
CLAIM_SLACK = 10.0

_HEADERS = {"Content-Type": "application/json", "Mainspring-Protocol": str(PROTOCOL_VERSION)}

_REGISTERED = TypeAdapter(Registered)
_CLAIM_ANSWER = TypeAdapter(ClaimAnswer)
_COMMIT_ANSWER = TypeAdapter(CommitAnswer)
_HEARTBEAT_ANSWER = TypeAdapter(HeartbeatAnswer)
_NOTHING: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


class HttpBackend:
    """Implements `Backend` of `worker/backend.py`. Sends nothing again by itself: the worker does."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        beat_transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """`transport` and `beat_transport` stand in for the network in tests."""
        address = Address(url, key)
        self._connections = Connections(address, transport)
        # Its own connection, in whichever thread beats: never behind a commit, never on a blocked loop.
        self._beats = httpx2.Client(transport=beat_transport, **address.options())
        self._was_silent = False
        self._answer_within = FIRST_TIMEOUT

    async def register(self, registration: Registration) -> Registered:
        return await self._ask_again("register", registration, _REGISTERED)

    async def claim(self, request: ClaimRequest) -> ClaimAnswer:
        """Cancelling it hangs up, which withdraws the claim."""
        return await self._ask("claim", request, _CLAIM_ANSWER, request.wait / SECOND + CLAIM_SLACK)

    async def commit(self, request: CommitRequest) -> CommitAnswer:
        return await self._ask_again("commit", request, _COMMIT_ANSWER)

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        """Blocking. One that is answered after silence tells that connections had died without a word (a peer or
        a router between forgot them): claims and commits must not wait on theirs until they give up."""
        url = self._connections.url
        try:
            response = self._beats.post(
                _path("heartbeat"),
                content=to_json(heartbeat),
                headers=_HEADERS,
                timeout=timeouts(BEAT_TIMEOUT),
            )
        except httpx2.TransportError as error:
            self._was_silent |= isinstance(error, httpx2.TimeoutException)
            raise unreachable(error, url) from None
        if self._was_silent:
            self._was_silent = False
            self._connections.renew()
        return _read(answer_in(response), url, _HEARTBEAT_ANSWER)

    async def farewell(self, farewell: Farewell) -> None:
        await self._ask("farewell", farewell, _NOTHING)

    async def aclose(self) -> None:
        await self._connections.aclose()
        self._beats.close()

    async def _ask_again(self, verb: str, message: Any, answer: TypeAdapter[A]) -> A:
        """One try of many: a server that is slow gets more time with each, one that hangs is soon given up."""
        began, within = time.monotonic(), self._answer_within
        try:
            said = await self._ask(verb, message, answer, within)
        except ServerUnavailable:
            if time.monotonic() - began >= within:
                self._answer_within = min(2 * within, ANSWER_TIMEOUT)
            raise
        self._answer_within = FIRST_TIMEOUT
        return said

    async def _ask(
        self, verb: str, message: Any, answer: TypeAdapter[A], answer_within: float = ANSWER_TIMEOUT
    ) -> A:
        request = Request("POST", _path(verb), _HEADERS, to_json(message), answer_within)
        return _read(await self._connections.ask(request), self._connections.url, answer)


def _path(verb: str) -> str:
    return f"/worker/v1/{verb}"


def _read(said: Answer, url: str, answer: TypeAdapter[A]) -> A:
    if said.status >= 500 or said.status == 429:
        # Whatever failed there, nothing was said about this message: it is safe, and right, to send it again.
        raise ServerUnavailable(
            f"the server could not answer (HTTP status {said.status}, "
            f"request {said.headers.get('x-request-id', 'unknown')})",
            mend="Its log says why; the worker goes on asking.",
        )
    content = content_of(said, url)
    try:
        return answer.validate_json(content)
    except ValidationError:
        raise ProtocolMismatch(
            "the server answered with a message that this worker does not understand"
        ) from None
