"""The door: answers decoded, refusals as the server's own errors, lost answers asked for again, no secret shown."""

import asyncio
import inspect
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from mainspring import errors
from mainspring.client.http import HttpDoor, open_door
from mainspring.clock import SECOND, FakeClock
from mainspring.errors import (
    ApiError,
    BadRequest,
    Conflict,
    EventRejected,
    InvalidSetting,
    MainspringError,
    MalformedJson,
    NotFound,
    PayloadInvalid,
    RateLimited,
    ServerUnavailable,
    TooLarge,
    Unauthorized,
)
from stage import NAMED, Stage, job

URL = "http://127.0.0.1:2020"
KEY = "tr_dev_S3cret"

Answer = httpx2.Response | Exception


class Network:
    """A transport that gives the answers a test lays down, and keeps the requests."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class HurriedClock(FakeClock):
    """Sleeps take no time, and are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[int] = []

    async def sleep(self, delay: int) -> None:
        self.slept.append(delay)
        await asyncio.sleep(0)


def door_to(network: Callable[[httpx2.Request], httpx2.Response], clock: FakeClock | None = None) -> HttpDoor:
    return open_door(URL, KEY, transport=httpx2.MockTransport(network), clock=clock or HurriedClock())


def door_of(stage: Stage) -> HttpDoor:
    return open_door(URL, stage.platform.api_key, transport=httpx2.ASGITransport(stage.platform.app))


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────
async def test_an_answer_is_decoded(stage: Stage) -> None:
    door = door_of(stage)
    sent = await door.call("POST", "/api/v1/events", body='{"name": "a", "payload": {"n": 1}}')
    assert sent["payload"] == {"n": 1}
    page = await door.call("GET", "/api/v1/events", params={"name": "a", "limit": 5, "since": None})
    (listed,) = page["data"]
    assert listed == {**sent, "taken_by": [], "hint": listed["hint"]}  # what came of it since it was sent
    await door.aclose()


async def test_parameters_become_the_query() -> None:
    network = Network(httpx2.Response(200, json=[]))
    await door_to(network).call("GET", "/x", params={"a": 1, "b": None, "c": True, "d": "ü &"})
    assert dict(network.requests[0].url.params) == {"a": "1", "c": "true", "d": "ü &"}


async def test_an_answer_without_a_body_is_none() -> None:
    assert await door_to(Network(httpx2.Response(204))).call("DELETE", "/x") is None


async def test_the_deepest_value_that_is_kept_can_be_read(stage: Stage) -> None:
    value: Any = 1
    for _ in range(199):
        value = [value]
    door = door_of(stage)
    await door.call("PUT", "/api/v1/store/deep", body=json.dumps({"value": value}))
    listed = await door.call("GET", "/api/v1/store")
    assert listed["data"][0]["value"] == value


async def test_a_door_works_in_one_loop_after_another() -> None:
    network = Network(httpx2.Response(200, json=1))
    door = door_to(network)
    assert await door.call("GET", "/x") == 1
    assert await asyncio.to_thread(lambda: asyncio.run(door.call("GET", "/x"))) == 1


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────
async def test_refusals_are_the_servers_own_errors(stage: Stage) -> None:
    await stage.work(job("greet", "hello", schema=NAMED))
    door = door_of(stage)

    async def refused(method: str, path: str, body: str | None = None) -> MainspringError:
        with pytest.raises(MainspringError) as caught:
            await door.call(method, f"/api/v1{path}", body=body)
        return caught.value

    error = await refused("GET", "/runs/run_nope")
    assert type(error) is NotFound
    assert str(error).count("belongs to the environment") == 1  # the mend, once
    assert error.request_id  # type: ignore[attr-defined]
    error = await refused("POST", "/events", '{"name": "hello", "payload": {"who": 1}}')
    assert isinstance(error, EventRejected)
    assert error.rejections[0]["job_id"] == "greet"
    assert error.rejections[0]["errors"][0]["path"] == "who"
    assert error.event_id is not None
    error = await refused("POST", "/jobs/greet/trigger", '{"payload": {}}')
    assert isinstance(error, PayloadInvalid)
    assert error.errors
    error = await refused("POST", "/events", '{"name": "a"}')
    assert isinstance(error, BadRequest)
    assert error.errors == [{"path": "payload", "message": "this field is required"}]
    error = await refused("POST", "/events", "{\n")
    assert isinstance(error, MalformedJson)
    assert error.line == 2
    big = json.dumps({"name": "a", "payload": "x" * stage.platform.settings.max_payload_bytes})
    error = await refused("POST", "/events", big)
    assert isinstance(error, TooLarge)
    assert error.setting == "max_payload_bytes"
    assert error.size > error.limit > 0
    await door.call("PUT", "/api/v1/store/k", body='{"value": 1}')
    assert type(await refused("PUT", "/store/k", '{"value": 1, "expected_version": 7}')) is Conflict


def concrete_errors() -> list[type[MainspringError]]:
    return [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, MainspringError)]


@pytest.mark.parametrize("cls", concrete_errors(), ids=lambda cls: cls.__name__)
async def test_every_code_comes_back_as_its_class(cls: type[MainspringError]) -> None:
    problem = {"code": cls.code, "detail": "what happened. The mend.", "status": 422, "errors": []}
    network = Network(
        httpx2.Response(422, json=problem, headers={"Content-Type": "application/problem+json"})
    )
    with pytest.raises(cls) as caught:
        await door_to(network).call("GET", "/x")
    assert type(caught.value) is cls
    assert "what happened" in str(caught.value)


async def test_an_unknown_code_is_an_api_error() -> None:
    problem = {"code": "from_the_future", "detail": "new. Read on."}
    network = Network(httpx2.Response(418, json=problem))
    with pytest.raises(ApiError, match=r"new\. Read on\.") as caught:
        await door_to(network).call("GET", "/x")
    assert caught.value.status == 418


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(404, text="<html>nginx</html>"),
        httpx2.Response(404, json=["not", "a", "problem"]),
        httpx2.Response(404, content=b"{", headers={"Content-Type": "application/json"}),
    ],
)
async def test_what_is_no_mainspring_is_said_to_be_none(answer: httpx2.Response) -> None:
    with pytest.raises(ApiError, match=r"HTTP status 404, and not as Mainspring does.*MAINSPRING_API_URL"):
        await door_to(Network(answer)).call("GET", "/x")


# ── sent again ───────────────────────────────────────────────────────────────────────────────────────
LOST = [httpx2.ConnectError("no"), httpx2.ReadError("cut"), httpx2.ReadTimeout("slow"), httpx2.Response(503)]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("lost", LOST, ids=str)
async def test_a_lost_answer_is_asked_for_again_with_the_same_key(lost: Answer, method: str) -> None:
    network, clock = Network(lost, lost, httpx2.Response(200, json={"ok": 1})), HurriedClock()
    assert await door_to(network, clock).call(method, "/x", body="{}") == {"ok": 1}
    assert len(network.requests) == 3
    keys = {request.headers["idempotency-key"] for request in network.requests}
    assert len(keys) == 1
    assert [50_000 <= clock.slept[0] <= 100_000, 150_000 <= clock.slept[1] <= 300_000] == [True, True]


async def test_a_given_key_is_the_one_that_is_sent() -> None:
    network = Network(httpx2.Response(200, json={}))
    await door_to(network).call("POST", "/x", idempotency_key="mine")
    assert network.requests[0].headers["idempotency-key"] == "mine"


async def test_patience_ends() -> None:
    network = Network(httpx2.ConnectError("no"))
    with pytest.raises(ServerUnavailable) as caught:
        await door_to(network).call("GET", "/x")
    assert len(network.requests) == 4
    assert f"nothing answers at {URL}" in str(caught.value)
    assert "mainspring dev app.py" in str(caught.value)


async def test_a_refusal_is_not_asked_again() -> None:
    network = Network(httpx2.Response(409, json={"code": "conflict", "detail": "no."}))
    with pytest.raises(Conflict):
        await door_to(network).call("POST", "/x")
    assert len(network.requests) == 1


async def test_a_limit_is_waited_for_as_long_as_it_says() -> None:
    limited = httpx2.Response(429, headers={"Retry-After": "2"})
    network, clock = Network(limited, httpx2.Response(200, json=1)), HurriedClock()
    assert await door_to(network, clock).call("GET", "/x") == 1
    assert clock.slept == [2 * SECOND]


async def test_a_long_limit_is_the_callers_to_wait_for() -> None:
    network = Network(httpx2.Response(429, headers={"Retry-After": "60"}))
    with pytest.raises(RateLimited) as caught:
        await door_to(network).call("GET", "/x")
    assert caught.value.retry_after == 60
    assert len(network.requests) == 1


# ── what it says and what not ────────────────────────────────────────────────────────────────────────
async def test_neither_key_nor_password_shows_in_an_error() -> None:
    network = Network(httpx2.ConnectError("no"))
    door = open_door(
        "http://ada:pa55word@shop.example:99/base/",
        KEY,
        transport=httpx2.MockTransport(network),
        clock=HurriedClock(),
    )
    with pytest.raises(ServerUnavailable, match=r"http://shop\.example:99/base:") as caught:
        await door.call("GET", "/x")
    for text in (str(caught.value), repr(caught.value), repr(door), repr(vars(caught.value))):
        assert "pa55word" not in text
        assert "S3cret" not in text
    assert caught.value.__cause__ is None
    assert str(network.requests[0].url).endswith("/base/x")
    assert network.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "url",
    ["", "shop.example", "ftp://shop.example", "http://", "http://h:port", "http://[::1", "u:pa55@host"],
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidSetting, match="API URL") as caught:
        open_door(url, KEY)
    assert caught.value.setting == "api_url"
    assert "pa55" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "  ", "tr_dev_ü", "tr_dev_a\nb"])
def test_a_key_that_cannot_be_sent_is_refused(key: str) -> None:
    with pytest.raises(Unauthorized, match="API key"):
        open_door(URL, key)
