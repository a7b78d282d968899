"""The worker's backend over HTTP: what is worth sending again is told apart from what is not."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from pydantic_core import to_json

from mainspring.client.backend import HttpBackend
from mainspring.errors import BadRequest, MainspringError, ProtocolMismatch, ServerUnavailable, Unauthorized
from mainspring.model.protocol import (
    ClaimAnswer,
    ClaimedRun,
    ClaimRequest,
    Heartbeat,
    HeartbeatAnswer,
    Notice,
)
from mainspring.model.tasks import Checkpoint

URL, KEY = "http://127.0.0.1:2020", "tr_dev_S3cret"
CLAIM = ClaimRequest("wrk_1", 1, 1)


def backend_with(answer: Callable[[], httpx2.Response] | Exception) -> HttpBackend:
    def network(request: httpx2.Request) -> httpx2.Response:
        assert request.headers["mainspring-protocol"] == "1"
        if isinstance(answer, Exception):
            raise answer
        return answer()

    transport = httpx2.MockTransport(network)
    return HttpBackend(URL, KEY, transport=transport, beat_transport=transport)


def response(status: int, **content: Any) -> Callable[[], httpx2.Response]:
    """Made anew for each request: a response is read once, by one kind of client."""
    return lambda: httpx2.Response(status, **content)


AGAIN = [
    httpx2.ConnectError("no"),
    httpx2.ReadTimeout("slow"),
    httpx2.RemoteProtocolError("cut"),
    response(500, json={"code": "internal_error", "detail": "..."}),
    response(502, text="bad gateway"),
    response(503, json={"code": "database_unavailable", "detail": "..."}),
    response(429),
]


@pytest.mark.parametrize("answer", AGAIN)
async def test_what_may_pass_is_worth_sending_again(
    answer: Callable[[], httpx2.Response] | Exception,
) -> None:
    backend = backend_with(answer)
    with pytest.raises(ServerUnavailable) as caught:
        await backend.claim(CLAIM)
    assert "S3cret" not in str(caught.value)
    with pytest.raises(ServerUnavailable):
        backend.heartbeat(Heartbeat("wrk_1", (), 0, 0))
    await backend.aclose()


NEVER = [
    (response(401, json={"code": "unauthorized", "detail": "no."}), Unauthorized),
    (response(400, json={"code": "protocol_mismatch", "detail": "old."}), ProtocolMismatch),
    (response(400, json={"code": "bad_request", "detail": "bad."}), BadRequest),
    (response(200, json={"runs": [{"what": 1}]}), ProtocolMismatch),
    (response(404, text="nginx"), MainspringError),
]


@pytest.mark.parametrize(("answer", "cls"), NEVER)
async def test_what_will_not_pass_is_not(
    answer: Callable[[], httpx2.Response], cls: type[MainspringError]
) -> None:
    backend = backend_with(answer)
    with pytest.raises(cls) as caught:
        await backend.claim(CLAIM)
    assert not isinstance(caught.value, ServerUnavailable)
    await backend.aclose()


async def test_messages_come_back_as_they_were_sent() -> None:
    run = ClaimedRun(
        "run_1", 3, "greet", "1", '{"a":1}', 1, 3, False, 5, 6, None, "[]", "{}",
        (Checkpoint("a", "task", "SUCCESS", 1, "f", output="1", position=1),), None,
    )  # fmt: skip
    answer = ClaimAnswer((run,), (Notice("run_2", 1, resolved=(Checkpoint("b", "wait", "SUCCESS", 1, ""),)),))
    assert await backend_with(response(200, content=to_json(answer))).claim(CLAIM) == answer
    beat = HeartbeatAnswer((Notice("run_2", 1, cancel_requested=True),))
    backend = backend_with(response(200, content=to_json(beat)))
    assert backend.heartbeat(Heartbeat("wrk_1", (("run_2", 1),), 0, 0)) == beat
