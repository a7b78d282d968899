"""Group commit: what gathers is one transaction, a fault is answered to whom it concerns, and it goes on."""

import asyncio
import sqlite3
import threading
from typing import Any

import pytest

from engine.items import done, job, parked, sleep
from engine.live import Live
from mainspring.engine.commands import EndWorkers
from mainspring.errors import DatabaseUnavailable, MainspringError, NotFound, ServerUnavailable
from mainspring.ids import new_id
from mainspring.model.events import EventDraft
from mainspring.model.protocol import ClaimRequest, CommitRequest, RunDraft, RunReport


class Gate:
    """Holds the committer inside a transaction, so that commands gather."""

    def __init__(self, live: Live) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()
        live.database.before = self._hold
        self.live = live

    def _hold(self, statement: str, values: Any) -> None:
        self.entered.set()
        self.opened.wait()

    async def close(self) -> "asyncio.Task[Any]":
        """Comes back when the committer stands in it, with the command that brought it there."""
        first = asyncio.ensure_future(self.live.send("first"))
        await asyncio.to_thread(self.entered.wait)
        return first

    def open(self) -> None:
        self.live.database.before = lambda statement, values: None
        self.opened.set()


async def gathered(live: Live, *commands: Any) -> list[Any]:
    """The answers, or errors, of coroutines whose commands arrive while the committer is busy."""
    gate = Gate(live)
    first = await gate.close()
    waiting = [asyncio.ensure_future(command) for command in commands]
    await live.settle()
    gate.open()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    await first
    return answers


# ── one transaction for many ─────────────────────────────────────────────────────────────────────────
async def test_what_gathers_is_one_transaction(live: Live) -> None:
    await live.worker(job("bill", "order"))
    before = live.database.transactions
    answers = await gathered(live, *(live.send("order", str(n)) for n in range(50)))
    assert [sent.event.payload for sent in answers] == [str(n) for n in range(50)]
    assert len({sent.runs[0].id for sent in answers}) == 50
    assert live.database.transactions - before == 2, "the one that was held, and one for all of these"


async def test_a_command_that_fails_is_answered_alone(live: Live) -> None:
    await live.worker(job("bill", "order"))
    calls: list[str] = []

    def trip(statement: str, values: Any) -> None:
        if statement == "insert_event":
            calls.append(values.payload)
            if values.payload == '"poison"':
                raise sqlite3.IntegrityError("planted")

    payloads = ['"a"', '"poison"', '"b"']
    gate = Gate(live)
    first = await gate.close()
    waiting = [asyncio.ensure_future(live.send("order", payload)) for payload in payloads]
    await live.settle()
    gate.open()
    live.database.before = trip
    answers = await asyncio.gather(first, *waiting, return_exceptions=True)
    assert isinstance(answers[2], sqlite3.IntegrityError)
    assert [sent.event.payload for sent in (answers[1], answers[3])] == ['"a"', '"b"']
    live.database.before = lambda statement, values: None
    assert (await live.send("order", '"poison"')).runs


async def test_a_refusal_spoils_nothing_for_its_neighbours(live: Live) -> None:
    await live.worker(job("bill", "order"))
    before = live.database.transactions
    refused, sent = await gathered(live, live.call("nope"), live.send("order"))
    assert isinstance(refused, NotFound)
    assert len(sent.runs) == 1
    assert live.database.transactions - before == 2, "a refusal is a result, not a fault"


# ── a database that fails ────────────────────────────────────────────────────────────────────────────
async def test_an_outage_is_told_to_all_and_outlived(live: Live) -> None:
    await live.worker(job("bill", "order"))
    gate = Gate(live)
    first = await gate.close()
    waiting = [asyncio.ensure_future(live.send("order")) for _ in range(3)]
    await live.settle()
    live.database.is_down = True
    gate.open()
    await first
    errors = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(error) for error in errors] == [DatabaseUnavailable] * 3
    assert len({id(error) for error in errors}) == 3, "each its own, or their tracebacks would grow together"
    live.database.is_down = False
    assert len((await live.send("order")).runs) == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_commit_that_is_said_to_have_failed_may_be_repeated(live: Live, when: str) -> None:
    """Committed or not: the sender tries again and finds each thing once."""
    await live.worker(job("bill", "order"))
    draft = EventDraft(new_id("evt"), "order", "{}")
    live.database.fails_before_commit = when == "before"
    live.database.fails_after_commit = when == "after"
    with pytest.raises(DatabaseUnavailable):
        await live.engine.send_events(live.env, (draft,))
    live.database.fails_before_commit = live.database.fails_after_commit = False
    (sent,) = await live.engine.send_events(live.env, (draft,))
    assert sent.is_duplicate == (when == "after")
    assert len(sent.runs) == 1


async def test_what_a_doubtful_commit_granted_is_granted_anew(live: Live) -> None:
    """The run was given to an open claim, whose answer never went out."""
    puppet = await live.worker(job("bill", "order"))
    claim = puppet.open_claim()
    await live.settle()
    await live.flush()
    live.database.fails_after_commit = True
    with pytest.raises(DatabaseUnavailable):
        await live.send("order")
    live.database.fails_after_commit = False
    assert (await claim).runs == (), "it ends at once, not after its wait"
    await live.engine.heartbeat(live.env, puppet.heartbeat())
    run = await puppet.take_one()
    assert run.lease == 2


async def test_a_timer_of_a_doubtful_commit_is_not_lost(live: Live) -> None:
    puppet = await live.worker(job("bill"))
    run_id = await live.call("bill")
    run = await puppet.take_one()
    live.database.fails_after_commit = True
    with pytest.raises(DatabaseUnavailable):
        await puppet.report(run, sleep("nap", 30), parked("nap"))
    live.database.fails_after_commit = False
    assert await live.status(run_id) == "WAITING"
    await live.advance(31)
    await live.until("PENDING", run_id)


# ── open claims ──────────────────────────────────────────────────────────────────────────────────────
async def test_an_open_claim_is_answered_by_the_commit_that_makes_a_run_ready(live: Live) -> None:
    puppet = await live.worker(job("bill", "order"))
    claim = puppet.open_claim()
    await live.settle()
    await live.flush()
    before = live.database.transactions
    sent = await live.send("order")
    (run,) = (await claim).runs
    assert run.run_id == sent.runs[0].id
    assert live.database.transactions - before == 1


async def test_a_newer_claim_replaces_an_older_one(live: Live) -> None:
    puppet = await live.worker(job("bill", "order"))
    older = puppet.open_claim(1)
    await live.settle()
    await live.flush()
    newer = puppet.open_claim(5)
    assert (await older).runs == ()
    for _ in range(3):
        await live.send("order")
    assert len((await newer).runs) == 1


async def test_of_two_claims_in_one_batch_the_newer_counts(live: Live) -> None:
    puppet = await live.worker(job("bill", "order"))
    for _ in range(3):
        await live.send("order")
    older, newer = await gathered(live, puppet.claim(1), puppet.claim(2))
    assert (len(older.runs), len(newer.runs)) == (0, 2)


async def test_a_claim_is_answered_with_nothing_after_its_wait(live: Live) -> None:
    puppet = await live.worker(job("bill", "order"))
    assert (await puppet.claim(wait=0)).runs == ()
    claim = puppet.open_claim(wait=5)
    await live.settle()
    await live.advance(4.999999)
    assert not claim.done()
    await live.advance(0.000001)
    assert (await claim).runs == ()
    run_id = (await live.send("order")).runs[0].id
    assert await live.status(run_id) == "PENDING"


async def test_a_claim_that_is_given_up_gets_nothing_later(live: Live) -> None:
    puppet = await live.worker(job("bill", "order"))
    claim = puppet.open_claim()
    await live.settle()
    claim.cancel()
    await asyncio.gather(claim, return_exceptions=True)
    await live.settle()
    run_id = (await live.send("order")).runs[0].id
    assert await live.status(run_id) == "PENDING"


async def test_a_claim_given_up_in_the_go_that_makes_a_run_ready_gets_nothing(live: Live) -> None:
    puppet = await live.worker(job("bill", "order"))
    claim = puppet.open_claim()
    await live.settle()
    await live.flush()
    gate = Gate(live)
    first = await gate.close()
    sending = asyncio.ensure_future(live.send("order"))
    await live.settle()
    claim.cancel()
    await asyncio.gather(claim, return_exceptions=True)
    gate.open()
    await first
    assert await live.status((await sending).runs[0].id) == "PENDING"


async def test_a_cancel_reaches_the_holder_through_its_open_claim(live: Live) -> None:
    puppet = await live.worker(job("bill"))
    run_id = await live.call("bill")
    await puppet.take_one()
    claim = puppet.open_claim(0)
    await live.settle()
    await live.engine.cancel_run(live.env, run_id)
    (notice,) = (await claim).notices
    assert (notice.run_id, notice.cancel_requested) == (run_id, True)


async def test_an_open_claim_of_a_worker_that_is_ended_says_so(live: Live) -> None:
    puppet = await live.worker(job("bill"))
    claim = puppet.open_claim()
    await live.settle()
    await live.engine.end_workers(EndWorkers("exited", environment_id=live.env, worker_id=puppet.id))
    assert (await claim).unknown_worker


async def test_a_claim_from_another_environment_does_not_end_ours(live: Live) -> None:
    puppet = await live.worker(job("bill", "order"))
    claim = puppet.open_claim()
    await live.settle()
    theirs = await live.engine.claim("env_other", ClaimRequest(puppet.id, 99, 5))
    assert theirs.unknown_worker
    await live.settle()
    assert not claim.done()
    await live.send("order")
    assert len((await claim).runs) == 1


# ── threads, and the end ─────────────────────────────────────────────────────────────────────────────
async def test_heartbeats_come_from_a_thread_of_their_own(live: Live) -> None:
    puppet = await live.worker(job("bill"))
    await live.call("bill")
    await puppet.take_one()
    answer = await asyncio.to_thread(live.engine.heartbeat_blocking, live.env, puppet.heartbeat())
    assert answer == await live.engine.heartbeat(live.env, puppet.heartbeat())
    assert not answer.unknown_worker


async def test_stopping_commits_what_was_submitted_and_answers_everybody(live: Live) -> None:
    puppet = await live.worker(job("bill", "order"))
    claim = puppet.open_claim()
    await live.settle()
    sends = [asyncio.ensure_future(live.send("nobody")) for _ in range(5)]
    await asyncio.sleep(0)
    await live.engine.stop()
    assert (await claim).runs == ()
    assert len({sent.event.id for sent in await asyncio.gather(*sends)}) == 5
    with pytest.raises(ServerUnavailable, match="stopping"):
        await live.send("nobody")
    with pytest.raises(ServerUnavailable):
        await asyncio.to_thread(live.engine.heartbeat_blocking, live.env, puppet.heartbeat())
    await live.engine.stop()


async def test_nobody_waits_for_ever_when_it_stops_under_load(live: Live) -> None:
    outcomes: list[str] = []

    async def send() -> None:
        try:
            await live.send("nobody")
            outcomes.append("sent")
        except ServerUnavailable:
            outcomes.append("refused")

    senders = []
    stop: asyncio.Task[None] | None = None
    for number in range(300):
        senders.append(asyncio.ensure_future(send()))
        if number == 100:
            stop = asyncio.ensure_future(live.engine.stop())
        await asyncio.sleep(0)
    await asyncio.gather(*senders)
    assert stop is not None
    await stop
    assert len(outcomes) == 300


async def test_a_sender_that_stops_waiting_does_not_stop_its_command(live: Live) -> None:
    await live.worker(job("bill", "order"))
    gate = Gate(live)
    first = await gate.close()
    run_id = new_id("run")
    impatient = asyncio.ensure_future(live.engine.trigger_runs(live.env, (RunDraft(run_id, "bill", "{}"),)))
    await live.settle()
    impatient.cancel()
    gate.open()
    await first
    await live.flush()
    assert await live.status(run_id) == "PENDING"


async def test_an_answer_for_a_loop_that_is_gone_hurts_nobody(live: Live) -> None:
    """A request's loop may close before its command is applied."""
    gate = Gate(live)
    first = await gate.close()

    def submit_and_leave() -> None:
        async def submit() -> None:
            sending = asyncio.ensure_future(live.send("from elsewhere"))
            await asyncio.sleep(0)
            assert not sending.done()

        asyncio.run(submit())

    await asyncio.to_thread(submit_and_leave)
    gate.open()
    await first
    await live.send("still here")


async def test_refusals_raise_where_they_are_awaited(live: Live) -> None:
    puppet = await live.worker(job("bill"))
    await live.call("bill")
    run = await puppet.take_one()
    answer = await live.engine.commit(
        live.env, CommitRequest("wrk_x", 1, (RunReport(run.run_id, 1, (done(),)),))
    )
    assert answer.unknown_worker
    for error in await asyncio.gather(live.call("nope"), live.call("nope"), return_exceptions=True):
        assert isinstance(error, MainspringError)
