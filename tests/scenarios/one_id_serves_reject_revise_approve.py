"""A loop that waits for the same event with the same id again and again uses each event once."""

from mainspring import IO
from scenarios.world import World


async def test_one_id_serves_reject_revise_approve(world: World) -> None:
    async def revise(draft: int) -> int:
        world.effects.append(f"revise {draft}")
        return draft + 1

    @world.client.job(id="review")
    async def review(payload: str, io: IO) -> list[object]:
        draft, verdicts = 1, []
        while True:
            event = await io.wait_for_event("review", name="reviewed", id=payload, timeout="1 day")
            verdicts.append(event.payload["verdict"])
            if verdicts[-1] == "approve":
                return [draft, *verdicts]
            draft = await io.run_task("revise", revise, draft)

    await world.start()
    run = await world.trigger(review, "doc-1")
    await world.until(run, "WAITING", waiting_for="review")
    await world.send("reviewed", {"verdict": "reject"}, id="doc-1")
    await world.until(run, "WAITING", waiting_for="review#2")
    await world.crash()
    await world.send("reviewed", {"verdict": "reject"}, id="doc-1")
    # Sent before its wait is there.
    await world.send("reviewed", {"verdict": "approve"}, id="doc-1")

    assert await world.output(run) == [3, "reject", "reject", "approve"]
    assert world.effects == ["revise 1", "revise 2"]
    assert set(await world.tasks(run)) == {"review", "revise", "review#2", "revise#2", "review#3"}
