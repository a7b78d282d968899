"""Tokens on two servers: a completion is found by the wait, or finds it; of two completions one counts (I7)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import asyncio

from engine.items import done, job, parked
from engine.live import LivePuppet
from engine.pair import Pair, kinds
from engine.test_tokens import awaited, draft
from mainspring.engine.token_commands import CompleteToken, CreateToken
from mainspring.errors import Conflict
from mainspring.ids import new_id
from mainspring.model.protocol import ClaimedRun
from mainspring.model.tokens import Token

ROUNDS = 10


class Asked:
    """A run held at `b`, and a token."""

    def __init__(self, pair: Pair, worker: LivePuppet, run: ClaimedRun, token_id: str) -> None:
        self.pair, self.worker, self.run, self.token_id = pair, worker, run, token_id

    def wait(self, key: str = "w"):  # type: ignore[no-untyped-def]  # a coroutine of an answer
        return self.worker.report(self.run, awaited(key, self.token_id), parked(key))

    def complete(self, output: str = "1", server: str = "a"):  # type: ignore[no-untyped-def]  # a coroutine of a token
        live = self.pair.a if server == "a" else self.pair.b
        return live.engine.tokens.complete(CompleteToken(self.token_id, output, live.env))

    async def is_told_once(self) -> None:
        assert (await kinds(self.pair.a, self.run.run_id)).count("WAIT_RESOLVED") == 1


async def asked(pair: Pair) -> Asked:
    worker = await pair.b.worker(job("bill"))
    await pair.b.call("bill")
    run = await worker.take_one()
    token_id = new_id("tok")
    await pair.a.engine.tokens.create(CreateToken(pair.a.env, draft(token_id)))
    return Asked(pair, worker, run, token_id)


async def test_I7_a_completion_about_to_commit_is_found_by_the_wait(pair: Pair) -> None:
    us = await asked(pair)
    _, answer = await pair.race(us.complete(), us.wait(), "waits_on_channels")
    assert not answer.parked
    assert [one.output for one in answer.resolved] == ["1"]
    await us.is_told_once()


async def test_I7_a_wait_about_to_commit_is_found_by_the_completion(pair: Pair) -> None:
    us = await asked(
        Pair(pair.url, pair.b, pair.a)
    )  # the run is held at the one that stands before its commit
    await pair.race(us.wait(), us.complete(server="a"))
    await us.is_told_once()
    assert [run.run_id for run in (await us.worker.claim(10, wait=0)).runs] == [us.run.run_id]


async def test_I7_of_two_completions_one_counts(pair: Pair) -> None:
    for _ in range(ROUNDS):
        us = await asked(pair)
        answers, *_ = await asyncio.gather(
            asyncio.gather(us.complete("1"), us.complete("2", "b"), return_exceptions=True), us.wait()
        )
        assert sorted(type(one).__name__ for one in answers) == ["Conflict", "Token"], answers
        (token,) = [one for one in answers if isinstance(one, Token)]
        (refused,) = [one for one in answers if isinstance(one, Conflict)]
        assert "completed at" in str(refused)
        await us.is_told_once()
        for run in (await us.worker.claim(10, wait=0)).runs or (us.run,):
            await us.worker.report(run, done(token.output or ""))


async def test_I11_one_idempotency_key_on_two_servers_one_token(pair: Pair) -> None:
    def create(live):  # type: ignore[no-untyped-def]  # a coroutine of what was made
        return live.engine.tokens.create(
            CreateToken(live.env, draft(new_id("tok"), idempotency_key="one for all"))
        )

    one, two = await pair.race(create(pair.a), create(pair.b), "find_token_made")
    assert one.token.id == two.token.id
    assert (one.is_cached, two.is_cached) == (False, True)
