"""`mainspring.sync`: plain `def` tests."""

import pytest

from mainspring import IO, Client, SyncIO
from mainspring.errors import WrongLoop
from mainspring.testing import Environment

client = Client("shop")


@client.job(id="ask")
def ask(io: SyncIO) -> str:
    token = io.create_token("question", timeout="2 days")
    io.wait("1 day")
    return str(io.wait_for_token(token, key="answer"))


@client.on("order.created")
async def on_order(payload: dict[str, int], io: IO) -> int:
    return await io.run_task("charge", lambda: payload["amount"])


def test_a_plain_test_of_a_plain_job(mainspring: Environment) -> None:
    run = mainspring.sync.trigger(ask)
    mainspring.sync.restart()
    mainspring.sync.advance("1 day")
    assert [wait["task"] for wait in run.waiting_for] == ["answer"]
    mainspring.sync.complete(run, "yes")
    assert run.output == "yes"


def test_an_event_and_a_death(mainspring: Environment) -> None:
    mainspring.use(client)
    mainspring.crash_before_commit("charge")
    event = mainspring.sync.send_event("order.created", {"amount": 3})
    assert mainspring.run_of(event).output == 3


def test_any_coroutine_on_its_loop(mainspring: Environment) -> None:
    run = mainspring.sync.trigger(ask)
    mainspring.sync.run(run.cancel(reason="not now"))
    mainspring.sync.settle()
    assert run.status == "CANCELLED"
    assert run.cancel_reason == "not now"


async def test_it_is_refused_where_a_loop_runs(mainspring: Environment) -> None:
    with pytest.raises(WrongLoop, match=r"await mainspring.trigger\(...\)"):
        mainspring.sync.trigger(ask)
