"""`io.send_event` sends once, in the transaction that keeps its task: not again on replay, nor after a crash."""

from mainspring import IO, event_trigger
from scenarios.world import World


async def test_an_event_sent_from_a_run_is_sent_once(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="ship")
    async def ship(io: IO) -> list[object]:
        sent = await io.send_event("tell", "shipped", {"order": 7}, id="o-7")
        await io.run_task("pack", gate.passed)
        await io.wait("pause", "1 hour")
        both = await io.send_events(
            "tell-more", [{"name": "shipped", "payload": {"order": n}} for n in (8, 9)]
        )
        return [sent.id, sent.event_id, len(sent.runs), [event.payload["order"] for event in both]]

    @world.client.on("shipped")
    async def thank(payload: dict[str, int]) -> int:
        world.effects.append(payload["order"])
        return payload["order"]

    await world.start()
    run = await world.trigger(ship)
    await gate.reached()
    await world.crash()
    gate.open()
    await world.until(run, "WAITING", waiting_for="pause")
    await world.crash()

    sent_id, event_id, started, orders = await world.output(run)
    assert (sent_id, started, orders) == ("o-7", 1, [8, 9])
    events = [event async for event in world.client.events.list(name="shipped")]
    assert sorted(event.payload["order"] for event in events) == [7, 8, 9]
    assert event_id in [event.event_id for event in events]
    thanks = [one async for one in world.client.runs.list(job_id="thank")]
    for one in thanks:
        await world.finish(one)
    assert sorted(one.output for one in thanks) == [7, 8, 9]


async def test_a_run_may_resolve_the_wait_of_another(world: World) -> None:
    @world.client.job(id="asks", trigger=event_trigger("begin"))
    async def asks(io: IO) -> str:
        await io.send_event("ask", "question", {"of": "asks"}, id="q")
        event = await io.wait_for_event("answer", name="answer", id="q", timeout="1 hour")
        return str(event.payload)

    @world.client.job(id="answers", trigger=event_trigger("question"))
    async def answers(io: IO) -> None:
        await io.send_event("answer", "answer", "42", id="q")

    await world.start()
    run = await world.run_of(await world.send("begin"))

    assert await world.output(run) == "42"
