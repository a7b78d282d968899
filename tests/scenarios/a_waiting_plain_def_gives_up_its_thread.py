"""A plain `def` job that waits leaves its thread and its slot; another thread comes again to the same call."""

import threading

from mainspring import RunSuspended, SyncIO
from mainspring.sdk import threads
from scenarios.world import World


def threads_at_work() -> int:
    return sum(isinstance(one, threads.Thread) for one in threading.enumerate()) - len(threads.pool.idle)


async def test_a_waiting_plain_def_holds_neither_slot_nor_thread(world: World) -> None:
    @world.client.job(id="patient")
    def patient(io: SyncIO) -> list[str]:
        try:
            first = io.run_task("first", lambda: world.effects.append("first") or "done")
            try:
                io.wait("pause", "1 hour")
            except Exception:
                world.effects.append("swallowed")
            answer = io.wait_for_event("answer", name="answer", timeout="1 day")
        except RunSuspended:
            world.effects.append("left")
            raise
        return [first, answer.payload]

    @world.client.job(id="other")
    def other() -> str:
        return "had the slot"

    await world.start(slots=1)
    run = await world.trigger(patient)
    await world.until(run, "WAITING", waiting_for="pause")
    assert threads_at_work() == 0
    assert await world.output(await world.trigger(other)) == "had the slot"

    await world.advance("1 hour")
    await world.until(run, "WAITING", waiting_for="answer")
    assert threads_at_work() == 0
    await world.send("answer", "yes")
    assert await world.output(run) == ["done", "yes"]
    assert world.effects.count("first") == 1
    assert "swallowed" not in world.effects
    assert world.effects.count("left") >= 2


async def test_what_it_says_on_the_way_is_kept_once(world: World) -> None:
    @world.client.job(id="chatty")
    def chatty(io: SyncIO) -> str:
        io.logger.info("before")
        io.run_task("one", lambda: 1)
        io.logger.info("between")
        io.wait("pause", "1 hour")
        io.logger.info("after")
        return str(io.now() == io.now()) + str(io.store.get("nothing", "none"))

    await world.start()
    run = await world.trigger(chatty)
    await world.until(run, waiting_for="pause")
    await world.crash(down_for="2 hours")
    await world.output(run)
    assert [line["message"] for line in await world.logs(run)] == ["before", "between", "after"]
