"""A schedule registered while the app runs, also from inside a run, starts its runs and tells whose it is."""

from mainspring import IO, ScheduledTick, ctx
from scenarios.world import World


async def test_a_schedule_is_registered_at_run_time(world: World) -> None:
    reports = world.client.dynamic_schedule("reports")

    @world.client.job(id="report", trigger=reports)
    async def report(payload: ScheduledTick) -> None:
        assert ctx.run.schedule_id == payload.schedule_id == f"reports@{payload.key}"
        world.effects.append((payload.external_id, payload.metadata["plan"]))

    @world.client.job(id="sign-up")
    async def sign_up(payload: dict[str, str], io: IO) -> str | None:
        made = await reports.register(
            payload["tenant"], every="1 hour", external_id="t2", metadata={"plan": "pro"}
        )
        await io.wait("90 minutes")
        assert await reports.unregister(payload["tenant"])
        return made.key

    await world.start()
    await reports.register("acme", cron="@hourly", external_id="t1", metadata={"plan": "free"})
    run = await sign_up.trigger({"tenant": "globex"})
    assert [one.key async for one in reports.list(external_id="t1")] == ["acme"]
    await world.advance("1 hour")
    await world.crash()
    await world.advance("90 minutes")

    assert sorted(set(world.effects)) == [("t1", "free"), ("t2", "pro")]
    assert await run.result() == "globex"
    assert [one.id async for one in reports.list()] == ["reports@acme"]
    counts = [
        len([one async for one in world.client.schedules.runs(f"reports@{k}")]) for k in ("acme", "globex")
    ]
    assert counts == [2, 1]


async def test_blocking_code_registers_too(world: World) -> None:
    reports = world.client.dynamic_schedule("reports")

    @world.client.job(id="sign-up")
    def sign_up() -> list[str]:
        reports.sync.register("acme", cron="@daily")
        reports.sync.register("globex", cron="@daily")
        assert reports.sync.unregister("acme")
        return [one.id for one in reports.sync.list()]

    await world.start()
    run = await sign_up.trigger()
    assert await run.result() == ["reports@globex"]
