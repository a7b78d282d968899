"""Commits: only the newest lease may report (I4), each report counts once however often it arrives (I11)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

from collections.abc import Callable

import pytest

from engine.items import (
    broke,
    done,
    failed,
    job,
    label,
    listen,
    parked,
    sent,
    setting,
    sleep,
    started,
    succeeded,
    triggered,
    used,
)
from engine.puppet import Puppet, report
from engine.world import World
from mainspring.clock import MINUTE, SECOND
from mainspring.engine.commands import CancelRun, Commit, EndWorkers, SendEvents, TriggerRuns
from mainspring.model.breakers import BreakerAsked, BreakerSpec, BreakerTold
from mainspring.model.protocol import (
    ClaimedRun,
    CommitRequest,
    Item,
    LogWritten,
    RunDraft,
    RunDrifted,
    RunReleased,
    RunReport,
    WaitCancelled,
    WaitDelivered,
)
from mainspring.storage.shapes import SHAPES

#: What a commit may touch. Workers are left out: the sequence number of the commit is kept there.
KEPT = (
    "runs",
    "tasks",
    "attempts",
    "waits",
    "history",
    "logs",
    "events",
    "store_entries",
    "schedules",
    "queues",
    "queue_keys",
    "bulks",
    "breakers",
    "tokens",
    "approvals",
    "approval_people",
    "approval_answers",
    "errors",
    "error_changes",
)
#: Numbered by the database, which goes on where an earlier test left off.
NUMBERED = ("sequence", "delivery", "heard_from")


def everything(world: World) -> dict[str, list[object]]:
    """Every row of every table that a commit may touch."""
    writer = world.connection
    kept = {}
    for table in KEPT:
        found = writer.execute(f"select * from {table} order by 1, 2, 3")
        shown = [i for i, column in enumerate(found.description) if column[0] not in NUMBERED]
        kept[table] = [tuple(row[i] for i in shown) for row in found.fetchall()]
    return kept


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("bill", "order", max_duration=10 * MINUTE), job("ship"))


@pytest.fixture
def run(world: World, puppet: Puppet) -> ClaimedRun:
    world.send("order")
    return puppet.take_one()


# ── the fence ────────────────────────────────────────────────────────────────────────────────────────
def lose_to_the_sweeper(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    world.do(EndWorkers("exited", environment_id=world.env, worker_id=puppet.id))


def lose_by_silence_and_grant_anew(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.beat(held=())
    world.worker(job("bill")).take_one()


def lose_and_get_back(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.beat(held=())
    puppet.take_one()


def lose_to_the_deadline(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    world.advance(601)
    world.fire()


def lose_by_ending_it(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, done())


LOSSES = [
    lose_to_the_sweeper,
    lose_by_silence_and_grant_anew,
    lose_and_get_back,
    lose_to_the_deadline,
    lose_by_ending_it,
]
#: Every item there is.
ITEMS: list[Item] = [
    started("a"),
    succeeded("a"),
    failed("a"),
    failed("a", retry_in=60, frees_slot=True),
    sleep("nap", 1),
    listen("go", "order"),
    WaitCancelled("go", 1),
    WaitDelivered("go", 1),
    triggered("children", RunDraft("run_child", "ship", "{}")),
    used("store", setting("k", "1")),
    LogWritten(1, 0, "INFO", "hello"),
    done(),
    broke(),
    broke(retry_in=1),
    parked("nap"),
    RunDrifted("the code changed", "a"),
    RunReleased(),
]


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
def test_I4_who_lost_the_lease_writes_nothing(
    world: World, puppet: Puppet, run: ClaimedRun, lose: Callable[[World, Puppet, ClaimedRun], None]
) -> None:
    puppet.report(run, started("a"))
    lose(world, puppet, run)
    before = everything(world)
    for item in [*ITEMS, sent("mail", world.draft("order"))]:
        answer = puppet.commit(report(run, item))
        assert answer.unknown_worker or [r.status for r in answer.reports] == ["lost"], item
    assert everything(world) == before


def test_I4_a_worker_cannot_report_for_another(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    other = world.worker(job("bill"))
    (answer,) = other.commit(report(run, done())).reports
    assert answer.status == "lost"
    (answer,) = other.commit(report(run, done())).reports
    assert answer.status == "lost"
    assert world.status(run.run_id) == "RUNNING"
    puppet.report(run, done())


def test_I4_a_lease_that_was_never_granted_is_worth_nothing(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    for lease in (0, 2, 99):
        forged = CommitRequest(puppet.id, 10 + lease, (RunReport(run.run_id, lease, (done(),)),))
        (answer,) = world.do(Commit(world.env, forged)).reports
        assert answer.status == "lost"
    unheard = CommitRequest(puppet.id, 200, (RunReport("run_nope", 1, (done(),)),))
    (answer,) = world.do(Commit(world.env, unheard)).reports
    assert answer.status == "lost"
    assert world.status(run.run_id) == "RUNNING"


def test_one_lost_lease_does_not_spoil_the_reports_beside_it(world: World, puppet: Puppet) -> None:
    for _ in range(3):
        world.call("bill")
    first, second, third = puppet.take(3)
    world.do(CancelRun(world.env, second.run_id))
    world.advance(30)
    world.fire()
    answer = puppet.commit(
        report(first, done()), report(second, succeeded("a")), report(third, succeeded("a"))
    )
    assert [(r.run_id, r.status) for r in answer.reports] == [
        (first.run_id, "ok"),
        (second.run_id, "lost"),
        (third.run_id, "ok"),
    ]
    assert world.status(first.run_id) == "SUCCESS"
    assert world.tasks(second.run_id) == {}
    assert world.task(third.run_id, "a").status == "SUCCESS"


def test_I4_a_lease_number_only_grows(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    leases = [run.lease]
    for _ in range(3):
        puppet.report(run, RunReleased())
        run = puppet.take_one()
        leases.append(run.lease)
    assert leases == [1, 2, 3, 4]


# ── the same again ───────────────────────────────────────────────────────────────────────────────────
def a_task(world: World, run: ClaimedRun) -> list[Item]:
    return [started("a"), succeeded("a", '"A"'), LogWritten(1, 0, "INFO", "hello")]


def effects(world: World, run: ClaimedRun) -> list[Item]:
    return [
        used("store", setting("k", "1"), position=1),
        triggered("refused", RunDraft("run_x", "no-such-job", "{}"), position=2),
        sent("mail", world.draft("mail.sent"), world.draft("order"), position=3),
        triggered("children", RunDraft("run_child", "ship", "{}"), position=4),
    ]


def a_park(world: World, run: ClaimedRun) -> list[Item]:
    return [sleep("nap", 60), listen("go", "go"), parked("nap", "go")]


def a_refused_park(world: World, run: ClaimedRun) -> list[Item]:
    return [listen("go", "early"), parked("go")]


def a_failed_attempt(world: World, run: ClaimedRun) -> list[Item]:
    return [failed("a", retry_in=60, frees_slot=True), parked("a")]


def a_breaker(world: World, run: ClaimedRun) -> list[Item]:
    gateway = BreakerSpec("gateway", 2, MINUTE)
    return [BreakerAsked(label("a"), 1, gateway), BreakerTold("a", "gateway", 1, "failure")]


def a_retry(world: World, run: ClaimedRun) -> list[Item]:
    return [broke(retry_in=5)]


def an_end(world: World, run: ClaimedRun) -> list[Item]:
    return [succeeded("a"), done()]


def a_drift(world: World, run: ClaimedRun) -> list[Item]:
    return [RunDrifted("the code changed", "a")]


def a_release(world: World, run: ClaimedRun) -> list[Item]:
    return [RunReleased()]


REPORTS = [
    a_breaker,
    a_task,
    effects,
    a_park,
    a_refused_park,
    a_failed_attempt,
    a_retry,
    an_end,
    a_drift,
    a_release,
]
Report = Callable[[World, ClaimedRun], list[Item]]


@pytest.mark.parametrize("said", REPORTS, ids=lambda said: said.__name__)
@pytest.mark.parametrize("together", [True, False])
def test_I11_a_commit_that_arrives_twice_counts_once(
    world: World, puppet: Puppet, run: ClaimedRun, said: Report, together: bool
) -> None:
    world.send("early")
    command = puppet.commit_command(report(run, *said(world, run)))
    if together:
        first, again = world.apply(command, command)
    else:
        first = world.do(command)
        before = everything(world)
        world.advance(0.5)
        again = world.do(command)
        assert everything(world) == before
    assert [answer.status for answer in first.reports] == ["ok"]
    assert again == first
    assert len(world.history(run.run_id)) == len(set(world.kinds(run.run_id)))


@pytest.mark.parametrize("said", REPORTS, ids=lambda said: said.__name__)
def test_I11_two_arrivals_leave_what_one_leaves(said: Report, new_world: Callable[..., World]) -> None:
    ends = []
    for times in (1, 3):
        world = new_world()
        puppet = world.worker(job("bill", "order", max_duration=10 * MINUTE), job("ship"))
        world.send("order")
        world.send("early")
        run = puppet.take_one()
        command = puppet.commit_command(report(run, *said(world, run)))
        world.apply(*[command] * times)
        world.do(command)
        ends.append(everything(world))
    assert ends[0] == ends[1]


def test_I3_a_report_that_was_lost_is_never_ok_when_sent_again(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    """Else user code would go on after a task that nobody kept."""
    world.do(CancelRun(world.env, run.run_id))
    world.advance(30)
    world.fire()
    command = puppet.commit_command(report(run, succeeded("a")))
    for _ in range(2):
        (answer,) = world.do(command).reports
        assert answer.status == "lost"
    assert world.tasks(run.run_id) == {}


def test_a_number_that_was_passed_is_never_applied(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.commits = 4
    puppet.report(run, succeeded("a"))
    old = CommitRequest(puppet.id, 3, (report(run, succeeded("b")),))
    world.do(Commit(world.env, old))
    assert list(world.tasks(run.run_id)) == ["a"]


def test_commits_of_many_workers_in_one_batch(world: World) -> None:
    puppets = [world.worker(job("bill")) for _ in range(5)]
    held = []
    for puppet in puppets:
        world.call("bill")
        held.append(puppet.take_one())
    commands = [
        p.commit_command(report(r, succeeded("a", f'"{p.id}"'), done()))
        for p, r in zip(puppets, held, strict=True)
    ]
    answers = world.apply(*commands, *commands)
    assert [answer.reports[0].run_id for answer in answers] == [run.run_id for run in held] * 2
    for puppet, run in zip(puppets, held, strict=True):
        assert world.task(run.run_id, "a").output == f'"{puppet.id}"'
        assert world.status(run.run_id) == "SUCCESS"


def test_an_unknown_worker_is_told_so(world: World, run: ClaimedRun) -> None:
    stranger = Puppet(world, "wrk_unheard", world.env)
    answer = stranger.commit(report(run, done()))
    assert answer.unknown_worker
    assert answer.reports == ()


def test_a_commit_wakes_who_waits_for_its_outcome(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    """Hints: who is told after the commit."""
    puppet.report(run, sleep("nap", 60), parked("nap"))
    assert world.wake.timer_at == world.now + 60 * SECOND
    world.advance(60)
    world.fire()
    assert world.wake.ready == {world.env}
    again = puppet.take_one()
    puppet.report(again, done())
    assert world.wake.finished == {run.run_id}


def test_events_in_the_batch_of_a_commit_meet_its_waits(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    commit = puppet.commit_command(report(run, listen("go", "go"), parked("go")))
    (answer, _) = world.apply(commit, SendEvents(world.env, (world.draft("go"),)))
    assert answer.reports[0].parked
    assert world.status(run.run_id) == "PENDING"
    assert world.task(run.run_id, "go").status == "SUCCESS"


def test_the_tables_here_are_all_there_are() -> None:
    assert len(KEPT) == len(SHAPES) - 1


def test_an_end_that_was_lost_is_never_ok_when_sent_again(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    """Else the worker would believe in a success that was cancelled."""
    world.do(CancelRun(world.env, run.run_id))
    world.advance(30)
    world.fire()
    command = puppet.commit_command(report(run, done()))
    for _ in range(2):
        (answer,) = world.do(command).reports
        assert answer.status == "lost"


def test_many_runs_end_in_one_commit_each_as_it_came_out(world: World) -> None:
    puppet = world.worker(job("bill"))
    drafts = tuple(RunDraft(world.ids.new("run"), "bill", "{}") for _ in range(41))
    world.do(TriggerRuns(world.env, drafts))
    claimed = puppet.take(50)
    endings = [broke(f"no {n}") if n % 5 == 3 else done(str(n)) for n in range(len(claimed))]
    puppet.commit(*(report(run, ending) for run, ending in zip(claimed, endings, strict=True)))
    for number, run in enumerate(world.run(one.run_id) for one in claimed):
        came_out = ("FAILED", None) if number % 5 == 3 else ("SUCCESS", str(number))
        assert (run.status, run.output) == came_out
        assert run.failure is None or f"no {number}" in run.failure
        assert (run.worker_id, run.is_ready, run.timer_at) == (None, False, None)
