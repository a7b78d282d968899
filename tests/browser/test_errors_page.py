"""Errors in a real browser: grouped, found, resolved, back again by themselves, replayed together; readable by all."""

import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from browser.conftest import screens
from processes import Dev


def fail(dev: Dev) -> str:
    run_id = dev.cli("trigger", "broken").stdout.strip()
    dev.until(run_id, "FAILED")
    return run_id


@pytest.fixture
def error_id(dev: Dev) -> str:
    """An open error with a run or more."""
    run_id = fail(dev)
    found = json.loads(dev.cli("runs", "get", run_id, "--json").stdout)["error_id"]
    dev.cli("errors", "reopen", found)
    return str(found)


def test_an_error_is_found_and_resolved_and_comes_back(page: Page, dev: Dev, error_id: str) -> None:
    page.goto("/errors")
    row = page.get_by_role("row").filter(has_text="parse")
    expect(row).to_contain_text("<b>row 7</b> is no number")  # only text
    expect(row).to_contain_text("ValueError")
    page.get_by_label("Text", exact=True).fill("nothing like it")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No error fits.")).to_be_visible()
    page.get_by_role("button", name="Show all that are unresolved").click()
    page.get_by_label("Job", exact=True).select_option("broken")
    expect(page).to_have_url(re.compile("job=broken"))
    expect(row).to_be_visible()
    row.get_by_role("button", name="Resolve").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="resolved", exact=True).click()
    expect(row).to_be_visible()
    page.get_by_role("button", name="unresolved").click()
    expect(row).to_have_count(0)
    fail(dev)  # and is there without a look
    expect(row).to_contain_text("came back")


def test_a_group_tells_its_story(page: Page, dev: Dev, error_id: str) -> None:
    page.goto("/runs")
    page.get_by_role("link", name="broken").first.click()
    page.get_by_role("link", name="All runs that failed so").click()
    expect(page).to_have_url(re.compile(error_id))
    expect(page.get_by_role("heading", level=1)).to_have_text("<b>row 7</b> is no number")
    expect(page.get_by_label("Error", exact=True)).to_contain_text("raise ValueError")
    page.get_by_role("button", name="Ignore").click()
    page.get_by_role("menuitem", name="Until 10 more runs fail").click()
    expect(page.get_by_text("for 10 more runs", exact=True)).to_be_visible()
    expect(page.get_by_label("What befell it")).to_contain_text("Ignored for 10 runs")
    page.keyboard.press("o")
    expect(page.get_by_label("What befell it")).to_contain_text("Reopened")
    before = page.get_by_label("Runs", exact=True).get_by_role("row").count()
    page.keyboard.press("r")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Replay")).click()
    expect(page.get_by_text("started again")).to_be_visible()
    expect(page.get_by_label("Runs", exact=True).get_by_role("row")).not_to_have_count(before)


def test_with_the_keyboard_alone(page: Page, dev: Dev, error_id: str) -> None:
    page.goto("/runs")
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("x")
    expect(page.get_by_role("link", name=re.compile("row 7"))).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_role("toolbar")).to_contain_text("1 error chosen")
    page.keyboard.press("i")
    expect(page.get_by_text("Nothing fails that nobody has looked at.")).to_be_visible()
    page.goto("/errors?status=ignored")
    expect(page.get_by_role("link", name=re.compile("row 7"))).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(error_id))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(page: Page, dev: Dev, error_id: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two literals
    for name, path in (("errors", "/errors"), ("error", f"/errors/{error_id}")):
        page.goto(path)
        expect(page.get_by_text("is no number").first).to_be_visible()
        found = Axe().run(page).response["violations"]
        bad = [
            f"{one['id']}: {one['nodes'][0]['target']}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert bad == []
        picture: Path = screens() / f"{name}-{scheme}.png"
        page.screenshot(path=picture)


def test_it_is_read_on_a_phone(page: Page, dev: Dev, error_id: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/errors", f"/errors/{error_id}"):
        page.goto(path)
        expect(page.get_by_text("is no number").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
