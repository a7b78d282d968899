"""A subscriber hears everything that a run does, once and in order, also when the worker dies meanwhile."""

from mainspring import IO
from mainspring.sdk.updates import RunUpdate
from scenarios.world import World


async def test_a_subscriber_hears_all_of_a_run(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="bill")
    async def bill(io: IO) -> str:
        io.metadata.set("stage", "begun")
        await io.run_task("charge", lambda: 300)
        await gate.passed()
        await io.run_task("mail", lambda: "sent")
        return "done"

    await world.start()
    run = await world.trigger(bill)
    heard: list[RunUpdate] = []
    async for update in run.subscribe():
        heard.append(update)
        if update.what == "TASK_COMPLETED" and update.task == "charge":
            await world.crash_worker()
            gate.open()
    assert (run.status, run.output) == ("SUCCESS", "done")
    entries = [update for update in heard if update.kind == "entry"]
    assert [(one.sequence, one.what) for one in entries] == [
        (entry["sequence"], entry["kind"]) for entry in await world.history(run)
    ]
    assert entries[-1].what == "JOB_COMPLETED"
    shown = [update for update in heard if update.kind == "run"]
    assert shown[0].status in ("PENDING", "RUNNING")
    assert (shown[-1].status, shown[-1].metadata) == ("SUCCESS", {"stage": "begun"})

    # Who comes late and knows a part hears the rest.
    rest = [
        update.what async for update in run.subscribe(after=entries[2].sequence) if update.kind == "entry"
    ]
    assert rest == [one.what for one in entries[3:]]
