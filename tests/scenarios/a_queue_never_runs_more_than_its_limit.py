"""A limit on a queue, or on each key of it, is never exceeded: not by crashes, not by runs that wait and go on."""

from collections import Counter

from mainspring import IO, Concurrency, Queue
from scenarios.world import World


async def test_a_queue_never_runs_more_than_its_limit(world: World) -> None:
    shared = Queue("slow", concurrency=2)
    most = 0

    async def work(n: int) -> int:
        nonlocal most
        shown = await world.client.queues.retrieve("slow")
        most = max(most, shown.running)
        world.effects.append(n)
        return n

    @world.client.job(id="one", queue=shared)
    async def one(payload: int, io: IO) -> int:
        await io.run_task("first", work, payload)
        await io.wait("nap", "5 seconds")
        return await io.run_task("second", work, payload)

    @world.client.job(id="other", queue="slow")
    async def other(payload: int, io: IO) -> int:
        return await io.run_task("first", work, payload)

    await world.start(workers=2)
    runs = [await world.trigger(one if n % 2 else other, n) for n in range(6)]
    await world.crash_worker()
    for n, run in enumerate(runs):
        assert await world.output(run) == n
    assert 1 <= most <= 2


async def test_each_key_has_its_own_slots(world: World) -> None:
    gate = world.gate()

    async def hold(customer: str) -> None:
        world.effects.append(customer)
        await gate.passed()

    @world.client.job(id="sync", concurrency=Concurrency(per_key=1, key="customer.id"))
    async def sync(payload: dict[str, dict[str, str]], io: IO) -> None:
        await io.run_task("hold", hold, payload["customer"]["id"])

    await world.start()
    runs = [await world.trigger(sync, {"customer": {"id": customer}}) for customer in "aaabbc"]
    await gate.reached(3)
    await world.still()
    assert Counter(world.effects) == Counter("abc")
    gate.open()
    for run in runs:
        await world.output(run)
    assert Counter(world.effects) == Counter("aaabbc")
