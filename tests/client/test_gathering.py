"""Callers share requests and nothing else: each has its own answer, and its own refusal."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest

from mainspring.client.gathering import GatheringDoor
from mainspring.client.http import open_door
from mainspring.clock import FakeClock
from mainspring.errors import MainspringError, NotFound, PayloadInvalid, ServerUnavailable
from mainspring.model.protocol import RunSucceeded
from stage import NAMED, Stage, job

KEY = "tr_dev_S3cret"


class Wire(httpx2.AsyncBaseTransport):
    """Hands requests on once they are let through, and keeps them."""

    def __init__(self, behind: httpx2.AsyncBaseTransport) -> None:
        self.behind = behind
        self.requests: list[httpx2.Request] = []
        self.is_open = asyncio.Event()
        self.is_open.set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        await self.is_open.wait()
        return await self.behind.handle_async_request(request)

    @property
    def asked(self) -> list[str]:
        return [f"{request.method} {request.url.path}" for request in self.requests]


class Hurried(FakeClock):
    async def sleep(self, delay: int) -> None:
        self.advance(delay)


def door_over(wire: httpx2.AsyncBaseTransport) -> GatheringDoor:
    return GatheringDoor(open_door("http://127.0.0.1:2020", KEY, transport=wire, clock=Hurried()))


@pytest.fixture
async def wire(stage: Stage) -> Wire:
    return Wire(httpx2.ASGITransport(app=stage.platform.app))


@pytest.fixture
async def door(stage: Stage, wire: Wire) -> AsyncIterator[GatheringDoor]:
    door = GatheringDoor(open_door("http://127.0.0.1", stage.platform.api_key, transport=wire))
    yield door
    await door.aclose()


def start(door: GatheringDoor, job_id: str, body: str = "{}") -> "asyncio.Task[Any]":
    return asyncio.create_task(door.call("POST", f"/api/v1/jobs/{job_id}/trigger", body=body))


def wait(door: GatheringDoor, run_id: str, seconds: float = 30) -> "asyncio.Task[Any]":
    return asyncio.create_task(door.call("GET", f"/api/v1/runs/{run_id}", params={"wait": seconds}))


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


# ── starts ───────────────────────────────────────────────────────────────────────────────────────────
async def test_one_alone_takes_the_plain_way(stage: Stage, door: GatheringDoor, wire: Wire) -> None:
    await stage.work(job("greet"))
    run = await start(door, "greet", '{"payload": {"who": "a"}}')
    assert run["payload"] == {"who": "a"}
    assert wire.asked == ["POST /api/v1/jobs/greet/trigger"]


async def test_runs_started_together_share_a_request(stage: Stage, door: GatheringDoor, wire: Wire) -> None:
    await stage.work(job("greet"), job("part"))
    names = ["greet", "part", "greet"]
    runs = await asyncio.gather(*(start(door, name, f'{{"payload": {n}}}') for n, name in enumerate(names)))
    assert [(run["job_id"], run["payload"]) for run in runs] == [("greet", 0), ("part", 1), ("greet", 2)]
    assert len({run["id"] for run in runs}) == 3
    assert wire.asked == ["POST /api/v1/runs"]


async def test_what_comes_during_a_request_rides_in_the_next(
    stage: Stage, door: GatheringDoor, wire: Wire
) -> None:
    await stage.work(job("greet"))
    wire.is_open.clear()
    first = start(door, "greet")
    await settle()
    others = [start(door, "greet") for _ in range(5)]
    await settle()
    assert len(wire.requests) == 1
    wire.is_open.set()
    await asyncio.gather(first, *others)
    assert wire.asked == ["POST /api/v1/jobs/greet/trigger", "POST /api/v1/runs"]


async def test_a_request_that_hangs_holds_up_nobody(stage: Stage, door: GatheringDoor, wire: Wire) -> None:
    await stage.work(job("greet"))
    wire.is_open.clear()
    hanging = start(door, "greet")
    await settle()
    other = start(door, "greet")
    async with asyncio.timeout(10):
        while len(wire.requests) < 2:
            await asyncio.wait({other}, timeout=0.01)
    wire.is_open.set()
    await asyncio.gather(hanging, other)


async def test_each_has_its_own_refusal(stage: Stage, door: GatheringDoor, wire: Wire) -> None:
    await stage.work(job("greet", schema=NAMED))
    answers: Any = await asyncio.gather(
        start(door, "greet", '{"payload": {"who": "a"}}'),
        start(door, "nobody"),
        start(door, "greet", '{"payload": {"who": 1}}'),
        return_exceptions=True,
    )
    good, unknown, wrong = answers
    assert good["status"] == "PENDING"
    assert isinstance(unknown, NotFound)
    assert isinstance(wrong, PayloadInvalid)
    assert wrong.errors[0]["path"] == "who"
    assert wire.asked == ["POST /api/v1/runs"]


async def test_a_body_that_spoils_the_request_spoils_nobody_elses(stage: Stage, door: GatheringDoor) -> None:
    await stage.work(job("greet"))
    answers: Any = await asyncio.gather(
        start(door, "greet"),
        start(door, "greet", '{"nme": 1}'),
        start(door, "greet", "nonsense"),
        return_exceptions=True,
    )
    good, bad, text = answers
    assert good["status"] == "PENDING"
    assert isinstance(bad, MainspringError)
    assert "nme" in str(bad)
    assert isinstance(text, MainspringError)
    assert len((await stage.ask("GET", "/api/v1/runs"))["data"]) == 1


async def test_I11_a_lost_answer_starts_nothing_twice(stage: Stage) -> None:  # noqa: N802 - an invariant's name
    class Losing(Wire):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            response = await super().handle_async_request(request)
            if len(self.requests) == 1:
                raise httpx2.ReadError("lost")
            return response

    await stage.work(job("greet"))
    wire = Losing(httpx2.ASGITransport(app=stage.platform.app))
    door = GatheringDoor(
        open_door("http://127.0.0.1", stage.platform.api_key, transport=wire, clock=Hurried())
    )
    runs = await asyncio.gather(*(start(door, "greet") for _ in range(3)))
    assert wire.asked == ["POST /api/v1/runs"] * 2
    kept = (await stage.ask("GET", "/api/v1/runs"))["data"]
    assert {run["id"] for run in kept} == {run["id"] for run in runs}


async def test_I11_asked_for_each_after_a_lost_answer_nothing_starts_twice(stage: Stage) -> None:  # noqa: N802 - an invariant's name
    class Changing(Wire):
        """Behind it a server that knows the route, and then one that does not."""

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if request.url.path == "/api/v1/runs" and self.requests:
                return httpx2.Response(405, json={"code": "method_not_allowed", "detail": "no"})
            response = await super().handle_async_request(request)
            if len(self.requests) == 1:
                raise httpx2.ReadError("lost")
            return response

    await stage.work(job("greet"))
    wire = Changing(httpx2.ASGITransport(app=stage.platform.app))
    door = GatheringDoor(
        open_door("http://127.0.0.1", stage.platform.api_key, transport=wire, clock=Hurried())
    )
    runs = await asyncio.gather(*(start(door, "greet") for _ in range(3)))
    assert wire.asked == ["POST /api/v1/runs", *["POST /api/v1/jobs/greet/trigger"] * 3]
    kept = (await stage.ask("GET", "/api/v1/runs"))["data"]
    assert {run["id"] for run in kept} == {run["id"] for run in runs}


async def test_who_gives_up_before_the_request_starts_no_run(
    stage: Stage, door: GatheringDoor, wire: Wire
) -> None:
    await stage.work(job("greet"))
    wire.is_open.clear()
    first = start(door, "greet")
    await settle()
    gone, other = start(door, "greet"), start(door, "greet")
    await settle()
    gone.cancel()
    wire.is_open.set()
    await asyncio.gather(first, other)
    assert len((await stage.ask("GET", "/api/v1/runs"))["data"]) == 2


# ── ends ─────────────────────────────────────────────────────────────────────────────────────────────
async def test_those_who_wait_together_share_a_request(stage: Stage, door: GatheringDoor, wire: Wire) -> None:
    worker = await stage.work(job("greet"))
    runs = await asyncio.gather(*(start(door, "greet") for _ in range(3)))
    claimed = {run.run_id: run for run in await worker.claim(slots=3)}
    wire.requests.clear()
    waiting = [wait(door, run["id"]) for run in runs]
    await settle()
    await worker.report(claimed[runs[1]["id"]], RunSucceeded("1"))
    assert (await waiting[1])["output"] == 1
    assert not waiting[0].done()
    for index in (0, 2):
        await worker.report(claimed[runs[index]["id"]], RunSucceeded(str(index)))
    shown = await asyncio.gather(*waiting)
    assert [run["output"] for run in shown] == [0, 1, 2]
    assert wire.asked[0] == "GET /api/v1/runs/ended"
    assert len(wire.requests) <= 3


async def test_two_who_wait_for_one_run_have_values_of_their_own(stage: Stage, door: GatheringDoor) -> None:
    worker = await stage.work(job("greet"))
    run = await start(door, "greet")
    waiting = [wait(door, run["id"]) for _ in range(2)]
    await worker.report(await worker.claim_one(), RunSucceeded("[1]"))
    one, other = await asyncio.gather(*waiting)
    one["output"].append(2)
    assert other["output"] == [1]


async def test_a_run_that_is_not_there_concerns_only_who_asked(stage: Stage, door: GatheringDoor) -> None:
    worker = await stage.work(job("greet"))
    run = await start(door, "greet")
    (claimed,) = await worker.claim()
    waiting, *lost = [wait(door, run["id"]), wait(door, "run_nope"), wait(door, "run_none")]
    for one in lost:
        with pytest.raises(NotFound, match="run_no"):
            await one
    await worker.report(claimed, RunSucceeded("1"))
    assert (await waiting)["status"] == "SUCCESS"


async def test_each_waits_as_long_as_it_said() -> None:
    answers: list[float] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        asked = parse_qs(request.url.query.decode())
        seconds = float(asked["wait"][0])
        answers.append(seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.Event().wait()
        ids = asked.get("ids", [request.url.path.rpartition("/")[2]])[0].split(",")
        data = [{"id": run_id, "status": "RUNNING"} for run_id in ids]
        return httpx2.Response(200, json={"data": data} if "ids" in asked else data[0])

    door = door_over(httpx2.MockTransport(answer))
    short, long = wait(door, "run_a", 0.05), wait(door, "run_b", 0.4)
    assert (await short)["status"] == "RUNNING"
    assert not long.done()
    assert (await long)["id"] == "run_b"
    assert answers[0] <= 0.05
    assert len(answers) == 2


async def test_nobody_is_waited_for_when_all_have_gone() -> None:
    hung_up = asyncio.Event()

    async def answer(request: httpx2.Request) -> httpx2.Response:
        try:
            await asyncio.Event().wait()
        finally:
            hung_up.set()
        raise AssertionError

    door = door_over(httpx2.MockTransport(answer))
    one, other = wait(door, "run_a"), wait(door, "run_b")
    await settle()
    one.cancel()
    await settle()
    assert not hung_up.is_set()
    other.cancel()
    async with asyncio.timeout(10):
        await hung_up.wait()


# ── both ─────────────────────────────────────────────────────────────────────────────────────────────
Both = Callable[[GatheringDoor, str], "asyncio.Task[Any]"]


@pytest.mark.parametrize("ask", [start, wait])
async def test_a_server_that_is_away_is_said_to_all(ask: Both) -> None:
    def gone(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("nobody")

    door = door_over(httpx2.MockTransport(gone))
    answers = await asyncio.gather(*(ask(door, f"run_{n}") for n in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ServerUnavailable] * 3


@pytest.mark.parametrize("ask", [start, wait])
async def test_a_server_that_knows_no_such_route_is_asked_for_each(ask: Both) -> None:
    def older(request: httpx2.Request) -> httpx2.Response:
        if request.url.path in ("/api/v1/runs", "/api/v1/runs/ended"):
            problem = {"code": "method_not_allowed", "detail": "no", "status": 405}
            return httpx2.Response(405, json=problem)
        return httpx2.Response(200, json={"id": request.url.path.split("/")[4]})

    door = door_over(httpx2.MockTransport(older))
    answers = await asyncio.gather(*(ask(door, f"run_{n}") for n in range(3)))
    assert [answer["id"] for answer in answers] == ["run_0", "run_1", "run_2"]


@pytest.mark.parametrize("ask", [start, wait])
async def test_an_answer_that_makes_no_sense_leaves_nobody_waiting(ask: Both) -> None:
    door = door_over(httpx2.MockTransport(lambda request: httpx2.Response(200, json={"data": 5})))
    async with asyncio.timeout(10):
        answers = await asyncio.gather(*(ask(door, f"run_{n}") for n in range(3)), return_exceptions=True)
    assert all(isinstance(answer, Exception) for answer in answers)


def test_a_door_works_in_one_loop_after_another() -> None:
    door = door_over(httpx2.MockTransport(lambda request: httpx2.Response(200, json={"id": "run_a"})))

    async def both() -> None:
        assert (await start(door, "greet"))["id"] == (await wait(door, "run_a"))["id"]

    for _ in range(2):
        asyncio.run(both())
