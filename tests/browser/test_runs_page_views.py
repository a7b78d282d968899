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


def test_columns_are_chosen_down_to_a_value_of_the_payload(page: Page) -> None:
    """They stand in the address, and what no column shows is not sent."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v1/runs?" in request.url else None)
    page.goto("/runs")
    expect(page.locator("tbody tr")).to_have_count(5)
    assert all("without=payload%2Coutput" in url for url in asked), asked
    page.get_by_role("button", name="View", exact=True).click()
    page.get_by_role("menuitem", name="Columns and rows …").click()
    dialog = page.get_by_role("dialog", name="Columns and rows")
    dialog.get_by_label("Queue").check()
    dialog.get_by_label("Started by").uncheck()
    dialog.get_by_label("A value of the payload").fill("payload.tasks")
    dialog.get_by_role("button", name="Add").click()
    dialog.get_by_label("compact").check()
    page.keyboard.press("Escape")
    heads = ["Status", "Job", "Run", "Tags", "Queue", "tasks", "Took", "Created"]
    expect(page.locator("thead th:not(.tick)")).to_have_text(heads)
    row = page.locator("tbody tr").first
    expect(row.get_by_role("button", name="1", exact=True)).to_be_visible()
    assert row.evaluate("row => row.offsetHeight") <= 29
    page.reload()
    expect(page.locator("thead th:not(.tick)")).to_have_text(heads)
    assert row.evaluate("row => row.offsetHeight") <= 29
    row.get_by_role("button", name="1", exact=True).click()
    expect(page.get_by_label("Filter", exact=True)).to_have_value("payload.tasks:1")


def test_a_view_is_kept_under_a_name(page: Page) -> None:
    page.goto("/runs?q=status%3Afailed&columns=run,queue")
    page.get_by_role("button", name="View", exact=True).click()
    page.get_by_role("menuitem", name="Keep this view …").click()
    page.get_by_label("Name").fill("Failed ones")
    page.get_by_role("button", name="Keep it").click()
    view = page.get_by_role("button", name="Failed ones")
    expect(view).to_be_visible()
    page.goto("/runs")
    page.get_by_role("button", name="View", exact=True).click()
    page.get_by_role("menuitem", name="Failed ones").click()
    expect(page.get_by_label("Filter", exact=True)).to_have_value("status:failed")
    view.click()
    page.get_by_role("menuitem", name="Forget ‘Failed ones’").click()
    page.get_by_role("button", name="View", exact=True).click()
    expect(page.get_by_role("menuitem", name="Failed ones")).to_have_count(0)


def test_values_are_suggested_for_what_is_typed(page: Page) -> None:
    page.goto("/runs")
    bar = page.get_by_label("Filter", exact=True)
    for typed, offered in (
        ("job:FUL", "job:fulfil"),
        ("queue:ma", "queue:many"),
        ("event:ord", "event:order.created"),
    ):
        bar.fill(typed)
        expect(page.get_by_role("option", name=offered, exact=True)).to_be_visible()
    bar.fill("event_id:evt_1 id")
    expect(page.get_by_role("option", name="id:", exact=True)).to_be_visible()


def test_a_page_says_how_far_it_looked_and_leads_to_bulk_actions(page: Page) -> None:
    page.goto("/runs")
    page.get_by_role("link", name="Bulk actions").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("ulk")
