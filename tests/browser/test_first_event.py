"""Somebody who knows nothing comes to an empty dashboard, and finds the way by what it says."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from processes import PATIENCE, Dev, run_cli


def test_from_nothing_to_a_finished_run_by_what_the_page_tells(page: Page, dev: Dev) -> None:
    page.goto("/")
    expect(page.get_by_text("Your jobs are here.")).to_be_visible()
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.get_by_text("None has been yet.")).to_be_visible()
    command = """mainspring send order.created '{"id":"text","amount":120}'"""
    expect(page.get_by_text(command)).to_be_visible()
    expect(page.get_by_role("link", name="Send order.created from here")).to_be_visible()
    expect(page.get_by_text("Open without a login")).to_be_visible()

    page.get_by_role("link", name="Events").click()
    expect(page.get_by_text("Send the first event and watch it run:")).to_be_visible()
    expect(page.get_by_text(command)).to_be_visible()
    page.get_by_role("button", name="Send one from here").click()
    page.get_by_role("button", name="order.created").click()
    expect(page.get_by_label("Amount")).to_have_value("120")
    page.get_by_role("button", name="Send", exact=True).click()

    expect(page).to_have_url(re.compile(r"/runs/run_"))
    expect(page.get_by_role("heading", name="fulfil")).to_be_visible()
    expect(page.get_by_text("Waits for the event parcel.picked_up")).to_be_visible()
    page.get_by_role("button", name="Send parcel.picked_up").click()
    expect(page.locator("header .status", has_text="succeeded")).to_be_visible()
    expect(page.get_by_role("row", name="send mail")).to_be_visible()

    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("succeeded fulfil"))).to_be_visible()


def test_json_that_is_none_says_where(page: Page, dev: Dev) -> None:
    page.goto("/jobs/fulfil?tab=test")
    page.get_by_role("tab", name="JSON").click()
    payload = page.get_by_role("textbox", name="Payload")
    payload.fill('{\n  "id": "o-1",\n  "amount": }')
    expect(page.get_by_text("line 3, column 13")).to_be_visible()
    expect(page.get_by_role("button", name="Start a run")).to_be_disabled()
    payload.fill('{"amount": "much"}')
    page.get_by_role("button", name="Start a run").click()
    problem = page.get_by_role("alert").filter(has_text="amount")
    expect(problem).to_be_visible()
    assert payload.input_value() == '{"amount": "much"}'


def test_what_init_writes_is_started_and_watched_by_what_the_overview_tells(
    browser: Browser, tmp_path: Path
) -> None:
    assert run_cli("init", "shop", cwd=tmp_path).returncode == 0
    dev = Dev.start(tmp_path / "shop", "app.py").wait_until_ready()
    expect.set_options(timeout=PATIENCE * 1_000)
    page = browser.new_page(base_url=dev.url)
    try:
        page.goto("/")
        expect(page.get_by_text(re.compile("Send the first event and watch it run"))).to_be_visible()
        command = page.locator(".command code").first.inner_text()
        page.get_by_role("link", name="send the event").click()
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page).to_have_url(re.compile(r"/runs/run_"))
        expect(page.locator("header .status", has_text="succeeded")).to_be_visible()
        assert command.startswith("mainspring send "), command
    finally:
        page.close()
        dev.close()
