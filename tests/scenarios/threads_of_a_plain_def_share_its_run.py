"""A plain `def` job may do several things at once: threads that carry its context use the same `io`."""

import contextvars
from concurrent.futures import ThreadPoolExecutor

from mainspring import NotInRun, SyncIO, ctx, io, task
from scenarios.world import World


async def test_threads_with_its_context_run_tasks_of_the_run(world: World) -> None:
    def double(n: int) -> int:
        world.effects.append(n)
        return 2 * n

    @world.client.job(id="pool")
    def pool(payload: list[int], io: SyncIO) -> list[int]:
        def one(n: int) -> int:
            return io.run_task(f"double-{n}", double, n)

        with ThreadPoolExecutor(3) as threads:
            begun = [threads.submit(contextvars.copy_context().run, one, n) for n in payload]
            return [each.result() for each in begun]

    await world.start()
    run = await world.trigger(pool, [1, 2, 3])
    assert await world.output(run) == [2, 4, 6]
    assert sorted(world.effects) == [1, 2, 3]
    assert sorted(await world.tasks(run)) == ["double-1", "double-2", "double-3"]


async def test_a_thread_without_the_context_is_told_what_it_lacks(world: World) -> None:
    @world.client.job(id="bare", retry=0)
    def bare() -> str:
        def one() -> str:
            return str(ctx.run.id)

        def lost() -> None:
            io.run_task("lost", lambda: 1)  # type: ignore[unused-coroutine]

        with ThreadPoolExecutor(1) as threads:
            for work in (one, lost):
                try:
                    threads.submit(work).result()
                except NotInRun as error:
                    world.effects.append(type(error).__name__)
        return "told"

    await world.start()
    assert await world.output(await world.trigger(bare)) == "told"
    assert world.effects == ["NotInRun", "NotInRun"]


async def test_io_map_calls_a_task_for_every_item(world: World) -> None:
    @task
    def double(n: int) -> int:
        world.effects.append(n)
        return 2 * n

    @world.client.job(id="map")
    def mapped(payload: list[int], io: SyncIO) -> list[int]:
        return io.map(double, payload, limit=2)

    await world.start()
    assert await world.output(await world.trigger(mapped, [1, 2, 3, 4])) == [2, 4, 6, 8]
    assert sorted(world.effects) == [1, 2, 3, 4]
