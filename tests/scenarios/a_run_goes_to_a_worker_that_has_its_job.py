"""Workers hold different jobs: a run waits, and says so, until one comes that has its job; no other gets it."""

from mainspring import Client, ctx
from scenarios.world import World


async def test_a_run_goes_to_a_worker_that_has_its_job(world: World) -> None:
    mail, bills = Client("test"), Client("test")

    @mail.job(id="mail")
    async def send_mail(payload: int) -> str:
        world.effects.append(ctx.job.id)
        return f"mail {payload}"

    @bills.job(id="bill")
    async def write_bill(payload: int) -> str:
        world.effects.append(ctx.job.id)
        return f"bill {payload}"

    await world.start(workers=0)
    mailer = await world.start_worker(mail)
    biller = await world.start_worker(bills)
    letters = [await world.trigger(send_mail, n) for n in range(5)]
    papers = [await world.trigger(write_bill, n) for n in range(5)]
    assert [await world.output(run) for run in letters] == [f"mail {n}" for n in range(5)]
    assert [await world.output(run) for run in papers] == [f"bill {n}" for n in range(5)]

    await world.drain(biller)
    bill = await world.trigger(write_bill, 5)
    letter = await world.trigger(send_mail, 5)
    assert await world.output(letter) == "mail 5"
    await world.until(bill, "PENDING")
    assert "no live worker has the job 'bill'" in str(bill.pending_reason)
    await world.drain(mailer)
    await world.start_worker(bills)
    assert await world.output(bill) == "bill 5"
    assert world.effects.count("bill") == 6
