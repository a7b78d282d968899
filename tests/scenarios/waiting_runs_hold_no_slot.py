"""A run that waits holds no slot: a worker with one slot has fifty runs waiting, and takes each up in its time."""

from mainspring import IO
from mainspring.clock import MINUTE
from scenarios.world import World

MANY = 50


async def test_waiting_runs_hold_no_slot(world: World) -> None:
    async def note(n: int) -> None:
        world.effects.append((n, world.clock.now()))

    @world.client.job(id="waits")
    async def waits(payload: int, io: IO) -> int:
        await io.wait(f"{payload} minutes")
        await io.run_task("note", note, payload)
        event = await io.wait_for_event("go", name="go", id=str(payload))
        return int(event.payload)

    await world.start(slots=1)
    began = world.clock.now()
    runs = [await world.trigger(waits, n) for n in range(1, MANY + 1)]
    await world.still()
    waiting = await world.client.runs.list(status="WAITING", limit=100)
    assert len(waiting.data) == MANY

    await world.advance("2 hours")
    assert world.effects == [(n, began + n * MINUTE) for n in range(1, MANY + 1)]
    await world.client.send_events(
        [{"name": "go", "payload": n, "id": str(n)} for n in reversed(range(1, MANY + 1))]
    )
    assert [await world.output(run) for run in runs] == list(range(1, MANY + 1))
