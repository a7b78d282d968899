"""All of the test kit, on the shop beside it."""

import pytest
from shop import Order, Refund, bank, call_back, client, fulfil, refund, sell, tell

from mainspring.testing import Environment, FakeIO, Outside

ORDER = Order(id="o-1", amount=200)


@pytest.fixture(autouse=True)
def a_new_bank() -> None:
    bank.charges.clear()


async def test_a_week_passes_at_once(mainspring: Environment) -> None:
    run = await mainspring.trigger(fulfil, ORDER)
    await mainspring.advance("7 days")
    await mainspring.send_event("parcel.shipped", {"tracking": "T1"}, id="o-1")
    assert (run.status, run.output, run.tasks["charge"].attempts) == ("SUCCESS", "T1", 1)
    assert ([line.message for line in run.logs], run.history[-1].kind) == (["charged"], "JOB_COMPLETED")
    assert mainspring.replay(run, fulfil)


async def test_the_bank_is_down_and_everything_dies(mainspring: Environment) -> None:
    mainspring.use(client)
    mainspring.fail(task="charge", times=2, error=ConnectionError("the bank is down"))
    mainspring.crash_before_commit("charge")
    run = mainspring.run_of(await mainspring.send_event("order.created", ORDER))
    await mainspring.advance("1 hour")
    await mainspring.restart()
    assert (run.status, run.tasks["charge"].status, len(bank.charges)) == ("WAITING", "SUCCESS", 1)


async def test_people_decide(mainspring: Environment) -> None:
    given, refused, late = [await mainspring.trigger(refund, ORDER) for _ in range(3)]
    await mainspring.approve(given, Refund(amount=150), by="ann")
    await mainspring.reject(refused, by="ann", comment="it was used")
    await mainspring.advance("2 days")
    assert (given.output, refused.output, late.status) == (150, 0, "FAILED")


async def test_the_chat_is_told_once_it_is_there(mainspring: Environment) -> None:
    chat = mainspring.connector("chat").returns(post_message={"ts": "1"})
    chat.raises(post_message=ConnectionError("no answer"), times=1)
    run = await mainspring.trigger(tell, ORDER)
    await mainspring.advance("1 minute")
    assert (run.output, [call.input["channel"] for call in chat.calls]) == ("1", ["#ops", "#ops"])


def test_a_plain_def_in_a_plain_test(mainspring: Environment) -> None:
    run = mainspring.sync.trigger(call_back)
    mainspring.sync.complete(run, "they called")
    assert run.output == "they called"


@pytest.mark.mainspring(client, now="2026-06-05T12:00:00Z")  # a Friday
async def test_a_report_every_monday(mainspring: Environment) -> None:
    await mainspring.advance("1 week")
    assert [run.output for run in mainspring.runs] == ["2026-06-08T09:00:00+00:00"]


async def test_wherever_a_worker_dies_it_charges_once(mainspring: Environment) -> None:
    async def carrier(outside: Outside) -> None:
        await outside.sleep("8 days")
        await outside.send_event("parcel.shipped", {"tracking": "T1"}, id="o-1")

    report = await mainspring.crash_everywhere(
        fulfil, ORDER, drive=carrier, effects=lambda: len(bank.charges), reset=bank.charges.clear
    )
    assert [task.has_key for task in report.repeated] == [True]


async def test_whatever_order_things_happen_in(mainspring: Environment) -> None:
    await mainspring.explore(sell, seeds=50)


async def test_one_function_by_itself() -> None:
    io = FakeIO(answers={"shipped": {"tracking": "T1"}})
    assert await fulfil.fn(ORDER, io) == "T1"
    assert io.keys == ["charge", "cool-off", "shipped"]
