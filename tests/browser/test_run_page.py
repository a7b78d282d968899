"""The page of a run: its trace as it grows, what it waits for, what went wrong, and what one can do about it."""

import re

from playwright.sync_api import Page, expect

from browser.started import trigger
from processes import Dev


def test_a_run_is_watched_live_and_answered(page: Page, dev: Dev) -> None:
    run = trigger(dev, "fulfil", {"id": "o-7"})
    page.goto(f"/runs/{run}")
    page.get_by_role("row", name="charge").click()
    panel = page.get_by_role("complementary", name="Task charge")
    expect(panel.get_by_text('"ch_1"')).to_be_visible()
    panel.get_by_role("tab", name="Input").click()
    expect(panel.get_by_text("120")).to_be_visible()
    assert "task=charge" in page.url
    dev.send("parcel.picked_up", {}, id="o-7")
    expect(page.locator("header .status", has_text="succeeded")).to_be_visible()
    page.get_by_role("tab", name="Logs").first.click()
    expect(page.get_by_text("charged")).to_be_visible()
    page.get_by_role("tab", name="Output").first.click()
    expect(page.get_by_label("output", exact=True).get_by_text('"ch_1"')).to_be_visible()


def test_an_error_shows_its_message_as_text_and_the_frame_of_the_users_code(page: Page, dev: Dev) -> None:
    run = trigger(dev, "broken")
    dev.finished(run)
    page.goto(f"/runs/{run}")
    card = page.get_by_role("region", name="Error")
    expect(card).to_contain_text("<b>row 7</b> is no number")
    expect(card).to_contain_text("in parse")
    page.keyboard.press("e")
    expect(page.get_by_role("row", name="parse")).to_have_attribute("aria-selected", "true")


def test_a_run_is_cancelled_and_replayed_by_keys(page: Page, dev: Dev) -> None:
    run = trigger(dev, "slow")
    dev.until(run, "RUNNING")
    page.goto(f"/runs/{run}")
    expect(page.locator("header .status", has_text="running")).to_be_visible()
    page.keyboard.press("Shift+C")
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.locator("header .status", has_text="cancelled")).to_be_visible()
    page.keyboard.press("r")
    expect(page).not_to_have_url(re.compile(run))
    expect(page.locator("header .status", has_text="running")).to_be_visible()
    expect(page.get_by_role("link", name="replay of a run")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()


def test_a_replay_from_a_task_keeps_what_was_done_before_it(page: Page, dev: Dev) -> None:
    run = trigger(dev, "fulfil", {"id": "o-8"})
    dev.send("parcel.picked_up", {}, id="o-8")
    dev.finished(run)
    page.goto(f"/runs/{run}?task=send%20mail")
    page.get_by_role("button", name="Replay from here").click()
    expect(page).not_to_have_url(re.compile(run))
    expect(page.locator("header .status", has_text="succeeded")).to_be_visible()
    page.get_by_role("row", name="charge").click()
    expect(page.get_by_text("kept from an earlier run")).to_be_visible()
    page.goto("/events?name=parcel.picked_up")
    expect(page.locator("tbody tr").first).to_contain_text("fulfil waited for it")
    page.goto("/events/o-8")
    taken = page.locator("tbody tr", has_text="waited for it: picked up")
    expect(taken).to_have_count(1)  # by the run, and not by its replay, which has what the run got
    expect(taken.get_by_role("link", name=run)).to_be_visible()
