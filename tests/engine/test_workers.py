"""Workers: alive while they beat and take work, by a clock that nobody can set (I4, I5); deaths found and told."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import pytest

from engine.items import done, job, listen, parked, started
from engine.puppet import Puppet, report
from engine.world import World, registration
from mainspring.clock import HOUR, SECOND
from mainspring.engine.commands import EndWorkers, NoteSilence, RegisterWorker, WorkerSighting
from mainspring.engine.inspect import list_workers
from mainspring.engine.silence import Silence
from mainspring.engine.worker_commands import DrainWorker
from mainspring.errors import Conflict, NotFound
from mainspring.model.protocol import ClaimedRun
from mainspring.storage.shapes import WORKER


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("bill"))


@pytest.fixture
def run(world: World, puppet: Puppet) -> ClaimedRun:
    world.call("bill")
    return puppet.take_one()


class Sweeper:
    """What the lookout does every other second, without its loop."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.silence = Silence(world.clock, world.timing)

    def look(self) -> tuple[list[WorkerSighting], list[WorkerSighting]]:
        with self.world.read() as tx:
            return self.silence.judge(WORKER.values(tx.rows("live_workers")))

    def sweep(self) -> None:
        silent, deaf = self.look()
        for reason, sightings in (("heartbeats_missed", silent), ("deafened", deaf)):
            if sightings:
                self.world.do(EndWorkers(reason, sightings=tuple(sightings)))  # type: ignore[arg-type]
        with self.world.read() as tx:
            quiet = self.silence.quiet(WORKER.values(tx.rows("live_workers")))
        if quiet:
            self.world.do(NoteSilence(quiet))


@pytest.fixture
def sweeper(world: World) -> Sweeper:
    return Sweeper(world)


def pass_time(world: World, sweeper: Sweeper, seconds: int, *beating: Puppet, **said: object) -> None:
    """A sweep every other second; the workers that live beat and make progress."""
    for _ in range(0, seconds, 2):
        world.advance(2)
        for puppet in beating:
            puppet.beat(**said)
        sweeper.sweep()


# ── registering ──────────────────────────────────────────────────────────────────────────────────────
def test_a_worker_is_told_how_to_live(world: World) -> None:
    registered = world.do(RegisterWorker(world.env, registration("wrk_1", job("bill"))))
    assert (registered.project, registered.environment) == ("default", "dev")
    assert (registered.heartbeat_every, registered.lease_timeout) == (3 * SECOND, 10 * SECOND)
    assert (registered.max_payload_bytes, registered.max_tasks_per_run) == (1 << 20, 10_000)
    kept = world.worker_row("wrk_1")
    assert (kept.status, kept.job_ids, kept.slots, kept.commit_seq) == ("ALIVE", '["bill"]', 10, 0)
    assert kept.registered_at == kept.heartbeat_at == world.now


def test_I11_registering_twice_is_registering_once(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, started("a"))
    again = RegisterWorker(world.env, registration(puppet.id, job("bill")))
    world.apply(again, again)
    puppet.report(run, done())
    assert world.worker_row(puppet.id).commit_seq == 2


# ── heartbeats ───────────────────────────────────────────────────────────────────────────────────────
def test_a_heartbeat_says_how_the_worker_is(world: World, puppet: Puppet) -> None:
    world.advance(3)
    puppet.beat(progress=5, blocked_stack='File "app.py", line 3')
    kept = world.worker_row(puppet.id)
    assert (kept.heartbeat_at, kept.heartbeats, kept.progress) == (world.now, 1, 5)
    assert kept.progress_at == world.now
    assert "app.py" in (kept.blocked_stack or "")
    world.advance(3)
    puppet.beat(progress=5)
    kept = world.worker_row(puppet.id)
    assert (kept.progress_at, kept.blocked_stack) == (world.now - 3 * SECOND, None)


def test_I4_a_holder_learns_of_leases_that_ended(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    assert puppet.beat().notices == ()
    puppet.report(run, done())
    (notice,) = puppet.beat(held=((run.run_id, run.lease), ("run_unheard", 3))).notices[:1]
    assert (notice.run_id, notice.lease, notice.lease_ended) == (run.run_id, run.lease, True)


# ── silence ──────────────────────────────────────────────────────────────────────────────────────────
def test_missed_heartbeats_end_the_leases(
    world: World, puppet: Puppet, run: ClaimedRun, sweeper: Sweeper
) -> None:
    sweeper.sweep()
    pass_time(world, sweeper, 8)
    assert world.status(run.run_id) == "RUNNING"
    pass_time(world, sweeper, 2)
    assert (world.status(run.run_id), world.worker_row(puppet.id).status) == ("PENDING", "GONE")
    assert world.wake.ready == {world.env}
    assert world.wake.attention == {puppet.id}
    assert world.kinds(run.run_id)[-1] == "WORKER_LOST"
    assert world.run(run.run_id).crashes == 1
    assert puppet.commit(report(run, done())).unknown_worker
    assert puppet.beat().unknown_worker
    assert world.worker(job("bill")).take_one().lease == 2


def test_a_worker_that_beats_is_left_alone(
    world: World, puppet: Puppet, run: ClaimedRun, sweeper: Sweeper
) -> None:
    for number in range(200):
        pass_time(world, sweeper, 2, puppet, progress=number)
    assert world.status(run.run_id) == "RUNNING"


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_jump_of_the_wall_clock_ends_nobody(
    world: World, puppet: Puppet, run: ClaimedRun, sweeper: Sweeper, jump: int
) -> None:
    pass_time(world, sweeper, 4, puppet)
    for direction in (jump, -jump, jump):
        world.clock.shift(direction)
        sweeper.sweep()
        pass_time(world, sweeper, 4, puppet)
        assert world.status(run.run_id) == "RUNNING"
    pass_time(world, sweeper, 10)
    assert world.status(run.run_id) == "PENDING", "real silence is noticed under any clock"


def test_a_new_server_gives_the_workers_it_finds_their_time(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    world.advance(3_600)
    sweeper = Sweeper(world)
    sweeper.sweep()
    assert world.status(run.run_id) == "RUNNING"
    pass_time(world, sweeper, 10)
    assert world.status(run.run_id) == "PENDING"


def test_a_heartbeat_between_the_look_and_the_end_saves_the_worker(
    world: World, puppet: Puppet, run: ClaimedRun, sweeper: Sweeper
) -> None:
    sweeper.look()
    for _ in range(5):
        world.advance(2)
        silent, _ = sweeper.look()
    assert [sighting.worker_id for sighting in silent] == [puppet.id]
    end = EndWorkers("heartbeats_missed", sightings=tuple(silent))
    world.apply(end, puppet.beat_command())
    assert world.status(run.run_id) == "RUNNING", "in one batch too"
    world.do(end)
    assert world.status(run.run_id) == "RUNNING"


# ── deafness ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_worker_that_beats_but_takes_nothing_is_passed_over(
    world: World, puppet: Puppet, run: ClaimedRun, sweeper: Sweeper
) -> None:
    sweeper.sweep()
    pass_time(world, sweeper, 88, puppet, progress=7)
    assert world.status(run.run_id) == "RUNNING"
    pass_time(world, sweeper, 8, puppet, progress=7)
    assert (world.status(run.run_id), world.worker_row(puppet.id).status) == ("PENDING", "GONE")
    assert puppet.beat().unknown_worker


def test_a_blocked_loop_is_no_deafness(
    world: World, puppet: Puppet, run: ClaimedRun, sweeper: Sweeper
) -> None:
    """The run is not taken away while the process lives and says where it hangs."""
    pass_time(world, sweeper, 300, puppet, progress=7, blocked_stack="time.sleep(300)")
    assert world.status(run.run_id) == "RUNNING"
    with world.read() as tx:
        (view,) = list_workers(tx, world.env, world.now)
    assert (view.worker.blocked_stack, view.running) == ("time.sleep(300)", 1)


def test_progress_between_the_look_and_the_end_saves_the_worker(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    sighting = WorkerSighting(puppet.id, 0, 0)
    puppet.beat(progress=1)
    world.do(EndWorkers("deafened", sightings=(sighting,)))
    assert world.status(run.run_id) == "RUNNING"
    world.do(EndWorkers("deafened", sightings=(WorkerSighting(puppet.id, 0, 1),)))
    assert world.status(run.run_id) == "PENDING"


# ── leaving and being replaced ───────────────────────────────────────────────────────────────────────
def test_a_farewell_gives_back_at_once(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.leave()
    puppet.leave()
    assert (world.status(run.run_id), world.run(run.run_id).crashes) == ("PENDING", 0)
    assert puppet.beat().unknown_worker
    assert world.run(run.run_id).lane == 0, "ahead of fresh runs"


def test_a_drained_worker_is_granted_nothing_whatever_it_knows(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    """As one of an older version would: it goes on asking, and says of itself that it is well."""
    drained = world.do(DrainWorker(world.env, puppet.id, "ann"))
    assert (drained.status, drained.drain_at, drained.drain_by) == ("DRAINING", world.now, "ann")
    waiting = world.call("bill").id
    assert puppet.take() == ()
    answer = puppet.beat()
    assert answer.drain
    assert not answer.unknown_worker
    world.advance(1)
    world.do(DrainWorker(world.env, puppet.id, "bob"))
    world.do(RegisterWorker(world.env, registration(puppet.id, job("bill"))))
    kept = world.worker_row(puppet.id)
    assert (kept.status, kept.drain_at, kept.drain_by, kept.is_leaving) == (
        "DRAINING",
        drained.drain_at,
        "ann",
        False,
    )
    assert puppet.take() == ()
    puppet.report(run, done(None))
    assert world.status(run.run_id) == "SUCCESS"
    assert world.worker(job("bill")).take_one().run_id == waiting


def test_only_a_worker_that_is_there_can_be_drained(world: World, puppet: Puppet) -> None:
    elsewhere = world.worker(job("bill"), environment_id=world.environment("other"))
    for unknown in ("wrk_none", elsewhere.id):
        with pytest.raises(NotFound):
            world.do(DrainWorker(world.env, unknown))
    puppet.leave()
    with pytest.raises(Conflict):
        world.do(DrainWorker(world.env, puppet.id))
    assert world.worker_row(puppet.id).ended_reason == "left"


def test_a_supervisor_ends_its_workers_by_name(world: World) -> None:
    ours = [world.worker(job("bill"), name="dev") for _ in range(2)]
    other = world.worker(job("bill"), name="prod")
    elsewhere = world.worker(job("bill"), name="dev", environment_id=world.environment("other"))
    runs = [world.call("bill").id for _ in range(3)]
    for puppet in (*ours, other):
        puppet.take_one()
    command = EndWorkers("superseded", name="dev", environment_id=world.env, blames=False)
    assert world.do(command) == 2
    assert [world.status(run_id) for run_id in runs] == ["PENDING", "PENDING", "RUNNING"]
    assert {world.worker_row(puppet.id).status for puppet in ours} == {"GONE"}
    assert {world.worker_row(puppet.id).status for puppet in (other, elsewhere)} == {"ALIVE"}
    assert world.do(command) == 0


def test_the_workers_are_listed_with_what_they_hold(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    idle = world.worker(job("ship"))
    with world.read() as tx:
        views = {view.worker.id: view.running for view in list_workers(tx, world.env, world.now)}
    assert views == {puppet.id: 1, idle.id: 0}
    idle.leave()
    with world.read() as tx:
        assert len(list_workers(tx, world.env, world.now)) == 2, "who left is shown for a while"
        (still,) = list_workers(tx, world.env, world.now + 2 * HOUR)
    assert still.worker.id == puppet.id


def test_a_parked_run_does_not_care_for_its_workers_death(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, listen("go", "go"), parked("go"))
    assert puppet.die() == 0
    assert world.status(run.run_id) == "WAITING"
