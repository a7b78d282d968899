"""The environment of a test: runs, time, events, restarts; nothing of it outlives the test."""

from datetime import UTC, datetime, timedelta

import pytest

from mainspring import IO, Client
from mainspring.testing import Environment


def shop() -> Client:
    client = Client("shop")

    @client.job(id="fulfil")
    async def fulfil(payload: dict[str, int], io: IO) -> dict[str, int]:
        charge = await io.run_task("charge", lambda amount: {"charged": amount}, payload["amount"])
        io.logger.info("charged", amount=payload["amount"])
        await io.wait("cool-off", "7 days")
        paid = await io.wait_for_event("paid", name="invoice.paid", timeout="1 day")
        return {**charge, "paid": paid.payload["sum"]}

    return client


async def test_a_run_over_a_week_and_an_event(mainspring: Environment) -> None:
    client = shop()
    run = await mainspring.trigger(client.job_by_id("fulfil"), {"amount": 3})
    assert run.status == "WAITING"
    assert run.tasks["charge"].output == {"charged": 3}
    assert [line.message for line in run.logs] == ["charged"]
    await mainspring.advance("7 days")
    assert mainspring.now == datetime(2026, 1, 8, tzinfo=UTC)
    assert [wait["event_name"] for wait in run.waiting_for] == ["invoice.paid"]
    await mainspring.send_event("invoice.paid", {"sum": 3})
    assert run.status == "SUCCESS"
    assert run.output == {"charged": 3, "paid": 3}
    assert run.tasks["charge"].attempts == 1
    assert run.history[-1].kind == "JOB_COMPLETED"
    assert run.finished_at is not None
    assert run.finished_at - mainspring.now == timedelta(0)


async def test_everything_dies_and_what_was_kept_goes_on(mainspring: Environment) -> None:
    run = await mainspring.trigger(shop().job_by_id("fulfil"), {"amount": 3})
    await mainspring.restart()
    await mainspring.advance("7 days")
    await mainspring.restart()
    await mainspring.send_event("invoice.paid", {"sum": 3})
    assert run.output == {"charged": 3, "paid": 3}
    assert run.tasks["charge"].attempts == 1


@pytest.mark.parametrize(
    ("verb", "calls"), [("crash_before", 1), ("crash_before_commit", 2), ("crash_after", 1)]
)
async def test_a_worker_dies_around_a_task(mainspring: Environment, verb: str, calls: int) -> None:
    client, charged = Client("shop"), []

    @client.job(id="fulfil")
    async def fulfil(io: IO) -> int:
        amount = await io.run_task("charge", lambda: charged.append(5) or 5)
        return amount + await io.run_task("ship", lambda: 1)

    getattr(mainspring, verb)("charge")
    run = await mainspring.trigger(fulfil)
    assert run.output == 6
    assert len(charged) == calls
    assert [entry.kind for entry in run.history].count("WORKER_LOST") == 1


async def test_attempts_fail_as_often_as_said(mainspring: Environment) -> None:
    client, called = Client("shop"), []

    @client.job(id="fulfil")
    async def fulfil(io: IO) -> None:
        await io.run_task("charge", called.append, 1, retry=5)

    mainspring.fail(task="charge", times=2, error=ConnectionError("no route"))
    run = await mainspring.trigger(fulfil)
    await mainspring.advance("1 minute")
    assert run.status == "SUCCESS"
    assert run.tasks["charge"].attempts == 3
    assert called == [1]
