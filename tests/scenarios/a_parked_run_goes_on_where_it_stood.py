"""A worker that gets back a run it parked goes on in place; whoever else gets it replays. The run cannot tell."""

from mainspring import IO
from scenarios.world import World

WAITS = 5


def define(world: World) -> tuple[list[str], list[str]]:
    """A job with five waits; who entered its body, and what it did."""
    entered: list[str] = []
    done: list[str] = []

    async def work(n: int) -> int:
        done.append(f"work {n}")
        return n

    @world.client.job(id="patient")
    async def patient(payload: str, io: IO) -> list[object]:
        entered.append(payload)
        answers: list[object] = []
        for n in range(WAITS):
            event = await io.wait_for_event("go", name="go", id=f"{payload}-{n}")
            answers.append(event.payload)
            answers.append(await io.run_task("work", work, n))
        return answers

    return entered, done


ANSWER = [one for n in range(WAITS) for one in (f"go {n}", n)]
WORK = [f"work {n}" for n in range(WAITS)]


async def test_a_parked_run_goes_on_where_it_stood(world: World) -> None:
    entered, done = define(world)
    await world.start(slots=1)
    run = await world.trigger(world.client.registered["patient"], "a")
    for n in range(WAITS):
        await world.until(run, "WAITING")
        await world.send("go", f"go {n}", id=f"a-{n}")
    assert await world.output(run) == ANSWER
    assert done == WORK
    assert len(entered) == 1 if not world.axes.always_replay else len(entered) > WAITS
    kinds = await world.kinds(run)
    assert kinds.count("JOB_RESUMED") == WAITS


async def test_a_run_that_was_elsewhere_in_between_is_replayed(world: World) -> None:
    entered, done = define(world)
    gate = world.gate()

    @world.client.job(id="busy")
    async def busy() -> None:
        await gate.passed()

    await world.start(slots=1)
    run = await world.trigger(world.client.registered["patient"], "a")
    await world.until(run, "WAITING")
    # The worker that parked it is full, so another one goes on with it, and leaves it to the first.
    await world.trigger(busy)
    await gate.reached()
    second = await world.start_worker()
    await world.send("go", "go 0", id="a-0")
    await world.until(run, "WAITING", waiting_for="go#2")
    await world.drain(second)
    gate.open()
    for n in range(1, WAITS):
        await world.send("go", f"go {n}", id=f"a-{n}")
        await world.still()
    assert await world.output(run) == ANSWER
    assert done == WORK
    assert len(entered) == 3 if not world.axes.always_replay else len(entered) > WAITS
