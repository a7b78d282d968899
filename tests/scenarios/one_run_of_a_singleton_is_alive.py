"""Singletons: while a run is alive, also over crashes, another start finds it, takes its place, or waits behind it."""

from typing import Any

from mainspring import IO, Run, Singleton
from scenarios.world import World


def define(world: World, singleton: Any) -> Any:
    async def note(what: str) -> None:
        world.effects.append(what)

    @world.client.job(id="sync", singleton=singleton)
    async def sync(payload: dict[str, str], io: IO) -> str:
        await io.run_task("begin", note, f"{payload['n']} begins")
        await io.wait("pause", "1 hour")
        await io.run_task("end", note, f"{payload['n']} ends")
        return payload["n"]

    return sync


def order(world: World, *names: str) -> list[Any]:
    return [effect for effect in world.effects if effect.split()[0] in names]


async def started(world: World, job: Any, *names: str) -> list[Run[Any]]:
    return [await world.trigger(job, {"n": name, "customer": name[0]}) for name in names]


async def test_skip_answers_with_the_run_that_is_alive(world: World) -> None:
    sync = define(world, "skip")
    await world.start()
    (first,) = await started(world, sync, "a1")
    assert first.is_new
    await world.until(first, "WAITING")
    await world.crash()
    (again,) = await started(world, sync, "a2")
    assert (again.id, again.is_new) == (first.id, False)
    assert await world.output(first) == "a1"
    (later,) = await started(world, sync, "a3")
    assert later.id != first.id
    assert await world.output(later) == "a3"


async def test_queue_lets_one_after_the_other_go_for_each_key(world: World) -> None:
    sync = define(world, Singleton("queue", key="customer"))
    await world.start()
    runs = await started(world, sync, "a1", "a2", "a3", "b1")
    await world.until(runs[0], "WAITING")
    await world.until(runs[1], "PENDING")
    assert "there is one at a time" in str(runs[1].pending_reason)
    await world.until(runs[3], "WAITING")
    await world.crash()
    for run in runs:
        await world.output(run)
    whole = [f"a{n} {what}" for n in (1, 2, 3) for what in ("begins", "ends")]
    assert order(world, "a1", "a2", "a3") == whole


async def test_cancel_has_a_newer_run_begin_when_the_old_one_has_ended(world: World) -> None:
    sync = define(world, "cancel")
    await world.start()
    (first,) = await started(world, sync, "a1")
    await world.until(first, "WAITING")
    (second,) = await started(world, sync, "a2")
    assert await world.output(second) == "a2"
    await world.until(first, "CANCELLED")
    assert order(world, "a1", "a2") == ["a1 begins", "a2 begins", "a2 ends"]
