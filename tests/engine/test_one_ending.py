"""A run ends once, whatever a worker reports in one go."""

import pytest

from engine.items import broke, done, job, listen, parked, started, succeeded
from engine.puppet import Puppet, report
from engine.world import World
from mainspring.model.protocol import ClaimedRun, Item, LogWritten, RunCancelConfirmed, RunReleased

ENDINGS = {"JOB_COMPLETED", "JOB_FAILED", "JOB_CANCELLED", "JOB_RETRIED", "JOB_RELEASED", "JOB_WAITING"}


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("bill"))


@pytest.fixture
def run(world: World, puppet: Puppet) -> ClaimedRun:
    world.call("bill")
    return puppet.take_one()


def endings(world: World, run: ClaimedRun) -> list[str]:
    return [kind for kind in world.kinds(run.run_id) if kind in ENDINGS]


@pytest.mark.parametrize(
    "second",
    [done("2"), broke(), RunReleased(), RunCancelConfirmed(), parked("go")],
    ids=lambda item: item.kind,
)
def test_the_first_of_two_endings_in_one_report_counts(
    world: World, puppet: Puppet, run: ClaimedRun, second: Item
) -> None:
    puppet.report(run, listen("go", "go"), done("1"), second)
    assert (world.run(run.run_id).status, world.run(run.run_id).output) == ("SUCCESS", "1")
    assert endings(world, run) == ["JOB_COMPLETED"]


def test_a_run_that_ends_after_it_asked_to_park_ends(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, listen("go", "go"), parked("go"), done("1"))
    assert endings(world, run) == ["JOB_COMPLETED"]
    assert world.waits(run.run_id) == {}


def test_nothing_happens_in_a_run_after_its_end(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, done(), started("late"), succeeded("late"), listen("go", "go"))
    assert world.tasks(run.run_id) == {}
    assert world.waits(run.run_id) == {}
    assert world.kinds(run.run_id)[-1] == "JOB_COMPLETED"


def test_its_last_log_lines_are_kept(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, done(), LogWritten(1, 0, "INFO", "the last words"))
    with world.read() as tx:
        rows = tx.rows(
            "logs_of_run",
            run_id=run.run_id,
            lease=-1,
            number=-1,
            level_rank=None,
            since=None,
            text=None,
            limit=9,
        )
    assert len(rows) == 1


def test_of_two_reports_of_one_run_in_a_commit_the_one_after_its_end_is_lost(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    answer = puppet.commit(report(run, done("1")), report(run, done("2")))
    assert [found.status for found in answer.reports] == ["ok", "lost"]
    assert world.run(run.run_id).output == "1"
    assert endings(world, run) == ["JOB_COMPLETED"]
