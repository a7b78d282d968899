"""The lists: found by filter, gone through by keys, acted upon, and kept up to date."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from browser.conftest import screens
from processes import Dev

PAGES = ("overview", "runs", "jobs", "jobs/fulfil", "events", "approvals", "schedules", "queues", "workers")


@pytest.fixture(scope="module", autouse=True)
def runs(dev: Dev) -> dict[str, str]:
    """Runs of all kinds, by job."""
    ids = {}
    for job, payload in (("fulfil", {"id": "o-1"}), ("broken", {}), ("slow", {}), ("many", {"tasks": 3})):
        _, run = dev.request(
            "POST", f"/api/v1/jobs/{job}/trigger", {"payload": payload, "tags": ["vip", job]}
        )
        ids[job] = run["id"]
    dev.finished(ids["broken"])
    dev.finished(ids["many"])
    dev.until(ids["fulfil"], "WAITING")
    return ids


def test_the_filter_is_typed_suggested_and_kept_in_the_address(page: Page) -> None:
    page.goto("/runs")
    expect(page.locator("tbody tr")).to_have_count(4)
    page.keyboard.press("/")
    page.keyboard.type("sta")
    page.get_by_role("option", name="status:").click()
    page.keyboard.type("fail")
    page.get_by_role("option", name="status:failed").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("broken")
    assert "q=status%3Afailed" in page.url
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="failed", pressed=True).click()
    expect(page.locator("tbody tr")).to_have_count(4)
    page.goto("/runs?q=colour:red")
    expect(page.get_by_text("Not understood")).to_be_visible()


def test_the_list_is_gone_through_by_keys(page: Page, runs: dict[str, str]) -> None:
    page.goto("/runs")
    expect(page.locator("tbody tr")).to_have_count(4)
    page.keyboard.press("j")
    expect(page.locator("tbody tr.here")).to_contain_text("slow")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(runs["slow"]))
    page.keyboard.press("g")
    page.keyboard.press("j")
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Go to runs")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_new_runs_come_in_by_themselves_and_several_are_cancelled_at_once(page: Page, dev: Dev) -> None:
    page.goto("/runs?q=job:slow")
    expect(page.locator("tbody tr")).to_have_count(1)
    for _ in range(2):
        dev.request("POST", "/api/v1/jobs/slow/trigger", {"payload": {}})
    expect(page.locator("tbody tr")).to_have_count(3)
    page.locator("tbody").get_by_role("checkbox").nth(0).check()
    page.locator("tbody").get_by_role("checkbox").nth(1).check()
    page.get_by_role("toolbar").get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel 2 runs").click()
    expect(page.locator("tbody .status", has_text="cancelled")).to_have_count(2)


def test_a_run_is_found_by_what_is_in_its_payload_and_all_that_fit_are_replayed(page: Page, dev: Dev) -> None:
    for number in (71, 72):
        _, run = dev.request("POST", "/api/v1/jobs/many/trigger", {"payload": {"tasks": number}})
        dev.finished(run["id"])
    page.goto("/runs?q=payload.tasks:71")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="CSV").click()
    assert download.value.suggested_filename == "runs.csv"
    assert len(download.value.path().read_text().splitlines()) == 2
    page.goto("/runs?q=status:success status:failed payload.tasks:72")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody").get_by_role("checkbox").nth(0).check()
    page.get_by_role("button", name="Replay all that fit").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Replay 1 run?")
    expect(dialog.get_by_role("button", name="Replay 1 run")).to_be_disabled()
    dialog.get_by_role("textbox").fill("replay")
    dialog.get_by_role("button", name="Replay 1 run").click()
    expect(page.get_by_role("status").filter(has_text="Replayed 1 of 1 run")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(2)


def test_a_job_is_switched_off_and_an_event_says_that_it_was(page: Page, dev: Dev) -> None:
    page.goto("/jobs")
    switch = page.get_by_role("switch", name="Fulfil order: starts runs")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    dev.send("order.created", {"id": "o-2"})
    page.goto("/events")
    expect(page.locator("tbody tr").first).to_contain_text("disabled")
    page.goto("/jobs")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")


def test_a_queue_is_paused_and_goes_on(page: Page, dev: Dev) -> None:
    page.goto("/queues")
    row = page.get_by_role("row", name=re.compile("^many"))
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("paused")
    _, run = dev.request("POST", "/api/v1/jobs/many/trigger", {"payload": {"tasks": 1}})
    page.goto(f"/runs/{run['id']}")
    expect(page.get_by_text("It has not started")).to_be_visible()
    page.goto("/queues")
    row.get_by_role("button", name="Resume").click()
    assert dev.finished(run["id"])["status"] == "SUCCESS"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_can_be_used_by_everybody(
    browser: Browser, dev: Dev, runs: dict[str, str], theme: str
) -> None:
    """No serious finding of axe on any page, in both themes; pictures are left to be looked at."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, base_url=dev.url, color_scheme=theme, reduced_motion="reduce"
    )
    page = context.new_page()
    findings = []
    for path in (*PAGES, *(f"runs/{runs[job]}" for job in ("fulfil", "broken"))):
        page.goto(f"/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        page.screenshot(path=screens() / f"{theme}-{path.split('run_')[0].replace('/', '-')}.png")
        found = Axe().run(page).response["violations"]
        findings += [
            f"{path}: {one['id']}: {one['nodes'][0]['html'][:120]}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
    context.close()
    assert findings == []


def test_a_narrow_screen_shows_all_of_a_run(browser: Browser, dev: Dev, runs: dict[str, str]) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, base_url=dev.url)
    page = context.new_page()
    for path in (*PAGES, f"runs/{runs['fulfil']}"):
        page.goto(f"/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.screenshot(path=screens() / f"narrow-{path.split('run_')[0].replace('/', '-')}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    context.close()
