"""The pages one operates with: events, approvals, schedules, queues, workers, tokens, bulk actions."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from browser.conftest import APP, screens
from processes import Dev

MORE = (
    APP
    + """

@client.job(id="wire", trigger=invoke_trigger())
async def wire(io: IO) -> object:
    token = await io.create_token("transfer", timeout="1 hour")
    return await io.wait_for_token(token)


@client.job(id="plain", trigger=invoke_trigger())
async def plain(io: IO) -> str:
    verdict = await io.wait_for_approval("ship?", title="Ship it?", to=["ann@shop.com", "bob@shop.com"])
    return verdict.status


@client.job(id="report", trigger=client.dynamic_schedule("reports"))
async def report(io: IO) -> str:
    return "reported"


@client.job(id="odd", trigger=invoke_trigger(), queue="eu/orders 50% a?b#c")
async def odd(io: IO) -> None: ...


@client.job(id="tight", trigger=invoke_trigger(), concurrency=1)
async def tight(io: IO) -> None:
    await asyncio.sleep(3600)
"""
)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    folder: Path = tmp_path_factory.mktemp("operate")
    (folder / "app.py").write_text(MORE)
    dev = Dev.start(folder, "app.py").wait_until_ready()
    yield dev
    dev.close()


def started(dev: Dev, job: str, payload: object = None) -> str:
    _, run = dev.request("POST", f"/api/v1/jobs/{job}/trigger", {"payload": payload})
    return str(run["id"])


def test_an_event_is_sent_with_options_found_and_sent_again_changed(page: Page) -> None:
    page.goto("/events")
    expect(page.get_by_role("heading", name="Events")).to_be_visible()
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("nobody.listens")
    dialog.get_by_text("Options").click()
    dialog.get_by_label("Source").fill("till")
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(page).to_have_url(re.compile("/events/evt_"))
    expect(page.get_by_text("No job listens for nobody.listens")).to_be_visible()
    page.keyboard.press("r")
    page.get_by_role("dialog").get_by_label("Payload").fill('{"needle": 7}')
    page.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(page.locator(".json, pre").filter(has_text="needle").first).to_be_visible()
    page.goto("/events?text=needle")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto("/events?source=till")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.goto("/events?source=moon")
    expect(page.get_by_text("No event fits.")).to_be_visible()


def test_a_refused_event_says_why_and_one_put_off_is_cancelled(page: Page, dev: Dev) -> None:
    dev.request("POST", "/api/v1/events", {"name": "order.created", "payload": {"amount": "x"}})
    page.goto("/events?name=order.created")
    expect(page.locator("tbody tr").first).to_contain_text("fulfil: ")
    _, late = dev.request(
        "POST", "/api/v1/events", {"name": "order.created", "payload": {"id": "o-9"}, "delay": "1h"}
    )
    page.goto(f"/events/{late['event_id']}")
    page.get_by_role("button", name="Cancel it").click()
    expect(page.get_by_text("It was cancelled")).to_be_visible()


def test_an_approval_is_handed_on_and_approved_by_key(page: Page, dev: Dev) -> None:
    run = started(dev, "plain")
    dev.until(run, "WAITING")
    page.goto(f"/approvals?run={run}")
    page.get_by_role("link", name="Ship it?").click()
    page.get_by_label("You are").fill("ann@shop.com")
    page.get_by_text("Hand it on").click()
    page.get_by_label("Who is asked instead of you").fill("cyd@shop.com")
    page.get_by_role("button", name="Ask them instead").click()
    expect(page.get_by_text("handed it to cyd@shop.com")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".wrong")).to_be_visible()
    page.get_by_label("You are").fill("bob@shop.com")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("a")
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    assert dev.finished(run)["output"] == "APPROVED"
    expect(page.locator(".answers")).to_contain_text("bob@shop.com")


def test_a_token_is_completed_by_hand(page: Page, dev: Dev) -> None:
    run = started(dev, "wire")
    dev.until(run, "WAITING")
    page.goto("/tokens")
    page.locator("tbody tr .link").first.click()
    page.get_by_label("Complete it with").fill('{"paid": ')
    expect(page.get_by_role("button", name="Complete it")).to_be_disabled()
    page.get_by_label("Complete it with").fill('{"paid": true}')
    page.get_by_role("button", name="Complete it").click()
    assert dev.finished(run)["output"] == {"paid": True}


def test_a_schedule_is_made_with_its_next_slots_seen_first(page: Page, dev: Dev) -> None:
    page.goto("/schedules")
    page.get_by_role("button", name="Make a schedule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Dynamic schedule").fill("reports")
    dialog.get_by_label("Key, unique in it").fill("acme")
    dialog.get_by_label("Cron").fill("61 * * * *")
    expect(dialog.get_by_text("It takes * or 0-59")).to_be_visible()
    dialog.get_by_label("Cron").fill("30 2 * * *")
    dialog.get_by_label("Timezone").fill("Europe/Paris")
    expect(dialog.get_by_text("At 02:30 every day")).to_be_visible()
    expect(dialog.locator(".slots-list tbody tr")).to_have_count(5)
    dialog.get_by_role("button", name="Make it").click()
    row = page.get_by_role("row", name=re.compile("reports@acme"))
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("paused")
    row.get_by_role("button", name="Resume").click()
    row.get_by_role("button", name="More of reports@acme").click()
    page.get_by_role("menuitem", name="Make up for slots").click()
    page.get_by_role("button", name="Start the runs").click()
    expect(page.get_by_text("1 run started")).to_be_visible()
    expect(row.get_by_text("succeeded")).to_be_visible()
    row.get_by_role("button", name="Run now").click()
    expect(page).to_have_url(re.compile("/runs/run_"))
    page.goto("/schedules")
    row.get_by_role("button", name="More of reports@acme").click()
    page.get_by_role("menuitem", name="Delete it").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    expect(row).to_have_count(0)


def test_a_queue_shows_who_holds_it_and_is_limited(page: Page, dev: Dev) -> None:
    runs = [started(dev, "tight") for _ in range(2)]
    dev.until(runs[0], "RUNNING")
    page.goto("/queues")
    page.get_by_role("link", name="tight").click()
    expect(page.get_by_text("The first waits:")).to_be_visible()
    page.get_by_label("Runs at once").fill("0")
    page.get_by_role("button", name="Set the limits").click()
    expect(page.get_by_text("is 0: give a whole number")).to_be_visible()
    page.get_by_label("Runs at once").fill("2")
    page.get_by_role("button", name="Set the limits").click()
    expect(page.get_by_text("the code says 1")).to_be_visible()
    dev.until(runs[1], "RUNNING")
    page.get_by_role("button", name="Back to the code's").click()
    expect(page.get_by_text("the code says 1")).to_have_count(0)
    page.goto("/queues")
    page.get_by_role("button", name=re.compile("no limit of all")).click()
    page.get_by_label("At most, empty for no limit").fill("50")
    page.get_by_role("button", name="Set it").click()
    expect(page.get_by_role("button", name=re.compile("at most 50"))).to_be_visible()
    dev.request("POST", "/api/v1/runs/bulk", {"action": "cancel", "ids": runs, "reason": "tidy"})
    page.goto("/bulk")
    expect(page.locator("tbody tr").first).to_contain_text("Cancel 2 runs")
    expect(page.locator("tbody tr").first).to_contain_text("2 of 2")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_they_can_be_used_by_everybody(browser: Browser, dev: Dev, theme: str, width: int) -> None:
    """No serious finding of axe, and no page wider than the screen."""
    run = started(dev, "plain")
    dev.until(run, "WAITING")
    _, listed = dev.request("GET", f"/api/v1/approvals?run={run}")
    _, sent = dev.request("POST", "/api/v1/events", {"name": "<b>x</b>", "payload": {"a": "<script>"}})
    paths = ["events", f"events/{sent['event_id']}", f"approvals/{listed['data'][0]['id']}", "approvals"]
    paths += ["schedules", "schedules?new=", "queues", "queues/tight", "workers", "tokens?status=ALL", "bulk"]
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        base_url=dev.url,
        color_scheme=theme,
        reduced_motion="reduce",
    )
    page = context.new_page()
    findings = []
    for path in paths:
        page.goto(f"/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        page.screenshot(path=screens() / f"operate-{theme}-{width}-{re.sub('[^a-z]+', '-', path)[:20]}.png")
        found = Axe().run(page).response["violations"]
        findings += [
            (path, one["id"], [node["html"][:120] for node in one["nodes"][:2]])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            findings.append((path, "too wide", []))
    context.close()
    assert findings == []


def test_a_worker_is_drained_and_leaves(page: Page, dev: Dev) -> None:
    """The last test: nobody is there after it."""
    page.goto("/workers")
    page.get_by_role("button", name="Drain dev").click()
    page.get_by_role("dialog").get_by_role("button", name="Drain it").click()
    expect(page.get_by_text("No worker is there")).to_be_visible()
    page.get_by_role("button", name=re.compile("that went")).click()
    expect(page.locator("tbody tr").first).to_contain_text("it left")


def test_a_queue_of_any_name_is_opened_and_acted_on(page: Page) -> None:
    name = "eu/orders 50% a?b#c"
    page.goto("/queues")
    page.get_by_role("link", name=name).click()
    for _ in range(2):
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        page.get_by_role("button", name="Pause").click()
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        page.reload()
