"""Changes that open runs survive: none of them is held up."""

from typing import Any

import pytest

from mainspring import Run
from preflight.conftest import Checked
from preflight.shop import shop
from scenarios.world import World

CHANGES: dict[str, list[tuple[str, str]]] = {
    "nothing": [],
    "a task after the frontier": [
        ("    return receipt.id", '    await io.run_task("thank", print, "you")\n    return receipt.id')
    ],
    "a task after the frontier removed": [('    await io.run_task("ship", print, left, right)\n', "")],
    "renamed variables": [
        ("    receipt = await", "    paid = await"),
        ('"label", print, receipt.id', '"label", print, paid.id'),
        ("    return receipt.id", "    return paid.id"),
    ],
    "other retries and timeouts": [
        ("payload.id, payload.amount)", 'payload.id, payload.amount, retry=9, timeout="1 minute")')
    ],
    "a new optional field": [("    amount: int = 5", '    amount: int = 5\n    currency: str = "usd"')],
    "a new job": [
        (
            '@client.job(id="mail")',
            '@client.job(id="extra")\nasync def extra() -> None: ...\n\n\n@client.job(id="mail")',
        )
    ],
    "other log lines": [
        ("    began = io.now()", '    began = io.now()\n    io.logger.info("began")\n    print("began")')
    ],
    "another task body": [("    return Receipt(id=f", '    DONE.append("more")\n    return Receipt(id=f')],
    "docs, tags and a name": [
        ('version="1.0",', 'version="1.1", name="Fulfil", tags=["shop"],'),
        ("    began = io.now()", '    """Sends what was ordered."""\n    began = io.now()'),
    ],
    "a refactor into functions": [
        ('await io.run_task("charge", charge, payload.id, payload.amount)', "await paid(io, payload)"),
        (
            '@client.job(id="fulfil"',
            "async def paid(io, order):\n"
            '    return await io.run_task("charge", charge, order.id, order.amount)\n\n\n'
            '@client.job(id="fulfil"',
        ),
    ],
    "limits": [('id="fulfil", ', 'id="fulfil", concurrency=3, retry=7, max_duration="9 days", ')],
    "another name for a task": [("print, receipt.id)", 'print, receipt.id, name="Print a label")')],
    "another time until a wait is over": [('"8 hours"', '"9 hours"')],
    "more returned by a task": [("    total: int", "    total: int\n    tip: int = 0")],
}


@pytest.mark.parametrize("change", CHANGES)
async def test_it_passes(change: str, checked: Checked) -> None:
    report = await checked(shop(*CHANGES[change]))
    assert report.sorted() == []
    assert (report.exit_code, report.checked, report.fits) == (0, 4, 4)


@pytest.mark.parametrize("guard", ['checks["score"] < 3', 'not checks["score"] > 3', "not checks"])
async def test_a_task_before_what_is_done_is_noted(guard: str, checked: Checked) -> None:
    """The engine runs it when the replay comes to it: nothing breaks, but it comes late."""
    audit = (
        '    await io.send_event("tell"',
        '    checks = await io.run_task("audit", list, "x")\n'
        f"    assert {guard}\n"
        '    await io.send_event("tell"',
    )
    report = await checked(shop(audit))
    assert [(one.kind, one.level, one.runs) for one in report.sorted()] == [("task_inserted", "warning", 1)]
    assert report.exit_code == 0


async def test_what_an_earlier_deploy_inserted_is_in_order(
    world: World, checked: Checked, runs: dict[str, Run[Any]]
) -> None:
    """A task that was inserted has run after those that stand behind it: that is no change of order."""
    inserted = shop(
        (
            '    await io.run_task("label"',
            '    await io.run_task("weigh", print)\n    await io.run_task("label"',
        ),
        ('    await io.run_task("ship"', '    await io.wait("rest", "1 day")\n    await io.run_task("ship"'),
    )
    await world.advance("1 second")
    worker = await world.start_worker(inserted)
    await world.advance("1 second")
    await inserted.send_event("order.packed", {}, id="o-1")
    await world.until(runs["fulfil"], "WAITING", waiting_for="rest")
    await world.drain(worker)
    assert (await checked(inserted)).sorted() == []
