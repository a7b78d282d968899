"""The frame around the pages: titles, focus, where one was, the connection, what waits for people."""

import re

import pytest
from playwright.sync_api import Page, expect

from processes import Dev


@pytest.fixture(scope="module", autouse=True)
def asked(dev: Dev) -> str:
    """A run that waits for a person, before a dozen others."""
    _, run = dev.request("POST", "/api/v1/jobs/refund/trigger", {"payload": {"amount": 40}})
    dev.until(run["id"], "WAITING")
    for _ in range(12):
        _, other = dev.request("POST", "/api/v1/jobs/broken/trigger", {"payload": {}})
    dev.finished(other["id"])
    return str(run["id"])


def test_the_tab_says_what_is_on_the_page(page: Page, asked: str) -> None:
    for path, title in (
        ("runs", "Runs · Mainspring"),
        ("jobs/fulfil", "Fulfil order · job · Mainspring"),
        (f"runs/{asked}", "refund · waiting · Mainspring"),
        ("approvals", "Approvals · Mainspring"),
    ):
        page.goto(f"/{path}")
        expect(page).to_have_title(title)


def test_who_goes_to_a_page_is_there_with_the_focus_too(page: Page) -> None:
    page.goto("/runs")
    page.get_by_role("link", name="Queues").click()
    expect(page.get_by_role("heading", name="Queues")).to_be_visible()
    expect(page.get_by_role("main")).to_be_focused()
    page.goto("/jobs")
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    assert page.url.endswith("/jobs")


def test_going_back_shows_the_same_rows_again(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 300})
    page.goto("/runs")
    expect(page.locator("tbody tr")).not_to_have_count(0)
    page.locator(".page").evaluate("page => page.scrollTop = 220")
    page.locator("tbody tr .main a").nth(8).click()
    expect(page.get_by_role("tab", name="Trace")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    expect(page.locator("tbody tr").nth(8)).to_be_in_viewport()
    expect(page.locator("tbody tr").nth(1)).not_to_be_in_viewport()
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.locator("tbody tr")).not_to_have_count(0)
    assert page.locator(".page").evaluate("page => page.scrollTop") == 0


def test_the_navigation_says_how_many_answers_are_waited_for(page: Page, dev: Dev, asked: str) -> None:
    page.goto("/queues")
    entry = page.get_by_role("navigation").get_by_role("link", name="Approvals")
    expect(entry).to_contain_text("1 waiting")
    _, run = dev.request("POST", "/api/v1/jobs/refund/trigger", {"payload": {"amount": 41}})
    expect(entry).to_contain_text("2 waiting")
    dev.request("POST", f"/api/v1/runs/{run['id']}/cancel", {})
    expect(entry).to_contain_text("1 waiting")


def test_a_lost_connection_is_said_and_mends_itself(page: Page) -> None:
    page.route("**/api/v1/stream*", lambda route: route.abort())
    page.goto("/jobs")
    expect(page.locator(".banner")).to_contain_text(re.compile(r"Reconnecting, data from \d\d:\d\d:\d\d"))
    expect(page.get_by_role("link", name="Fulfil order")).to_be_visible()
    page.unroute("**/api/v1/stream*")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    expect(page.locator(".banner")).to_have_count(0)


def test_times_are_written_as_one_likes_on_all_pages(page: Page) -> None:
    page.goto("/runs")
    time = page.locator("tbody time").first
    expect(time).to_have_text(re.compile("ago|now"))
    expect(time).to_have_attribute("title", re.compile("UTC"))
    page.get_by_role("button", name=re.compile("^Times: relative")).click()
    page.get_by_role("button", name=re.compile("^Times: local")).click()
    expect(time).to_have_text(re.compile("UTC$"))
    page.get_by_role("link", name="Jobs").click()
    expect(page.locator("tbody time").first).to_have_text(re.compile("UTC$"))


def test_on_a_narrow_screen_a_bar_leads_to_every_page(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/runs")
    bar = page.get_by_role("navigation")
    expect(bar.get_by_role("link", name="Approvals")).to_be_visible()
    expect(bar.get_by_role("link", name="Workers")).to_be_hidden()
    bar.get_by_role("button", name="More").click()
    expect(page.get_by_text("Open without a login")).to_be_visible()
    page.keyboard.press("Escape")
    expect(bar.get_by_role("link", name="Workers")).to_be_hidden()
    expect(bar.get_by_role("button", name="More")).to_be_focused()
    page.keyboard.press("Enter")
    bar.get_by_role("link", name="Workers").click()
    expect(page.get_by_role("heading", name="Workers")).to_be_visible()
    expect(bar.get_by_role("link", name="Workers")).to_be_hidden()
