"""What a check leaves alone, cannot tell, and goes by; and recorded runs in a test."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from mainspring import AESGCMCodec, Client, Run
from mainspring.errors import BadRequest, RunError
from mainspring.preflight.aside import run_aside
from mainspring.preflight.check import Wanted, check
from mainspring.preflight.findings import Report
from mainspring.testing import replay
from preflight.conftest import Checked
from preflight.shop import DONE, shop
from scenarios.world import World

RENAMED = ('run_task("charge"', 'run_task("bill"')


async def test_runs_bound_to_another_version_are_left_alone(
    world: World, checked: Checked, runs: dict[str, Run[Any]]
) -> None:
    await runs["fulfil"].repin("1.0")
    report = await checked(shop(RENAMED, ('version="1.0"', 'version="2.0"')))
    assert (report.bound, report.exit_code) == (1, 0)
    assert (await checked(shop(RENAMED))).exit_code == 1  # it would be given them


async def test_the_mend_names_the_version_to_bind_runs_to(checked: Checked) -> None:
    (found,) = (await checked(shop(RENAMED, ('version="1.0"', 'version="2.0"')))).sorted()
    assert "mainspring runs repin RUN --version 1.0" in found.mend
    (found,) = (await checked(shop(RENAMED))).sorted()
    assert "give the new code another version=" in found.mend


async def test_jobs_of_another_app_are_none_of_its_business(world: World, checked: Checked) -> None:
    other = Client("other")

    @other.job(id="nightly")
    async def nightly() -> None: ...

    await world.start_worker(other)
    run = await world.trigger(nightly, delay="1 hour")
    assert (await checked(shop())).checked == 4
    report = await checked(shop(('id="mail"', 'id="post"')), job="nightly")
    assert report.sorted() == []
    assert run.status == "PENDING"


async def test_runs_are_chosen(checked: Checked) -> None:
    broken = shop(RENAMED)
    assert (await checked(broken, job="mail")).checked == 1
    assert (await checked(broken, tag="nobody")).checked == 0
    report = await checked(broken, limit=2)
    assert (report.checked, report.is_cut) == (2, True)
    assert not (await checked(broken, limit=4)).is_cut


async def test_more_runs_than_a_page_are_all_checked(world: World, checked: Checked) -> None:
    client = shop()
    client.use_door(world.door)
    await client.registered["mail"].batch_trigger([{"to": str(n)} for n in range(450)])
    report = await checked(shop())
    assert (report.checked, report.fits) == (454, 454)


REACHES_OUT = "asks the platform for something other than by `io`"


@pytest.mark.parametrize(
    ("job", "line", "words"),
    [
        ("fulfil", "await asyncio.sleep(60)", "was at work for more than 0.05 s"),
        ("fulfil", 'await client.send_event("order.seen")', REACHES_OUT),
        ("sync-report", 'client.sync.send_event("order.seen")', REACHES_OUT),
    ],
)
async def test_what_cannot_be_told_is_said(job: str, line: str, words: str, checked: Checked) -> None:
    first = {"fulfil": "    began = io.now()", "sync-report": '    io.run_task("gather", print, "x")'}[job]
    report = await checked(
        shop((first, f"    {line}\n{first}")), job=job, patience=0.05 if "sleep" in line else 5.0
    )
    assert report.exit_code == 2
    ((of, why),) = report.unchecked
    assert of == job
    assert words in why


def test_code_that_blocks_is_found_with_its_place() -> None:
    async def block() -> None:
        threading.Event().wait(10)

    with pytest.raises(TimeoutError, match=r"blocks for more than 0.3 s at .*test_check.py:\d+"):
        run_aside(block, 0.3)


async def test_a_run_that_had_stopped_is_told_apart(
    world: World, checked: Checked, runs: dict[str, Run[Any]]
) -> None:
    changed = shop(("payload.id, payload.amount)", "payload.id, payload.amount * 100)"))
    worker = await world.start_worker(changed)
    await changed.send_event("order.packed", {}, id="o-1")
    await world.until(runs["fulfil"], "WAITING")
    await world.drain(worker)

    report = await checked(changed)
    assert [(one.kind, one.level) for one in report.sorted()] == [("still_drifted", "warning")]
    mended = await checked(shop())
    assert mended.exit_code == 0
    assert mended.resumable == [runs["fulfil"].id]


async def test_a_lost_schedule_or_event_is_noted(world: World, checked: Checked) -> None:
    await world.start_worker(shop())
    report = await checked(shop((', trigger=event_trigger("order.created")', "")))
    (found,) = report.sorted()
    assert (found.kind, found.level, found.runs) == ("trigger_removed", "warning", 0)
    assert "'order.created'" in found.message


async def test_another_queue_is_noted(checked: Checked, runs: dict[str, Run[Any]]) -> None:
    (found,) = (await checked(shop(('version="1.0"', 'version="1.0", queue="slow"')))).sorted()
    assert (found.kind, found.level, found.examples) == ("queue_changed", "warning", [runs["late"].id])


async def test_encrypted_runs_are_checked_with_their_key(world: World) -> None:
    def sealed(key: bytes, task: str = "charge") -> Client:
        client = Client("sealed", codec=AESGCMCodec(key))

        @client.job(id="pay")
        async def pay(payload: dict[str, str], io: Any) -> None:
            await io.run_task(task, lambda card: {"card": card}, payload["card"])
            await io.wait("pause", "1 hour")

        return client

    key, other = b"a" * 32, b"b" * 32
    old = sealed(key)
    await world.start(workers=0)
    worker = await world.start_worker(old)
    run = await world.trigger(old.registered["pay"], {"card": "4242"})
    await world.until(run, "WAITING")
    await world.drain(worker)
    verdicts = {}
    for name, client in (("same", sealed(key)), ("changed", sealed(key, "bill")), ("no key", sealed(other))):
        report = Report()
        await check(client, world.door, Wanted(), report)
        verdicts[name] = (report.exit_code, [one.kind for one in report.sorted()], len(report.unchecked))
    assert verdicts == {"same": (0, [], 0), "changed": (1, ["task_replaced"], 0), "no key": (2, [], 1)}

    kept = await world.door.call("GET", f"/api/v1/runs/{run.id}/checkpoints")
    assert "4242" not in json.dumps(kept)
    assert replay(kept, sealed(key).registered["pay"])
    with pytest.raises(RunError, match="encrypted"):
        replay(kept, sealed(other).registered["pay"])


async def test_a_recorded_run_is_a_test(world: World, runs: dict[str, Run[Any]], tmp_path: Path) -> None:
    kept = await world.door.call("GET", f"/api/v1/runs/{runs['fulfil'].id}/checkpoints")
    file = tmp_path / "run.json"
    file.write_text(json.dumps(kept))
    before = list(DONE)
    for history in (kept, str(file), file, file.read_text()):
        assert replay(history, shop().registered["fulfil"])
    found = replay(file, shop(RENAMED).registered["fulfil"])
    assert not found
    assert (found.kind, found.task) == ("task_replaced", "charge")
    assert str(found).startswith("task_replaced: 'charge' had finished as number 2")
    assert before == DONE


async def test_an_ended_run_is_replayed_to_its_end(world: World, runs: dict[str, Run[Any]]) -> None:
    worker = await world.start_worker(shop())
    run = runs["mail"]
    assert await world.output(run) == "ada"
    await world.drain(worker)
    kept = await world.door.call("GET", f"/api/v1/runs/{run.id}/checkpoints")
    assert replay(kept, shop().registered["mail"])
    twice = ('"8 hours")\n', '"8 hours")\n    await io.run_task("again", print)\n')
    assert replay(kept, shop(twice).registered["mail"])
    assert (
        replay(kept, shop(("until the morning", "until the noon")).registered["mail"]).kind == "task_replaced"
    )


def test_what_is_no_history_is_refused_with_the_way_to_get_one(tmp_path: Path) -> None:
    job = shop().registered["mail"]
    for wrong in ({}, {"run_id": "run_1"}, tmp_path / "none.json", "{", "[]"):
        with pytest.raises(BadRequest, match="mainspring runs checkpoints RUN"):
            replay(wrong, job)


async def test_the_history_of_another_job_is_refused(world: World, runs: dict[str, Run[Any]]) -> None:
    kept = await world.door.call("GET", f"/api/v1/runs/{runs['mail'].id}/checkpoints")
    with pytest.raises(BadRequest, match="of job 'mail', not of 'fulfil'"):
        replay(kept, shop().registered["fulfil"])


async def test_no_hook_is_called_and_middleware_is(world: World) -> None:
    called: list[str] = []

    def hooked(key: str) -> Client:
        client = Client("hooked")

        @client.middleware
        async def around(ctx: Any, call_next: Any) -> Any:
            called.append("middleware")
            return await call_next()

        @client.job(id="pay")
        async def pay(payload: dict[str, str], io: Any) -> None:
            await io.run_task("charge", print)
            await io.wait_for_event(key, name="paid")

        for name in ("on_start", "on_resume", "on_wait"):
            getattr(pay, name)(lambda name=name: called.append(name))
        return client

    client = hooked("paid")
    await world.start(workers=0)
    worker = await world.start_worker(client)
    run = await world.trigger(client.registered["pay"])
    await world.until(run, "WAITING")
    await world.drain(worker)
    late = await world.trigger(client.registered["pay"], delay="1 hour")
    assert "on_start" in called
    called.clear()

    report = Report()
    await check(hooked("settled"), world.door, Wanted(), report)
    assert [(one.kind, one.examples) for one in report.sorted()] == [("wait_replaced", [run.id])]
    assert late.status == "PENDING"
    assert set(called) == {"middleware"}


async def test_a_task_between_its_attempts_is_no_more_replaced(world: World) -> None:
    def flaky(key: str, job_id: str = "pay") -> Client:
        client = Client("flaky")

        def fail() -> None:
            raise ConnectionError("no line")

        @client.job(id=job_id)
        async def pay(payload: dict[str, str], io: Any) -> None:
            await io.run_task(key, fail, retry=5)

        return client

    client = flaky("charge")
    await world.start(workers=0)
    worker = await world.start_worker(client)
    run = await world.trigger(client.registered["pay"])
    while not (await world.tasks(run)).get("charge", {}).get("next_attempt_at"):
        await world.advance("1 second")
    kept = await world.door.call("GET", f"/api/v1/runs/{run.id}/checkpoints")
    await world.drain(worker)
    assert replay(kept, flaky("charge").registered["pay"])
    found = replay(kept, flaky("bill").registered["pay"])
    assert (found.kind, found.task) == ("task_replaced", "charge")
    assert found.message.startswith("'charge' had begun; the code now asks for 'bill'")


async def test_what_a_run_that_has_not_begun_would_raise_is_noted(
    checked: Checked, runs: dict[str, Run[Any]]
) -> None:
    changed = shop(
        ("    began = io.now()", '    if payload.id == "o-2":\n        raise ValueError("no such order")')
    )
    (found,) = (await checked(changed)).sorted()
    assert (found.kind, found.level, found.examples) == ("run_would_fail", "warning", [runs["late"].id])


async def test_a_function_that_always_hangs_does_not_hold_up_the_check(world: World) -> None:
    client, begun = Client("hangs"), list[str]()

    @client.job(id="pay")
    async def pay(payload: str) -> None:
        begun.append(payload)
        await asyncio.Event().wait()

    await world.start(workers=0)
    await world.start_worker(client)
    await pay.batch_trigger([str(number) for number in range(300)], delay="1 hour")
    report = Report()
    await check(client, world.door, Wanted(patience=0.1), report)
    ((_, (count, _)),) = report.unchecked.items()
    assert (count, report.exit_code) == (300, 2)
    assert len(begun) <= 100


async def test_an_approval_that_is_asked_of_others_is_found(world: World) -> None:
    def asking(*people: str, key: str = "refund") -> Client:
        client = Client("asking")

        @client.job(id="pay")
        async def pay(payload: dict[str, str], io: Any) -> None:
            await io.wait_for_approval(key, to=list(people))

        return client

    client = asking("ann@shop.com")
    await world.start(workers=0)
    worker = await world.start_worker(client)
    run = await world.trigger(client.registered["pay"])
    await world.until(run, "WAITING")
    await world.drain(worker)
    kept = await world.door.call("GET", f"/api/v1/runs/{run.id}/checkpoints")
    assert replay(kept, asking("ann@shop.com").registered["pay"])
    assert replay(kept, asking("bob@shop.com").registered["pay"]).kind == "input_changed"
    assert replay(kept, asking("ann@shop.com", key="return").registered["pay"]).kind == "task_replaced"


async def test_a_replay_has_the_version_of_the_code(world: World, runs: dict[str, Run[Any]]) -> None:
    kept = await world.door.call("GET", f"/api/v1/runs/{runs['mail'].id}/checkpoints")
    changed = shop(
        ('@client.job(id="mail")', '@client.job(id="mail", version="7")'),
        (
            '    await io.wait("until the morning"',
            '    assert ctx.job.version == "7"\n    await io.wait("until the morning"',
        ),
        ("import IO, Client,", "import IO, Client, ctx,"),
    )
    assert replay(kept, changed.registered["mail"])


async def test_waits_that_are_over_and_those_that_just_ended(world: World) -> None:
    def waiting(*lines: str, schema: Any = None) -> Any:
        client = Client("waiting")

        @client.job(id="wait")
        async def wait(io: Any) -> None:
            for line in lines:
                if line.startswith("event"):
                    await io.wait_for_event(line, name="paid", schema=schema)
                else:
                    await io.wait(line, "1 hour")

        return client

    client = waiting("pause", "event")
    await world.start(workers=0)
    worker = await world.start_worker(client)
    run = await world.trigger(client.registered["wait"])
    await world.until(run, "WAITING")
    await world.advance("1 hour")
    await world.until(run, "WAITING", waiting_for="event")
    await world.drain(worker)
    await client.send_event("paid", {"sum": 3})

    kept = await world.door.call("GET", f"/api/v1/runs/{run.id}/checkpoints")
    assert kept["status"] == "PENDING"
    found = {
        "the same": replay(kept, waiting("pause", "event").registered["wait"]).kind,
        "the time is removed": replay(kept, waiting("event").registered["wait"]).kind,
        "the time is renamed": replay(kept, waiting("break", "event").registered["wait"]).kind,
        "the event is renamed": replay(kept, waiting("pause", "event-2").registered["wait"]).kind,
        "both are removed": replay(kept, waiting().registered["wait"]).kind,
        "the schema takes it": replay(
            kept, waiting("pause", "event", schema=dict[str, int]).registered["wait"]
        ).kind,
        "the schema refuses it": replay(
            kept, waiting("pause", "event", schema=dict[str, bool]).registered["wait"]
        ).kind,
    }
    assert found == {
        "the same": None,
        "the time is removed": "wait_removed",
        "the time is renamed": "task_replaced",
        "the event is renamed": "wait_replaced",
        "both are removed": "task_removed",
        "the schema takes it": None,
        "the schema refuses it": "code_raises",
    }
