"""Workers and a server that was away; workers that come back after their end."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import pytest

from engine.items import job
from engine.puppet import Puppet
from engine.test_workers import Sweeper, pass_time
from engine.world import World, registration
from mainspring.clock import HOUR
from mainspring.engine.commands import EndWorkers, RegisterWorker, WorkerSighting
from mainspring.errors import Conflict, UnknownWorker
from mainspring.model.protocol import ClaimedRun


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("bill"))


@pytest.fixture
def run(world: World, puppet: Puppet) -> ClaimedRun:
    world.call("bill")
    return puppet.take_one()


@pytest.fixture
def sweeper(world: World) -> Sweeper:
    return Sweeper(world)


def test_a_server_that_was_frozen_hears_its_workers_for_half_a_window(
    world: World, puppet: Puppet, run: ClaimedRun, sweeper: Sweeper
) -> None:
    pass_time(world, sweeper, 4, puppet)
    world.advance(60)  # nothing of the server moves, and what the worker sent waits in its sockets
    sweeper.sweep()
    assert world.status(run.run_id) == "RUNNING"
    pass_time(world, sweeper, 4)
    assert world.status(run.run_id) == "RUNNING"
    pass_time(world, sweeper, 2)
    assert world.status(run.run_id) == "PENDING", "real silence is noticed"


def test_a_server_that_looks_late_under_load_still_notices_silence(
    world: World, puppet: Puppet, run: ClaimedRun, sweeper: Sweeper
) -> None:
    for _ in range(4):
        world.advance(5)
        sweeper.sweep()
    assert world.status(run.run_id) == "PENDING"


def test_servers_that_live_shortly_notice_a_death_together(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    """Found by the storm of tests/chaos: each server was killed before it had seen ten seconds of silence."""
    lives = 0
    while world.status(run.run_id) == "RUNNING":
        lives += 1
        assert lives <= 4, "it is never noticed"
        pass_time(world, Sweeper(world), 4)
    assert lives > 1


def test_a_worker_that_beats_is_not_ended_by_servers_that_live_shortly(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    for _ in range(6):
        pass_time(world, Sweeper(world), 4)
        puppet.beat()
        assert world.worker_row(puppet.id).silence == 0
    assert world.status(run.run_id) == "RUNNING"


def test_a_new_server_whose_clock_is_wrong_ends_no_worker_that_beats(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    """The silence that the wall's clock tells of never suffices alone."""
    puppet.beat()
    world.clock.shift(HOUR)
    sweeper = Sweeper(world)
    sweeper.sweep()
    pass_time(world, sweeper, 4)
    assert world.status(run.run_id) == "RUNNING"
    pass_time(world, sweeper, 20, puppet)
    assert world.status(run.run_id) == "RUNNING"


def test_a_worker_whose_claim_broke_off_has_half_the_time(
    world: World, puppet: Puppet, run: ClaimedRun, sweeper: Sweeper
) -> None:
    pass_time(world, sweeper, 4, puppet)
    sweeper.silence.hung_up(puppet.id)
    sweeper.sweep()
    pass_time(world, sweeper, 4)
    assert world.status(run.run_id) == "RUNNING"
    pass_time(world, sweeper, 2)
    assert world.status(run.run_id) == "PENDING"


def test_a_worker_that_beats_may_break_off_as_many_claims_as_it_likes(
    world: World, puppet: Puppet, run: ClaimedRun, sweeper: Sweeper
) -> None:
    for _ in range(10):
        sweeper.silence.hung_up(puppet.id)
        sweeper.sweep()
        pass_time(world, sweeper, 4)
        puppet.beat()
        sweeper.sweep()
        assert world.worker_row(puppet.id).silence == 0
    assert world.status(run.run_id) == "RUNNING"


def test_a_claim_that_broke_off_is_known_to_the_other_servers(
    world: World, puppet: Puppet, run: ClaimedRun, sweeper: Sweeper
) -> None:
    other = Sweeper(world)
    for one in (sweeper, other):
        pass_time(world, one, 4, puppet)
    sweeper.silence.hung_up(puppet.id)
    sweeper.sweep()  # and is gone itself
    pass_time(world, other, 8)
    assert world.status(run.run_id) == "PENDING"


def test_a_frozen_server_does_not_call_its_workers_deaf(
    world: World, puppet: Puppet, run: ClaimedRun, sweeper: Sweeper
) -> None:
    pass_time(world, sweeper, 60, puppet, progress=7)
    world.advance(60)
    sweeper.sweep()
    pass_time(world, sweeper, 80, puppet, progress=7)
    assert world.status(run.run_id) == "RUNNING"


def test_I10_a_deaf_workers_runs_are_not_blamed(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    sighting = WorkerSighting(puppet.id, 0, 0)
    world.do(EndWorkers("deafened", sightings=(sighting,)))
    assert (world.status(run.run_id), world.run(run.run_id).crashes) == ("PENDING", 0)
    assert world.kinds(run.run_id)[-1] == "WORKER_LOST"


def test_a_late_registration_revives_nobody(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.die()
    again = RegisterWorker(world.env, registration(puppet.id, job("bill")))
    with pytest.raises(UnknownWorker):
        world.do(again)
    assert world.worker_row(puppet.id).status == "GONE"
    assert puppet.beat().unknown_worker
    with pytest.raises(Conflict):
        world.do(RegisterWorker(world.environment("other"), registration(puppet.id, job("bill"))))
