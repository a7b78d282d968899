"""A replay that meets code that no longer fits its checkpoints parks the run with the difference; a person resumes."""

from mainspring import IO, Client
from scenarios.world import World


async def test_changed_input_is_found_and_resumed(world: World) -> None:
    async def charge(amount: int) -> int:
        world.effects.append(f"charge {amount}")
        return amount

    def shop(amount: int) -> Client:
        client = Client("test")

        @client.job(id="order", retry=5)
        async def order(io: IO) -> list[int]:
            charged = await io.run_task("charge", charge, amount)
            await io.wait("pause", "1 hour")
            return [charged, await io.run_task("charge", charge, 5)]

        return client

    old_shop = shop(10)
    await world.start(workers=0)
    old = await world.start_worker(old_shop)
    run = await world.trigger(old_shop.job_by_id("order"))
    await world.until(run, "WAITING", waiting_for="pause")
    await world.drain(old)
    await world.start_worker(shop(20))
    await world.advance("1 hour")

    await world.until(run, "WAITING")
    (wait,) = run.waiting_for
    assert wait["kind"] == "drift"
    assert "charge" in wait["message"]
    assert "DRIFT_FOUND" in await world.kinds(run)
    assert world.effects == ["charge 10"]

    await world.door.call("POST", f"/api/v1/runs/{run.id}/resume")
    assert await world.output(run) == [10, 5]
    assert world.effects == ["charge 10", "charge 5"]


async def test_a_key_that_changed_its_kind_is_found(world: World) -> None:
    async def work() -> str:
        return "worked"

    old, new = Client("test"), Client("test")

    @old.job(id="order")
    async def before(io: IO) -> None:
        await io.run_task("pause", work)
        await io.wait("long", "1 hour")

    @new.job(id="order")
    async def after(io: IO) -> None:
        await io.wait("pause", "1 hour")
        await io.wait("long", "1 hour")

    await world.start(workers=0)
    crew = await world.start_worker(old)
    run = await world.trigger(before)
    await world.until(run, "WAITING", waiting_for="long")
    await world.drain(crew)
    await world.start_worker(new)
    await world.advance("1 hour")

    await world.until(run, "WAITING")
    assert run.waiting_for[0]["kind"] == "drift"
    assert "pause" in run.waiting_for[0]["message"]


async def test_tasks_may_come_and_go_around_finished_ones(world: World) -> None:
    async def work(what: str) -> str:
        world.effects.append(what)
        return what

    old, new = Client("test"), Client("test")

    @old.job(id="order")
    async def before(io: IO) -> list[str]:
        done = [await io.run_task(key, work, key) for key in ("a", "b", "c")]
        await io.wait("pause", "1 hour")
        return done

    @new.job(id="order")
    async def after(io: IO) -> list[str]:
        done = [await io.run_task(key, work, key) for key in ("new", "a", "c")]
        await io.wait("pause", "1 hour")
        return done

    await world.start(workers=0)
    crew = await world.start_worker(old)
    run = await world.trigger(before)
    await world.until(run, "WAITING")
    await world.drain(crew)
    await world.start_worker(new)

    assert await world.output(run) == ["new", "a", "c"]
    assert world.effects == ["a", "b", "c", "new"]
    warnings = [line["message"] for line in await world.logs(run) if line["origin"] == "mainspring"]
    assert len(warnings) == 1
    assert "'b'" in warnings[0] or " b" in warnings[0]
