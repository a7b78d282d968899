"""Tokens and approvals, answered by the test."""

import pytest
from pydantic import BaseModel

from mainspring import IO, Client
from mainspring.errors import ApprovalRejected, DefinitionError, Forbidden
from mainspring.testing import Environment

client = Client("shop")


class Refund(BaseModel):
    amount: int


@client.job(id="refund")
async def refund(io: IO) -> int | str:
    try:
        filled = await io.wait_for_approval("ok", schema=Refund, to=["ann@shop.com"], timeout="3 days")
    except ApprovalRejected as rejected:
        return f"no: {rejected.comment}"
    return filled.amount


@client.job(id="ask")
async def ask(io: IO) -> str:
    token = await io.create_token("question")
    await io.run_task("send", print, token.url)
    return str(await io.wait_for_token(token))


async def test_an_approval_is_given_and_refused(mainspring: Environment) -> None:
    given, refused = await mainspring.trigger(refund), await mainspring.trigger(refund)
    with pytest.raises(Forbidden):
        await mainspring.approve(given, {"amount": 5}, by="bob@shop.com")
    await mainspring.approve(given, Refund(amount=5), by="ann@shop.com")
    await mainspring.reject(refused, by="ann@shop.com", comment="too late")
    assert (given.output, refused.output) == (5, "no: too late")
    with pytest.raises(DefinitionError, match="waits for no approval; it is "):
        await mainspring.approve(given)


async def test_nobody_answers(mainspring: Environment) -> None:
    run = await mainspring.trigger(refund)
    await mainspring.advance("3 days")
    assert run.error is not None
    assert run.error.type == "WaitTimeout"


async def test_a_token_by_its_url_its_id_and_its_run(mainspring: Environment) -> None:
    runs = [await mainspring.trigger(ask) for _ in range(3)]
    await mainspring.complete(runs[0].tasks["question"].output["url"], "a")
    await mainspring.complete(runs[1].tasks["question"].output["id"], "b")
    await mainspring.complete(runs[2], "c")
    assert [run.output for run in runs] == ["a", "b", "c"]


def test_in_a_plain_test(mainspring: Environment) -> None:
    runs = [mainspring.sync.trigger(refund) for _ in range(2)]
    mainspring.sync.approve(runs[0], {"amount": 1}, by="ann@shop.com")
    mainspring.sync.reject(runs[1], by="ann@shop.com")
    assert [run.output for run in runs] == [1, "no: None"]
