"""Circuit breakers in the engine: one probe at a time, nobody left behind, also with two servers."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.items import done, job, label, parked, succeeded
from engine.live import LivePuppet
from engine.pair import Pair
from engine.puppet import Puppet, report
from engine.world import World
from mainspring.clock import SECOND
from mainspring.engine import breakers
from mainspring.engine.breaker_reads import get_breaker
from mainspring.engine.commands import ChangeBreaker, FireTimers
from mainspring.model.breakers import (
    LOOK_EVERY,
    Breaker,
    BreakerAsked,
    BreakerSpec,
    BreakerTold,
    Outcome,
    Prober,
)
from mainspring.model.protocol import ClaimedRun, ReportAnswer

GATEWAY = BreakerSpec("gateway", 3, 60 * SECOND)


def asked(attempt: int = 1, key: str = "t") -> BreakerAsked:
    return BreakerAsked(label(key), attempt, GATEWAY)


def told(epoch: int | None, outcome: Outcome, key: str = "t") -> BreakerTold:
    return BreakerTold(key, "gateway", epoch, outcome)


def epoch_in(answer: ReportAnswer) -> int | None:
    (item,) = answer.items
    epoch: int | None = json.loads(item.output or "")
    return epoch


def ask(puppet: Puppet, run: ClaimedRun, attempt: int = 1) -> int | None:
    return epoch_in(puppet.report(run, asked(attempt)))


def state(world: World) -> Breaker:
    with world.read() as tx:
        view = get_breaker(tx, world.env, "gateway")
    assert view is not None
    return view.breaker


def runs(world: World, puppet: Puppet, count: int) -> list[ClaimedRun]:
    for _ in range(count):
        world.call("job")
    return sorted(puppet.take(count), key=lambda run: run.run_id)


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("job"))


def tripped(world: World, puppet: Puppet) -> None:
    """Three failures in a row."""
    (run,) = runs(world, puppet, 1)
    for attempt in (1, 2, 3):
        puppet.report(run, told(ask(puppet, run, attempt), "failure"))
    puppet.report(run, done())
    assert state(world).state == "open"


def held(world: World, puppet: Puppet, count: int) -> list[ClaimedRun]:
    """Runs that wait for it, in the order in which they came."""
    waiting = runs(world, puppet, count)
    for run in waiting:
        assert ask(puppet, run) is None
        assert puppet.report(run, parked("t")).parked
        world.advance(0.001)
    return waiting


def test_of_those_that_ask_when_it_is_due_one_is_let_in(world: World, puppet: Puppet) -> None:
    tripped(world, puppet)
    some = runs(world, puppet, 3)
    world.advance(60)
    epochs = [ask(puppet, run) for run in some]
    assert [epoch is not None for epoch in epochs] == [True, False, False]
    assert (state(world).state, state(world).probe_run_id) == ("half-open", some[0].run_id)
    puppet.report(some[0], told(epochs[0], "failure"))
    assert (state(world).state, state(world).probe_at) == ("open", world.now + 60 * SECOND)


def test_what_began_before_it_opened_neither_opens_nor_closes_it(world: World, puppet: Puppet) -> None:
    (late,) = runs(world, puppet, 1)
    epoch = ask(puppet, late)
    tripped(world, puppet)
    before = state(world)
    puppet.report(late, told(epoch, "success"))
    puppet.report(late, told(epoch, "failure"))
    assert state(world) == before


def test_when_it_closes_all_are_woken_piece_by_piece(
    world: World, puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breakers, "PIECE", 2)
    tripped(world, puppet)
    held(world, puppet, 5)
    world.do(ChangeBreaker(world.env, "gateway", is_open=False))
    assert world.wake.timer_at == world.now
    woken = []
    while world.fire().next_at is not None:
        woken.append(len(puppet.take()))
    woken.append(len(puppet.take()))
    assert woken == [2, 2, 1]
    assert state(world).timer_at is None


def test_the_one_that_waited_longest_is_woken_to_be_the_probe(world: World, puppet: Puppet) -> None:
    tripped(world, puppet)
    first, second = held(world, puppet, 2)
    world.advance(60)
    world.fire()
    (probe,) = puppet.take()
    assert probe.run_id == first.run_id
    (checkpoint,) = [one for one in probe.checkpoints if one.key == "t"]
    assert (checkpoint.status, checkpoint.attempt, checkpoint.next_attempt_in) == ("RETRYING", 0, 0)
    # It never comes to its question, so the next one is woken.
    world.advance(LOOK_EVERY / SECOND)
    world.fire()
    (other,) = puppet.take()
    assert other.run_id == second.run_id
    assert ask(puppet, other) is not None
    assert ask(puppet, probe) is None


@pytest.mark.parametrize("how", ["dies", "ends", "tells nothing", "is released"])
def test_a_probe_that_is_lost_makes_room(world: World, puppet: Puppet, how: str) -> None:
    tripped(world, puppet)
    (waiting,) = held(world, puppet, 1)
    (probe,) = runs(world, puppet, 1)
    world.advance(60)
    assert ask(puppet, probe) is not None
    if how == "dies":
        puppet.die()
        puppet = world.worker(job("job"))
        (again,) = puppet.take()
        assert ask(puppet, again) is not None, "it is the probe still"
        puppet.die()
        puppet = world.worker(job("job"))
        assert puppet.take_one().run_id == probe.run_id
    elif how == "ends":
        puppet.report(probe, done())
    elif how == "tells nothing":
        puppet.report(probe, succeeded("t"))
    else:
        puppet.leave()
        puppet = world.worker(job("job"))
        assert puppet.take_one().run_id == probe.run_id
    world.advance(LOOK_EVERY / SECOND)
    world.fire()
    assert puppet.take_one().run_id == waiting.run_id
    assert ask(puppet, waiting_again(puppet, waiting)) is not None


def waiting_again(puppet: Puppet, run: ClaimedRun) -> ClaimedRun:
    run.lease = puppet.held[run.run_id]
    return run


def test_a_probe_at_work_keeps_its_place(world: World, puppet: Puppet) -> None:
    tripped(world, puppet)
    held(world, puppet, 1)
    (probe,) = runs(world, puppet, 1)
    world.advance(60)
    epoch = ask(puppet, probe)
    for _ in range(5):
        world.advance(LOOK_EVERY / SECOND)
        world.fire()
        puppet.beat()
        assert puppet.take() == ()
    puppet.report(probe, told(epoch, "success"))
    world.fire()
    assert len(puppet.take()) == 1


@pytest.mark.parametrize("is_open", [False, True])
def test_I11_an_answer_that_got_lost_is_given_again(world: World, puppet: Puppet, is_open: bool) -> None:
    if is_open:
        tripped(world, puppet)
    (run,) = runs(world, puppet, 1)
    command = puppet.commit_command(report(run, asked()))
    first = world.do(command)
    before = world.tasks(run.run_id), state(world)
    assert world.do(command) == first
    assert (world.tasks(run.run_id), state(world)) == before
    if is_open:  # woken meanwhile: it was not let in, and asks anew
        world.do(ChangeBreaker(world.env, "gateway", is_open=False))
        world.fire()
        assert world.do(command) == first


def test_a_run_that_ends_with_its_question_is_not_held(world: World, puppet: Puppet) -> None:
    tripped(world, puppet)
    (run,) = runs(world, puppet, 1)
    puppet.report(run, asked(), done())
    assert world.status(run.run_id) == "SUCCESS"
    assert not world.waits(run.run_id)


def test_what_the_code_says_last_counts(world: World, puppet: Puppet) -> None:
    first, second = runs(world, puppet, 2)
    ask(puppet, first)
    epoch = epoch_in(puppet.report(second, BreakerAsked(label("t"), 1, BreakerSpec("gateway", 1, SECOND))))
    puppet.report(second, told(epoch, "failure"))
    assert (state(world).state, state(world).probe_at) == ("open", world.now + SECOND)


# ── two servers ──────────────────────────────────────────────────────────────────────────────────────
async def two_that_ask(pair: Pair) -> list[tuple[LivePuppet, ClaimedRun]]:
    asking = []
    for live in (pair.a, pair.b):
        worker = await live.worker(job("job"))
        await live.call("job")
        asking.append((worker, await worker.take_one()))
    return asking


async def test_two_servers_let_one_probe_in(pair: Pair) -> None:
    (ours, run), (theirs, other) = await two_that_ask(pair)
    assert epoch_in(await ours.report(run, asked())) is not None
    await pair.a.engine.change(ChangeBreaker(pair.a.env, "gateway", is_open=True, span=0))
    first, second = await pair.race(
        ours.report(run, asked()), theirs.report(other, asked()), before="save_breaker"
    )
    assert epoch_in(first) is not None
    assert epoch_in(second) is None


async def test_a_breaker_that_two_servers_make_at_once_is_one(pair: Pair) -> None:
    (ours, run), (theirs, other) = await two_that_ask(pair)
    answers = await pair.race(ours.report(run, asked()), theirs.report(other, asked()), before="save_task")
    assert [epoch_in(answer) for answer in answers] == [1, 1]


async def test_nobody_is_let_in_after_an_opening_that_is_about_to_be_committed(pair: Pair) -> None:
    (ours, run), (theirs, other) = await two_that_ask(pair)
    epoch = epoch_in(await ours.report(run, asked()))
    for _ in range(2):
        await ours.report(run, told(epoch, "failure"))
    _, answer = await pair.race(ours.report(run, told(epoch, "failure")), theirs.report(other, asked()))
    assert epoch_in(answer) is None


async def test_who_begins_to_wait_while_it_closes_is_woken(pair: Pair) -> None:
    (ours, run), (theirs, other) = await two_that_ask(pair)
    await theirs.report(other, asked())
    await pair.a.engine.change(ChangeBreaker(pair.a.env, "gateway", is_open=True))
    closing = pair.b.engine.change(ChangeBreaker(pair.b.env, "gateway", is_open=False))
    answer, _ = await pair.race(ours.report(run, asked(), parked("t")), closing, before="park_run")
    assert answer.parked
    await pair.b.engine._do(FireTimers())
    assert (await ours.take_one()).run_id == run.run_id


# ── the rules alone ──────────────────────────────────────────────────────────────────────────────────
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["ask", "success", "failure", "neither", "open", "close", "free", "wait"]),
        st.integers(0, 3),
    ),
    max_size=60,
)


@given(MOVES)
def test_never_two_probes_and_nothing_begins_while_it_is_open(moves: list[tuple[str, int]]) -> None:
    breaker, now = Breaker("env", "gateway", 2, 10), 0
    let_in: dict[int, int] = {}
    for what, n in moves:
        who = Prober(f"run_{n}", "t", 1)
        if what == "ask":
            was, due = breaker.state, breaker.probe_at is not None and breaker.probe_at <= now
            epoch = breaker.ask(who, now)
            if epoch is not None:
                assert was == "closed" or (due and breaker.is_probe(who.run_id, "t"))
                let_in[n] = epoch
        elif what in ("success", "failure", "neither"):
            breaker.hear(who, told(let_in.pop(n, 0), what), now)  # type: ignore[arg-type]  # one of three outcomes
        elif what == "open":
            breaker.open(now, now + 10)
        elif what == "close":
            breaker.close(now)
        elif what == "free" and breaker.probe_run_id is not None:
            breaker.free(now)
        elif what == "wait":
            now += n * 4
        at_work = [n for n, epoch in let_in.items() if epoch == breaker.epoch]
        assert breaker.opened_at is None or len(at_work) <= 1
        assert (breaker.probe_run_id is None) or breaker.opened_at is not None
