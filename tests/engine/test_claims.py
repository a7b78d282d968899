"""Claims: who gets which run, never more than asked for, and nothing lost with an answer (I2, I4, I5)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

from collections.abc import Callable

import pytest

from engine.items import broke, done, job, listen, parked, sleep, succeeded
from engine.puppet import Puppet, report
from engine.world import World, registration
from mainspring.clock import MINUTE, SECOND
from mainspring.engine.commands import CancelRun, RegisterWorker, SendEvents, TriggerRuns
from mainspring.model.limits import Limits
from mainspring.model.protocol import RunDraft


def ids(puppet: Puppet, slots: int) -> list[str]:
    return [run.run_id for run in puppet.take(slots)]


# ── what is granted ──────────────────────────────────────────────────────────────────────────────────
def test_a_grant_carries_all_that_the_worker_needs(world: World) -> None:
    puppet = world.worker(job("bill", "order", max_duration=MINUTE, tags=("money",), version="3.1.0"))
    sent = world.send("order", '{"id":1}', correlation_id="o-1", is_test=True)
    world.advance(5)
    granted = puppet.take_one()
    assert (granted.run_id, granted.lease, granted.job_id) == (sent.runs[0].id, 1, "bill")
    assert (granted.job_version, granted.payload, granted.tags) == ("3.1.0", '{"id":1}', '["money"]')
    assert (granted.attempt, granted.max_attempts, granted.is_test) == (1, 3, True)
    assert (granted.started_at, granted.deadline_at) == (world.now, world.now + MINUTE)
    assert granted.created_at == world.now - 5 * SECOND
    assert granted.checkpoints == ()
    assert granted.event is not None
    assert '"id":"o-1"' in granted.event
    kept = world.run(granted.run_id)
    assert (kept.status, kept.worker_id, kept.is_ready) == ("RUNNING", puppet.id, False)
    assert world.call("bill").event_id is None
    assert puppet.take_one().event is None


def test_a_claim_in_the_batch_that_starts_the_run_gets_it(world: World) -> None:
    puppet = world.worker(job("bill", "order"))
    claim = puppet.claim_command()
    answer, (sent,) = world.apply(claim, SendEvents(world.env, (world.draft("order"),)))
    assert [run.run_id for run in answer.runs] == [sent.runs[0].id]


def test_slots_are_respected(world: World) -> None:
    puppet = world.worker(job("bill"))
    for _ in range(5):
        world.call("bill")
    assert len(ids(puppet, 2)) == 2
    assert len(ids(puppet, 0)) == 0
    assert len(ids(puppet, 2)) == 2
    assert len(ids(puppet, 2)) == 1
    assert puppet.claim(2) is None


def test_a_claim_is_never_given_more_than_the_limit(new_world: Callable[..., World]) -> None:
    world = new_world(limits=Limits(max_runs_per_claim=3))
    puppet = world.worker(job("bill"))
    for _ in range(5):
        world.call("bill")
    assert len(ids(puppet, 1_000_000)) == 3


def test_no_run_is_granted_twice(world: World) -> None:
    puppets = [world.worker(job("bill")) for _ in range(3)]
    runs = {world.call("bill").id for _ in range(7)}
    answers = world.apply(*(puppet.claim_command(3) for puppet in puppets))
    granted = [run.run_id for answer in answers for run in answer.runs]
    assert len(granted) == 7
    assert set(granted) == runs
    assert max(len(answer.runs) for answer in answers) == 3


def test_a_worker_gets_the_jobs_it_has(world: World) -> None:
    bill, both = world.worker(job("bill")), world.worker(job("bill"), job("ship"))
    world.worker(job("only-known"))
    run = world.call("ship")
    assert bill.claim() is None
    assert ids(both, 5) == [run.id]


# ── order ────────────────────────────────────────────────────────────────────────────────────────────
def test_priority_goes_before_age(world: World) -> None:
    puppet = world.worker(job("bill"), job("ship"))
    runs = []
    for name, priority in (("bill", 0), ("ship", 5), ("bill", -1), ("ship", 0), ("bill", 5)):
        world.advance(1)
        runs.append(world.call(name, priority=priority).id)
    order = [runs[1], runs[4], runs[0], runs[3], runs[2]]
    assert ids(puppet, 2) + ids(puppet, 2) + ids(puppet, 2) == order


def test_resumed_runs_go_before_fresh_ones(world: World) -> None:
    puppet = world.worker(job("bill", "order"))
    waiting = world.send("order").runs[0].id
    puppet.report(puppet.take_one(), listen("go", "go"), parked("go"))
    retried = world.call("bill").id
    puppet.report(puppet.take_one(), broke(retry_in=1))
    fresh = world.call("bill").id
    world.advance(2)
    world.fire()
    world.advance(2)
    world.send("go")
    assert ids(puppet, 5) == [retried, waiting, fresh]


def test_an_important_fresh_run_goes_before_a_resumed_one(world: World) -> None:
    puppet = world.worker(job("bill"))
    world.call("bill")
    puppet.report(puppet.take_one(), sleep("nap", 1), parked("nap"))
    world.advance(1)
    world.fire()
    important = world.call("bill", priority=1).id
    assert ids(puppet, 1) == [important]


def test_what_is_not_ready_costs_a_claim_nothing(world: World) -> None:
    """The plan: only the ready set's index is looked at, whatever stands behind it."""
    puppet = world.worker(job("bill"))
    for _ in range(5):
        drafts = tuple(RunDraft(world.ids.new("run"), "bill", "{}", delay=MINUTE) for _ in range(1_000))
        world.do(TriggerRuns(world.env, drafts))
    world.call("bill")
    plan = world.plan(
        "claim_runs",
        worker_id=puppet.id,
        claim_seq=1,
        now=world.now,
        environment_id=world.env,
        names=["bill"],
        first_lane=0,
        last_lane=1,
        slots=10,
    )
    assert "runs_ready" in plan
    for scan in ("SCAN runs", "SCAN i", "Seq Scan"):
        assert scan not in plan


# ── checkpoints ──────────────────────────────────────────────────────────────────────────────────────
def test_I2_a_resumed_run_is_given_its_finished_tasks_in_order(world: World) -> None:
    puppet = world.worker(job("bill"))
    world.call("bill")
    first = puppet.take_one()
    puppet.report(
        first,
        succeeded("b", '"B"', position=1),
        succeeded("a", '"A"', attempt=2, position=2),
        sleep("nap", 1),
        parked("nap"),
    )
    world.advance(1)
    world.fire()
    again = puppet.take_one()
    assert (again.run_id, again.lease) == (first.run_id, 2)
    assert [(c.key, c.status, c.output, c.position) for c in again.checkpoints] == [
        ("b", "SUCCESS", '"B"', 1),
        ("a", "SUCCESS", '"A"', 2),
        ("nap", "SUCCESS", "null", None),
    ]
    assert again.checkpoints[1].attempt == 2
    assert again.started_at == first.started_at


# ── lost answers ─────────────────────────────────────────────────────────────────────────────────────
def test_I11_a_grant_whose_answer_was_lost_is_undone_by_the_heartbeat(world: World) -> None:
    puppet = world.worker(job("bill"))
    run = world.call("bill")
    world.do(puppet.claim_command())  # nobody hears the answer
    puppet.beat(claims_done=0)
    assert world.status(run.id) == "RUNNING", "the claim may still be under way"
    puppet.beat(claims_done=1)
    assert world.status(run.id) == "PENDING"
    assert world.wake.ready == {world.env}
    granted = puppet.take_one()
    assert granted.lease == 2
    puppet.beat()
    assert world.status(run.id) == "RUNNING"
    assert world.run(run.id).crashes == 0


def test_I11_a_claim_sent_again_grants_again_and_the_first_grant_is_undone(world: World) -> None:
    puppet = world.worker(job("bill"))
    runs = [world.call("bill").id for _ in range(2)]
    claim = puppet.claim_command(1)
    world.do(claim)
    puppet.receive(answer := world.do(claim))
    assert [run.run_id for run in answer.runs] == [runs[1]]
    puppet.beat()
    assert [world.status(run_id) for run_id in runs] == ["PENDING", "RUNNING"]


def test_a_lost_grant_of_a_run_that_is_to_be_cancelled_ends_it(world: World) -> None:
    puppet = world.worker(job("bill"))
    run = world.call("bill")
    world.do(puppet.claim_command())
    world.do(CancelRun(world.env, run.id))
    puppet.beat()
    assert world.status(run.id) == "CANCELLED"
    assert puppet.claim() is None


def test_I4_a_heartbeat_from_before_takes_nothing_away(world: World) -> None:
    """A heartbeat that was slow on its way knows of no later grant."""
    puppet = world.worker(job("bill"))
    slow = puppet.beat_command()
    run = world.call("bill")
    granted = puppet.take_one()
    world.do(slow)
    assert world.status(run.id) == "RUNNING"
    puppet.report(granted, done())


# ── workers that may not claim ───────────────────────────────────────────────────────────────────────
def test_an_unknown_worker_is_told_so(world: World) -> None:
    puppet = Puppet(world, "wrk_unheard", world.env)
    world.worker(job("bill"))
    world.call("bill")
    answer = puppet.claim()
    assert answer is not None
    assert answer.unknown_worker
    assert answer.runs == ()


def test_a_gone_worker_is_told_so(world: World) -> None:
    puppet = world.worker(job("bill"))
    run = world.call("bill")
    puppet.die()
    answer = puppet.claim()
    assert answer is not None
    assert answer.unknown_worker
    assert puppet.beat().unknown_worker
    assert world.status(run.id) == "PENDING"


def test_a_worker_of_another_environment_is_unknown(world: World) -> None:
    puppet = world.worker(job("bill"))
    other = world.environment("other")
    thief = Puppet(world, puppet.id, other)
    run = world.call("bill")
    answer = thief.claim()
    assert answer is not None
    assert answer.unknown_worker
    assert thief.beat().unknown_worker
    granted = puppet.take_one()
    assert granted.run_id == run.id
    assert thief.commit(report(granted, done())).unknown_worker
    thief.leave()
    assert world.status(run.id) == "RUNNING"
    assert world.worker_row(puppet.id).status == "ALIVE"


def test_a_draining_worker_hears_but_takes_nothing(world: World) -> None:
    puppet = world.worker(job("bill"))
    held = world.call("bill")
    puppet.take_one()
    world.call("bill")
    puppet.beat(is_draining=True)
    assert puppet.claim() is None
    world.do(CancelRun(world.env, held.id))
    answer = puppet.claim()
    assert answer is not None
    assert (len(answer.runs), len(answer.notices)) == (0, 1)


@pytest.mark.parametrize("delay", [None, MINUTE])
def test_runs_of_a_call_are_offered_when_they_are_ready(world: World, delay: int | None) -> None:
    puppet = world.worker(job("bill"))
    claim = puppet.claim_command()
    answer, _ = world.apply(claim, TriggerRuns(world.env, (RunDraft("run_1", "bill", "{}", delay=delay),)))
    assert (answer is None) == (delay is not None)


def test_a_worker_that_registers_again_keeps_what_it_holds(world: World) -> None:
    puppet = world.worker(job("bill"))
    run = world.call("bill")
    granted = puppet.take_one()
    world.do(RegisterWorker(world.env, registration(puppet.id, job("bill"), job("ship"))))
    assert world.status(run.id) == "RUNNING"
    puppet.report(granted, done())
    other = world.call("ship")
    assert ids(puppet, 1) == [other.id]
