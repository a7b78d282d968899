"""`io.parallel`, `io.map` and `io.wait_for_any` in a plain `def`: functions in threads, which take turns."""

import pytest

from mainspring import DefinitionError, Event, First, NonRetryable, RunCancelled, SyncIO, TaskFailed, task
from mainspring.clock import HOUR
from mainspring.errors import RunSuspended
from scenarios.world import World


async def test_a_plain_def_does_several_things_at_once(world: World) -> None:
    @world.client.job(id="child")
    def child(payload: int) -> int:
        return payload * 10

    @world.client.job(id="both")
    def both(io: SyncIO) -> list[object]:
        def later() -> str:
            io.wait("later", "1 hour")
            return io.run_task("after", lambda: world.effects.append("after") or "after")

        slow, quick, made = io.parallel(
            later,
            lambda: io.run_task("quick", lambda: world.effects.append("quick") or "quick"),
            lambda: child.sync.trigger_and_wait(4),
        )
        return [slow, quick, made, io.parallel()]

    await world.start()
    began = world.clock.now()
    run = await world.trigger(both)
    await world.until(run, "WAITING", waiting_for="later")
    await world.crash()

    assert await world.output(run) == ["after", "quick", 40, []]
    assert world.clock.now() - began == HOUR
    assert world.effects == ["quick", "after"]


async def test_one_error_stops_the_others(world: World) -> None:
    def fail() -> None:
        raise NonRetryable("broken")

    @world.client.job(id="both")
    def both(io: SyncIO) -> str:
        def patient() -> None:
            try:
                io.wait("later", "1 day")
            except RunSuspended:
                world.effects.append("given up")
                raise

        with pytest.raises(TaskFailed, match="broken"):
            io.parallel(patient, lambda: io.run_task("bad", fail))
        io.wait("after", "1 hour")
        return "went on"

    await world.start()
    began = world.clock.now()
    run = await world.trigger(both)

    assert await world.output(run) == "went on"
    assert world.clock.now() - began == HOUR
    assert (await world.tasks(run))["later"]["status"] == "CANCELLED"
    assert set(world.effects) == {"given up"}


async def test_the_first_of_several_waits_wins(world: World) -> None:
    @world.client.job(id="raced")
    def raced(io: SyncIO) -> list[object]:
        first: First[Event[object] | None] = io.wait_for_any(
            paid=lambda: io.wait_for_event("paid", name="paid", id="o-1"),
            refused=lambda: io.wait_for_event("refused", name="refused", id="o-1"),
            late=lambda: io.wait("late", "3 days"),
        )
        io.wait("after", "1 hour")
        second = io.wait_for_any(
            paid=lambda: io.wait_for_event("paid", name="paid"), late=lambda: io.wait("late", "2 hours")
        )
        io.wait("end", "1 hour")
        return [first.key, first.payload, second.key, second.value]

    await world.start()
    run = await world.trigger(raced)
    await world.until(run, "WAITING", waiting_for="late")
    assert {wait["task"] for wait in run.waiting_for} == {"paid", "refused", "late"}
    await world.send("refused", {"why": "no funds"}, id="o-1")
    await world.until(run, "WAITING", waiting_for="after")
    assert [wait["task"] for wait in run.waiting_for] == ["after"]
    await world.crash()

    assert await world.output(run) == ["refused", {"why": "no funds"}, "late", None]
    tasks = await world.tasks(run)
    assert {key: task["status"] for key, task in tasks.items()} == {
        "paid": "CANCELLED",
        "refused": "SUCCESS",
        "late": "CANCELLED",
        "after": "SUCCESS",
        "paid#2": "CANCELLED",
        "late#2": "SUCCESS",
        "end": "SUCCESS",
    }


async def test_map_calls_any_function_and_keys_are_the_same_on_replay(world: World) -> None:
    @task
    def double(n: int) -> int:
        world.effects.append(n)
        return 2 * n

    @world.client.job(id="mapped")
    def mapped(io: SyncIO) -> list[list[int]]:
        def twice(n: int) -> int:
            return double(double(n))  # the key is the same for all: only the order tells them apart

        first = io.map(twice, range(1, 8), limit=3)
        io.wait("pause", "1 hour")
        return [first, io.map(double, [1, 2]), io.map(lambda n: n + 1, [1, 2])]

    await world.start()
    run = await world.trigger(mapped)
    await world.until(run, "WAITING", waiting_for="pause")
    await world.crash()

    assert await world.output(run) == [[4 * n for n in range(1, 8)], [2, 4], [2, 3]]
    assert len(world.effects) == 16


async def test_whoever_won_wins_again_on_replay(world: World) -> None:
    @world.client.job(id="raced")
    def raced(io: SyncIO) -> list[str]:
        winners = []
        for _ in range(5):
            first = io.wait_for_any(
                **{name: (lambda name=name: io.run_task(name, str)) for name in ("a", "b", "c")}
            )
            winners.append(first.key)
        world.effects.append("".join(winners))
        io.wait("pause", "1 hour")
        return winners

    await world.start()
    run = await world.trigger(raced)
    await world.until(run, "WAITING", waiting_for="pause")
    await world.crash()
    winners = "".join(await world.output(run))
    assert set(world.effects) == {winners}


async def test_a_cancelled_run_tells_every_function(world: World) -> None:
    entered = world.gate()

    async def long() -> None:
        await entered.passed()

    @world.client.job(id="long")
    def job(io: SyncIO) -> None:
        def side(name: str) -> None:
            try:
                io.run_task(name, long) if name == "busy" else io.wait_for_event(name, name="never")
            except RunCancelled:
                world.effects.append(f"{name} told")
                raise

        try:
            io.parallel(lambda: side("busy"), lambda: side("idle"))
        except RunCancelled:
            world.effects.append("body told")
            raise

    await world.start()
    run = await world.trigger(job)
    await entered.reached()
    await world.still()
    await run.cancel()
    await world.until(run, "CANCELLED")
    assert sorted(world.effects) == ["body told", "busy told", "idle told"]


async def test_what_was_called_already_is_refused(world: World) -> None:
    @world.client.job(id="wrong")
    def wrong(io: SyncIO) -> str:
        with pytest.raises(DefinitionError, match=r"a=lambda: io\.wait_for_event"):
            io.wait_for_any(late=io.wait("1 minute"))  # type: ignore[func-returns-value,arg-type]
        with pytest.raises(DefinitionError, match="nothing to wait for"):
            io.wait_for_any()
        return "refused"

    await world.start()
    assert await world.output(await world.trigger(wrong)) == "refused"
