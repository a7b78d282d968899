"""Poison runs: a run that kills its workers is failed after three, its neighbours are not harmed (I10)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import json
from dataclasses import replace

import pytest

from engine.items import broke, done, job, listen, parked, sent, setting, sleep, started, succeeded, used
from engine.puppet import Puppet
from engine.world import World
from mainspring.engine.commands import EndWorkers
from mainspring.model.protocol import ClaimedRun, LogWritten, RunReleased

BILL = job("bill")


@pytest.fixture(autouse=True)
def _known(world: World) -> None:
    """The job is registered; nobody is there to run it."""
    world.worker(BILL).leave()


def live_and_die(world: World, slots: int = 10, *, blames: bool = True) -> list[str]:
    """A worker takes what it gets and dies of it. Returns what it held."""
    puppet = world.worker(BILL)
    held = [run.run_id for run in puppet.take(slots)]
    puppet.die(blames=blames)
    return held


# ── the rule ─────────────────────────────────────────────────────────────────────────────────────────
def test_I10_a_run_that_kills_three_workers_in_a_row_is_failed(world: World) -> None:
    poison = world.call("bill").id
    for crashes in (1, 2):
        assert live_and_die(world) == [poison]
        assert (world.status(poison), world.run(poison).crashes) == ("PENDING", crashes)
    assert live_and_die(world) == [poison]
    kept = world.run(poison)
    failure = json.loads(kept.failure or "")
    assert (kept.status, failure["code"]) == ("FAILED", "worker_crashed")
    assert "3 times" in failure["message"]
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
            puppet.die()
            continue
        for run in held:
            puppet.report(run, done())
        puppet.leave()
    assert world.status(poison) == "FAILED"
    assert deaths == 3
    assert {world.status(run_id) for run_id in others} == {"SUCCESS"}


def test_I10_suspects_get_their_last_chance_one_at_a_time(world: World) -> None:
    runs = [world.call("bill").id for _ in range(3)]
    live_and_die(world)
    live_and_die(world)
    puppet = world.worker(BILL)
    first = puppet.take(10)
    assert len(first) == 1
    assert puppet.claim() is None, "not beside another suspect"
    second = world.worker(BILL).take(10)
    assert len(second) == 1
    puppet.report(first[0], done())
    third = puppet.take(10)
    assert {run.run_id for run in (*first, *second, *third)} == set(runs)


def test_only_the_suspect_is_blamed(world: World) -> None:
    poison = world.call("bill").id
    live_and_die(world)
    live_and_die(world)
    puppet = world.worker(BILL)
    fresh = [world.call("bill").id for _ in range(3)]
    assert {run.run_id for run in puppet.take()} == {poison, *fresh}
    puppet.die()
    assert world.status(poison) == "FAILED"
    assert {world.run(run_id).crashes for run_id in fresh} == {0}


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
        puppet.die()
        assert (world.status(run_id), world.run(run_id).crashes) == ("PENDING", 1)


def _renamed(item: object, number: int) -> object:
    """The same under a key of its own: each life gets a little further."""
    return replace(item, task=replace(item.task, key=f"new#{number}"))  # type: ignore[type-var, attr-defined]


def test_I10_an_event_sent_is_progress(world: World) -> None:
    run_id = world.call("bill").id
    for number in range(5):
        puppet = world.worker(BILL)
        puppet.report(puppet.take_one(), sent(f"mail#{number}", world.draft("mail")))
        puppet.die()
    assert world.status(run_id) == "PENDING"


@pytest.mark.parametrize(
    "item", [started("a"), LogWritten(1, 0, "INFO", "still here")], ids=lambda item: item.kind
)
def test_I10_talk_is_no_progress(world: World, item: LogWritten) -> None:
    run_id = world.call("bill").id
    for _ in range(3):
        puppet = world.worker(BILL)
        puppet.report(puppet.take_one(), item)
        puppet.die()
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
    runs = [world.call("bill").id for _ in range(2)]
    live_and_die(world)
    live_and_die(world)
    puppet = world.worker(BILL)
    give_up(world, puppet, puppet.take_one())  # type: ignore[operator]
    assert {world.run(run_id).lane for run_id in runs} == {2}
    assert len(world.worker(BILL).take(10)) == 1


def test_runs_end_with_their_worker_once(world: World) -> None:
    run_id = world.call("bill").id
    puppet = world.worker(BILL)
    puppet.take_one()
    command = EndWorkers("exited", environment_id=world.env, worker_id=puppet.id)
    assert world.apply(command, command) == [1, 0]
    assert world.do(command) == 0
    assert world.run(run_id).crashes == 1
