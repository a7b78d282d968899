"""Changes that open runs do not survive: each is caught, and said in words that name the place."""

from typing import Any

import pytest

from mainspring import Run
from preflight.conftest import Checked
from preflight.shop import shop

#: What is changed, and what is found: its kind, the job, and words of what is said.
CHANGES: dict[str, tuple[list[tuple[str, str]], str, str, str]] = {
    "a renamed task": (
        [('run_task("charge"', 'run_task("bill"')],
        "task_replaced",
        "fulfil",
        "'charge' had finished as number 2; the code now asks for 'bill'",
    ),
    "a renamed task function": (
        [
            ("async def reserve", "async def hold"),
            ('gather(reserve("left"), reserve(', 'gather(hold("left"), hold('),
        ],
        "task_replaced",
        "fulfil",
        "the code now asks for 'hold'",
    ),
    "changed order": (
        [
            ('    await io.send_event("tell", "order.charged", {"id": payload.id})\n', ""),
            (
                'await io.store.set("last", payload.id)\n',
                'await io.store.set("last", payload.id)\n'
                '    await io.send_event("tell", "order.charged", {"id": payload.id})\n',
            ),
        ],
        "order_changed",
        "fulfil",
        "the code now asks for it first",
    ),
    "changed input": (
        [("payload.id, payload.amount)", "payload.id, payload.amount * 100)")],
        "input_changed",
        "fulfil",
        "'charge', a task, was given something else when it ran first",
    ),
    "a changed event": (
        [('name="order.packed"', 'name="order.wrapped"')],
        "input_changed",
        "fulfil",
        "then 'wait for order.packed', now 'wait for order.wrapped'",
    ),
    "a removed job": ([('id="mail"', 'id="post"')], "job_removed", "mail", "defines no job 'mail'"),
    "a removed task": (
        [('    await io.run_task("label", print, receipt.id)\n', "")],
        "task_removed",
        "fulfil",
        "'label' had finished as number 7; the code does not ask for it any more",
    ),
    "a task turned into a wait": (
        [('io.run_task("label", print, receipt.id)', 'io.wait("label", "1 second")')],
        "kind_changed",
        "fulfil",
        "'label' was a task when it ran first; now it is a wait for a time",
    ),
    "a task turned into a child": (
        [('io.run_task("label", print, receipt.id)', 'mail.trigger({"to": "ada"})')],
        "task_replaced",
        "fulfil",
        "the code now asks for 'trigger:mail'",
    ),
    "a new required field": (
        [("    amount: int = 5", "    amount: int = 5\n    currency: str")],
        "payload_refused",
        "fulfil",
        "`currency`: Field required",
    ),
    "another wait": (
        [('wait_for_event("packed"', 'wait_for_event("wrapped"')],
        "wait_replaced",
        "fulfil",
        "the run waits at 'packed' (wait for order.packed); the code now asks for 'wrapped'",
    ),
    "an end before the wait": (
        [('    await io.wait_for_event("packed"', '    return "done"\n    await io.wait_for_event("packed"')],
        "wait_replaced",
        "fulfil",
        "the code now ends without asking for it",
    ),
    "an output that cannot be read": (
        [
            ("    total: int", "    total: int\n    currency: str"),
            ("total=amount", 'total=amount, currency=""'),
        ],
        "output_unreadable",
        "fulfil",
        "the output that was kept of 'charge' does not fit its function now",
    ),
    "a body that does not bear it": (
        [('io.run_task("label", print, receipt.id)', 'io.run_task("label", print, receipt.code)')],
        "code_raises",
        "fulfil",
        "the code raises AttributeError after 'store.set:last': 'Receipt' object has no attribute 'code' (shop.py:",
    ),
    "a body that leaves Python": (
        [('await io.run_task("label", print, receipt.id)', "raise SystemExit(3)")],
        "code_raises",
        "fulfil",
        "the code raises SystemExit after 'store.set:last': 3 (shop.py:",
    ),
    "a renamed task of a plain def": (
        [('io.run_task("gather"', 'io.run_task("collect"')],
        "task_replaced",
        "sync-report",
        "the code now asks for 'collect'",
    ),
    "another time to wait for": (
        [('io.wait("until the morning"', 'io.wait("until the evening"')],
        "wait_replaced",
        "mail",
        "the run waits at 'until the morning'",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_it_is_caught(change: str, checked: Checked, runs: dict[str, Run[Any]]) -> None:
    changes, kind, job, words = CHANGES[change]
    report = await checked(shop(*changes))
    assert report.exit_code == 1
    (found,) = [one for one in report.sorted() if one.level == "breaking"]
    assert (found.kind, found.job) == (kind, job)
    assert words in found.message
    assert runs[job].id in found.examples
    assert found.mend
    assert not report.unchecked


async def test_a_payload_of_a_run_that_has_not_begun_is_checked_too(
    checked: Checked, runs: dict[str, Run[Any]]
) -> None:
    report = await checked(shop(("    amount: int = 5", "    amount: int")))
    (found,) = report.sorted()
    assert found.kind == "payload_refused"
    assert set(found.examples) == {runs["fulfil"].id, runs["late"].id}


async def test_what_is_allowed_breaks_nothing(checked: Checked) -> None:
    changed = shop(('    await io.run_task("label", print, receipt.id)\n', ""))
    report = await checked(changed, ("task_removed",))
    assert report.exit_code == 0
    assert [one.level for one in report.sorted()] == ["warning"]


async def test_without_bodies_definitions_and_payloads_are_compared(checked: Checked) -> None:
    renamed = ('run_task("charge"', 'run_task("bill"')
    assert (await checked(shop(renamed), with_bodies=False)).exit_code == 0
    refused = await checked(shop(renamed, ("    amount: int = 5", "    amount: str")), with_bodies=False)
    assert [one.kind for one in refused.sorted()] == ["payload_refused"]
