"""The page of a job: started by hand with all that a call may say, how its runs went, its settings in words."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from processes import Dev


@pytest.fixture(scope="module", autouse=True)
def run_id(dev: Dev) -> str:
    _, run = dev.request("POST", "/api/v1/jobs/many/trigger", {"payload": {"tasks": 3}})
    dev.finished(run["id"])
    return str(run["id"])


def test_a_run_is_started_with_options_and_the_payload_of_another(page: Page, dev: Dev, run_id: str) -> None:
    page.goto("/jobs/many?tab=test")
    page.get_by_label("Fill the payload").select_option(f"run:{run_id}")
    expect(page.get_by_role("textbox", name="Payload")).to_have_value(re.compile('"tasks": 3'))
    page.get_by_text("Options").click()
    page.get_by_label("Delay").fill("soon")
    page.get_by_role("button", name="Start a run").click()
    expect(page.locator(".wrong")).to_contain_text("delay")
    page.get_by_label("Delay").fill("1 hour")
    page.get_by_label("Tags").fill("vip, by hand")
    page.get_by_label("Priority").fill("7")
    page.get_by_label("Priority").press("Control+Enter")
    expect(page).to_have_url(re.compile("/runs/run_"))
    _, started = dev.request("GET", f"/api/v1/runs/{page.url.rsplit('/', 1)[1]}")
    assert (started["payload"], started["tags"], started["status"]) == (
        {"tasks": 3},
        ["vip", "by hand"],
        "PENDING",
    )
    page.goto("/jobs/many?tab=test")
    page.get_by_role("textbox", name="Payload").fill('{"tasks": 1}')
    page.get_by_role("textbox", name="Payload").press("Control+Enter")
    expect(page).to_have_url(re.compile("/runs/run_"))
    _, runs = dev.request("GET", "/api/v1/runs?job=many")
    assert len(runs["data"]) == 3, "one key, one run"


def test_its_runs_are_charted_and_listed(page: Page, run_id: str) -> None:
    page.goto("/jobs/many")
    expect(page.locator(".legend")).to_contain_text("succeeded")
    expect(page.get_by_role("link", name=run_id)).to_be_visible()
    page.get_by_role("button", name="7d").click()
    expect(page).to_have_url(re.compile("/jobs/many.span=7d"))
    expect(page.locator(".chart-bars > a")).to_have_count(56)
    page.locator(".legend a").first.click()
    expect(page).to_have_url(re.compile("q=job%3Amany"))


def test_its_settings_are_told_in_words(page: Page) -> None:
    page.goto("/jobs/broken?tab=settings")
    expect(page.locator(".settings")).to_contain_text("one: a run that fails is not tried again")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_its_tabs_can_be_used_by_everybody(browser: Browser, dev: Dev, theme: str) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, base_url=dev.url, color_scheme=theme, reduced_motion="reduce"
    )
    page = context.new_page()
    findings = []
    for tab in ("test", "runs", "schema", "versions", "settings"):
        page.goto(f"/jobs/many?tab={tab}")
        expect(page.get_by_role("tab", selected=True).first).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        found = Axe().run(page).response["violations"]
        findings += [f"{tab}: {one['id']}" for one in found if one["impact"] in ("serious", "critical")]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, tab
    context.close()
    assert findings == []
