"""A job that binds its runs to versions: what began on one goes on with it beside newer ones, or is moved by hand."""

from mainspring import IO, Client, ctx
from scenarios.world import World


def shop(world: World, version: str, *, pin_version: bool = True) -> Client:
    client = Client("test")

    @client.job(id="order", version=version, pin_version=pin_version)
    async def order(payload: int, io: IO) -> str:
        await io.wait("pause", "1 hour")
        world.effects.append((payload, ctx.job.version))
        return f"{payload} by {version}"

    return client


async def test_a_run_goes_on_with_the_version_it_began_on(world: World) -> None:
    old, new = shop(world, "1.0"), shop(world, "2.0")
    await world.start(workers=0)
    await world.start_worker(old)
    first = await world.trigger(old.job_by_id("order"), 1)
    await world.until(first, "WAITING")
    await world.start_worker(new)
    second = await world.trigger(new.job_by_id("order"), 2)
    await world.until(second, "WAITING")

    assert [await world.output(run) for run in (first, second)] == ["1 by 1.0", "2 by 2.0"]
    assert sorted(set(world.effects)) == [(1, "1.0"), (2, "2.0")]
    assert (first.job_version, second.job_version) == ("1.0", "2.0")


async def test_without_it_the_newest_code_goes_on(world: World) -> None:
    old = shop(world, "1.0", pin_version=False)
    await world.start(workers=0)
    crew = await world.start_worker(old)
    run = await world.trigger(old.job_by_id("order"), 1)
    await world.until(run, "WAITING")
    await world.drain(crew)
    await world.start_worker(shop(world, "2.0", pin_version=False))

    assert await world.output(run) == "1 by 2.0"
    starts = await world.door.call("GET", f"/api/v1/runs/{run.id}/starts")
    versions = [start["version"] for start in starts["data"]]
    assert (versions[0], versions[-1]) == ("1.0", "2.0")


async def test_what_nobody_has_any_more_is_said_and_moved_by_hand(world: World) -> None:
    old, new = shop(world, "1.0"), shop(world, "2.0")
    await world.start(workers=0)
    crew = await world.start_worker(old)
    run = await world.trigger(old.job_by_id("order"), 1)
    await world.until(run, "WAITING")
    await world.drain(crew)
    await world.start_worker(new)
    await world.advance("1 hour")

    await world.until(run, "PENDING")
    assert "version 1.0 of 'order', which no live worker has" in str(run.pending_reason)
    why = await world.door.call("GET", f"/api/v1/runs/{run.id}/why")
    assert (why["reason"]["code"], why["reason"]["version"]) == ("pinned_version", "1.0")
    assert why["reason"]["live_versions"] == ["2.0"]

    assert (await run.repin("2.0")).pinned_version == "2.0"
    assert await world.output(run) == "1 by 2.0"
