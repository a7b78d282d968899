"""Approvals that nobody answers: reminders, escalation, a week of restarts, all by the engine's clock."""

import asyncio
from typing import Any

import pytest

from mainspring import IO, Approval, ApprovalNotice, Conflict, DefinitionError, NotAsked, SyncIO
from mainspring.clock import DAY, HOUR
from scenarios.world import World

ANN, BOB, CAROL, DAN, FRANK = (f"{name}@shop.com" for name in ("ann", "bob", "carol", "dan", "frank"))


def telling(world: World) -> Any:
    """A `notify` that keeps whom it told, and why."""

    async def tell(notice: ApprovalNotice) -> None:
        assert "/approvals/apr_" in notice.url
        world.effects.append(f"{notice.kind} {notice.person}")

    return tell


async def only(world: World) -> Approval:
    (one,) = [one async for one in world.client.approvals.list()]
    return one


async def said(world: World, run: Any, kind: str) -> list[dict[str, Any]]:
    return [entry["data"] for entry in await world.history(run) if entry["kind"] == kind]


async def test_who_has_not_answered_is_reminded(world: World) -> None:
    @world.client.job(id="asks")
    async def asks(io: IO) -> object:
        approval = await io.wait_for_approval(
            "ok?", to=[ANN, BOB], quorum=2, notify=telling(world), remind_every="1 day"
        )
        return [one.by for one in approval.answers]

    await world.start()
    run = await world.trigger(asks)
    await world.until(run, "WAITING", waiting_for="ok?")
    await world.client.approvals.answer(await only(world), "approve", by=ANN)
    await world.advance("23 hours")
    assert world.effects == [f"asked {ANN}", f"asked {BOB}"]
    await world.advance("1 hour")
    await world.until(run, "WAITING", waiting_for="ok?#2")
    await world.advance("1 day")
    await world.until(run, "WAITING", waiting_for="ok?#3")
    assert world.effects[2:] == [f"reminder {BOB}"] * 2
    assert [entry["of"] for entry in await said(world, run, "APPROVAL_REMINDED")] == [[BOB], [BOB]]
    await world.client.approvals.answer(await only(world), "approve", by=BOB)
    assert await world.output(run) == [ANN, BOB]
    await world.advance("3 days")
    assert len(world.effects) == 4


async def test_others_are_asked_when_nobody_answers(world: World) -> None:
    @world.client.job(id="asks")
    def asks(io: SyncIO) -> object:
        return io.wait_for_approval(
            "ok?",
            to=[ANN, BOB],
            requested_by=FRANK,
            escalate_after="2 hours",
            escalate_to=[BOB, CAROL],
            notify=telling(world),
        ).by

    await world.start()
    run = await world.trigger(asks)
    await world.until(run, "WAITING", waiting_for="ok?")
    one = await only(world)
    with pytest.raises(NotAsked):
        await world.client.approvals.answer(one, "approve", by=CAROL)
    await world.advance("2 hours")
    await world.until(run, "WAITING", waiting_for="ok?#2")
    assert world.effects[2:] == [f"escalation {CAROL}"]
    shown = await only(world)
    assert [(person.person, person.kind) for person in shown.people] == [
        (ANN, "asked"),
        (BOB, "asked"),
        (CAROL, "escalation"),
    ]
    with pytest.raises(NotAsked, match="may not answer"):
        await world.client.approvals.answer(one, "approve", by=FRANK)
    assert (await world.client.approvals.answer(one, "approve", by=CAROL)).status == "APPROVED"
    assert await world.output(run) == CAROL
    assert [entry["of"] for entry in await said(world, run, "APPROVAL_ESCALATED")] == [[CAROL]]
    whys = [entry["by"] for entry in await said(world, run, "APPROVAL_REFUSED")]
    assert whys == [CAROL, FRANK]


async def test_a_week_passes_with_restarts(world: World) -> None:
    @world.client.job(id="asks")
    async def asks(io: IO) -> object:
        approval = await io.wait_for_approval(
            "ok?",
            show={"amount": 40},
            to=[ANN],
            timeout="8 days",
            remind_every="2 days",
            escalate_after="3 days",
            escalate_to=[BOB],
            notify=telling(world),
        )
        return [approval.by, approval.show]

    await world.start()
    began = world.clock.now()
    run = await world.trigger(asks)
    await world.until(run, "WAITING", waiting_for="ok?")
    for day in range(1, 8):
        await world.crash()
        await world.advance("1 day")
        await world.until(run, "WAITING")
        if day == 5:
            await world.client.approvals.delegate(await only(world), by=ANN, to=DAN)
            await world.until(run, "WAITING", waiting_for="ok?#5")
    assert world.clock.now() - began == 7 * DAY
    told = world.effects
    assert told[:3] == [f"asked {ANN}", f"reminder {ANN}", f"escalation {BOB}"]
    assert sorted(told[3:5]) == [f"reminder {ANN}", f"reminder {BOB}"]
    assert told[5] == f"delegated {DAN}"
    assert sorted(told[6:]) == [f"reminder {BOB}", f"reminder {DAN}"]
    await world.client.approvals.answer(await only(world), "approve", by=DAN)
    assert await world.output(run) == [DAN, {"amount": 40}]


async def test_reminders_missed_while_nobody_works_are_told_once(world: World) -> None:
    @world.client.job(id="asks")
    async def asks(io: IO) -> object:
        return (await io.wait_for_approval("ok?", to=[ANN], remind_every="1 hour", notify=telling(world))).by

    await world.start()
    run = await world.trigger(asks)
    await world.until(run, "WAITING", waiting_for="ok?")
    await world.client.approvals.answer(await only(world), "approve", by=ANN)
    assert await world.output(run) == ANN
    with pytest.raises(Conflict, match="approved the approval"):
        await world.client.approvals.answer(await only(world), "reject", by=ANN)
    began = world.clock.now()
    await world.advance("5 hours")
    assert world.clock.now() - began == 5 * HOUR
    assert world.effects == [f"asked {ANN}"]


async def test_two_who_answer_at_once_end_it_once(world: World) -> None:
    @world.client.job(id="asks")
    async def asks(io: IO) -> int:
        return len((await io.wait_for_approval("ok?", to=[ANN, BOB, CAROL], quorum=2)).answers)

    await world.start()
    runs = [await world.trigger(asks) for _ in range(5)]
    for run in runs:
        await world.until(run, "WAITING", waiting_for="ok?")
    approvals = [one async for one in world.client.approvals.list()]
    answer = world.client.approvals.answer
    answers = [answer(one, "approve", by=person) for one in approvals for person in (ANN, BOB, CAROL)]
    said = await asyncio.gather(*answers, return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in said) == len(runs)
    assert [await world.output(run) for run in runs] == [2] * len(runs)


async def test_what_reminds_nobody_is_refused(world: World) -> None:
    @world.client.job(id="strict")
    async def strict(io: IO) -> int:
        tell = telling(world)
        wrong: list[dict[str, Any]] = [
            {"to": [ANN], "remind_every": "1 day"},
            {"to": [ANN], "remind_every": "1 second", "notify": tell},
            {"to": [ANN], "escalate_after": "1 day"},
            {"to": [ANN], "escalate_to": [BOB]},
            {"escalate_after": "1 day", "escalate_to": [BOB]},
            {"to": [ANN], "requested_by": BOB, "escalate_after": "1 day", "escalate_to": [BOB]},
        ]
        for options in wrong:
            with pytest.raises(DefinitionError):
                await io.wait_for_approval("ok?", **options)
        return len(wrong)

    await world.start()
    assert await world.output(await world.trigger(strict)) == 6
