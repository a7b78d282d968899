"""Events that join a run: the last or first of those that come together, or a list of all that gathered."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from engine.items import AMOUNT, job
from engine.pair import Pair
from engine.puppet import Puppet
from engine.world import World
from mainspring.clock import MINUTE, SECOND
from mainspring.engine.commands import CancelRun, EventSent, ReplayRun, SendEvents
from mainspring.engine.inspect import get_event
from mainspring.errors import InvalidTrigger
from mainspring.ids import new_id
from mainspring.model.events import EventDraft, Problem
from mainspring.model.jobs import JobSpec
from mainspring.model.joining import EventBatch, EventDebounce
from mainspring.model.limits import Limits
from mainspring.model.queues import QueueLimits

QUIET = EventDebounce(5 * SECOND, "page")
THREE = EventBatch(3, 5 * SECOND)
LISTS = {"type": "array", "items": AMOUNT}


def joining(how: EventDebounce | EventBatch, job_id: str = "index", **options: Any) -> JobSpec:
    spec = job(job_id, "page.saved", **options)
    name = "debounce" if isinstance(how, EventDebounce) else "batch"
    return replace(spec, triggers=(replace(spec.triggers[0], **{name: how}),))


def save(world: World, n: int, page: str = "a", **options: Any) -> EventSent:
    return world.send("page.saved", json.dumps({"page": page, "n": n}), **options)


def run_of(sent: EventSent) -> str:
    (run,) = sent.runs
    return run.id


def numbers(payload: str) -> Any:
    value = json.loads(payload)
    return [one["n"] for one in value] if isinstance(value, list) else value["n"]


def shown_run(world: World, sent: EventSent) -> str:
    with world.read() as tx:
        found = get_event(tx, world.env, sent.event.id)
    assert found is not None
    (run,) = found.runs
    return run.id


def after(world: World, worker: Puppet, seconds: float = 5) -> list[Any]:
    """What runs begin after some time, by their payloads."""
    world.advance(seconds)
    world.fire()
    return [numbers(run.payload) for run in worker.take()]


# ── debounce ─────────────────────────────────────────────────────────────────────────────────────────
def test_events_become_one_run_of_the_last(world: World) -> None:
    worker = world.worker(joining(QUIET))
    first = save(world, 1)
    world.advance(4)
    last = save(world, 2)
    assert run_of(first) == run_of(last)
    run = world.run(run_of(first))
    assert (numbers(run.payload), run.event_id) == (2, last.event.id)
    assert run.available_at == world.now + 5 * SECOND
    assert after(world, worker, 4.999999) == []
    assert after(world, worker, 0.000001) == [2]
    assert {shown_run(world, first), shown_run(world, last)} == {run.id}
    assert run_of(save(world, 3)) != run.id, "a window that is over takes no more events"


def test_leading_has_the_first_event(world: World) -> None:
    worker = world.worker(joining(replace(QUIET, mode="leading")))
    first = save(world, 1)
    save(world, 2)
    assert world.run(run_of(first)).event_id == first.event.id
    assert after(world, worker) == [1]


def test_events_do_not_put_it_off_for_ever(world: World) -> None:
    worker = world.worker(joining(replace(QUIET, max_delay=12 * SECOND)))
    for n in range(3):
        save(world, n)
        world.advance(4)
    assert after(world, worker, 0) == [2]


def test_keys_jobs_and_trials_are_apart(world: World) -> None:
    world.worker(joining(QUIET), joining(QUIET, "other"))
    sent = [save(world, 1), save(world, 1, "b"), save(world, 1, is_test=True), world.send("page.saved", "[]")]
    assert len({run.id for one in sent for run in one.runs}) == 8


def test_the_concurrency_key_is_that_of_the_event_it_carries(world: World) -> None:
    world.worker(joining(EventDebounce(5 * SECOND), concurrency_key="page"))
    save(world, 1, "a")
    assert world.run(run_of(save(world, 2, "b"))).concurrency_key == "b"


# ── batches ──────────────────────────────────────────────────────────────────────────────────────────
def test_enough_events_start_a_run_with_their_list(world: World) -> None:
    worker = world.worker(joining(THREE))
    sent = [save(world, n) for n in range(3)]
    assert len({run_of(one) for one in sent}) == 1
    run = worker.take_one()
    assert (run.run_id, numbers(run.payload)) == (run_of(sent[0]), [0, 1, 2])
    assert world.kinds(run.run_id)[:2] == ["RUN_CREATED", "RUN_RESCHEDULED"]
    assert {shown_run(world, one) for one in sent} == {run.run_id}


def test_time_starts_it_with_fewer(world: World) -> None:
    worker = world.worker(joining(THREE))
    save(world, 1)
    world.advance(4)
    save(world, 2)
    assert after(world, worker, 0.999999) == []
    assert after(world, worker, 0.000001) == [[1, 2]]


def test_events_that_are_sent_together_gather_in_their_order(world: World) -> None:
    worker = world.worker(joining(THREE))
    save(world, 0)
    drafts = tuple(world.draft("page.saved", json.dumps({"n": n})) for n in range(1, 11))
    sent = world.do(SendEvents(world.env, drafts))
    assert [numbers(run.payload) for run in worker.take()] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert len({run_of(one) for one in sent}) == 4
    assert after(world, worker) == [[9, 10]]


def test_keys_gather_apart(world: World) -> None:
    worker = world.worker(joining(replace(THREE, key="page")))
    for n in range(5):
        save(world, n, "ab"[n % 2])
    assert [numbers(run.payload) for run in worker.take()] == [[0, 2, 4]]
    assert after(world, worker) == [[1, 3]]


def test_a_list_is_no_larger_than_a_payload_may_be(world: World) -> None:
    world.limits = Limits(max_payload_bytes=60)
    worker = world.worker(joining(replace(THREE, size=100)))
    sent = [save(world, n) for n in range(3)]
    assert len(sent[0].event.payload) * 2 < 60 < len(sent[0].event.payload) * 3
    assert numbers(worker.take_one().payload) == [0, 1]
    assert after(world, worker) == [[2]]


def test_an_event_that_does_not_fit_is_refused_and_spoils_nothing(world: World) -> None:
    worker = world.worker(joining(THREE, payload_schema=LISTS))
    good = [world.send("page.saved", f'{{"amount":{n},"n":{n}}}') for n in range(2)]
    bad = world.send("page.saved", '{"amount":"much"}')
    (refusal,) = bad.rejections
    assert (bad.runs, refusal.job_id) == ((), "index")
    assert refusal.errors == (Problem("amount", '"much" is not of type "integer"'),)
    (missing,) = world.send("page.saved", "{}").rejections
    assert missing.errors == (Problem("amount", "is required"),)
    good.append(world.send("page.saved", '{"amount":2,"n":2}'))
    assert numbers(worker.take_one().payload) == [0, 1, 2]


def test_a_key_that_is_too_long_is_refused(world: World) -> None:
    world.worker(joining(replace(THREE, key="page")), joining(QUIET, "other"))
    refusals = save(world, 1, "x" * 257).rejections
    assert {one.job_id for one in refusals} == {"index", "other"}
    assert {one.errors[0].path for one in refusals} == {"page"}


def test_I11_an_event_that_is_sent_again_joins_once(world: World) -> None:  # noqa: N802
    worker = world.worker(joining(THREE))
    sent = [save(world, n, idempotency_key=str(n)) for n in range(2)]
    for n in range(2):
        again = save(world, 9, idempotency_key=str(n))
        assert again.is_duplicate
        assert run_of(again) == run_of(sent[n])
    assert after(world, worker) == [[0, 1]]
    assert run_of(save(world, 9, idempotency_key="1")) == run_of(sent[1])


def test_delayed_events_gather_when_they_are_delivered(world: World) -> None:
    worker = world.worker(joining(THREE))
    sent = [save(world, n, delay=(3 - n) * SECOND) for n in range(3)]
    assert [one.runs for one in sent] == [()] * 3
    for _ in range(3):
        world.advance(1)
        world.fire()
    assert numbers(worker.take_one().payload) == [2, 1, 0]


def test_a_cancelled_run_keeps_what_had_gathered_and_can_be_replayed(world: World) -> None:
    worker = world.worker(joining(THREE))
    run_id = run_of(save(world, 0))
    save(world, 1)
    world.do(CancelRun(world.env, run_id))
    assert numbers(world.run(run_id).payload) == [0, 1]
    assert run_of(save(world, 2)) != run_id
    again = world.do(ReplayRun(world.env, run_id, "run_again"))
    assert numbers(worker.take_one().payload) == [0, 1]
    assert again.event_id is None


def test_a_run_that_still_gathers_can_be_replayed(world: World) -> None:
    worker = world.worker(joining(THREE))
    run_id = run_of(save(world, 0))
    world.do(ReplayRun(world.env, run_id, "run_early"))
    assert numbers(worker.take_one().payload) == [0]
    assert after(world, worker) == [[0]]


def test_a_list_that_is_whole_waits_for_its_queue(world: World) -> None:
    one_at_a_time = QueueLimits(concurrency=1)
    worker = world.worker(joining(THREE, limits=one_at_a_time))
    for n in range(6):
        save(world, n)
    assert numbers(worker.take_one().payload) == [0, 1, 2]
    assert worker.take() == ()
    save(world, 6)
    assert after(world, worker) == []


def test_the_time_to_live_counts_from_when_it_may_start(world: World) -> None:
    world.worker(joining(THREE, ttl=MINUTE))
    run_id = run_of(save(world, 0))
    assert world.run(run_id).expires_at == world.now + 65 * SECOND
    world.advance(4)
    for n in range(2):
        save(world, n)
    assert world.run(run_id).expires_at == world.now + MINUTE


def test_it_is_told_why_such_a_run_does_not_start(world: World) -> None:
    world.worker(joining(THREE))
    view = world.view(run_of(save(world, 0)))
    assert view.pending_reason is not None
    assert view.pending_reason.code == "delayed"
    assert "events may still join it" in view.pending_reason.message


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (replace(THREE, size=0), "size"),
        (replace(THREE, timeout=0), "timeout"),
        (replace(THREE, key=""), "no key"),
        (replace(QUIET, delay=0), "delay"),
        (replace(QUIET, max_delay=5 * SECOND), "max_delay"),
    ],
)
def test_a_trigger_that_could_never_be_meant_is_refused(
    world: World, how: EventDebounce | EventBatch, said: str
) -> None:
    with pytest.raises(InvalidTrigger, match=said):
        world.worker(joining(how))


def test_finding_what_had_gathered_reads_no_other_events(world: World) -> None:
    plan = world.plan("joined_so_far", run_ids=["run_x"])
    assert "scan joined" not in plan.lower().replace("index", ""), plan


# ── two servers ──────────────────────────────────────────────────────────────────────────────────────
async def test_events_at_two_servers_gather_each_once(pair: Pair) -> None:
    await pair.a.worker(joining(EventBatch(5, MINUTE)))
    drafts = [EventDraft(new_id("evt"), "page.saved", f'{{"n":{n}}}') for n in range(20)]
    sent = await asyncio.gather(
        *((pair.a if n % 2 else pair.b).engine.send_events(pair.a.env, (d,)) for n, d in enumerate(drafts))
    )
    by_run: dict[str, list[int]] = {}
    for n, (one,) in enumerate(sent):
        by_run.setdefault(run_of(one), []).append(n)
    assert [len(joined) for joined in by_run.values()] == [5] * 4
    for run_id, joined in by_run.items():
        view = await pair.a.engine.read(_payload, pair.a.env, run_id)
        assert sorted(numbers(view)) == joined


async def test_an_event_that_comes_as_the_list_is_closed_is_not_lost(pair: Pair) -> None:
    await pair.a.worker(joining(EventBatch(2, MINUTE)))
    drafts = [EventDraft(new_id("evt"), "page.saved", f'{{"n":{n}}}') for n in range(3)]
    (first,) = await pair.a.engine.send_events(pair.a.env, (drafts[0],))
    (second,), (third,) = await pair.race(
        pair.a.engine.send_events(pair.a.env, (drafts[1],)),
        pair.b.engine.send_events(pair.a.env, (drafts[2],)),
    )
    assert run_of(first) == run_of(second) != run_of(third)
    assert numbers(await pair.a.engine.read(_payload, pair.a.env, run_of(first))) == [0, 1]


def _payload(tx: Any, environment_id: str, run_id: str) -> str:
    (row,) = tx.rows("runs_by_ids", ids=[run_id])
    return str(row[5])
