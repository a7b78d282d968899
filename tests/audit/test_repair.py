"""Repairs: what can be mended is whole afterwards and goes on to its end; all else is left exactly as it is."""

import json
from collections.abc import Callable

import pytest

from audit.scene import Scene
from audit.test_planted import PLANTED, Planted
from engine.items import done
from mainspring.audit.repair import Repair, Repairer
from mainspring.model.runs import FINAL_RUN_STATUSES

MENDED = [planted for planted in PLANTED if planted.rule.is_mended]
NOT_MENDED = [planted for planted in PLANTED if not planted.rule.is_mended]


def repair(scene: Scene) -> list[Repair]:
    repairer = Repairer(scene.world.database, scene.world.clock.now)
    return list(repairer.repair(scene.audit()))


def rows(scene: Scene) -> list[object]:
    """All there is about runs."""
    with scene.world.read() as tx:
        return [
            tx.rows(name, after="", until="zzzz")
            for name in ("audit_tasks", "audit_waits", "audit_history", "audit_awaited")
        ] + [tx.rows("audit_runs", after="", limit=1000)]


def go_on(scene: Scene) -> None:
    """Time passes, events come, and a worker ends what it is given."""
    worker = scene.honest_worker()
    for _ in range(20):
        scene.world.advance(120)
        scene.world.send("go", correlation_id="c-1")
        scene.world.fire()
        for run in (*scene.worker.take(), *worker.take()):
            (worker if run.run_id in worker.held else scene.worker).report(run, done())


@pytest.mark.parametrize("planted", MENDED, ids=lambda planted: planted.title)
def test_what_can_be_mended_is_whole_and_goes_on(planted: Planted, scene: Scene) -> None:
    scene.spoil(planted.sql)
    run_id = scene.runs[planted.where]
    (repaired,) = repair(scene)
    assert repaired.run_id == run_id
    assert planted.rule.id in repaired.rules
    assert scene.audit() == []
    said = [entry for entry in scene.world.history(run_id) if entry.kind == "RUN_REPAIRED"]
    assert [json.loads(entry.data or "")["rules"][0] for entry in said] == [planted.rule.id]

    go_on(scene)
    if planted.where != "running" or planted.rule.id == "lease-without-holder":
        assert scene.world.status(run_id) in FINAL_RUN_STATUSES
    assert scene.audit() == []
    assert repair(scene) == []


@pytest.mark.parametrize("planted", NOT_MENDED, ids=lambda planted: planted.title)
def test_what_cannot_is_left_alone(planted: Planted, scene: Scene) -> None:
    scene.runs["event"] = scene.event_id()
    scene.spoil(planted.sql)
    before = rows(scene)
    assert repair(scene) == []
    assert rows(scene) == before
    assert all(finding.rule.mend.startswith("Not mended") for finding in scene.audit())


def never_woken(scene: Scene) -> str:
    scene.world.send("go", correlation_id="c-1")
    scene.spoil("update runs set status = 'WAITING', is_ready = (1 = 0) where id = '{listening}'")
    return scene.runs["listening"]


def not_heard(scene: Scene) -> str:
    scene.spoil("update waits set channel = 'event:deaf' where run_id = '{listening}'")
    scene.world.send("go", correlation_id="c-1")
    scene.spoil("update waits set channel = 'event:go' where run_id = '{listening}'")
    return scene.runs["listening"]


def one_child(scene: Scene) -> str:
    scene.end_unnoticed(scene.children["parent"][0])
    return scene.runs["parent"]


def all_children(scene: Scene) -> str:
    for child in scene.children["family"]:
        scene.end_unnoticed(child)
    return scene.runs["family"]


@pytest.mark.parametrize("plant", [never_woken, not_heard, one_child, all_children])
def test_a_wait_that_was_passed_over_is_resolved_and_its_run_woken(
    plant: Callable[[Scene], str], scene: Scene
) -> None:
    run_id = plant(scene)
    (repaired,) = repair(scene)
    assert repaired.run_id == run_id
    assert scene.audit() == []
    assert scene.world.status(run_id) == "PENDING"
    assert [task.status for task in scene.world.tasks(run_id).values()][-1] == "SUCCESS"
    go_on(scene)
    assert scene.world.status(run_id) == "SUCCESS"
    assert scene.audit() == []


def test_a_wait_for_a_run_that_is_not_kept_any_more_is_registered_again(scene: Scene) -> None:
    scene.spoil("delete from waits where run_id = '{parent}'")
    assert scene.found() == {("wait-missing", scene.runs["parent"])}
    repair(scene)
    assert scene.audit() == []
    assert scene.world.status(scene.runs["parent"]) == "WAITING"
    go_on(scene)
    assert scene.world.status(scene.runs["parent"]) == "SUCCESS"


def test_one_ended_child_is_no_longer_counted(scene: Scene) -> None:
    scene.end_unnoticed(scene.children["family"][1])
    repair(scene)
    assert scene.audit() == []
    assert scene.world.status(scene.runs["family"]) == "WAITING"


def test_a_child_left_behind_is_cancelled(scene: Scene) -> None:
    (child,) = scene.children["parent"]
    scene.spoil("update runs set parent_run_id = null where id = '{child}'", child=child)
    scene.cancel("parent")
    scene.spoil("update runs set parent_run_id = '{parent}' where id = '{child}'", child=child)
    repair(scene)
    assert scene.world.status(child) == "CANCELLED"
    assert scene.audit() == []


def test_waits_without_a_run_are_removed(scene: Scene) -> None:
    scene.spoil(
        "insert into waits (run_id, task_key, environment_id, kind, due_at, created_at) "
        "values ('run_none', 'nap', 'env_none', 'time', 1, 1);"
        "insert into awaited_runs (run_id, task_key, target_run_id) values ('run_none', 'all', '{finished}')"
    )
    repair(scene)
    assert scene.audit() == []


def test_what_has_moved_since_the_audit_is_left_alone(scene: Scene) -> None:
    """The finding is old news: a repair looks again under the lock before it touches anything."""
    scene.spoil("update runs set worker_id = null where id = '{running}'")
    old = scene.audit()
    scene.spoil("update runs set worker_id = '{worker}' where id = '{running}'")
    before = rows(scene)
    (repaired,) = Repairer(scene.world.database, scene.world.clock.now).repair(old)
    assert (repaired.rules, repaired.refusal) == ((), "it is whole by now")
    assert rows(scene) == before


def test_a_mend_that_does_not_help_is_rolled_back(scene: Scene) -> None:
    """The engine looks for events where the wait says it belongs, which is nowhere."""
    not_heard(scene)
    scene.spoil("update waits set environment_id = 'env_none' where run_id = '{listening}'")
    before = rows(scene)
    (repaired,) = repair(scene)
    assert repaired.rules == ()
    assert "does not help" in (repaired.refusal or "")
    assert rows(scene) == before


def test_other_servers_are_told_whom_a_repair_concerns(scene: Scene) -> None:
    told = []
    never_woken(scene)
    repairer = Repairer(
        scene.world.database, scene.world.clock.now, announce=lambda tx, wake: told.append(wake.ready)
    )
    assert [repaired.refusal for repaired in repairer.repair(scene.audit())] == [None]
    assert told == [{scene.world.env}]
