"""Waits for events: early ones count, ids never cross, one event serves one wait per run (I7)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import json

import pytest

from engine.items import done, job, listen, parked, succeeded
from engine.puppet import Puppet, report
from engine.world import World
from mainspring.clock import SECOND
from mainspring.engine import waits
from mainspring.engine.commands import SendEvents
from mainspring.model.protocol import ClaimedRun


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("bill", "order"))


@pytest.fixture
def run(world: World, puppet: Puppet) -> ClaimedRun:
    return begin(world, puppet)


def begin(world: World, puppet: Puppet) -> ClaimedRun:
    world.call("bill")
    return puppet.take_one()


def used(world: World, run: ClaimedRun, key: str) -> str | None:
    """The event that resolved a wait."""
    return world.task(run.run_id, key).event_id


# ── after the wait ───────────────────────────────────────────────────────────────────────────────────
def test_an_event_resolves_the_wait_with_itself(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, listen("go", "go"), parked("go"))
    event = world.send("go", '{"n":1}', correlation_id="c-1", source="shop").event
    task = world.task(run.run_id, "go")
    assert (task.status, task.event_id) == ("SUCCESS", event.id)
    told = json.loads(task.output or "")
    assert (told["id"], told["event_id"], told["name"], told["payload"]) == ("c-1", event.id, "go", {"n": 1})
    assert world.waits(run.run_id) == {}
    assert world.kinds(run.run_id)[-1] == "WAIT_RESOLVED go"


def test_I7_a_wait_resolves_once(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, listen("go", "go"), parked("go"))
    first = world.send("go")
    world.send("go")
    assert used(world, run, "go") == first.event.id
    assert world.kinds(run.run_id).count("WAIT_RESOLVED go") == 1


def test_I7_of_several_events_in_one_batch_the_first_counts(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, listen("go", "go"), parked("go"))
    drafts = [world.draft("go", str(n)) for n in range(3)]
    world.apply(*(SendEvents(world.env, (draft,)) for draft in drafts))
    assert used(world, run, "go") == drafts[0].id


def test_I7_two_runs_with_two_ids_never_cross(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    other = begin(world, puppet)
    puppet.report(run, listen("go", "paid", "o-1"), parked("go"))
    puppet.report(other, listen("go", "paid", "o-2"), parked("go"))
    world.send("paid")
    world.send("paid", correlation_id="o-3")
    world.send("unpaid", correlation_id="o-1")
    assert world.status(run.run_id) == world.status(other.run_id) == "WAITING"
    second = world.send("paid", correlation_id="o-2")
    assert world.status(run.run_id) == "WAITING"
    assert used(world, other, "go") == second.event.id
    first = world.send("paid", correlation_id="o-1")
    assert used(world, run, "go") == first.event.id


def test_a_wait_without_an_id_takes_any(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, listen("go", "paid"), parked("go"))
    event = world.send("paid", correlation_id="o-9").event
    assert used(world, run, "go") == event.id


def test_one_event_wakes_every_run_that_waits_for_it(world: World, puppet: Puppet) -> None:
    runs = [begin(world, puppet) for _ in range(5)]
    for run in runs:
        puppet.report(run, listen("go", "go"), parked("go"))
    event = world.send("go").event
    assert {used(world, run, "go") for run in runs} == {event.id}
    assert len(puppet.take()) == 5


def test_I7_one_event_serves_one_wait_per_run_the_oldest(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, listen("any", "go"))
    world.advance(1)
    puppet.report(run, listen("exact", "go", "c-1"))
    events = [world.send("go", correlation_id="c-1").event for _ in range(2)]
    assert [used(world, run, "any"), used(world, run, "exact")] == [events[0].id, events[1].id]


def test_I12_events_of_another_environment_resolve_nothing(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    other = world.environment("other")
    world.do(SendEvents(other, (world.draft("go", correlation_id="c-1"),)))
    puppet.report(run, listen("go", "go"), listen("exact", "go", "c-1"), parked("go", "exact"))
    world.do(SendEvents(other, (world.draft("go", correlation_id="c-1"),)))
    assert world.status(run.run_id) == "WAITING"


@pytest.mark.parametrize("early", [True, False])
def test_filters_choose_among_events(world: World, puppet: Puppet, run: ClaimedRun, early: bool) -> None:
    wait = listen("go", "go", filter='{"n":[{"$gte":2}]}')
    if not early:
        puppet.report(run, wait, parked("go"))
    events = [world.send("go", json.dumps({"n": n})).event for n in range(4)]
    if early:
        puppet.report(run, wait)
    assert used(world, run, "go") == events[2].id


def test_a_delayed_event_resolves_when_it_is_delivered(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    event = world.send("go", delay=10 * SECOND).event
    puppet.report(run, listen("go", "go"), parked("go"))
    assert world.status(run.run_id) == "WAITING"
    world.advance(10)
    world.fire()
    assert used(world, run, "go") == event.id


# ── before the wait ──────────────────────────────────────────────────────────────────────────────────
def test_I7_an_event_after_the_run_began_and_before_the_wait_resolves_it(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    event = world.send("go").event
    world.advance(60)
    answer = puppet.report(run, succeeded("a"), listen("go", "go"), parked("go"))
    assert not answer.parked
    assert [c.key for c in answer.resolved] == ["go"]
    assert used(world, run, "go") == event.id


def test_an_event_from_before_the_run_does_not_count(world: World, puppet: Puppet) -> None:
    world.send("go")
    world.advance(0.000001)
    run = begin(world, puppet)
    assert puppet.report(run, listen("go", "go"), parked("go")).parked


def test_I7_a_run_that_stood_in_the_queue_misses_nothing(world: World, puppet: Puppet) -> None:
    """It began when its event arrived, not when a worker had time."""
    world.call("bill")
    world.advance(60)
    event = world.send("go").event
    world.advance(60)
    run = puppet.take_one()
    puppet.report(run, listen("go", "go"))
    assert used(world, run, "go") == event.id


def test_the_event_that_started_the_run_is_not_waited_for(world: World, puppet: Puppet) -> None:
    first = world.send("order", correlation_id="o-1")
    run = puppet.take_one()
    assert puppet.report(run, listen("again", "order", "o-1"), parked("again")).parked
    second = world.send("order", correlation_id="o-1")
    assert used(world, run, "again") == second.event.id != first.event.id


def test_early_events_with_ids_do_not_cross(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    other = world.send("paid", correlation_id="o-2").event
    ours = world.send("paid", correlation_id="o-1").event
    puppet.report(run, listen("exact", "paid", "o-1"))
    assert used(world, run, "exact") == ours.id
    puppet.report(run, listen("any", "paid"))
    assert used(world, run, "any") == other.id


def test_I7_a_loop_of_waits_with_one_id_gets_the_events_in_order(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    """Reject, revise, approve: some arrive before their wait, some after, in whatever portions."""
    events = [world.send("review", str(n), correlation_id="doc-1").event.id for n in range(2)]
    seen = []
    for n in range(4):
        key = f"review#{n + 1}" if n else "review"
        puppet.report(run, listen(key, "review", "doc-1"))
        if n >= 2:
            events.append(world.send("review", str(n), correlation_id="doc-1").event.id)
        seen.append(used(world, run, key))
    assert seen == events


def test_I7_waits_of_one_report_share_the_early_events_out(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    events = [world.send("go").event.id for _ in range(2)]
    puppet.report(run, listen("a", "go"), listen("b", "go"), listen("c", "go"))
    assert [used(world, run, key) for key in "abc"] == [*events, None]
    assert list(world.waits(run.run_id)) == ["c"]


def test_I7_commits_of_one_batch_share_no_event_twice(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    """Two commits of one worker in a batch are applied one after the other."""
    event = world.send("go").event.id
    commands = [puppet.commit_command(report(run, listen(key, "go"))) for key in "ab"]
    world.apply(*commands)
    assert [used(world, run, key) for key in "ab"] == [event, None]


def test_a_search_goes_through_any_number_of_events(
    world: World, puppet: Puppet, run: ClaimedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "EARLY_PAGE", 3)
    drafts = tuple(world.draft("go", json.dumps({"n": n})) for n in range(11))
    world.do(SendEvents(world.env, drafts))
    puppet.report(run, listen("last", "go", filter='{"n":[10]}'), listen("none", "go", filter='{"n":[99]}'))
    assert [used(world, run, key) for key in ("last", "none")] == [drafts[10].id, None]


def test_an_event_in_the_batch_that_starts_the_run_counts(world: World, puppet: Puppet) -> None:
    (_, second) = world.apply(
        SendEvents(world.env, (world.draft("order"),)), SendEvents(world.env, (world.draft("go"),))
    )
    run = puppet.take_one()
    puppet.report(run, listen("go", "go"))
    assert used(world, run, "go") == second[0].event.id


def test_used_by_one_run_is_free_for_another(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    other = begin(world, puppet)
    event = world.send("go").event.id
    for each in (run, other):
        puppet.report(each, listen("go", "go"), done())
        assert used(world, each, "go") == event
