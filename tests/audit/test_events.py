"""I1 by the rows alone: who listened when an event came has its run; who did not is not missed."""

from audit.scene import JOBS, Scene
from engine.items import AMOUNT, job
from mainspring.audit.data import check_database
from mainspring.engine.commands import EnableJob


def forget(scene: Scene, event_id: str, job_id: str) -> None:
    """As if the event had not started its run."""
    scene.spoil(
        "update runs set event_id = null where event_id = '{event}' and job_id = '{job}'",
        event=event_id,
        job=job_id,
    )


def test_a_filter_decides_who_is_missed(scene: Scene) -> None:
    large, small = scene.world.send("order", '{"amount":7}'), scene.world.send("order", '{"amount":1}')
    assert scene.audit() == []
    forget(scene, large.event.id, "big")
    forget(scene, small.event.id, "big")
    assert scene.found() == {("event-without-run", large.event.id)}
    assert "'big'" in scene.audit()[0].message


def test_a_source_decides_who_is_missed(scene: Scene) -> None:
    scene.world.worker(job("shop", "sold", source="shop"))
    scene.world.advance(1)
    ours = scene.world.send("sold", source="shop")
    scene.world.send("sold", source="elsewhere")
    assert scene.audit() == []
    forget(scene, ours.event.id, "shop")
    assert scene.found() == {("event-without-run", ours.event.id)}


def test_a_job_that_refused_the_payload_is_not_missed(scene: Scene) -> None:
    scene.world.worker(job("strict", "paid", payload_schema=AMOUNT))
    scene.world.advance(1)
    refused = scene.world.send("paid", '{"amount":"many"}')
    assert scene.audit() == []
    scene.spoil("update events set rejections = '[]' where id = '{event}'", event=refused.event.id)
    assert scene.found() == {("event-without-run", refused.event.id)}


def test_a_job_that_refused_and_ran_contradicts_itself(scene: Scene) -> None:
    event_id = scene.event_id()
    scene.spoil(
        "update events set rejections = '{text}' where id = '{event}'",
        text='[{"job_id":"bill","errors":[]}]',
        event=event_id,
    )
    assert scene.found() == {("event-contradicts", event_id)}


def test_a_job_that_was_switched_off_or_came_later_is_not_missed(scene: Scene) -> None:
    scene.world.do(EnableJob(scene.world.env, "bill", False))
    scene.world.advance(1)
    scene.world.send("order", '{"amount":1}')
    assert scene.audit() == []
    scene.world.advance(1)
    scene.world.do(EnableJob(scene.world.env, "bill", True))
    scene.world.worker(*JOBS, job("late", "order"))
    assert scene.audit() == []


def test_clocks_of_servers_may_differ_by_the_grace(scene: Scene) -> None:
    """A change of a job that commits late, on a server whose clock is behind, may have come after the event."""
    event_id = scene.event_id()
    forget(scene, event_id, "bill")
    assert list(check_database(scene.world.database)) == []
    assert scene.found() == {("event-without-run", event_id)}


def test_an_event_that_is_still_to_come_is_not_missed(scene: Scene) -> None:
    scene.world.send("order", '{"amount":1}', delay=10_000_000)
    assert scene.audit() == []
    scene.world.advance(11)
    scene.world.fire()
    assert scene.audit() == []
