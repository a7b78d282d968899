"""Tokens: ended once (I7), never expired early (I9), and what is sent again changes nothing (I11)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import json
from typing import Any

import pytest

from engine.items import done, job, label, parked
from engine.puppet import Puppet, report
from engine.world import World
from mainspring.clock import HOUR, SECOND
from mainspring.engine.commands import CancelRun
from mainspring.engine.token_commands import CompleteToken, CreateToken, TokenMade
from mainspring.errors import Conflict, NotFound
from mainspring.model.protocol import ClaimedRun, ReportAnswer, WaitStarted
from mainspring.model.tokens import Token, TokenCreated, TokenDraft, hash_secret
from mainspring.model.waits import WaitSpec

SECRET = "s3cret"


def draft(token_id: str = "tok_1", **options: Any) -> TokenDraft:
    return TokenDraft(token_id, hash_secret(SECRET), **options)


def created(key: str, token: TokenDraft, position: int = 1) -> TokenCreated:
    return TokenCreated(label(key, "token"), token, '"http://here/1"', position)


def awaited(key: str, token_id: str = "tok_1", timeout: int | None = None) -> WaitStarted:
    return WaitStarted(label(key, "token_wait"), WaitSpec("token", delay=timeout, token_id=token_id))


def complete(world: World, output: str = '"yes"', token_id: str = "tok_1", **options: Any) -> CompleteToken:
    return CompleteToken(token_id, output, world.env, **options)


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("bill"))


@pytest.fixture
def run(world: World, puppet: Puppet) -> ClaimedRun:
    world.call("bill")
    return puppet.take_one()


def test_a_token_made_by_a_run_is_kept_with_its_task(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    answer = puppet.report(run, created("ask", draft(timeout=HOUR, tags=("a", "b"))))
    said = json.loads(answer.items[0].output or "")
    assert (said["id"], said["url"], said["tags"]) == ("tok_1", "http://here/1", ["a", "b"])
    assert world.task(run.run_id, "ask").output == answer.items[0].output
    assert world.fire().next_at == world.now + HOUR
    with world.read() as tx:
        (row,) = tx.rows("tokens_by_ids", ids=["tok_1"])
    assert SECRET not in str(row)
    assert run.run_id in row


def test_I11_a_report_sent_again_makes_no_other_token(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    said = puppet.commit_command(report(run, created("ask", draft()), awaited("w")))
    first = world.do(said)
    world.do(complete(world))
    second = world.do(said)
    assert second.reports[0].items == first.reports[0].items
    assert world.task(run.run_id, "w").output == '"yes"'


def test_I7_the_first_completion_counts(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, created("ask", draft()), awaited("w"))
    assert puppet.report(run, parked("w")).parked
    first, second = world.apply(complete(world, by="Ada"), complete(world, '"no"', by="Eve"))
    assert isinstance(first, Token)
    assert isinstance(second, Conflict)
    assert "by Ada" in str(second)
    world.advance(5)
    again = world.apply(complete(world, '"no"', request_key="r-1"))[0]
    assert isinstance(again, Conflict)
    assert world.status(run.run_id) == "PENDING"
    task = world.task(run.run_id, "w")
    assert (task.status, task.output) == ("SUCCESS", '"yes"')
    assert world.waits(run.run_id) == {}
    (entry,) = [one for one in world.history(run.run_id) if one.kind == "WAIT_RESOLVED"]
    assert json.loads(entry.data or "")["by"] == "Ada"


def test_I11_a_completion_sent_again_succeeds_again(world: World) -> None:
    world.do(CreateToken(world.env, draft()))
    first = world.do(complete(world, request_key="r-1"))
    assert world.do(complete(world, request_key="r-1")) == first
    assert isinstance(world.apply(complete(world, request_key="r-2"))[0], Conflict)


@pytest.mark.parametrize("is_late", [False, True])
def test_a_wait_in_the_batch_of_the_completion(
    world: World, puppet: Puppet, run: ClaimedRun, is_late: bool
) -> None:
    """Also one that parks at once: its answer brings the outcome."""
    world.do(CreateToken(world.env, draft()))
    said = puppet.commit_command(report(run, awaited("w"), parked("w")))
    if is_late:
        world.do(complete(world))
        answer: ReportAnswer = world.do(said).reports[0]
        assert not answer.parked
        assert [one.output for one in answer.resolved] == ['"yes"']
    else:
        world.apply(complete(world), said)
        assert world.status(run.run_id) == "PENDING"
    assert world.task(run.run_id, "w").output == '"yes"'


def test_I9_a_token_expires_in_time(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    world.do(CreateToken(world.env, draft(timeout=10 * SECOND)))
    puppet.report(run, awaited("w"), parked("w"))
    world.advance(9.999999)
    assert world.fire().count == 0
    world.advance(0.000001)
    assert world.fire().next_at is None
    task = world.task(run.run_id, "w")
    assert (task.status, json.loads(task.failure or "")["code"]) == ("FAILED", "wait_timeout")
    assert isinstance(world.apply(complete(world))[0], Conflict)
    assert "WAIT_TIMED_OUT w" in world.kinds(run.run_id)


def test_a_completion_after_the_expiry_that_no_timer_has_seen_to(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    world.do(CreateToken(world.env, draft(timeout=10 * SECOND)))
    puppet.report(run, awaited("w"), parked("w"))
    world.advance(10)
    (refused,) = world.apply(complete(world))
    assert isinstance(refused, Conflict)
    assert "expired at" in str(refused)
    assert world.task(run.run_id, "w").status == "FAILED"
    assert world.status(run.run_id) == "PENDING"


def test_the_wait_may_end_before_its_token(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    world.do(CreateToken(world.env, draft()))
    puppet.report(run, awaited("w", timeout=5 * SECOND), parked("w"))
    world.advance(5)
    world.fire()
    assert world.task(run.run_id, "w").status == "FAILED"
    assert world.do(complete(world)).status == "COMPLETED"
    assert world.task(run.run_id, "w").status == "FAILED"


def test_a_run_that_ended_waits_no_more(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    world.do(CreateToken(world.env, draft()))
    puppet.report(run, awaited("w"), parked("w"))
    world.do(CancelRun(world.env, run.run_id))
    assert world.do(complete(world)).status == "COMPLETED"
    assert world.status(run.run_id) == "CANCELLED"
    assert world.task(run.run_id, "w").status == "CANCELLED"


def test_I12_of_another_environment_no_token_is_found(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    other = world.environment("other")
    world.do(CreateToken(other, draft()))
    assert isinstance(world.apply(complete(world))[0], NotFound)
    puppet.report(run, awaited("w"))
    assert json.loads(world.task(run.run_id, "w").failure or "")["code"] == "not_found"
    assert isinstance(world.apply(CompleteToken("tok_1", "1", None, secret="another"))[0], NotFound)
    assert world.do(CompleteToken("tok_1", "1", None, secret=SECRET, via="url")).completed_via == "url"
    puppet.report(run, done())


def test_one_idempotency_key_one_token(world: World) -> None:
    options: dict[str, Any] = {"idempotency_key": "k", "idempotency_key_ttl": HOUR}
    one, two = world.apply(
        CreateToken(world.env, draft("tok_1", **options)), CreateToken(world.env, draft("tok_2", **options))
    )
    assert isinstance(one, TokenMade)
    assert (one.token.id, one.is_cached, two.token.id, two.is_cached) == ("tok_1", False, "tok_1", True)
    other = world.environment("other")
    assert world.do(CreateToken(other, draft("tok_3", **options))).token.id == "tok_3"
    world.advance(3_600)
    assert world.do(CreateToken(world.env, draft("tok_4", **options))).token.id == "tok_4"
    assert world.do(CreateToken(world.env, draft("tok_4"))).token.id == "tok_4"
