"""Corruptions planted by hand, one at a time: each is found where it is, and nothing else is."""

from dataclasses import dataclass

import pytest

from audit.scene import Scene
from engine.items import listen
from mainspring.audit import findings as rules
from mainspring.audit.findings import Rule


@dataclass(frozen=True)
class Planted:
    title: str
    sql: str
    rule: Rule
    #: Name of the run in the scene.
    where: str
    #: What else this breaks.
    also: tuple[Rule, ...] = ()


PLANTED = (
    Planted(
        "a run that waits behind one of its kind that is over",
        "update runs set is_ready = false, slot = -1, singleton_key = '=' where id = '{pending}';",
        rules.BEHIND_NOBODY,
        "pending",
    ),
    Planted(
        "a waiting run without a wait",
        "delete from waits where run_id = '{listening}';"
        "update tasks set status = 'CANCELLED', finished_at = 1 where run_id = '{listening}';",
        rules.WAITS_FOR_NOTHING,
        "listening",
    ),
    Planted(
        "a wait for a time that is not kept any more",
        "delete from waits where run_id = '{sleeping}';",
        rules.WAIT_MISSING,
        "sleeping",
    ),
    Planted(
        "a wait for an event that is not kept any more",
        "delete from waits where run_id = '{listening}';",
        rules.WAIT_UNKNOWN,
        "listening",
    ),
    Planted(
        "a wait that is open though its task is done",
        "update tasks set status = 'CANCELLED', finished_at = 1 where run_id = '{listening}';",
        rules.WAIT_LEFT_OVER,
        "listening",
    ),
    Planted(
        "a running run that nobody holds",
        "update runs set worker_id = null where id = '{running}';",
        rules.LEASE_WITHOUT_HOLDER,
        "running",
    ),
    Planted(
        "a lease of a worker that is not there",
        "update runs set worker_id = 'wrk_unknown' where id = '{running}';",
        rules.LEASE_WITHOUT_HOLDER,
        "running",
    ),
    Planted(
        "a lease of a worker that is gone",
        "update workers set status = 'GONE' where id = '{worker}';",
        rules.LEASE_WITHOUT_HOLDER,
        "running",
    ),
    Planted(
        "a holder of a run that ended",
        "update runs set worker_id = '{worker}' where id = '{finished}';",
        rules.HELD_BUT_NOT_RUNNING,
        "finished",
    ),
    Planted(
        "a pending run that nothing starts",
        "update runs set timer_at = null where id = '{delayed}';",
        rules.NEVER_STARTS,
        "delayed",
    ),
    Planted(
        "an ended run that could be claimed",
        "update runs set is_ready = (1 = 1) where id = '{finished}';",
        rules.READY_BUT_NOT_PENDING,
        "finished",
    ),
    Planted(
        "an ended run that keeps its slot",
        "update runs set slot = 3 where id = '{finished}';",
        rules.SLOT_NOT_FREED,
        "finished",
    ),
    Planted(
        "a run that a queue without limits holds back",
        "update runs set slot = 1, is_ready = (1 = 0), timer_at = null where id = '{delayed}';",
        rules.HELD_FOR_NOTHING,
        "delayed",
    ),
    Planted(
        "an ended run with a timer",
        "update runs set timer_at = 5 where id = '{finished}';",
        rules.END_NOT_CLEAN,
        "finished",
    ),
    Planted(
        "a deadline that nobody watches",
        "update runs set deadline_at = 5000000000000000 where id = '{running}';",
        rules.DEADLINE_UNWATCHED,
        "running",
    ),
    Planted(
        "an ended run with an open task",
        "insert into tasks (run_id, environment_id, key, kind, name, fingerprint, status, attempt, started_at) "
        "select id, environment_id, 'late', 'task', 'late', '', 'RUNNING', 1, 1 from runs where id = '{finished}';",
        rules.OPEN_AFTER_END,
        "finished",
    ),
    Planted(
        "a success without its output",
        "update runs set output = null where id = '{finished}';",
        rules.END_CONTRADICTS,
        "finished",
    ),
    Planted(
        "another outcome than the history tells",
        "update runs set status = 'CANCELLED', output = null where id = '{finished}';",
        rules.HISTORY_CONTRADICTS,
        "finished",
    ),
    Planted(
        "a gap in the history",
        "delete from history where run_id = '{finished}' and kind = 'JOB_STARTED';",
        rules.HISTORY_GAP,
        "finished",
        also=(rules.HISTORY_ILLEGAL,),
    ),
    Planted(
        "a task that is done and of which the history tells nothing",
        "delete from history where run_id = '{finished}' and kind = 'TASK_COMPLETED' and task_key = 'a';",
        rules.HISTORY_CONTRADICTS,
        "finished",
    ),
    Planted(
        "a finished task that is not there any more",
        "delete from tasks where run_id = '{finished}' and key = 'a';",
        rules.HISTORY_CONTRADICTS,
        "finished",
    ),
    Planted(
        "a task completed twice",
        "insert into history (environment_id, run_id, at, kind, task_key, attempt) "
        "select environment_id, id, 1, 'TASK_COMPLETED', 'a', 1 from runs where id = '{running}';",
        rules.COMPLETED_TWICE,
        "running",
    ),
    Planted(
        "a task that began again after it was done",
        "insert into history (environment_id, run_id, at, kind, task_key, attempt) "
        "select environment_id, id, 1, 'TASK_STARTED', 'a', 1 from runs where id = '{running}';",
        rules.COMPLETED_TWICE,
        "running",
    ),
    Planted(
        "a task line from before the lease",
        "insert into history (environment_id, run_id, at, kind, task_key, attempt) "
        "select environment_id, id, 1, 'TASK_STARTED', 'a', 1 from runs where id = '{pending}';",
        rules.HISTORY_ILLEGAL,
        "pending",
    ),
    Planted(
        "an event that started no run",
        "update runs set event_id = null where id = '{finished}';",
        rules.EVENT_WITHOUT_RUN,
        "event",
    ),
    Planted(
        "an event that started two",
        "update runs set event_id = (select id from events) where id = '{pending}';",
        rules.EVENT_RAN_TWICE,
        "event",
    ),
    Planted(
        "an event that was never delivered and started a run",
        "update events set delivered_at = null, delivery = null;",
        rules.EVENT_CONTRADICTS,
        "event",
    ),
    Planted(
        "an event that is not there any more",
        "delete from events;",
        rules.EVENT_MISSING,
        "finished",
    ),
    Planted(
        "a parent that is not there",
        "update runs set parent_run_id = 'run_none' where id = '{pending}';",
        rules.PARENT_MISSING,
        "pending",
    ),
    Planted(
        "rows of another environment",
        "update tasks set environment_id = 'env_other' where run_id = '{finished}' and key = 'a';",
        rules.CROSSED_ENVIRONMENTS,
        "finished",
    ),
    Planted(
        "a run that is gone, its tasks are not",
        "delete from runs where id = '{pending}'; delete from runs where id = '{finished}';"
        "delete from events; delete from history where run_id = '{pending}';",
        rules.RUN_MISSING,
        "finished",
    ),
)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.title)
def test_it_is_found_and_nothing_else(planted: Planted, scene: Scene) -> None:
    assert scene.audit() == []
    scene.runs["event"] = scene.event_id()
    scene.spoil(planted.sql)
    place = scene.runs[planted.where]
    assert scene.found() == {(rule.id, place) for rule in (planted.rule, *planted.also)}
    assert all(finding.rule.mend for finding in scene.audit())


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("update tasks set output = '2' where run_id = '{replayed}'", rules.KEPT_DIFFERS),
        ("update tasks set key = 'c' where run_id = '{finished}' and key = 'a'", rules.KEPT_DIFFERS),
        ("delete from history where run_id = '{replayed}' and kind = 'TASK_KEPT'", rules.HISTORY_CONTRADICTS),
        ("update tasks set kept_from = null where run_id = '{replayed}'", rules.HISTORY_CONTRADICTS),
    ],
)
def test_a_task_that_a_replay_keeps_is_that_of_its_run(scene: Scene, sql: str, rule: Rule) -> None:
    scene.replay()
    assert scene.audit() == []
    scene.spoil(sql)
    assert (rule.id, scene.runs["replayed"]) in scene.found()


def test_a_resolved_wait_whose_run_was_never_woken(scene: Scene) -> None:
    scene.world.send("go", correlation_id="c-1")
    assert scene.audit() == []
    scene.spoil("update runs set status = 'WAITING', is_ready = (1 = 0) where id = '{listening}'")
    assert scene.found() == {("waits-for-nothing", scene.runs["listening"])}


def test_a_wait_resolved_twice(scene: Scene) -> None:
    scene.world.send("go", correlation_id="c-1")
    scene.spoil(
        "insert into history (environment_id, run_id, at, kind, task_key) "
        "select environment_id, run_id, 1, 'WAIT_TIMED_OUT', 'answer' from tasks where run_id = '{listening}'"
    )
    assert ("resolved-twice", scene.runs["listening"]) in scene.found()


@pytest.mark.parametrize("correlation_id", ["c-1", "c-2"])
def test_an_event_that_a_wait_did_not_hear(scene: Scene, correlation_id: str) -> None:
    """Delivered after the run began, yet the wait is still open; one with another id is none of its business."""
    scene.spoil("update waits set channel = 'event:deaf' where run_id = '{listening}'")
    scene.world.send("go", correlation_id=correlation_id)
    scene.spoil(
        "update waits set channel = 'event:go' || {newline} || 'c-1' where run_id = '{listening}'",
        newline=scene.newline,
    )
    heard = {("event-not-heard", scene.runs["listening"])}
    assert scene.found() == (heard if correlation_id == "c-1" else set())


def test_an_event_that_does_not_pass_the_filter_is_rightly_not_heard(scene: Scene) -> None:
    scene.spoil("update waits set channel = 'event:deaf' where run_id = '{listening}'")
    scene.world.send("go", '{"amount":3}')
    scene.spoil(
        "update waits set channel = 'event:go', filter = '{filter}' where run_id = '{listening}'",
        filter='{"amount":[{"$gte":5}]}',
    )
    assert scene.found() == set()
    scene.world.send("went", '{"amount":7}')
    scene.spoil("update events set name = 'go' where name = 'went'")
    assert scene.found() == {("event-not-heard", scene.runs["listening"])}


def test_an_event_from_before_a_run_began_is_rightly_not_heard(scene: Scene) -> None:
    scene.park("older", listen("answer", "other"))
    scene.world.send("went")
    scene.park("younger", listen("answer", "went"))
    assert scene.audit() == []


def test_an_event_that_another_wait_of_the_run_took_is_rightly_not_heard(scene: Scene) -> None:
    scene.park("twice", listen("first", "went"), listen("second", "went"))
    scene.world.send("went")
    assert scene.audit() == []


def test_an_event_of_another_name_that_resolved_a_wait(scene: Scene) -> None:
    scene.world.send("go", correlation_id="c-1")
    scene.spoil("update events set correlation_id = 'c-2' where name = 'go'")
    assert scene.found() == {("event-crossed", scene.runs["listening"])}


@pytest.mark.parametrize("parent", ["parent", "family"])
def test_children_that_ended_while_their_parent_still_waits(scene: Scene, parent: str) -> None:
    for child in scene.children[parent]:
        scene.end_unnoticed(child)
    assert scene.found() == {("wait-not-answered", scene.runs[parent])}


def test_one_child_of_several_that_ended_and_is_still_counted(scene: Scene) -> None:
    scene.end_unnoticed(scene.children["family"][1])
    assert scene.found() == {("wait-not-answered", scene.runs["family"])}
    (finding,) = scene.audit()
    assert "still counts 1 run(s)" in finding.message


def test_a_child_that_its_cancelled_parent_left_behind(scene: Scene) -> None:
    (child,) = scene.children["parent"]
    scene.spoil("update runs set parent_run_id = null where id = '{child}'", child=child)
    scene.cancel("parent")
    scene.spoil("update runs set parent_run_id = '{parent}' where id = '{child}'", child=child)
    assert scene.found() == {("child-outlives-cancel", child)}


def test_a_wait_without_a_run(scene: Scene) -> None:
    scene.spoil(
        "insert into waits (run_id, task_key, environment_id, kind, created_at) "
        "values ('run_none', 'nap', 'env_none', 'time', 1);"
        "insert into awaited_runs (run_id, task_key, target_run_id) values ('zz', 'all', '{finished}')"
    )
    assert scene.found() == {("wait-without-run", "run_none"), ("wait-without-run", "zz")}


@pytest.mark.parametrize("table", ["logs", "attempts", "streams", "history", "tasks", "batch_runs"])
def test_rows_without_a_run(scene: Scene, table: str) -> None:
    rows = {
        "logs": "(run_id, lease, number, at, level, message, origin) values ('run_0', 1, 1, 1, 'INFO', '', 'logger')",
        "attempts": "(run_id, task_key, number, started_at, finished_at, failure) values ('run_0', 'a', 1, 1, 1, '')",
        "streams": "(run_id, name, appended) values ('run_0', 's', 1)",
        "history": "(run_id, environment_id, at, kind) values ('run_0', 'env', 1, 'RUN_CREATED')",
        "tasks": "(run_id, environment_id, key, kind, name, fingerprint, status, attempt, started_at) "
        "values ('run_0', 'env', 'a', 'task', 'a', '', 'RUNNING', 1, 1)",
        "batch_runs": "(environment_id, batch_id, number, run_id) values ('env', 'bat_1', 0, 'run_0')",
    }
    scene.spoil(f"insert into {table} {rows[table]}")
    assert scene.found() == {("run-missing", "run_0")}
