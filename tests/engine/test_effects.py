"""What a run does inside the commit: events sent, children started, the store used; each once (I2, I11)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import json

import pytest

from engine.items import await_run, done, job, listen, parked, sent, setting, sleep, triggered, used
from engine.puppet import Puppet, report
from engine.world import World
from mainspring.engine.commands import CancelRun, Commit
from mainspring.model.protocol import ClaimedRun, CommitRequest, RunDraft, RunReport
from mainspring.model.store import StoreOperation


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("parent"), job("child"), job("mailer", "mail.wanted"), job("off", enabled=False))


@pytest.fixture
def run(world: World, puppet: Puppet) -> ClaimedRun:
    world.call("parent")
    return puppet.take_one()


# ── events ───────────────────────────────────────────────────────────────────────────────────────────
def test_an_event_sent_from_a_run_is_a_finished_task(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    draft = world.draft("mail.wanted", '{"to":"Ada"}', correlation_id="m-1")
    answer = puppet.report(run, sent("mail", draft, position=3))
    (item,) = answer.items
    task = world.task(run.run_id, "mail")
    assert (task.status, task.kind, task.position, task.output) == ("SUCCESS", "send_event", 3, item.output)
    (event,) = json.loads(item.output or "")
    assert (event["id"], event["event_id"], event["payload"]) == ("m-1", draft.id, {"to": "Ada"})
    assert event["rejected"] == []
    (started,) = event["runs"]
    assert world.run(started["id"]).job_id == started["job_id"] == "mailer"
    assert world.run(started["id"]).event_id == draft.id


def test_an_event_wakes_waits_in_the_same_batch(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    other = world.call("child")
    puppet.report(puppet.take_one(), listen("go", "go"), parked("go"))
    puppet.report(run, sent("tell", world.draft("go")))
    assert world.status(other.id) == "PENDING"
    assert world.task(other.id, "go").status == "SUCCESS"


def test_a_run_may_answer_itself(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    answer = puppet.report(run, listen("go", "go"), sent("tell", world.draft("go")), parked("go"))
    assert not answer.parked
    assert [c.key for c in answer.resolved] == ["go"]


def test_a_run_that_ends_in_the_batch_listens_no_more(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    """Its account ends with its end, whatever is announced in the very batch."""
    other = world.call("child")
    child = puppet.take_one()
    puppet.report(child, listen("go", "go"))
    second = world.worker(job("parent"))
    world.call("parent")
    sender = second.take_one()
    world.apply(
        puppet.commit_command(report(child, done())),
        second.commit_command(report(sender, sent("tell", world.draft("go")))),
    )
    assert world.task(other.id, "go").status == "CANCELLED"
    assert world.kinds(other.id)[-1] == "JOB_COMPLETED"


# ── children ─────────────────────────────────────────────────────────────────────────────────────────
def test_children_start_in_the_commit(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    drafts = (RunDraft("run_a", "child", '{"n":1}', tags=("x",)), RunDraft("run_b", "child", "{}"))
    (item,) = puppet.report(run, triggered("children", *drafts)).items
    assert json.loads(item.output or "") == [
        {"id": "run_a", "job_id": "child"},
        {"id": "run_b", "job_id": "child"},
    ]
    child = world.run("run_a")
    assert (child.status, child.parent_run_id, child.parent_task_key) == ("PENDING", run.run_id, "children")
    assert world.task(run.run_id, "children").status == "SUCCESS"


@pytest.mark.parametrize(("job_id", "code"), [("nope", "not_found"), ("off", "conflict")])
def test_children_that_are_refused_fail_the_task_and_none_starts(
    world: World, puppet: Puppet, run: ClaimedRun, job_id: str, code: str
) -> None:
    fine, bad = RunDraft("run_a", "child", "{}"), RunDraft("run_b", job_id, "{}")
    (item,) = puppet.report(run, triggered("children", fine, bad)).items
    assert item.failure is not None
    assert (item.output, item.failure.code) == (None, code)
    task = world.task(run.run_id, "children")
    assert (task.status, json.loads(task.failure or "")["code"]) == ("FAILED", code)
    assert world.status(run.run_id) == "RUNNING"
    assert puppet.take() == ()


def test_a_child_and_the_wait_for_it_in_one_commit(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    answer = puppet.report(
        run,
        triggered("child", RunDraft("run_a", "child", "{}")),
        await_run("child/result", "run_a"),
        parked("child/result"),
    )
    assert answer.parked
    child = puppet.take_one()
    puppet.report(child, done('{"sum":7}'))
    assert world.status(run.run_id) == "PENDING"
    task = world.task(run.run_id, "child/result")
    assert (task.status, json.loads(task.output or "")) == (
        "SUCCESS",
        {"run_id": "run_a", "status": "SUCCESS", "output": {"sum": 7}, "error": None},
    )


# ── the store ────────────────────────────────────────────────────────────────────────────────────────
def test_the_store_is_journaled(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    answer = puppet.report(
        run,
        used("set", setting("k", '{"a":1}')),
        used("get", StoreOperation("get", "environment", "", "k")),
        used("has", StoreOperation("has", "environment", "", "nope")),
        used("late", setting("k", "2", expected_version=5)),
        used("delete", StoreOperation("delete", "environment", "", "k")),
    )
    assert [json.loads(item.output or "") for item in answer.items] == [
        {"ok": True, "exists": True, "value": {"a": 1}, "version": 1},
        {"ok": True, "exists": True, "value": {"a": 1}, "version": 1},
        {"ok": True, "exists": False, "value": None, "version": 0},
        {"ok": False, "exists": True, "value": {"a": 1}, "version": 1},
        {"ok": True, "exists": True, "value": None, "version": 0},
    ]
    assert [world.task(run.run_id, item).output for item in ("set", "get", "has", "late", "delete")] == [
        item.output for item in answer.items
    ]


def test_answers_come_in_the_order_of_the_items(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    answer = puppet.report(
        run,
        sleep("nap", 60),
        used("store", setting("k", "1")),
        triggered("child", RunDraft("run_a", "child", "{}")),
        sent("mail", world.draft("mail.wanted")),
    )
    assert [item.index for item in answer.items] == [1, 2, 3]


# ── parents are told of every end ────────────────────────────────────────────────────────────────────
def test_a_parent_is_told_of_a_child_that_was_cancelled(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(
        run, triggered("child", RunDraft("run_a", "child", "{}")), await_run("w", "run_a"), parked("w")
    )
    world.do(CancelRun(world.env, "run_a"))
    assert json.loads(world.task(run.run_id, "w").output or "")["status"] == "CANCELLED"
    assert world.status(run.run_id) == "PENDING"


def test_a_wait_for_a_run_that_ended_before_is_answered_at_once(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    child = world.call("child")
    puppet.report(puppet.take_one(), done("1"))
    answer = puppet.report(run, await_run("w", child.id), parked("w"))
    assert not answer.parked
    (resolved,) = answer.resolved
    assert json.loads(resolved.output or "")["output"] == 1


def test_I12_a_run_of_another_environment_cannot_be_waited_for(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    other = world.environment("other")
    thief = world.worker(job("thief"), environment_id=other)
    world.env, ours = other, world.env
    world.call("thief")
    world.env = ours
    taken = thief.take_one()
    puppet.report(run, done('"our secret"'))
    answer = thief.report(taken, await_run("w", run.run_id), parked("w"))
    (found,) = answer.resolved
    assert "our secret" not in str(found)
    assert json.loads(found.output or "")["error"]["code"] == "not_found"
    # Nor by asking for the answer of a commit that never was.
    thief.commits = 5
    thief.commit()
    puzzle = RunReport(run.run_id, run.lease, (used("store", setting("k", "1")), done()))
    (told,) = world.do(Commit(other, CommitRequest(thief.id, 2, (puzzle,)))).reports
    assert (told.status, told.items) == ("lost", ())
