"""Approvals: asked of people, answered once each by any door, decided, handed on, over; the run goes on from there."""

from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from pydantic import BaseModel, Field

from mainspring import (
    IO,
    AESGCMCodec,
    Approval,
    ApprovalNotice,
    ApprovalRejected,
    Client,
    Conflict,
    DefinitionError,
    NotAsked,
    NotFound,
    PayloadInvalid,
    SyncIO,
    WaitTimeout,
)
from mainspring.clock import HOUR
from scenarios.world import World

ANN, BOB, CAROL, FRANK = "ann@shop.com", "bob@shop.com", "carol@shop.com", "frank@shop.com"


class Refund(BaseModel):
    amount: int = Field(ge=1, le=500)
    note: str | None = None


def telling(world: World) -> Any:
    """A `notify` that keeps whom it told, of what, and where."""

    def tell(notice: ApprovalNotice) -> None:
        world.effects.append(f"{notice.kind} {notice.person} {notice.url}")

    return tell


def told(world: World, person: str) -> str:
    """The path that a person was told."""
    (url,) = [effect.split()[2] for effect in world.effects if f" {person} " in effect]
    return urlsplit(url).path


async def press(world: World, path: str, **fields: str) -> int:
    """A form sent to a link; the status of the answer."""
    transport = httpx2.ASGITransport(world.server.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:2020") as browser:
        return (await browser.post(path, data=fields)).status_code


async def only(world: World) -> Approval:
    (one,) = [one async for one in world.client.approvals.list()]
    return one


async def said(world: World, run: Any, kind: str) -> list[dict[str, Any]]:
    return [entry["data"] for entry in await world.history(run) if entry["kind"] == kind]


async def test_an_approval_is_answered_once_by_link(world: World) -> None:
    @world.client.job(id="refund")
    async def refund(payload: dict[str, str], io: IO) -> list[object]:
        verdict = await io.wait_for_approval(
            "refund?",
            title="Refund A-1?",
            show=payload,
            schema=Refund,
            to=[ANN, BOB],
            requested_by=FRANK,
            timeout="3 days",
            notify=telling(world),
            tags=["refund"],
        )
        await io.wait("after", "1 hour")
        return [verdict.amount, type(verdict).__name__]

    await world.start()
    run = await world.trigger(refund, {"order": "A-1"})
    await world.until(run, "WAITING", waiting_for="refund?")
    await world.crash()
    one = await only(world)
    assert (one.status, one.title, one.show, one.tags) == (
        "WAITING",
        "Refund A-1?",
        {"order": "A-1"},
        ("refund",),
    )
    assert [person.person for person in one.people] == [ANN, BOB]
    link = told(world, ANN)
    assert await press(world, link, do="approve", **{"form/amount": "501"}) == 422
    assert await press(world, link[:-1], do="approve", **{"form/amount": "40"}) == 403
    assert await press(world, link, do="approve", comment="Fine.", **{"form/amount": "40"}) == 303
    assert await press(world, link, do="approve", comment="Fine.", **{"form/amount": "40"}) == 303
    assert await press(world, link, do="reject") == 409
    assert await press(world, told(world, BOB), do="reject") == 409

    assert await world.output(run) == [40, "Refund"]
    assert len(world.effects) == 2
    kept = await world.client.approvals.retrieve(one.id)
    assert (kept.status, kept.by, kept.comment) == ("APPROVED", ANN, "Fine.")
    (answer,) = kept.answers
    assert (answer.form, answer.via) == ({"amount": 40, "note": None}, "link")
    (entry,) = await said(world, run, "APPROVAL_ANSWERED")
    assert (entry["by"], entry["via"], entry["decision"]) == (ANN, "link", "approve")
    (asked,) = await said(world, run, "APPROVAL_ASKED")
    assert entry["seen"] == asked["shown"]
    whys = [entry["why"] for entry in await said(world, run, "APPROVAL_REFUSED")]
    assert [why.split(":")[0] for why in whys[:2]] == [
        "amount",
        "the link was made up, or changed on its way",
    ]
    assert len(whys) == 4


async def test_it_is_answered_with_a_key(world: World) -> None:
    @world.client.job(id="deploy")
    async def deploy(io: IO) -> list[object]:
        approval = await io.wait_for_approval("deploy?", to=[ANN], requested_by=FRANK)
        return [approval.status, approval.by, approval.comment, approval.show]

    await world.start()
    run = await world.trigger(deploy)
    await world.until(run, "WAITING", waiting_for="deploy?")
    one = await only(world)
    approvals = world.client.approvals
    for other in (BOB, FRANK, "FRANK@shop.com ", None):
        with pytest.raises(NotAsked):
            await approvals.answer(one, "approve", by=other)
    with pytest.raises(PayloadInvalid, match="has no form"):
        await approvals.answer(one, "approve", by=ANN, form={"x": 1})
    with pytest.raises(NotFound):
        await approvals.answer("apr_nope", "approve", by=ANN)
    assert (await approvals.retrieve(one.id)).answers == ()
    done = await approvals.answer(one.id, "approve", by=ANN, comment="Go.")
    assert (done.status, done.by) == ("APPROVED", ANN)
    with pytest.raises(Conflict, match=f"{ANN} approved the approval"):
        await approvals.answer(one, "reject", by=ANN)
    assert await world.output(run) == ["APPROVED", ANN, "Go.", None]
    assert len(await said(world, run, "APPROVAL_REFUSED")) == 6


async def test_two_of_three_must_approve(world: World) -> None:
    @world.client.job(id="pay")
    def pay(io: SyncIO) -> list[object]:
        approval = io.wait_for_approval("pay?", to=[ANN, BOB, CAROL], quorum=2)
        return [one.by for one in approval.answers]

    await world.start()
    first, second = await world.trigger(pay), await world.trigger(pay)
    for run in (first, second):
        await world.until(run, "WAITING", waiting_for="pay?")
    answer = world.client.approvals.answer
    (one,) = [one async for one in world.client.approvals.list(run=first.id)]
    assert (await answer(one, "reject", by=BOB, comment="Too much.")).status == "WAITING"
    assert (await answer(one, "approve", by=CAROL)).status == "WAITING"
    with pytest.raises(Conflict, match=r"carol@shop\.com approved"):  # one person, however they are written
        await answer(one, "approve", by="Carol@Shop.com ", comment="again")
    assert (await answer(one, "approve", by=ANN)).status == "APPROVED"
    assert await world.output(first) == [BOB, CAROL, ANN]

    (one,) = [one async for one in world.client.approvals.list(to=ANN, status="WAITING")]
    assert one.run_id == second.id
    await answer(one, "reject", by=ANN)
    assert (await answer(one, "reject", by=BOB)).status == "REJECTED"
    with pytest.raises(Conflict, match="was rejected at"):
        await answer(one, "approve", by=CAROL)
    assert "was rejected by bob@shop.com" in (await world.failure(second)).message


async def test_it_is_rejected_revised_and_approved(world: World) -> None:
    @world.client.job(id="text")
    async def text(io: IO) -> list[object]:
        draft, rounds = "Helo", []
        while True:
            try:
                done = await io.wait_for_approval("publish?", show={"text": draft}, correlation="text-1")
            except ApprovalRejected as error:
                rounds.append([error.by, error.comment, error.approval.revision])
                draft = error.comment or ""
            else:
                return [draft, done.revision, rounds]

    await world.start()
    run = await world.trigger(text)
    await world.until(run, "WAITING", waiting_for="publish?")
    await world.client.approvals.answer(await only(world), "reject", by=ANN, comment="Hello")
    await world.until(run, "WAITING", waiting_for="publish?#2")
    await world.crash()
    (second,) = [one async for one in world.client.approvals.list(status="WAITING")]
    shown = await world.client.approvals.retrieve(second.id)
    assert [(one.revision, one.status, one.show, one.comment) for one in shown.earlier] == [
        (1, "REJECTED", {"text": "Helo"}, "Hello")
    ]
    await world.client.approvals.answer(second, "approve", by=BOB)
    assert await world.output(run) == ["Hello", 2, [[ANN, "Hello", 1]]]


async def test_nobody_answers_in_time(world: World) -> None:
    @world.client.job(id="asks")
    async def asks(io: IO) -> list[object]:
        try:
            await io.wait_for_approval("ok?", to=[ANN], timeout="1 hour", notify=telling(world))
        except WaitTimeout as error:
            return [error.wait_key, isinstance(error, TimeoutError)]
        return ["answered"]

    await world.start()
    began = world.clock.now()
    run = await world.trigger(asks)
    await world.until(run, "WAITING", waiting_for="ok?")
    assert await world.output(run) == ["ok?", True]
    assert world.clock.now() - began == HOUR
    assert (await only(world)).status == "EXPIRED"
    with pytest.raises(Conflict, match="expired at"):
        await world.client.approvals.answer(await only(world), "approve", by=ANN)
    assert await press(world, told(world, ANN), do="approve") == 409


async def test_it_is_handed_on_and_they_are_told(world: World) -> None:
    @world.client.job(id="asks")
    async def asks(io: IO) -> object:
        return (await io.wait_for_approval("ok?", to=[ANN], requested_by=FRANK, notify=telling(world))).by

    await world.start()
    run = await world.trigger(asks)
    await world.until(run, "WAITING", waiting_for="ok?")
    one = await only(world)
    with pytest.raises(NotAsked):
        await world.client.approvals.delegate(one, by=ANN, to=FRANK)
    with pytest.raises(NotAsked):
        await world.client.approvals.delegate(one, by=BOB, to=CAROL)
    assert await press(world, told(world, ANN), do="delegate", to=CAROL) == 303
    await world.until(run, "WAITING", waiting_for="ok?#2")
    with pytest.raises(NotAsked, match="handed the approval"):
        await world.client.approvals.answer(one, "approve", by=ANN)
    (link,) = await world.client.approvals.links(one)
    assert (link.person, urlsplit(link.url).path) == (CAROL, told(world, CAROL))
    assert await press(world, told(world, CAROL), do="approve") == 303
    assert await world.output(run) == CAROL
    (entry,) = await said(world, run, "APPROVAL_DELEGATED")
    assert (entry["by"], entry["to"], entry["via"]) == (ANN, CAROL, "link")


async def test_a_run_that_ends_calls_its_approval_off(world: World) -> None:
    @world.client.job(id="asks")
    async def asks(io: IO) -> object:
        return await io.wait_for_approval("ok?", timeout="1 week")

    await world.start()
    run = await world.trigger(asks)
    await world.until(run, "WAITING", waiting_for="ok?")
    await world.client.runs.cancel(run.id)
    one = await only(world)
    assert one.status == "CANCELLED"
    assert [one async for one in world.client.approvals.list(status="WAITING")] == []
    with pytest.raises(Conflict, match="was called off"):
        await world.client.approvals.answer(one, "approve", by=ANN)
    await world.advance("8 days")
    assert (await only(world)).status == "CANCELLED"


async def test_an_approval_that_nobody_waits_for_any_more_is_called_off(world: World) -> None:
    @world.client.job(id="raced")
    async def raced(io: IO) -> str:
        first = await io.wait_for_any(
            approved=io.wait_for_approval("ok?", to=[ANN], notify=telling(world)),
            late=io.wait("late", "1 day"),
        )
        await io.wait("after", "1 hour")
        return first.key

    await world.start()
    run = await world.trigger(raced)
    await world.until(run, "WAITING", waiting_for="ok?")
    await world.advance("1 day")
    await world.until(run, "WAITING", waiting_for="after")
    one = await only(world)
    assert (one.status, one.ended_at is not None) == ("CANCELLED", True)
    assert await press(world, told(world, ANN), do="approve") == 409
    assert await world.output(run) == "late"


async def test_what_cannot_be_asked_is_refused_where_it_is_written(world: World) -> None:
    @world.client.job(id="strict")
    async def strict(io: IO) -> int:
        wrong: list[dict[str, Any]] = [
            {"to": ANN},
            {"to": []},
            {"to": [ANN], "quorum": 2},
            {"quorum": 0},
            {"to": [ANN, FRANK], "requested_by": "Frank@shop.com"},
            {"title": "two\nlines"},
            {"tags": "refund"},
        ]
        for options in wrong:
            with pytest.raises(DefinitionError):
                await io.wait_for_approval("ok?", **options)
        return len(wrong)

    await world.start()
    assert await world.output(await world.trigger(strict)) == 7
    assert [one async for one in world.client.approvals.list()] == []


async def test_the_server_does_not_see_what_a_sealed_client_shows(world: World) -> None:
    client = Client("sealed", codec=AESGCMCodec([b"k" * 32]))

    @client.job(id="asks")
    async def asks(io: IO) -> object:
        return (await io.wait_for_approval("ok?", show={"name": "c4n4ry"})).show

    await world.start(workers=0)
    await world.start_worker(client)
    client.use_door(world.server.door())
    run = await client.runs.retrieve((await asks.trigger()).id)
    await world.until(run, "WAITING", waiting_for="ok?")
    assert "c4n4ry" not in str(await world.door.call("GET", "/api/v1/approvals"))
    (one,) = [one async for one in client.approvals.list()]
    assert one.show == {"name": "c4n4ry"}
    await client.approvals.answer(one, "approve", by=ANN)
    assert await run.result() == {"name": "c4n4ry"}
