"""A task with `effect="once"` killed between its effect and its checkpoint parks and asks, or `reconcile` finds out."""

from pathlib import Path
from typing import Any

import pytest

from mainspring import (
    IO,
    Client,
    Conflict,
    DefinitionError,
    Done,
    InDoubt,
    NotDone,
    NotFound,
    Retry,
    TaskFailed,
    ctx,
    task,
)
from scenarios.parts import isolated
from scenarios.world import World


class Bank:
    """An outside service that does what it is asked, and remembers under which key."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.gate = world.gate()
        self.charges: dict[str, int] = {}

    async def charge(self, amount: int) -> str:
        self.world.effects.append((ctx.idempotency_key, amount))
        self.charges[ctx.idempotency_key] = amount
        await self.gate.passed()
        return f"charged {amount}"

    async def find(self, amount: int) -> Done[str] | NotDone:
        assert (ctx.attempt.number, amount) == (1, 7)
        found = self.charges.get(ctx.idempotency_key)
        return NotDone() if found is None else Done(f"charged {found}")


def paying(world: World, **options: Any) -> tuple[Bank, Any]:
    bank = Bank(world)

    @world.client.job(id="pay")
    async def pay(io: IO) -> list[str]:
        first = await io.run_task("prepare", lambda: "prepared")
        try:
            charged = await io.run_task("charge", bank.charge, 7, effect="once", **options)
        except TaskFailed as failed:
            charged = str(failed.cause)
        return [first, charged]

    return bank, pay


async def doubtful(world: World, bank: Bank, pay: Any) -> Any:
    """A run whose worker died between the charge and its checkpoint."""
    await world.start()
    run = await world.trigger(pay)
    await bank.gate.reached()
    await world.crash()
    bank.gate.open()
    return run


async def test_it_parks_and_a_person_says_that_it_was_done(world: World) -> None:
    bank, pay = paying(world)
    run = await doubtful(world, bank, pay)
    await world.until(run, "WAITING", waiting_for="charge")

    (wait,) = run.waiting_for
    assert wait["kind"] == "in_doubt"
    assert "attempt 1 of 'charge'" in wait["message"]
    assert f"mainspring runs settle {run.id} charge --done JSON | --retry | --fail" in wait["message"]
    assert (await world.tasks(run))["charge"]["status"] == "WAITING"
    await world.advance("30 days")
    await world.crash()
    await world.until(run, "WAITING", waiting_for="charge")

    await run.settle("charge", Done("charged 7"))
    assert await world.output(run) == ["prepared", "charged 7"]
    assert world.effects == [(f"{run.id}/charge", 7)]
    kinds = await world.kinds(run, "charge")
    assert kinds == ["TASK_STARTED", "TASK_IN_DOUBT", "TASK_SETTLED", "TASK_COMPLETED"]
    with pytest.raises(Conflict, match="SUCCESS, and not in doubt"):
        await run.settle("charge", NotDone())


async def test_a_person_has_it_tried_again(world: World) -> None:
    bank, pay = paying(world)
    run = await doubtful(world, bank, pay)
    await world.until(run, "WAITING")
    await run.settle("charge", NotDone())

    assert await world.output(run) == ["prepared", "charged 7"]
    assert world.effects == [(f"{run.id}/charge", 7)] * 2
    assert (await world.tasks(run))["charge"]["attempt"] == 2


async def test_a_person_lets_it_fail(world: World) -> None:
    bank, pay = paying(world)
    run = await doubtful(world, bank, pay)
    await world.until(run, "WAITING")
    await run.settle("charge", fail="the card was stolen")

    (_, cause) = await world.output(run)
    assert "the card was stolen" in cause
    assert len(world.effects) == 1


async def test_settling_needs_a_task_in_doubt_and_one_answer(world: World) -> None:
    bank, pay = paying(world)
    run = await doubtful(world, bank, pay)
    await world.until(run, "WAITING")
    with pytest.raises(NotFound, match="no task 'charges'"):
        await run.settle("charges", NotDone())
    with pytest.raises(Conflict, match="'prepare' is SUCCESS"):
        await run.settle("prepare", Done(1))
    with pytest.raises(DefinitionError, match="cannot be settled"):
        await run.settle("charge")
    await run.cancel()
    assert run.status == "CANCELLED"
    with pytest.raises(Conflict):
        await run.settle("charge", NotDone())


async def test_reconcile_finds_the_effect_and_the_run_goes_on(world: World) -> None:
    bank = Bank(world)

    @world.client.job(id="pay")
    async def pay(io: IO) -> str:
        return await io.run_task("charge", bank.charge, 7, effect="once", reconcile=bank.find)

    run = await doubtful(world, bank, pay)
    assert await world.output(run) == "charged 7"
    assert world.effects == [(f"{run.id}/charge", 7)]
    assert await world.kinds(run, "charge") == ["TASK_STARTED", "TASK_RECONCILED", "TASK_COMPLETED"]


async def test_reconcile_finds_no_effect_and_it_is_done(world: World) -> None:
    bank = Bank(world)

    def find(amount: int, *, idempotency_key: str) -> Done[str] | NotDone:
        assert idempotency_key == ctx.idempotency_key
        world.effects.append(("asked", idempotency_key))
        return NotDone()

    @task(effect="once", reconcile=find, retry=0)
    async def charge(amount: int) -> str:
        return await bank.charge(amount)

    @world.client.job(id="pay")
    async def pay() -> str:
        return await charge(7)

    run = await doubtful(world, bank, pay)
    assert await world.output(run) == "charged 7"
    key = f"{run.id}/charge"
    assert world.effects == [(key, 7), ("asked", key), (key, 7)]
    assert (await world.tasks(run))["charge"]["attempt"] == 1  # a crash is no failure


@pytest.mark.parametrize("answer", [None, True, OSError("the bank is closed")])
async def test_reconcile_that_cannot_tell_asks_a_person(world: World, answer: Any) -> None:
    def find(amount: int) -> Any:
        world.effects.append("asked")
        if isinstance(answer, Exception):
            raise answer
        return answer

    bank, pay = paying(world, reconcile=find, retry=Retry(max_attempts=2, max_delay="1s"))
    run = await doubtful(world, bank, pay)
    await world.advance("10s")
    await world.until(run, "WAITING")
    assert "reconcile" in run.waiting_for[0]["message"]
    assert world.effects.count("asked") == (2 if isinstance(answer, Exception) else 1)
    await run.settle("charge", Done("found by hand"))
    assert await world.output(run) == ["prepared", "found by hand"]


async def test_a_failure_that_it_reports_is_no_doubt_and_a_timeout_is(world: World) -> None:
    gate = world.gate()

    async def charge() -> str:
        world.effects.append(ctx.attempt.number)
        if ctx.attempt.number == 1:
            raise ConnectionError("refused: nothing was sent")
        if ctx.attempt.number == 2:
            await gate.passed()
        if ctx.attempt.number == 3:
            raise InDoubt("the connection broke after the request was sent")
        return "charged"

    @world.client.job(id="pay")
    async def pay(io: IO) -> str:
        return await io.run_task("charge", charge, effect="once", retry=9, timeout="5s")

    await world.start()
    run = await world.trigger(pay)
    await world.advance("1 minute")
    await world.until(run, "WAITING")
    assert "took longer than" in run.waiting_for[0]["message"]
    assert world.effects == [1, 2]
    await run.settle("charge", NotDone())
    await world.until(run, "WAITING")
    assert "after the request was sent" in run.waiting_for[0]["message"]
    await run.settle("charge", NotDone())
    assert await world.output(run) == "charged"
    assert world.effects == [1, 2, 3, 4]


async def test_other_tasks_go_on_beside_it(world: World) -> None:
    bank = Bank(world)

    async def beside(n: int) -> int:
        world.effects.append(n)
        return n

    @world.client.job(id="pay")
    async def pay(io: IO) -> list[Any]:
        async def other() -> list[int]:
            one = await io.run_task("one", beside, 1)
            await io.wait("nap", "1 hour")
            return [one, await io.run_task("two", beside, 2)]

        return list(await io.parallel(io.run_task("charge", bank.charge, 7, effect="once"), other()))

    run = await doubtful(world, bank, pay)
    await world.advance("2 hours")
    await world.until(run, "WAITING", waiting_for="charge")
    await run.settle("charge", Done("by hand"))
    assert await world.output(run) == ["by hand", [1, 2]]
    assert len([one for one in world.effects if one not in (1, 2)]) == 1
    assert [one for one in world.effects if one in (1, 2)].count(2) == 1


async def test_its_process_dies_and_it_is_in_doubt(world: World, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"

    def find(book: str) -> Done[str]:
        assert Path(book).read_text() == f"{ctx.idempotency_key}\n"
        return Done("it was")

    @world.client.job(id="pay")
    async def pay(io: IO) -> Any:
        return await io.run_task(
            "charge",
            isolated.charge_and_die,
            str(ledger),
            effect="once",
            isolation="process",
            reconcile=find,
        )

    await world.start()
    run = await world.trigger(pay)
    async for _ in run.subscribe():  # by the machine's time: a process takes some
        pass
    assert run.output == "it was"


async def test_a_mistake_in_its_options_is_told(world: World) -> None:
    with pytest.raises(DefinitionError, match="effect='twice'"):
        task(effect="twice")  # type: ignore[call-overload]
    with pytest.raises(DefinitionError, match="reconcile= without effect="):
        task(reconcile=lambda: NotDone())
    with pytest.raises(DefinitionError, match="reconcile='find'"):
        task(effect="once", reconcile="find")  # type: ignore[call-overload]
    client = Client("other")

    @client.job(id="wrong")
    async def wrong(io: IO) -> None:
        await io.run_task("charge", print, effect="Once")  # type: ignore[call-overload]

    await world.start(workers=0)
    await world.start_worker(client)
    error = await world.failure(await world.trigger(wrong))
    assert error.code == "definition_error"
    assert 'effect="once"' in error.message
