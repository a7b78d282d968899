"""The whole dashboard by keyboard alone; and what has a key has a button, too."""

import re

import pytest
from playwright.sync_api import Page, expect

from processes import Dev

#: What moves through rows has no button of its own: the rows are there to be clicked.
MOVES = {"j", "k", "Enter", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"}
PAGES = ("runs", "runs/ID", "jobs", "jobs/fulfil", "events", "approvals", "schedules", "queues", "workers")


@pytest.fixture(scope="module", autouse=True)
def runs(dev: Dev) -> dict[str, str]:
    ids = {}
    for job, payload in (("refund", {"amount": 40}), ("broken", {})):
        _, run = dev.request("POST", f"/api/v1/jobs/{job}/trigger", {"payload": payload})
        ids[job] = run["id"]
    dev.finished(ids["broken"])
    dev.until(ids["refund"], "WAITING")
    return ids


def go(page: Page, key: str, heading: str) -> None:
    page.keyboard.press("g")
    page.keyboard.press(key)
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()


def test_somebody_without_a_mouse_starts_a_run_and_answers_it(page: Page, dev: Dev) -> None:
    page.goto("/runs")
    expect(page.locator("tbody tr")).not_to_have_count(0)
    go(page, "j", "Jobs")
    row = page.get_by_role("link", name="Fulfil order")
    expect(row).to_be_visible()
    while not row.evaluate("row => row === document.activeElement"):
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Fulfil order")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("order.created")
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile("/runs/run_"))
    expect(page.get_by_text("Waits for the event parcel.picked_up")).to_be_visible()
    page.keyboard.press("Shift+C")
    page.keyboard.press("Enter")
    expect(page.locator("header .status", has_text="cancelled")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()


def test_an_approval_is_given_without_a_mouse(page: Page, dev: Dev, runs: dict[str, str]) -> None:
    page.goto("/runs")
    expect(page.locator("tbody tr")).not_to_have_count(0)
    go(page, "a", "Approvals")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Amount")).to_be_visible()
    page.get_by_label("Amount").focus()
    page.keyboard.type("40")
    page.get_by_label("You are").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("ann@shop.com")
    page.keyboard.press("Enter")
    dev.finished(runs["refund"])
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def test_keys_are_only_letters_while_one_types_or_presses_others_with_them(page: Page) -> None:
    page.goto("/runs")
    expect(page.locator("tbody tr")).not_to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("g j ? . n")
    expect(page.get_by_label("Filter", exact=True)).to_have_value("g j ? . n")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")
    for pressed in ("Control+Shift+j", "Alt+n", "Control+n"):
        page.evaluate(
            "press => dispatchEvent(new KeyboardEvent('keydown', press))",
            {
                "key": pressed[-1],
                "ctrlKey": "Control" in pressed,
                "altKey": "Alt" in pressed,
                "cancelable": True,
            },
        )
    expect(page).to_have_url(re.compile("/runs$"))


def test_what_follows_a_g_is_a_page_or_nothing_and_is_not_waited_for_long(
    page: Page, runs: dict[str, str]
) -> None:
    page.clock.install()
    page.goto(f"/runs/{runs['broken']}")
    expect(page.get_by_role("tab", name="Trace")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("Shift+C")
    page.keyboard.press("g")
    page.clock.fast_forward(2_000)
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(runs["broken"]))
    page.keyboard.press("g")
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile("/jobs$"))


@pytest.mark.parametrize("path", PAGES)
def test_whatever_the_sheet_lists_is_also_a_button_that_says_its_key(
    page: Page, runs: dict[str, str], path: str
) -> None:
    page.goto(f"/{path.replace('ID', runs['broken'])}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
    said = page.evaluate(
        "[...document.querySelectorAll('[title]')].filter(each => each.offsetParent).map(each => each.title)"
    )
    keys = [key for title in said for key in re.findall(r"keys? (.+)$", title)]
    items = page.locator("[role=menuitem][aria-keyshortcuts]")
    in_menus = items.evaluate_all("items => items.map(item => item.getAttribute('aria-keyshortcuts'))")
    named = {one for key in keys for one in (key, *key.split(" or "))}
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet.get_by_role("button", name=re.compile("Go to runs"))).to_be_visible()
    missing = []
    for key in sheet.locator("[data-press]").all():
        press, shown = key.get_attribute("data-press") or "", key.locator("kbd").all_inner_texts()
        if (
            press not in MOVES
            and press not in in_menus
            and " ".join(shown) not in named
            and "".join(shown) not in named
        ):
            missing.append(key.inner_text())
    assert missing == []


def test_the_sheet_itself_can_be_clicked(page: Page) -> None:
    page.goto("/runs")
    page.get_by_role("button", name="Keys").click()
    page.get_by_role("dialog", name="Keys").get_by_role("button", name=re.compile("Go to queues")).click()
    expect(page.get_by_role("heading", name="Queues")).to_be_visible()
