"""Rate limits that refuse: what is too many is not started, whoever asks is told when; events are kept all the same."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from engine.items import job
from engine.pair import Pair
from engine.world import World
from mainspring.clock import MINUTE, SECOND
from mainspring.engine.commands import ReplayRun, TriggerRuns
from mainspring.engine.inspect import get_event
from mainspring.errors import InvalidTrigger, TooManyStarts
from mainspring.ids import new_id
from mainspring.model.jobs import JobSpec, StartLimit
from mainspring.model.joining import EventBatch
from mainspring.model.protocol import RunDraft
from mainspring.model.queues import Rate

TWO = StartLimit(Rate(2, MINUTE, burst=2))


def mail(limit: StartLimit = TWO, *events: str, **options: Any) -> JobSpec:
    return job("mail", *events, start_limit=limit, **options)


def test_a_start_that_is_too_many_is_refused_and_told_when(world: World) -> None:
    world.worker(mail())
    world.call("mail")
    world.call("mail")
    with pytest.raises(TooManyStarts, match="2 times in 1") as refused:
        world.call("mail")
    assert refused.value.retry_after == 30
    world.advance(29.999999)
    with pytest.raises(TooManyStarts):
        world.call("mail")
    world.advance(0.000001)
    world.call("mail")
    with pytest.raises(TooManyStarts):
        world.call("mail")


def test_keys_have_rates_of_their_own(world: World) -> None:
    world.worker(mail(replace(TWO, key="to.id")))
    for to in ("a", "b"):
        for _ in range(2):
            world.call("mail", f'{{"to":{{"id":"{to}"}}}}')
        with pytest.raises(TooManyStarts, match=f"for the key '{to}'"):
            world.call("mail", f'{{"to":{{"id":"{to}"}}}}')


def test_what_is_refused_counts_for_nothing(world: World) -> None:
    world.worker(mail())
    three = tuple(RunDraft(new_id("run"), "mail", "{}") for _ in range(3))
    for _ in range(3):
        with pytest.raises(TooManyStarts):
            world.do(TriggerRuns(world.env, three))
    assert len(world.do(TriggerRuns(world.env, three[:2]))) == 2


def test_I11_a_call_that_is_sent_again_is_not_counted_twice(world: World) -> None:  # noqa: N802
    world.worker(mail())
    runs = {world.call("mail", idempotency_key="a").id for _ in range(5)}
    assert len(runs) == 1
    world.call("mail")


def test_calls_that_arrive_together_are_counted_together(world: World) -> None:
    world.worker(mail())
    drafts = [RunDraft(new_id("run"), "mail", "{}") for _ in range(4)]
    answers = world.apply(*(TriggerRuns(world.env, (draft,)) for draft in drafts))
    assert [isinstance(one, TooManyStarts) for one in answers] == [False, False, True, True]


def test_an_event_is_kept_and_tells_why_it_started_nothing(world: World) -> None:
    world.worker(mail(TWO, "sold"), job("book", "sold"))
    sent = [world.send("sold") for _ in range(3)]
    assert [sorted(run.job_id for run in one.runs) for one in sent] == [["book", "mail"]] * 2 + [["book"]]
    (skip,) = sent[2].skips
    assert (skip.job_id, skip.reason) == ("mail", "rate")
    assert "30s" in skip.message
    with world.read() as tx:
        view = get_event(tx, world.env, sent[2].event.id)
    assert view is not None
    assert view.skips == sent[2].skips


def test_a_replay_is_not_counted(world: World) -> None:
    world.worker(mail())
    run = world.call("mail")
    world.call("mail")
    assert world.do(ReplayRun(world.env, run.id, "run_again")).id == "run_again"


def test_keys_that_are_as_good_as_new_are_forgotten(world: World) -> None:
    world.worker(mail(replace(TWO, key="to")))
    for n in range(20):
        world.call("mail", f'{{"to":{n}}}')
    world.advance(120)
    for n in range(20, 22):
        world.call("mail", f'{{"to":{n}}}')
    with world.database.write() as tx:
        kept = tx.row("start_rate_to_change", environment_id=world.env, job_id="mail", key="0")
    assert kept is None


def test_a_limit_and_a_batch_are_refused_together(world: World) -> None:
    spec = mail(TWO, "sold")
    with pytest.raises(InvalidTrigger, match="rate_limit"):
        world.worker(replace(spec, triggers=(replace(spec.triggers[0], batch=EventBatch(2, SECOND)),)))


async def test_two_servers_start_no_more_than_the_limit(pair: Pair) -> None:
    await pair.a.worker(mail(StartLimit(Rate(5, MINUTE, burst=5))))
    drafts = [RunDraft(new_id("run"), "mail", "{}") for _ in range(16)]
    calls = [
        (pair.a if n % 2 else pair.b).engine.trigger_runs(pair.a.env, (draft,))
        for n, draft in enumerate(drafts)
    ]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, TooManyStarts) for one in answers) == 11
