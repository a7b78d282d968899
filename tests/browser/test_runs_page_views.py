"""The Runs page: ranges and whole pages are chosen, and it fits a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from browser.started import trigger
from processes import Dev


@pytest.fixture(scope="module", autouse=True)
def runs(dev: Dev) -> list[str]:
    """Five runs that have ended, oldest first."""
    ids = [trigger(dev, "many", {"tasks": 1}) for _ in range(5)]
    for run in ids:
        dev.finished(run)
    return ids


def test_a_range_is_chosen_by_shift_click_and_by_key(page: Page) -> None:
    page.goto("/runs")
    ticks = page.locator("tbody input[type=checkbox]")
    expect(ticks).to_have_count(5)
    ticks.nth(1).click()
    ticks.nth(3).click(modifiers=["Shift"])
    expect(page.get_by_text("3 runs chosen")).to_be_visible()
    expect(ticks.nth(0)).not_to_be_checked()
    expect(ticks.nth(2)).to_be_checked()
    page.get_by_role("button", name="Choose none").click()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.get_by_text("3 runs chosen")).to_be_visible()
    expect(ticks.nth(3)).not_to_be_checked()


def test_the_tick_in_the_head_chooses_the_page_and_lets_it_go(page: Page) -> None:
    page.goto("/runs")
    head = page.get_by_label("Choose all on this page")
    head.click()
    expect(page.get_by_text("5 runs chosen")).to_be_visible()
    head.click()
    expect(page.locator("tbody input:checked")).to_have_count(0)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_open_export_menu_is_accessible_and_fits_a_phone(page: Page, theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/runs")
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("menuitem", name="JSON lines")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
