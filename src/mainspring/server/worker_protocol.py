"""The worker protocol over HTTP: five POSTs whose bodies are the messages of `model/protocol.py` as JSON."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from mainspring.codec import decode_body
from mainspring.errors import ProtocolMismatch
from mainspring.model.protocol import (
    PROTOCOL_VERSION,
    ClaimAnswer,
    ClaimRequest,
    CommitAnswer,
    CommitRequest,
    Farewell,
    Heartbeat,
    HeartbeatAnswer,
    Item,
    Registered,
    Registration,
    RunReport,
)
from mainspring.server.bodies import read_body
from mainspring.server.call import Call, call_of, public_url_of
from mainspring.server.longpoll import hold
from mainspring.server.problems import body_refused
from mainspring.server.routes import PlainRoute
from mainspring.server.worker_protocol_admission import admit
from mainspring.version import __version__

M = TypeVar("M")

PROTOCOL_HEADER = "Mainspring-Protocol"

#: One commit carries the outputs of many runs, each of which may be as large as a whole API request.
BODIES_PER_COMMIT = 32


# Reading `Item` as a plain union tries all its members; told by `kind` it is 15 times as fast. Only these
# two shapes are written twice for it.
@dataclass(frozen=True, slots=True)
class _Report:
    run_id: str
    lease: int
    items: tuple[Annotated[Item, Field(discriminator="kind")], ...]


@dataclass(frozen=True, slots=True)
class _Commit:
    worker_id: str
    commit_seq: int
    reports: tuple[_Report, ...]


_REGISTRATION = TypeAdapter(Registration)
_CLAIM = TypeAdapter(ClaimRequest)
_COMMIT = TypeAdapter(_Commit)
_HEARTBEAT = TypeAdapter(Heartbeat)
_FAREWELL = TypeAdapter(Farewell)


async def register(request: Request) -> Response:
    """POST /worker/v1/register"""
    call = await _worker_call(request)
    registration = await _message(call, _REGISTRATION)
    _check_version(str(registration.protocol))
    registered = await call.engine.register(call.environment_id, registration)
    return _answer(replace(registered, public_url=public_url_of(request)))


async def claim(request: Request) -> Response:
    """POST /worker/v1/claim: held open by the engine; withdrawn when the worker hangs up."""
    call = await _worker_call(request)
    message = await _message(call, _CLAIM)
    draining = call.services.draining
    answer = await hold(request, call.engine.claim(call.environment_id, message), draining)
    if answer is None and not draining:
        call.engine.hung_up(message.worker_id)
    return _answer(answer or ClaimAnswer())


async def commit(request: Request) -> Response:
    """POST /worker/v1/commit"""
    call = await _worker_call(request)
    said = await _message(call, _COMMIT)
    reports = tuple(RunReport(report.run_id, report.lease, report.items) for report in said.reports)
    message = CommitRequest(said.worker_id, said.commit_seq, reports)
    return _answer(await call.engine.commit(call.environment_id, message))


async def heartbeat(request: Request) -> Response:
    """POST /worker/v1/heartbeat"""
    call = await _worker_call(request)
    message = await _message(call, _HEARTBEAT)
    return _answer(await call.engine.heartbeat(call.environment_id, message))


async def farewell(request: Request) -> Response:
    """POST /worker/v1/farewell"""
    call = await _worker_call(request)
    message = await _message(call, _FAREWELL)
    await call.engine.farewell(call.environment_id, message)
    return _answer({})


async def _worker_call(request: Request) -> Call:
    call = await call_of(request)
    _check_version(request.headers.get(PROTOCOL_HEADER))
    return call


def _check_version(spoken: str | None) -> None:
    if spoken is None:
        raise ProtocolMismatch(f"the request lacks the header `{PROTOCOL_HEADER}: {PROTOCOL_VERSION}`")
    if not spoken.isdecimal() or int(spoken) != PROTOCOL_VERSION:
        older = spoken.isdecimal() and int(spoken) < PROTOCOL_VERSION
        raise ProtocolMismatch(
            f"this server (mainspring {__version__}) speaks worker protocol {PROTOCOL_VERSION}, "
            f"the worker speaks {spoken[:16]!r}",
            mend=f"Upgrade mainspring where the {'worker' if older else 'server'} runs.",
        )


async def _message(call: Call, adapter: TypeAdapter[M]) -> M:
    limit = call.limits.max_body_bytes * BODIES_PER_COMMIT
    raw = await read_body(call.request, limit)
    if b"\\u0000" in raw:
        decode_body(raw, limit=limit)  # tells an escaped NUL from harmless text, and names its place
    try:
        message = adapter.validate_json(raw)
    except ValidationError as error:
        if error.errors(include_input=False)[0]["type"] == "json_invalid":
            decode_body(raw, limit=limit)  # the same refusal, with its place, as everywhere else
        raise body_refused(error) from None
    admit(message, call.limits)
    return message


def _answer(message: Any) -> Response:
    return Response(to_json(message), media_type="application/json")


_TAG = "worker protocol"

WORKER_ROUTES = (
    PlainRoute("/worker/v1/register", register, Registration, Registered, "A worker comes", _TAG),
    PlainRoute("/worker/v1/claim", claim, ClaimRequest, ClaimAnswer, "Ask for runs and notices", _TAG),
    PlainRoute(
        "/worker/v1/commit", commit, CommitRequest, CommitAnswer, "Report what happened in runs", _TAG
    ),
    PlainRoute("/worker/v1/heartbeat", heartbeat, Heartbeat, HeartbeatAnswer, "Keep the leases", _TAG),
    PlainRoute("/worker/v1/farewell", farewell, Farewell, dict[str, Any], "A worker leaves", _TAG),
)
