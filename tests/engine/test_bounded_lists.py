"""Lists of events and jobs look at a bounded number of rows, whatever is kept, and leave nothing out."""

from collections import Counter
from dataclasses import replace

from engine.items import job
from engine.world import World
from mainspring.clock import MINUTE
from mainspring.engine.commands import SendEvents, TriggerRuns
from mainspring.engine.inspect import MOST_COUNTED, get_job, list_events, list_jobs
from mainspring.engine.lists import MOST_LOOKED_AT
from mainspring.engine.views import EventQuery
from mainspring.model.protocol import RunDraft


def send(world: World, name: str, count: int) -> None:
    for begin in range(0, count, 500):
        drafts = tuple(world.draft(name) for _ in range(begin, min(begin + 500, count)))
        world.do(SendEvents(world.env, drafts))


def pages(world: World, query: EventQuery) -> list[list[str]]:
    """The names of the events of every page."""
    found: list[list[str]] = []
    cursor: str | None = None
    while not found or cursor is not None:
        with world.read() as tx:
            page = list_events(tx, world.env, replace(query, cursor=cursor))
        assert len(page.data) <= query.limit
        found.append([view.event.name for view in page.data])
        cursor = page.next_cursor
    return found


def test_events_of_a_rare_name_are_found_at_once(world: World) -> None:
    send(world, "rare", 3)
    world.advance(60)
    since = world.now
    send(world, "rare", 2)
    send(world, "common", MOST_LOOKED_AT + 10)
    assert pages(world, EventQuery("rare")) == [["rare"] * 5]
    assert pages(world, EventQuery("rare", limit=2)) == [["rare"] * 2, ["rare"] * 2, ["rare"]]
    assert pages(world, EventQuery("rare", since=since)) == [["rare"] * 2]
    assert pages(world, EventQuery("none")) == [[]]
    assert pages(world, EventQuery(limit=1_000))[-1][-3:] == ["rare"] * 3


def test_events_of_a_name_that_many_have_are_all_found(world: World) -> None:
    send(world, "old", MOST_LOOKED_AT + 5)
    world.advance(48 * 60 * MINUTE / 1_000_000)
    since = world.now
    send(world, "new", MOST_LOOKED_AT + 5)
    found = pages(world, EventQuery("old", limit=2_000))
    assert found[0] == [], "it looked at as many as it may"
    assert sum(map(len, found)) == MOST_LOOKED_AT + 5
    assert sum(map(len, pages(world, EventQuery(since=since, limit=2_000)))) == MOST_LOOKED_AT + 5


def test_a_job_tells_of_its_newest_runs(world: World) -> None:
    world.worker(job("bill"), job("rest"))
    for count in (600, 600):
        drafts = tuple(RunDraft(world.ids.new("run"), "bill", "{}") for _ in range(count))
        world.do(TriggerRuns(world.env, drafts))
    with world.read() as tx:
        jobs = {view.spec.id: view.counts for view in list_jobs(tx, world.env)}
        alone = get_job(tx, world.env, "bill")
    assert jobs == {"bill": Counter(PENDING=MOST_COUNTED), "rest": {}}
    assert alone is not None
    assert alone.counts == jobs["bill"]
