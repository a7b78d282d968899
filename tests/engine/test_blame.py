"""Poison runs: a run that kills its workers is failed after three, its neighbours are not harmed (I10)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import json
from dataclasses import replace

import pytest

from engine.items import broke, done, job, listen, parked, sent, setting, sleep, started, succeeded, used
from engine.puppet import Puppet
from engine.world import World
from mainspring.clock import SECOND
from mainspring.engine.commands import EndWorkers, Leave
from mainspring.model.pending import pending_reason
from mainspring.model.protocol import ClaimedRun, Farewell, LogWritten, RunReleased

BILL = job("bill")


@pytest.fixture(autouse=True)
def _known(world: World) -> None:
    """The job is registered; nobody is there to run it."""
    world.worker(BILL).leave()


def live_and_die(world: World, slots: int = 10, *, blames: bool = True, fault: str = "SIGSEGV") -> list[str]:
    """A worker takes what it gets and dies of it. Returns what it held."""
    puppet = world.worker(BILL)
    held = [run.run_id for run in puppet.take(slots)]
    puppet.die(blames=blames, fault=fault)
    return held


def suspects(world: World, count: int) -> list[str]:
    """Runs that two workers died of, which were seen to."""
    runs = [world.call("bill").id for _ in range(count)]
    live_and_die(world)
    live_and_die(world)
    return runs


# ── faults ───────────────────────────────────────────────────────────────────────────────────────────
def test_I10_a_run_that_kills_three_workers_in_a_row_is_failed(world: World) -> None:
    poison = world.call("bill").id
    for crashes in (1, 2):
        assert live_and_die(world) == [poison]
        kept = world.run(poison)
        assert (kept.status, kept.crashes, kept.faults) == ("PENDING", crashes, crashes)
    assert live_and_die(world, fault="exit code 3") == [poison]
    kept = world.run(poison)
    failure = json.loads(kept.failure or "")
    assert (kept.status, failure["code"]) == ("FAILED", "worker_crashed")
    assert "3 times" in failure["message"]
    assert "exit code 3" in failure["message"]
    assert live_and_die(world) == []
    assert world.kinds(poison) == [
        "RUN_CREATED",
        "JOB_STARTED",
        "WORKER_LOST",
        "JOB_RESUMED",
        "WORKER_LOST",
        "JOB_RESUMED",
        "WORKER_LOST",
        "JOB_FAILED",
    ]


def test_I10_neighbours_of_a_poison_run_survive(world: World) -> None:
    """Whoever holds the poison run dies; everybody else ends well in the end."""
    poison = world.call("bill").id
    others = [world.call("bill").id for _ in range(7)]
    deaths = 0
    for _ in range(50):
        puppet = world.worker(BILL)
        held = puppet.take(4)
        if any(run.run_id == poison for run in held):
            deaths += 1
            puppet.die(fault="SIGSEGV")
            continue
        for run in held:
            puppet.report(run, done())
        puppet.leave()
    assert world.status(poison) == "FAILED"
    assert deaths == 3
    assert {world.status(run_id) for run_id in others} == {"SUCCESS"}


def test_I10_suspects_are_tried_alone(world: World) -> None:
    runs = suspects(world, 3)
    puppet, fresh = world.worker(BILL), world.call("bill").id
    (first,) = puppet.take(10)
    assert first.run_id in runs
    assert puppet.claim() is None, "nothing beside it"
    (second,) = world.worker(BILL).take(10)
    puppet.report(first, done())
    (third,) = puppet.take(10)
    assert {run.run_id for run in (first, second, third)} == set(runs)
    puppet.report(third, succeeded("a"))
    assert {run.run_id for run in puppet.take(10)} == {fresh}, "with progress the trial is over"


def test_I10_an_innocent_suspect_is_not_failed_for_fresh_poison(world: World) -> None:
    """A job whose every run is poison, and more of them come all the time."""
    (innocent,) = suspects(world, 1)
    for _ in range(30):
        world.call("bill")
        puppet = world.worker(BILL)
        held = puppet.take(10)
        if [run.run_id for run in held] == [innocent]:
            puppet.report(held[0], done())
            break
        assert innocent not in {run.run_id for run in held}
        puppet.die(fault="SIGSEGV")
    assert world.status(innocent) == "SUCCESS"


def test_a_worker_that_holds_something_tries_nobody_alone(world: World) -> None:
    busy, fresh = world.worker(BILL), world.call("bill").id
    (held,) = busy.take(10)
    assert held.run_id == fresh
    (suspect,) = suspects(world, 1)
    assert busy.claim() is None
    busy.report(held, done())
    assert [run.run_id for run in busy.take(10)] == [suspect]


def test_I5_where_no_worker_is_ever_empty_a_trial_is_beside_others(world: World) -> None:
    busy = world.worker(BILL)
    world.call("bill")
    busy.take_one()
    (suspect,) = suspects(world, 1)
    world.advance(2 * world.timing.lease_timeout / SECOND)
    world.fire()
    assert [run.run_id for run in busy.take(10)] == [suspect]
    busy.die(fault="SIGSEGV")
    assert (world.status(suspect), world.run(suspect).faults) == ("PENDING", 3), "somebody else was there"
    assert live_and_die(world) == [suspect]
    assert world.status(suspect) == "FAILED"


def test_a_trial_does_not_keep_a_worker_idle_for_long(world: World) -> None:
    (suspect,) = suspects(world, 1)
    puppet, fresh = world.worker(BILL), world.call("bill").id
    assert puppet.take_one().run_id == suspect
    world.advance(2 * world.timing.lease_timeout / SECOND - 1)
    world.fire()
    assert puppet.claim() is None
    world.advance(1)
    assert world.fire().count == 1
    assert puppet.take_one().run_id == fresh
    assert (world.status(suspect), world.run(suspect).timer_at) == ("RUNNING", None)


# ── deaths that prove little ─────────────────────────────────────────────────────────────────────────
def outlive_the_pauses(world: World) -> list[list[str]]:
    """Workers that fall silent, one after another, until there is nothing to hold. What each held."""
    lives = []
    for _ in range(40):
        puppet = world.worker(BILL)
        held = [run.run_id for run in puppet.take(10)]
        puppet.die()
        if not held:
            return lives
        lives.append(held)
        world.advance(61)
        world.fire()
    raise AssertionError("it goes on for ever")


def test_I10_kills_from_outside_fail_nobody(world: World) -> None:
    """Nine in a row, and no progress in between."""
    run_id = world.call("bill").id
    for _ in range(9):
        assert live_and_die(world, fault="") == [run_id]
        assert world.status(run_id) == "PENDING"
        world.advance(61)
        world.fire()
    puppet = world.worker(BILL)
    puppet.report(puppet.take_one(), done())
    assert world.status(run_id) == "SUCCESS"


def test_I10_silence_convicts_in_the_end(world: World) -> None:
    run_id = world.call("bill").id
    assert outlive_the_pauses(world) == [[run_id]] * 10
    assert json.loads(world.run(run_id).failure or "")["code"] == "worker_crashed"
    assert "10 times" in (world.run(run_id).failure or "")


def test_chances_are_spaced_out(world: World) -> None:
    run_id = world.call("bill").id
    pauses = []
    for _ in range(9):
        live_and_die(world, fault="")
        kept = world.run(run_id)
        pauses.append((kept.available_at - world.now) // SECOND)
        if pauses[-1]:
            assert live_and_die(world, fault="") == []
            reason = pending_reason(kept, world.now, {"bill"})
            assert (reason.code, reason.until) == ("suspected", kept.available_at)  # type: ignore[union-attr]
        world.advance(pauses[-1])
        world.fire()
    assert pauses == [0, 0, 1, 2, 4, 8, 16, 32, 60]


def test_I10_suspects_part(world: World) -> None:
    """Two silent deaths: one such run per worker, beside whatever else there is."""
    runs = {world.call("bill").id for _ in range(2)}
    live_and_die(world, fault="")
    live_and_die(world, fault="")
    fresh = {world.call("bill").id for _ in range(2)}
    first = {run.run_id for run in world.worker(BILL).take(10)}
    assert fresh < first
    second = {run.run_id for run in world.worker(BILL).take(10)}
    assert first | second == runs | fresh
    assert len(second) == 1


def test_whoever_is_beside_a_suspect_is_marked_too(world: World) -> None:
    """Or poison would stay unknown as long as it has a suspect beside it."""
    suspect = world.call("bill").id
    live_and_die(world, fault="")
    live_and_die(world, fault="")
    fresh = world.call("bill").id
    assert set(live_and_die(world, fault="")) == {suspect, fresh}
    assert (world.run(suspect).crashes, world.run(fresh).crashes) == (3, 1)


def test_I10_faults_beside_kills_from_outside_prove_nothing_alone(world: World) -> None:
    run_id = world.call("bill").id
    for fault in ("", "", "SIGSEGV", "", "SIGSEGV"):
        assert live_and_die(world, fault=fault) == [run_id]
        assert world.status(run_id) == "PENDING"
        world.advance(61)
        world.fire()
    live_and_die(world)
    assert world.status(run_id) == "FAILED", "the third fault"


def test_a_supervisor_tells_of_a_death(world: World) -> None:
    """By a farewell in the name of the dead."""
    run_id = world.call("bill").id
    puppet = world.worker(BILL)
    puppet.take_one()
    world.do(Leave(world.env, Farewell(puppet.id, died=True, fault="exit code 3")))
    assert (world.run(run_id).crashes, world.run(run_id).faults) == (1, 1)
    lost = [entry for entry in world.history(run_id) if entry.kind == "WORKER_LOST"]
    assert json.loads(lost[0].data or "") == {
        "worker": puppet.id,
        "reason": "exited",
        "fault": "exit code 3",
    }


# ── what wipes the marks ─────────────────────────────────────────────────────────────────────────────
PROGRESS = {
    "a task that ended": (succeeded("new"),),
    "a wait that began": (sleep("new", 60),),
    "a store operation": (used("new", setting("k", "1")),),
}


@pytest.mark.parametrize("items", PROGRESS.values(), ids=PROGRESS)
def test_I10_a_run_with_progress_is_never_failed_by_kills_from_outside(
    world: World, items: tuple[object, ...]
) -> None:
    run_id = world.call("bill").id
    for number in range(10):
        puppet = world.worker(BILL)
        run = puppet.take_one()
        puppet.report(run, *[_renamed(item, number) for item in items])
        puppet.die(fault="SIGSEGV")
        assert (world.status(run_id), world.run(run_id).crashes) == ("PENDING", 1)


def _renamed(item: object, number: int) -> object:
    """The same under a key of its own: each life gets a little further."""
    return replace(item, task=replace(item.task, key=f"new#{number}"))  # type: ignore[type-var, attr-defined]


def test_I10_an_event_sent_is_progress(world: World) -> None:
    run_id = world.call("bill").id
    for number in range(5):
        puppet = world.worker(BILL)
        puppet.report(puppet.take_one(), sent(f"mail#{number}", world.draft("mail")))
        puppet.die(fault="SIGSEGV")
    assert world.status(run_id) == "PENDING"


@pytest.mark.parametrize(
    "item", [started("a"), LogWritten(1, 0, "INFO", "still here")], ids=lambda item: item.kind
)
def test_I10_talk_is_no_progress(world: World, item: LogWritten) -> None:
    run_id = world.call("bill").id
    for _ in range(3):
        puppet = world.worker(BILL)
        puppet.report(puppet.take_one(), item)
        puppet.die(fault="SIGSEGV")
    assert world.status(run_id) == "FAILED"


def test_parking_and_failing_in_an_orderly_way_wipe_the_marks(world: World) -> None:
    run_id = world.call("bill").id
    live_and_die(world)
    live_and_die(world)
    puppet = world.worker(BILL)
    puppet.report(puppet.take_one(), broke(retry_in=1))
    assert world.run(run_id).crashes == 0
    world.advance(1)
    world.fire()
    live_and_die(world)
    live_and_die(world)
    puppet.report(puppet.take_one(), listen("go", "go"), parked("go"))
    assert world.run(run_id).crashes == 0
    world.send("go")
    assert world.run(run_id).lane == 0
    puppet.report(puppet.take_one(), done())


def test_nobody_is_blamed_for_an_orderly_end(world: World) -> None:
    run_id = world.call("bill").id
    for _ in range(5):
        live_and_die(world, blames=False)
    puppet = world.worker(BILL)
    puppet.take_one()
    puppet.leave()
    assert (world.status(run_id), world.run(run_id).crashes) == ("PENDING", 0)


# ── the last chance is kept, whatever becomes of it ──────────────────────────────────────────────────
def release(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, RunReleased())


def leave(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.leave()


def lose_the_answer(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.beat(held=())


@pytest.mark.parametrize("give_up", [release, leave, lose_the_answer])
def test_I10_a_suspect_that_was_given_back_is_still_a_suspect(world: World, give_up: object) -> None:
    """Or two suspects would meet in one worker, and the innocent one be failed with the other."""
    runs = suspects(world, 2)
    puppet = world.worker(BILL)
    give_up(world, puppet, puppet.take_one())  # type: ignore[operator]
    assert {world.run(run_id).lane for run_id in runs} == {3}
    assert len(world.worker(BILL).take(10)) == 1


def test_runs_end_with_their_worker_once(world: World) -> None:
    run_id = world.call("bill").id
    puppet = world.worker(BILL)
    puppet.take_one()
    command = EndWorkers("exited", environment_id=world.env, worker_id=puppet.id)
    assert world.apply(command, command) == [1, 0]
    assert world.do(command) == 0
    assert world.run(run_id).crashes == 1
