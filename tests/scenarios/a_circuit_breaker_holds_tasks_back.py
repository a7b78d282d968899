"""A circuit breaker is shared by all runs: it opens after failures in a row, one attempt probes it, its end decides."""

import asyncio
import contextlib
from typing import Any

import pytest

from mainspring import (
    IO,
    CircuitBreaker,
    NonRetryable,
    NotFound,
    Retry,
    SyncIO,
    TaskFailed,
    task,
)
from scenarios.world import World

GATEWAY = CircuitBreaker("gateway", failures=3, reset="1 minute")


class Service:
    """Something outside that is down, or not."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.is_down = True
        self.at_work = self.most_at_work = 0

    async def call(self, name: str) -> str:
        self.world.effects.append(name)
        if self.is_down:
            raise ConnectionError("no answer")
        return f"done {name}"


def calling(world: World, **options: Any) -> tuple[Service, Any]:
    service = Service(world)
    options = {"retry": Retry(max_attempts=20, min_delay="1s", factor=1, jitter=False), **options}

    @world.client.job(id="call")
    async def call(payload: str, io: IO) -> str:
        return await io.run_task("call", service.call, payload, breaker=GATEWAY, **options)

    return service, call


async def opened(world: World, call: Any) -> Any:
    """A run that opened the breaker, and waits for it."""
    await world.start()
    run = await world.trigger(call, "a")
    await world.advance("3s")
    return await world.until(run, "WAITING", waiting_for="call")


async def test_it_opens_after_failures_in_a_row_and_a_probe_closes_it(world: World) -> None:
    service, call = calling(world)
    first = await opened(world, call)
    assert world.effects == ["a"] * 3
    others = [await world.trigger(call, name) for name in "bc"]
    for run in others:
        await world.until(run, "WAITING", waiting_for="call")
    assert world.effects == ["a"] * 3
    shown = await world.client.breakers.retrieve("gateway")
    assert (shown.state, shown.failed, shown.held) == ("open", 3, 3)
    (wait,) = others[0].waiting_for
    assert wait["kind"] == "breaker"
    assert "opened after 3 failures in a row" in wait["message"]
    assert (await world.tasks(others[0]))["call"]["status"] == "WAITING"

    await world.advance("59s")  # the probe fails, and it stays open
    assert world.effects == ["a"] * 4
    assert (await world.client.breakers.retrieve("gateway")).state == "open"
    service.is_down = False
    await world.advance("61s")
    assert await world.output(first) == "done a"
    assert [await world.output(run) for run in others] == ["done b", "done c"]
    assert world.effects[:5] == ["a"] * 4 + ["b"]  # who has waited longest probes, alone
    (shown,) = [one async for one in world.client.breakers.list()]
    assert (shown.name, shown.state, shown.failed, shown.held) == ("gateway", "closed", 0, 0)
    kinds = await world.kinds(others[0], "call")
    assert kinds == ["TASK_HELD", "TASK_STARTED", "TASK_COMPLETED"]


async def test_why_says_when_it_is_probed_and_by_whom(world: World) -> None:
    _, call = calling(world)
    first = await opened(world, call)
    second = await world.trigger(call, "b")
    await world.until(second, "WAITING")
    shown = await world.door.call("GET", f"/api/v1/runs/{second.id}/why")
    reason = shown["reason"]
    assert (reason["code"], reason["position"]) == ("breaker_open", 1)
    assert f"by {first.id}, which has waited longest" in reason["message"]
    assert reason["until"] == second.waiting_for[0]["until"] is not None
    assert reason["action"] == "mainspring breakers reset gateway"


async def test_success_in_between_and_bad_input_do_not_count(world: World) -> None:
    async def act(how: str) -> str:
        world.effects.append(how)
        if how == "bad":
            raise NonRetryable("no such card")
        if how == "down":
            raise ConnectionError("no answer")
        return how

    @world.client.job(id="acts", retry=0)
    async def acts(payload: list[str], io: IO) -> None:
        for how in payload:
            with contextlib.suppress(TaskFailed):
                await io.run_task("act", act, how, retry=1, breaker=GATEWAY)

    await world.start()
    await world.output(await world.trigger(acts, ["down", "down", "ok", "down", "bad", "bad", "bad", "down"]))
    shown = await world.client.breakers.retrieve("gateway")
    assert (shown.state, shown.failed) == ("closed", 2)
    await world.output(await world.trigger(acts, ["bad"]))
    run = await world.trigger(acts, ["down", "never"])
    await world.until(run, "WAITING", waiting_for="act#2")
    assert "never" not in world.effects


async def test_a_probe_that_says_nothing_of_the_service_makes_room_for_the_next(world: World) -> None:
    async def act(how: str) -> str:
        world.effects.append(how)
        if how == "bad":
            raise NonRetryable("no such card")
        return how

    @world.client.job(id="act")
    async def acts(payload: str, io: IO) -> str:
        return await io.run_task("act", act, payload, breaker=GATEWAY)

    await world.start()
    await world.output(await world.trigger(acts, "first"))
    await world.client.breakers.open("gateway", timeout="1 minute")
    runs = [await world.trigger(acts, how) for how in ("bad", "ok", "fine")]
    await world.advance("1 minute")
    for run in runs:
        await world.finish(run)
    assert [run.status for run in runs] == ["FAILED", "SUCCESS", "SUCCESS"]
    assert world.effects == ["first", "bad", "ok", "fine"]


async def test_an_operator_opens_and_resets_it(world: World) -> None:
    service, call = calling(world)
    service.is_down = False
    await world.start()
    with pytest.raises(NotFound, match="no breaker 'gateway'"):
        await world.client.breakers.open("gateway")
    await world.output(await world.trigger(call, "a"))
    await world.client.breakers.open("gateway", by="ops")
    run = await world.trigger(call, "b")
    await world.advance("30 days")
    await world.until(run, "WAITING", waiting_for="call")
    assert "was opened by ops" in run.waiting_for[0]["message"]
    await world.client.breakers.reset("gateway")
    assert await world.output(run) == "done b"


@pytest.mark.parametrize("how", ["worker", "everything"])
async def test_a_probe_whose_worker_dies_does_not_block_it(world: World, how: str) -> None:
    gate = world.gate()

    async def act(payload: str) -> str:
        world.effects.append(payload)
        await gate.passed()
        return payload

    @world.client.job(id="act")
    async def acts(payload: str, io: IO) -> str:
        return await io.run_task("act", act, payload, breaker=GATEWAY)

    @world.client.job(id="before")
    async def before(io: IO) -> None:
        await io.run_task("before", lambda: None, breaker=GATEWAY)

    await world.start()
    await world.output(await world.trigger(before))
    await world.client.breakers.open("gateway", timeout="1 minute")
    runs = [await world.trigger(acts, name) for name in "ab"]
    await world.advance("1 minute")
    await gate.reached()
    assert (await world.client.breakers.retrieve("gateway")).state == "half-open"
    await (world.crash_worker() if how == "worker" else world.crash())
    gate.open()
    assert [await world.output(run) for run in runs] == ["a", "b"]
    assert world.effects == ["a", "a", "b"]


async def test_a_probe_that_is_cancelled_makes_room_for_the_next(world: World) -> None:
    gate = world.gate()

    async def act(payload: str) -> str:
        world.effects.append(payload)
        if payload == "a":
            await gate.passed()
        return payload

    @world.client.job(id="act")
    async def acts(payload: str, io: IO) -> str:
        return await io.run_task("act", act, payload, breaker=GATEWAY)

    await world.start()
    await world.output(await world.trigger(acts, "first"))
    await world.client.breakers.open("gateway", timeout="1 minute")
    probe, other = [await world.trigger(acts, name) for name in "ab"]
    await world.advance("1 minute")
    await gate.reached()
    await probe.cancel()
    await world.until(probe, "CANCELLED")
    assert await world.output(other) == "b"


async def test_branches_that_are_held_come_back_in_the_same_order(world: World) -> None:
    service = Service(world)
    service.is_down = False

    @task(breaker=GATEWAY)
    async def guarded(name: str) -> str:
        return await service.call(name)

    async def plain(name: str) -> str:
        world.effects.append(name)
        return name

    @world.client.job(id="branches")
    async def branches(io: IO) -> list[str]:
        came: list[str] = []

        async def branch(name: str) -> None:
            came.append(await guarded.options(key=name)(name))
            came.append(await io.run_task(f"after {name}", plain, name))

        await asyncio.gather(*(branch(name) for name in "abc"))
        return came

    await world.start()
    await world.output(await world.trigger(branches))
    await world.client.breakers.open("gateway", timeout="1 minute")
    run = await world.trigger(branches)
    await world.until(run, "WAITING")
    assert {wait["task"] for wait in run.waiting_for} == {"a", "b", "c"}
    await world.advance("30s")
    await world.crash()
    came = await world.output(run)
    assert sorted(came) == sorted(["done a", "a", "done b", "b", "done c", "c"])


async def test_a_wait_beside_a_held_task_gives_it_up(world: World) -> None:
    service = Service(world)
    service.is_down = False

    @world.client.job(id="race")
    async def race(io: IO) -> Any:
        first = await io.wait_for_any(
            call=io.run_task("call", service.call, "x", breaker=GATEWAY), late=io.wait("late", "10s")
        )
        await io.run_task("after", service.call, "after")
        return first.key

    await world.start()
    assert await world.output(await world.trigger(race)) == "call"
    await world.client.breakers.open("gateway")
    run = await world.trigger(race)
    await world.until(run, "WAITING")
    assert await world.output(run) == "late"
    assert (await world.client.breakers.retrieve("gateway")).held == 0
    assert world.effects == ["x", "after", "after"]


async def test_a_plain_def_and_a_task_done_once_ask_too(world: World) -> None:
    def act(name: str) -> str:
        world.effects.append(name)
        return name

    @world.client.job(id="plain")
    def plain(io: SyncIO) -> str:
        return io.run_task("act", act, "plain", breaker=GATEWAY)

    @world.client.job(id="once")
    async def once(io: IO) -> str:
        return await io.run_task("act", act, "once", breaker=GATEWAY, effect="once")

    await world.start()
    assert await world.output(await world.trigger(plain)) == "plain"
    await world.client.breakers.open("gateway", timeout="10s")
    runs = [await world.trigger(plain), await world.trigger(once)]
    await world.still()
    assert world.effects == ["plain"]
    assert [await world.output(run) for run in runs] == ["plain", "once"]
    assert (await world.kinds(runs[1], "act")) == ["TASK_HELD", "TASK_STARTED", "TASK_COMPLETED"]
