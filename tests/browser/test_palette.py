"""The palette: any page, job, run or action by a few letters, without a mouse."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from browser.conftest import screens
from processes import Dev


@pytest.fixture(scope="module", autouse=True)
def run(dev: Dev) -> str:
    _, run = dev.request("POST", "/api/v1/jobs/broken/trigger", {"payload": {}})
    dev.finished(run["id"])
    return str(run["id"])


def opened(page: Page) -> Locator:
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Go to or do anything")
    expect(field).to_be_focused()
    return field


def test_it_leads_to_pages_jobs_runs_and_tests(page: Page, run: str) -> None:
    page.goto("/runs")
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    for typed, offer, url in (
        ("sched", "Schedules", "/schedules$"),
        ("fulfil or", "Fulfil order", "/jobs/fulfil$"),
        ("tst fulf", "Test Fulfil order", r"/jobs/fulfil\?tab=test$"),
        ("broken failed", "broken failed", f"/runs/{run}$"),
        (f"see {run}!", "Open the run", f"/runs/{run}$"),
        ("job:broken", "Runs that fit", r"/runs\?q=job%3Abroken$"),
    ):
        opened(page).fill(typed)
        chosen = page.get_by_role("option", selected=True)
        expect(chosen).to_contain_text(offer)
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(url))
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_was_chosen_lately_stands_first(page: Page) -> None:
    page.goto("/runs")
    expect(page.locator("tbody tr")).not_to_have_count(0)
    opened(page).fill("workers")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Workers")).to_be_visible()
    opened(page)
    expect(page.get_by_role("option").first).to_contain_text("Workers")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("option").last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_it_does_things(page: Page) -> None:
    page.goto("/jobs")
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    opened(page).fill("dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    opened(page).fill("keys")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    opened(page).fill("send order.cr")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_have_value("order.created")
    expect(page.get_by_label("Amount")).to_have_value("120")


def test_it_works_while_one_types_and_on_a_narrow_screen(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/runs")
    expect(page.locator("tbody tr")).not_to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("sta")
    opened(page).fill("zzzz")
    expect(page.get_by_text("Nothing is called that")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Filter", exact=True)).to_be_focused()
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name=re.compile("^Go to")).click()
    page.get_by_role("combobox", name="Go to or do anything").fill("e")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.get_by_role("dialog").bounding_box()
    assert box is not None
    assert box["width"] <= 390
    page.screenshot(path=screens() / "narrow-palette.png")
    found = [
        one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")
    ]
    assert found == []
