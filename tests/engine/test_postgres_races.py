"""Races between two servers: whichever is committed first, the other finds it, and what may happen once does (I7).

Each is run both ways round, with the first right before its commit when the second arrives.
"""

# ruff: noqa: N802 - tests are named after the invariants they hold

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from engine.items import await_run, await_runs, done, job, listen, parked, sleep, succeeded, triggered
from engine.live import Live, LivePuppet
from engine.pair import Pair, kinds
from engine.puppet import report
from mainspring.engine.account import run_tasks
from mainspring.engine.commands import EndWorkers
from mainspring.engine.committer import Committer
from mainspring.errors import TransactionConflict
from mainspring.ids import new_id
from mainspring.model.protocol import ClaimedRun, Item, ReportAnswer, RunCancelConfirmed, RunDraft
from mainspring.model.runs import Run

#: How often a race is run that nobody holds up: the machine decides who is first.
ROUNDS = 25


@dataclass
class Child:
    """A run that another started, and the worker that holds it."""

    run: ClaimedRun
    worker: LivePuppet

    @property
    def id(self) -> str:
        return self.run.run_id

    async def end(self) -> ReportAnswer:
        return await self.worker.report(self.run, done())


@dataclass
class Family:
    """A parent and its children, each held by a worker of its own."""

    live: Live
    parent: ClaimedRun
    worker: LivePuppet
    children: list[Child]

    async def wait(self, item: Item) -> ReportAnswer:
        """The parent begins to wait, and parks."""
        return await self.worker.report(self.parent, item, parked("w"))

    async def results(self) -> list[tuple[str, str]]:
        """What the parent's wait came to: (run id, status) in order; it is resolved once."""
        assert (await kinds(self.live, self.parent.run_id)).count("WAIT_RESOLVED") == 1
        views = await self.live.engine.read(run_tasks, self.live.env, self.parent.run_id)
        assert views is not None
        (task,) = [view.task for view in views if view.task.key == "w"]
        found = json.loads(task.output or "[]")
        return [(one["run_id"], one["status"]) for one in (found if isinstance(found, list) else [found])]

    async def wakes(self) -> list[str]:
        """Who is ready now; these go on, and end."""
        granted = (await self.worker.claim(10, wait=0)).runs
        for run in granted:
            await self.worker.report(run, done())
        return [run.run_id for run in granted]


async def family(home: Live, *away: Live) -> Family:
    """A fresh one: the parent's worker speaks to one server, that of each child to the one named for it."""
    worker = await home.worker(job("parent"))
    await home.call("parent")
    parent = await worker.take_one()
    children = []
    for number, live in enumerate(away):
        nurse = await live.worker(job("child"))
        await worker.report(parent, triggered(f"c{number}", RunDraft(new_id("run"), "child", "{}")))
        children.append(Child(await nurse.take_one(), nurse))
    return Family(home, parent, worker, children)


def one(*children: Child) -> Item:
    return await_run("w", children[0].id)


def several(*children: Child) -> Item:
    return await_runs("w", *[child.id for child in children])


WAITS = pytest.mark.parametrize("wait", [one, several], ids=lambda wait: wait.__name__)


# ── a wait for runs, and their ends ──────────────────────────────────────────────────────────────────
@WAITS
async def test_I7_a_child_about_to_end_is_found_by_the_wait_for_it(
    pair: Pair, wait: Callable[..., Item]
) -> None:
    us = await family(pair.b, pair.a)
    (child,) = us.children
    _, answer = await pair.race(child.end(), us.wait(wait(child)))
    assert [found.key for found in answer.resolved] == ["w"]
    assert not answer.parked
    assert await us.results() == [(child.id, "SUCCESS")]


@WAITS
async def test_I7_a_wait_about_to_begin_is_found_by_the_end_of_its_child(
    pair: Pair, wait: Callable[..., Item]
) -> None:
    us = await family(pair.a, pair.b)
    (child,) = us.children
    answer, _ = await pair.race(us.wait(wait(child)), child.end())
    assert answer.parked
    assert await us.results() == [(child.id, "SUCCESS")]
    assert await us.wakes() == [us.parent.run_id]


@WAITS
async def test_I7_a_wait_and_the_end_of_its_child_always_meet(pair: Pair, wait: Callable[..., Item]) -> None:
    for _ in range(ROUNDS):
        us = await family(pair.a, pair.b)
        (child,) = us.children
        answer, _ = await asyncio.gather(us.wait(wait(child)), child.end())
        assert await us.results() == [(child.id, "SUCCESS")]
        assert await us.wakes() == ([us.parent.run_id] if answer.parked else [])
        if not answer.parked:
            await us.worker.report(us.parent, done())


async def test_I7_the_last_two_children_wake_their_parent_once(pair: Pair) -> None:
    """Neither of the two servers that end them can see what the other is about to commit."""
    us = await family(pair.a, pair.a, pair.b)
    await us.wait(several(*us.children))
    await pair.race(*[child.end() for child in us.children])
    assert await us.results() == [(child.id, "SUCCESS") for child in us.children]
    assert await us.wakes() == [us.parent.run_id]


async def test_I7_children_that_end_at_both_servers_wake_their_parent_once(pair: Pair) -> None:
    for _ in range(ROUNDS):
        us = await family(pair.a, *(pair.a, pair.b) * 3)
        await us.wait(several(*us.children))
        await asyncio.gather(*[child.end() for child in us.children])
        assert await us.results() == [(child.id, "SUCCESS") for child in us.children]
        assert await us.wakes() == [us.parent.run_id]


# ── two that would resolve one wait ──────────────────────────────────────────────────────────────────
async def test_parents_that_report_beside_the_ends_of_each_others_children_hold_nobody_up(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each server is told of the end of a child whose parent the other is told of: their locks do not cross."""
    conflicts: list[Exception] = []
    transact = Committer._transact

    def watched(committer: Committer, submissions: Any) -> Any:
        try:
            return transact(committer, submissions)
        except TransactionConflict as error:
            conflicts.append(error)
            raise

    monkeypatch.setattr(Committer, "_transact", watched)
    workers = [await live.worker(job("parent"), job("child")) for live in (pair.a, pair.b)]
    parents = []
    for worker in workers:
        await pair.a.call("parent")
        parents.append(await worker.take_one())
    children = []
    for worker, parent, nurse in zip(workers, parents, reversed(workers), strict=True):
        await worker.report(parent, triggered("c", RunDraft(new_id("run"), "child", "{}")))
        children.append(await nurse.take_one())
        await worker.report(parent, await_run("w", children[-1].run_id))
    ends = [
        worker.commit(report(child, done()), report(parent, succeeded("more")))
        for worker, child, parent in zip(workers, reversed(children), parents, strict=True)
    ]
    answers = await pair.race(*ends, before="finish_run")
    assert [[one.status for one in answer] for answer in answers] == [["ok", "ok"]] * 2
    assert conflicts == []


async def test_I7_two_events_at_once_resolve_one_wait_once(pair: Pair) -> None:
    us = await family(pair.a)
    await us.wait(listen("w", "paid"))
    first, _ = await pair.race(pair.a.send("paid", '{"by":1}'), pair.b.send("paid", '{"by":2}'))
    assert (await kinds(pair.a, us.parent.run_id)).count("WAIT_RESOLVED") == 1
    (run,) = (await us.worker.claim(10, wait=0)).runs
    (found,) = [checkpoint for checkpoint in run.checkpoints if checkpoint.key == "w"]
    assert json.loads(found.output or "")["event_id"] == first.event.id


async def test_I7_an_end_and_a_timeout_at_once_resolve_one_wait_once(pair: Pair) -> None:
    us = await family(pair.a, pair.a)
    (child,) = us.children
    await us.wait(await_runs("w", child.id, timeout=5))
    await pair.race(child.end(), pair.b.advance(6, writes=False))
    assert await us.results() == [(child.id, "SUCCESS")]
    assert "WAIT_TIMED_OUT" not in await kinds(pair.a, us.parent.run_id)
    assert await us.wakes() == [us.parent.run_id]


# ── a cancel, and what goes on meanwhile ─────────────────────────────────────────────────────────────
async def cancel(live: Live, run_id: str) -> Run:
    return await live.engine.cancel_run(live.env, run_id)


async def test_a_cancel_beside_an_end_comes_too_late(pair: Pair) -> None:
    us = await family(pair.b, pair.a)
    (child,) = us.children
    await us.wait(several(child))
    _, run = await pair.race(child.end(), cancel(pair.b, child.id))
    assert run.status == "SUCCESS"
    assert await us.results() == [(child.id, "SUCCESS")]
    assert await us.wakes() == [us.parent.run_id]


async def test_an_end_beside_a_cancel_is_still_an_end(pair: Pair) -> None:
    """Its holder was asked to stop, and was done before it heard of it."""
    us = await family(pair.a, pair.b)
    (child,) = us.children
    await us.wait(several(child))
    run, answer = await pair.race(cancel(pair.a, child.id), child.end())
    assert (run.status, answer.status) == ("RUNNING", "ok")
    assert await us.results() == [(child.id, "SUCCESS")]
    assert await us.wakes() == [us.parent.run_id]


@pytest.mark.parametrize("is_cancelled_first", [True, False])
async def test_a_parent_cancelled_beside_the_end_of_its_child_stays_cancelled(
    pair: Pair, is_cancelled_first: bool
) -> None:
    canceller, ender = (pair.a, pair.b) if is_cancelled_first else (pair.b, pair.a)
    us = await family(pair.a, ender)
    (child,) = us.children
    await us.wait(several(child))
    both = [cancel(canceller, us.parent.run_id), child.end()]
    await pair.race(*(both if is_cancelled_first else reversed(both)))
    assert await pair.a.status(us.parent.run_id) == "CANCELLED"
    assert await pair.a.status(child.id) == "SUCCESS"
    assert await us.wakes() == []


async def test_a_run_cancelled_beside_its_claim_is_asked_to_stop(pair: Pair) -> None:
    worker = await pair.a.worker(job("bill"))
    run_id = await pair.a.call("bill")
    granted, run = await pair.race(worker.take_one(), cancel(pair.b, run_id))
    assert run.cancel_requested_at is not None
    await worker.report(granted, RunCancelConfirmed())
    assert await pair.a.status(run_id) == "CANCELLED"


async def test_a_run_claimed_beside_its_cancel_is_not_granted(pair: Pair) -> None:
    worker = await pair.b.worker(job("bill"))
    run_id = await pair.a.call("bill")
    run, answer = await pair.race(cancel(pair.a, run_id), worker.claim(1, wait=0))
    assert (run.status, answer.runs) == ("CANCELLED", ())
    assert await pair.a.status(run_id) == "CANCELLED"


async def test_a_child_claimed_beside_the_cancel_of_its_parent_is_asked_to_stop(pair: Pair) -> None:
    us = await family(pair.b)
    nurse = await pair.a.worker(job("child"))
    await us.worker.report(us.parent, triggered("c", RunDraft(new_id("run"), "child", "{}")), sleep("w", 60))
    await us.worker.report(us.parent, parked("w"))
    child, _ = await pair.race(nurse.take_one(), cancel(pair.b, us.parent.run_id))
    assert await kinds(pair.a, child.run_id) == ["RUN_CREATED", "JOB_STARTED", "CANCEL_REQUESTED"]
    await nurse.report(child, RunCancelConfirmed())
    assert await pair.a.status(child.run_id) == "CANCELLED"


# ── workers that end ─────────────────────────────────────────────────────────────────────────────────
def ending(worker: LivePuppet, at: Live) -> Any:
    return at.engine.end_workers(EndWorkers("exited", environment_id=at.env, worker_id=worker.id))


async def test_a_worker_that_ends_beside_its_claim_is_granted_nothing(pair: Pair) -> None:
    """A claim looks at its worker without holding it, until there is something to grant."""
    worker, other = await pair.b.worker(job("bill")), await pair.a.worker(job("bill"))
    run_id = await pair.a.call("bill")
    count, answer = await pair.race(ending(worker, pair.a), worker.claim(1, wait=0))
    assert (count, answer.unknown_worker, answer.runs) == (0, True, ())
    assert (await other.take_one()).run_id == run_id


async def test_what_a_worker_claims_beside_its_end_is_given_back(pair: Pair) -> None:
    worker, other = await pair.a.worker(job("bill")), await pair.b.worker(job("bill"))
    run_id = await pair.a.call("bill")
    granted, count = await pair.race(worker.take_one(), ending(worker, pair.b))
    assert (granted.run_id, count) == (run_id, 1)
    assert (await other.take_one()).run_id == run_id


async def test_a_claim_that_finds_nothing_writes_nothing(pair: Pair) -> None:
    """So it costs no fsync, which whatever comes next would wait for."""
    worker = await pair.a.worker(job("bill"))
    given = "select pg_current_xact_id()::text::bigint"
    between = []
    with psycopg.connect(pair.url, autocommit=True) as admin:
        for _ in range(5):  # the server itself may begin one at any time, to look after its tables
            first = admin.execute(given).fetchone()
            assert (await worker.claim(1, wait=0)).runs == ()
            second = admin.execute(given).fetchone()
            assert first is not None
            assert second is not None
            between.append(second[0] - first[0] - 1)
    assert 0 in between
