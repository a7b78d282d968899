"""Nothing is stuck in silence: a pending run says whether it is delayed, has no worker, or waits for a slot."""

from mainspring import IO, Client
from scenarios.world import World


async def test_a_pending_run_says_why(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="held")
    async def held(io: IO) -> None:
        await io.run_task("hold", gate.passed)

    other = Client("other")

    @other.job(id="elsewhere")
    async def elsewhere() -> str:
        return "found a worker"

    await world.start(slots=1)
    visitor = await world.start_worker(other)
    await world.drain(visitor)
    first, second = await world.trigger(held), await world.trigger(held)
    delayed = await world.trigger(held, delay="1 hour")
    homeless = await world.trigger(elsewhere)
    await gate.reached()
    await world.until(first, "RUNNING")

    async def reason(run: object) -> str:
        shown = await world.door.call("GET", f"/api/v1/runs/{run.id}")  # type: ignore[attr-defined]
        return str(shown["pending_reason"]["code"])

    assert await reason(second) == "waiting_for_slot"
    assert await reason(delayed) == "delayed"
    assert await reason(homeless) == "no_worker"
    await world.start_worker(other)
    assert await world.output(homeless) == "found a worker"
    gate.open()
    await world.output(second)
    await world.output(delayed)
    assert delayed.pending_reason is None


async def test_higher_priority_goes_first(world: World) -> None:
    gate = world.gate()

    async def note(n: int) -> None:
        world.effects.append(n)

    @world.client.job(id="hold")
    async def hold(io: IO) -> None:
        await io.run_task("hold", gate.passed)

    @world.client.job(id="queued")
    async def queued(payload: int, io: IO) -> None:
        await io.run_task("note", note, payload)

    await world.start(slots=1)
    await world.trigger(hold)
    await gate.reached()
    runs = []
    for n in range(6):
        runs.append(await world.trigger(queued, n, priority=n % 3))
        world.clock.advance(1)  # of two that came in one microsecond either may go first
    gate.open()
    for run in runs:
        await world.output(run)

    assert world.effects == [2, 5, 1, 4, 0, 3]
