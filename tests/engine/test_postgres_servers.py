"""Several servers on one PostgreSQL: what one commits wakes the other, and what only one may do one does."""

import asyncio

from engine.items import done, job, listen, parked, sleep, succeeded
from engine.pair import PATIENCE, Pair, kinds
from mainspring.engine.commands import EndWorkers
from mainspring.ids import new_id
from mainspring.model.events import EventDraft
from mainspring.model.protocol import CommitRequest, RunDraft, RunReport


async def test_both_serve_one_environment(pair: Pair) -> None:
    assert pair.a.env == pair.b.env


async def test_an_event_sent_to_one_wakes_a_worker_at_the_other(pair: Pair) -> None:
    puppet = await pair.b.worker(job("bill", "order.created"))
    claim = puppet.open_claim()
    await pair.b.settle()
    sent = await pair.a.send("order.created")
    answer = await asyncio.wait_for(claim, PATIENCE)
    assert [run.run_id for run in answer.runs] == [run.id for run in sent.runs]


async def test_one_run_is_granted_once_though_both_have_claims_open(pair: Pair) -> None:
    puppets = [await live.worker(job("bill")) for live in (pair.a, pair.b)]
    claims = [puppet.open_claim() for puppet in puppets]
    await pair.a.settle()
    started = [await live.call("bill") for live in (pair.a, pair.b) for _ in range(10)]
    taken: list[str] = []
    while len(taken) < len(started):
        finished, _ = await asyncio.wait(claims, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        assert finished, f"{len(started) - len(taken)} runs were never claimed"
        for claim in finished:
            index = claims.index(claim)
            taken += [run.run_id for run in claim.result().runs]
            claims[index] = puppets[index].open_claim()
    for claim in claims:
        claim.cancel()
    assert sorted(taken) == sorted(started)


async def test_whoever_waits_at_one_hears_of_an_end_at_the_other(pair: Pair) -> None:
    puppet = await pair.b.worker(job("bill"))
    run_id = await pair.a.call("bill")
    waiter = asyncio.ensure_future(pair.a.engine.wait_run(pair.a.env, run_id, 3_600_000_000))
    await puppet.report(await puppet.take_one(), done("7"))
    assert (await asyncio.wait_for(waiter, PATIENCE)).run.output == "7"


async def test_an_event_at_one_resolves_a_wait_made_at_the_other(pair: Pair) -> None:
    puppet = await pair.a.worker(job("bill"))
    run_id = await pair.a.call("bill")
    await puppet.report(await puppet.take_one(), listen("paid", "invoice.paid", "o-1"), parked("paid"))
    claim = puppet.open_claim()
    await pair.a.settle()
    await pair.b.send("invoice.paid", '{"by":"Ada"}', correlation_id="o-1")
    (run,) = (await asyncio.wait_for(claim, PATIENCE)).runs
    assert run.run_id == run_id
    assert [(c.key, c.status) for c in run.checkpoints] == [("paid", "SUCCESS")]


async def test_an_event_and_the_wait_for_it_at_the_same_time_always_meet(pair: Pair) -> None:
    """I7: whichever is committed first, the other finds it; neither looks before the other can be seen."""
    puppet = await pair.a.worker(job("bill"))
    missed = []
    for number in range(40):
        run_id = await pair.a.call("bill")
        run = await puppet.take_one()
        name = f"invoice.{number}"
        await asyncio.gather(puppet.report(run, listen("paid", name)), pair.b.send(name))
        if (await kinds(pair.a, run_id)).count("WAIT_RESOLVED") != 1:
            missed.append(number)
        await puppet.report(run, done())
    assert missed == []


async def test_a_timer_fires_once_though_both_watch_it(pair: Pair) -> None:
    puppet = await pair.a.worker(job("bill"))
    run_ids = [await pair.a.call("bill") for _ in range(20)]
    for run in (await puppet.claim(20)).runs:
        await puppet.report(run, sleep("nap", 5), parked("nap"))
    await pair.a.advance(6)
    for live in (pair.a, pair.b):
        for run_id in run_ids:
            await live.until("PENDING", run_id)
    for run_id in run_ids:
        assert (await kinds(pair.a, run_id)).count("WAIT_RESOLVED") == 1


async def test_a_delayed_event_is_delivered_once(pair: Pair) -> None:
    await pair.a.worker(job("bill", "order.created"))
    sent = await pair.a.send("order.created", delay=5_000_000)
    await pair.b.advance(6)
    await pair.a.flush()
    with pair.a.database.read() as tx:
        assert len(tx.rows("runs_of_events", ids=[sent.event.id])) == 1


async def test_a_commit_sent_again_to_the_other_changes_nothing(pair: Pair) -> None:
    """I11: the first server died after its commit, before its answer."""
    puppet = await pair.a.worker(job("bill"))
    run_id = await pair.a.call("bill")
    run = await puppet.take_one()
    report = RunReport(run.run_id, run.lease, (succeeded("charge"), listen("paid", "invoice.paid")))
    request = CommitRequest(puppet.id, 1, (report,))
    first = await pair.a.engine.commit(pair.a.env, request)
    before = await kinds(pair.a, run_id)
    assert await pair.b.engine.commit(pair.b.env, request) == first
    assert await kinds(pair.a, run_id) == before


async def test_the_same_commit_at_both_at_once_is_applied_once(pair: Pair) -> None:
    puppet = await pair.a.worker(job("bill"))
    for number in range(1, 21):
        run_id = await pair.a.call("bill")
        run = await puppet.take_one()
        request = CommitRequest(puppet.id, number, (RunReport(run.run_id, run.lease, (done(),)),))
        answers = await asyncio.gather(*(live.engine.commit(live.env, request) for live in (pair.a, pair.b)))
        assert {answer.reports[0].status for answer in answers} == {"ok"}
        assert (await kinds(pair.a, run_id)).count("JOB_COMPLETED") == 1


async def test_a_worker_that_was_ended_at_one_is_refused_at_the_other(pair: Pair) -> None:
    """I4: the fence is in the database, not in a server."""
    puppet = await pair.b.worker(job("bill"))
    await pair.a.call("bill")
    run = await puppet.take_one()
    await pair.a.engine.end_workers(
        EndWorkers("exited", environment_id=pair.a.env, worker_id=puppet.id, blames=False)
    )
    request = CommitRequest(puppet.id, 1, (RunReport(run.run_id, run.lease, (done(),)),))
    assert (await pair.b.engine.commit(pair.b.env, request)).unknown_worker
    assert await pair.b.status(run.run_id) == "PENDING"


async def test_an_end_and_a_commit_at_once_leave_one_truth(pair: Pair) -> None:
    for _ in range(20):
        puppet = await pair.b.worker(job("bill"))
        await pair.a.call("bill")
        run = await puppet.take_one()
        request = CommitRequest(puppet.id, 1, (RunReport(run.run_id, run.lease, (done(),)),))
        ending = EndWorkers("exited", environment_id=pair.a.env, worker_id=puppet.id, blames=False)
        answer, _ = await asyncio.gather(
            pair.b.engine.commit(pair.b.env, request), pair.a.engine.end_workers(ending)
        )
        was_taken = bool(answer.reports) and answer.reports[0].status == "ok"
        assert await pair.a.status(run.run_id) == ("SUCCESS" if was_taken else "PENDING")
        await pair.a.engine.cancel_run(pair.a.env, run.run_id)


async def test_one_idempotency_key_at_both_at_once_is_one_event(pair: Pair) -> None:
    await pair.a.worker(job("bill", "order.created"))
    for number in range(20):
        sent = await asyncio.gather(
            *(
                live.engine.send_events(
                    live.env,
                    (EventDraft(new_id("evt"), "order.created", "{}", idempotency_key=f"o-{number}"),),
                )
                for live in (pair.a, pair.b)
            )
        )
        assert len({one.event.id for (one,) in sent}) == 1
        assert len({run.id for (one,) in sent for run in one.runs}) == 1


async def test_one_run_id_triggered_at_both_at_once_is_one_run(pair: Pair) -> None:
    await pair.a.worker(job("bill"))
    for _ in range(20):
        draft = RunDraft(new_id("run"), "bill", "{}")
        runs = await asyncio.gather(
            *(live.engine.trigger_runs(live.env, (draft,)) for live in (pair.a, pair.b))
        )
        assert {run.id for (run,) in runs} == {draft.run_id}
