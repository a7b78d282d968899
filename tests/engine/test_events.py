"""Events: kept once, a run for every matching enabled job, refusals kept and told (I1, I11)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import json
from dataclasses import replace

import pytest

from engine.items import AMOUNT, job
from engine.world import World
from mainspring.clock import SECOND
from mainspring.engine.commands import CancelEvent, EnableJob, EventSent, SendEvents, TriggerRuns
from mainspring.engine.inspect import get_event, list_events
from mainspring.engine.views import EventQuery, EventView
from mainspring.errors import Conflict, NotFound
from mainspring.model.events import EventDraft, Problem
from mainspring.model.protocol import RunDraft


def started(sent: EventSent) -> list[str]:
    return sorted(run.job_id for run in sent.runs)


def view(world: World, event_id: str) -> EventView:
    with world.read() as tx:
        found = get_event(tx, world.env, event_id)
    assert found is not None
    return found


# ── delivery ─────────────────────────────────────────────────────────────────────────────────────────
def test_I1_every_matching_job_has_exactly_one_run(world: World) -> None:
    world.worker(job("bill", "order.created"), job("ship", "order.created", "order.paid"), job("call-only"))
    sent = world.send("order.created", '{"id":1}')
    assert started(sent) == ["bill", "ship"]
    for run in sent.runs:
        kept = world.run(run.id)
        assert (kept.status, kept.payload, kept.event_id) == ("PENDING", '{"id":1}', sent.event.id)
        assert kept.is_ready
    assert [run.id for run in view(world, sent.event.id).runs] == sorted(run.id for run in sent.runs)
    assert world.wake.ready == {world.env}
    assert started(world.send("order.paid")) == ["ship"]


def test_an_event_that_nobody_wants_is_kept(world: World) -> None:
    sent = world.send("nobody.listens", '{"a":[1]}', source="shop", context='{"ip":"::1"}')
    assert sent.runs == ()
    event = view(world, sent.event.id).event
    assert event == sent.event
    assert (event.payload, event.source, event.context) == ('{"a":[1]}', "shop", '{"ip":"::1"}')
    assert event.delivered_at == event.received_at == world.now


def test_several_triggers_that_match_start_one_run(world: World) -> None:
    spec = job("bill", "a", "a", "b")
    world.worker(replace(spec, triggers=spec.triggers * 2))
    assert started(world.send("a")) == ["bill"]


def test_filters_and_sources_decide_who_listens(world: World) -> None:
    world.worker(
        job("big", "order", filter={"amount": [{"$gte": 100}]}),
        job("small", "order", filter={"amount": [{"$lt": 100}]}),
        job("from-shop", "order", source="shop"),
    )
    assert started(world.send("order", '{"amount":100}')) == ["big"]
    assert started(world.send("order", '{"amount":1}', source="till")) == ["small"]
    assert started(world.send("order", '{"amount":1}', source="shop")) == ["from-shop", "small"]
    assert started(world.send("order", '"no object"')) == []


def test_a_disabled_job_gets_no_run_until_it_is_enabled(world: World) -> None:
    world.worker(job("bill", "order"), job("off", "order", enabled=False))
    world.do(EnableJob(world.env, "bill", False))
    assert started(world.send("order")) == []
    world.worker(job("bill", "order"))  # a deploy does not undo a person's switch
    assert started(world.send("order")) == []
    world.do(EnableJob(world.env, "bill", True))
    assert started(world.send("order")) == ["bill"]
    with pytest.raises(NotFound):
        world.do(EnableJob(world.env, "nope", True))


def test_the_newest_registration_says_what_a_job_listens_for(world: World) -> None:
    world.worker(job("bill", "old"))
    world.worker(job("bill", "new", version="2.0.0"))
    assert started(world.send("old")) == []
    assert started(sent := world.send("new")) == ["bill"]
    assert world.run(sent.runs[0].id).job_version == "2.0.0"


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_refusal_is_kept_and_the_others_still_run(world: World) -> None:
    world.worker(job("strict", "order", payload_schema=AMOUNT), job("easy", "order"))
    sent = world.send("order", '{"amount":"many"}')
    assert started(sent) == ["easy"]
    (rejection,) = sent.rejections
    assert rejection.job_id == "strict"
    assert [problem.path for problem in rejection.errors] == ["amount"]
    assert view(world, sent.event.id).rejections == sent.rejections


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ("{}", Problem("amount", "is required")),
        ("[]", Problem("$", '[] is not of type "object"')),
        (
            '{"amount":1,"items":[{"sku":"a"},{"sku":2}]}',
            Problem("items[1].sku", '2 is not of type "string"'),
        ),
        ('{"amount":1,"more":1}', Problem("more", "is not expected here")),
    ],
)
def test_a_refusal_names_the_place(world: World, payload: str, problem: Problem) -> None:
    items = {"type": "array", "items": {"properties": {"sku": {"type": "string"}}}}
    schema = {**AMOUNT, "additionalProperties": False, "properties": {**AMOUNT["properties"], "items": items}}
    world.worker(job("strict", "order", payload_schema=schema))
    (rejection,) = world.send("order", payload).rejections
    assert rejection.errors == (problem,)


def test_a_refusal_stays_small_however_large_the_payload(world: World) -> None:
    world.worker(job("strict", "order", payload_schema={"items": {"type": "string"}}))
    (rejection,) = world.send("order", json.dumps([1] * 10_000)).rejections
    assert len(rejection.errors) == 50
    world.worker(job("strict", "order", payload_schema={"type": "string"}))
    (rejection,) = world.send("order", json.dumps(["x" * 100_000])).rejections
    assert len(rejection.errors[0].message) < 600


# ── sent again ───────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("by", ["id", "idempotency_key"])
def test_I11_sending_again_answers_the_same_and_starts_nothing(world: World, together: bool, by: str) -> None:
    world.worker(job("bill", "order"), job("strict", "order", payload_schema=AMOUNT))
    drafts = [EventDraft(f"evt_{n}", "order", "{}", idempotency_key="o-1") for n in range(2)]
    if by == "id":
        drafts = [EventDraft("evt_0", "order", "{}")] * 2
    commands = [SendEvents(world.env, (draft,)) for draft in drafts]
    if together:
        (first,), (again,) = world.apply(*commands)
    else:
        (first,) = world.do(commands[0])
        world.advance(3_600)
        (again,) = world.do(commands[1])
    assert (first.is_duplicate, again.is_duplicate) == (False, True)
    assert again.event == first.event
    assert again.runs == first.runs
    assert again.rejections == first.rejections
    assert len(again.rejections) == 1
    with world.read() as tx:
        assert len(list_events(tx, world.env, EventQuery()).data) == 1


def test_a_key_within_one_request_counts_once(world: World) -> None:
    world.worker(job("bill", "order"))
    draft = world.draft("order", idempotency_key="k")
    sent = world.do(
        SendEvents(world.env, (draft, world.draft("order", idempotency_key="k"), world.draft("order")))
    )
    assert [s.is_duplicate for s in sent] == [False, True, False]
    assert sent[0].runs == sent[1].runs != sent[2].runs


def test_keys_belong_to_their_environment(world: World) -> None:
    other = world.environment("other")
    ours = world.send("order", idempotency_key="k")
    (theirs,) = world.do(SendEvents(other, (world.draft("order", idempotency_key="k"),)))
    assert theirs.event.id != ours.event.id
    assert not theirs.is_duplicate


def test_a_correlation_id_may_repeat(world: World) -> None:
    first = world.send("order", correlation_id="o-1")
    second = world.send("order", correlation_id="o-1")
    assert first.event.id != second.event.id
    assert view(world, "o-1").event == second.event
    assert view(world, first.event.id).event == first.event


def test_what_many_sent_together_is_answered_to_each(world: World) -> None:
    other = world.environment("other")
    world.worker(job("bill", "order"))
    world.worker(job("theirs", "order"), environment_id=other)
    commands = [
        SendEvents(env, tuple(world.draft("order", f'"{n}-{m}"') for m in range(3)))
        for n, env in enumerate([world.env, other, world.env])
    ]
    answers = world.apply(*commands)
    for n, (command, answer) in enumerate(zip(commands, answers, strict=True)):
        assert [sent.event.id for sent in answer] == [draft.id for draft in command.events]
        assert [sent.event.payload for sent in answer] == [f'"{n}-{m}"' for m in range(3)]
        assert {started(sent)[0] for sent in answer} == {"theirs" if n == 1 else "bill"}


# ── delayed events ───────────────────────────────────────────────────────────────────────────────────
def test_I9_a_delayed_event_is_delivered_at_its_time(world: World) -> None:
    world.worker(job("bill", "order"), job("strict", "order", payload_schema=AMOUNT))
    sent = world.send("order", delay=60 * SECOND)
    assert sent.runs == ()
    assert sent.event.delivered_at is None
    assert world.wake.timer_at == sent.event.deliver_at == world.now + 60 * SECOND
    world.advance(59.999999)
    assert world.fire().next_at == sent.event.deliver_at
    assert view(world, sent.event.id).runs == ()
    world.advance(0.000001)
    fired = world.fire()
    assert (fired.count, fired.next_at) == (1, None)
    seen = view(world, sent.event.id)
    assert [run.job_id for run in seen.runs] == ["bill"]
    assert [rejection.job_id for rejection in seen.rejections] == ["strict"]
    assert seen.event.delivered_at == world.now
    assert world.fire().count == 0


def test_an_event_for_an_instant_that_has_passed_is_delivered_now(world: World) -> None:
    world.worker(job("bill", "order"))
    sent = world.send("order", deliver_at=world.now - 1)
    assert started(sent) == ["bill"]
    assert sent.event.delivered_at == sent.event.deliver_at == world.now


def test_a_delayed_event_sent_again_answers_with_what_it_started(world: World) -> None:
    world.worker(job("bill", "order"))
    first = world.send("order", idempotency_key="k", delay=SECOND)
    assert world.send("order", idempotency_key="k", delay=SECOND).runs == ()
    world.advance(1)
    world.fire()
    again = world.send("order", idempotency_key="k", delay=SECOND)
    assert again.event.id == first.event.id
    assert started(again) == ["bill"]


def test_a_delayed_event_can_be_taken_back_once(world: World) -> None:
    world.worker(job("bill", "order"))
    sent = world.send("order", delay=SECOND, correlation_id="o-1")
    world.advance(0.5)
    cancelled = world.do(CancelEvent(world.env, "o-1"))
    assert cancelled.cancelled_at == world.now
    world.advance(60)
    assert world.do(CancelEvent(world.env, sent.event.id)) == cancelled
    assert world.fire().count == 0
    assert view(world, sent.event.id).runs == ()


def test_a_delivered_event_cannot_be_taken_back(world: World) -> None:
    sent = world.send("order")
    with pytest.raises(Conflict, match="delivered already"):
        world.do(CancelEvent(world.env, sent.event.id))
    with pytest.raises(NotFound):
        world.do(CancelEvent(world.env, "evt_nope"))
    with pytest.raises(NotFound):
        world.do(CancelEvent(world.environment("other"), sent.event.id))


def test_many_delayed_events_are_delivered_in_portions(world: World) -> None:
    world.worker(job("bill", "order"))
    for _ in range(5):
        world.send("order", delay=SECOND)
    world.advance(1)
    fired = world.fire(limit=2)
    assert fired.count == 2
    assert fired.next_at is not None
    assert fired.next_at <= world.now
    assert [world.fire(limit=2).count for _ in range(3)] == [2, 1, 0]


def test_a_refused_command_leaves_the_others_of_its_batch(world: World) -> None:
    world.worker(job("bill", "order"))
    refused, sent = world.apply(
        TriggerRuns(world.env, (RunDraft("run_1", "nope", "{}"),)),
        SendEvents(world.env, (world.draft("order"),)),
    )
    assert isinstance(refused, NotFound)
    assert started(sent[0]) == ["bill"]
