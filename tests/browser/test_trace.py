"""The trace: thousands of tasks, live and done; found, folded, walked through with the keys."""

import pytest
from playwright.sync_api import Page, Request, expect

from browser.started import trigger
from processes import Dev


def test_of_many_tasks_only_those_in_sight_are_in_the_document(page: Page, dev: Dev) -> None:
    run = trigger(dev, "many", {"tasks": 5_000})
    dev.finished(run)
    page.goto(f"/runs/{run}")
    page.get_by_role("row", name="page … × 5,000").get_by_label("Unfold").click()
    expect(page.get_by_role("row", name="page 3 ")).to_be_visible()
    assert page.get_by_role("treegrid").get_attribute("aria-rowcount") == "5001"
    assert page.get_by_role("row").count() < 100
    page.get_by_role("treegrid").evaluate("grid => grid.scrollTop = grid.scrollHeight")
    expect(page.get_by_role("row", name="page 4999")).to_be_visible()
    assert page.get_by_role("row").count() < 100


def test_a_folded_group_is_opened_and_its_rows_are_few_too(page: Page, dev: Dev) -> None:
    run = trigger(dev, "pages", {"tasks": 300})
    dev.finished(run)
    page.goto(f"/runs/{run}")
    expect(page.get_by_role("row", name="× 300")).to_be_visible()
    assert page.get_by_role("treegrid").get_attribute("aria-rowcount") == "2"
    page.get_by_role("row", name="× 300").get_by_label("Unfold").click()
    expect(page.get_by_role("treegrid")).to_have_attribute("aria-rowcount", "301")
    assert page.get_by_role("row").count() < 100


def test_a_live_run_is_kept_up_without_reading_its_trace_again(page: Page, dev: Dev) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url.split("/api/v1/")[-1])

    page.on("request", note)
    run = trigger(dev, "fulfil", {"id": "o-live"})
    page.goto(f"/runs/{run}")
    expect(page.get_by_role("row", name="wait for parcel.picked_up")).to_be_visible()
    dev.send("parcel.picked_up", {}, id="o-live")
    expect(page.locator("header .status", has_text="succeeded")).to_be_visible()
    expect(page.get_by_role("row", name="send mail")).to_be_visible()
    assert len([url for url in asked if url.endswith("/trace")]) == 1


def test_five_hundred_tasks_are_watched_with_few_requests(page: Page, dev: Dev) -> None:
    page.goto("/jobs")
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    run = trigger(dev, "many", {"tasks": 500})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/runs/{run}")
    expect(page.locator("header .status", has_text="succeeded")).to_be_visible()
    expect(page.get_by_role("row", name="page … × 500")).to_be_visible()
    of_run = [url for url in asked if run in url and "/api/" in url]
    assert len([url for url in of_run if url.endswith("/trace")]) == 1
    assert len(of_run) < 12, of_run


def test_tasks_are_found_by_text_and_failed_ones_alone(page: Page, dev: Dev) -> None:
    run = trigger(dev, "broken")
    dev.finished(run)
    page.goto(f"/runs/{run}")
    expect(page.get_by_role("row", name="parse")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("no such task")
    expect(page.get_by_text("No task fits.")).to_be_visible()
    page.get_by_label("Find a task").fill("PAR")
    expect(page.get_by_role("row", name="parse")).to_be_visible()
    page.get_by_label("Find a task").fill("")
    page.get_by_role("button", name="Errors only").click()
    expect(page.get_by_role("treegrid")).to_have_attribute("aria-rowcount", "2")


def test_the_trace_is_one_tab_stop_walked_with_arrows(page: Page, dev: Dev) -> None:
    run = trigger(dev, "many", {"tasks": 3})
    dev.finished(run)
    page.goto(f"/runs/{run}")
    grid = page.get_by_role("treegrid")
    expect(page.get_by_role("row", name="page 2")).to_be_visible()
    grid.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = grid.locator('[aria-selected="true"]')
    expect(chosen).to_contain_text("page 0")
    assert grid.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    page.keyboard.press("ArrowLeft")
    expect(chosen).to_contain_text("many")
    page.keyboard.press("ArrowLeft")
    expect(grid).to_have_attribute("aria-rowcount", "1")
    page.keyboard.press("ArrowRight")
    expect(grid).to_have_attribute("aria-rowcount", "4")
    assert grid.locator("[tabindex='0']").count() == 0


def test_zoom_by_keys_and_back(page: Page, dev: Dev) -> None:
    run = trigger(dev, "many", {"tasks": 3})
    dev.finished(run)
    page.goto(f"/runs/{run}")
    whole = page.get_by_role("button", name="All", exact=True)
    expect(whole).to_be_disabled()
    page.keyboard.press("+")
    expect(whole).to_be_enabled()
    page.keyboard.press("0")
    expect(whole).to_be_disabled()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("z")
    expect(whole).to_be_enabled()


_COVERED = """() => [...document.querySelectorAll('.trace .row')].flatMap((row) => {
  const words = row.querySelector('.lasted')?.getBoundingClientRect();
  const bars = [...row.querySelectorAll('.bar')].map((bar) => bar.getBoundingClientRect());
  if (!words) return bars.length ? [row.textContent + ': does not say it'] : [];
  const isOver = (bar) => bar.left < words.right && words.left < bar.right;
  const isCut = words.right > row.getBoundingClientRect().right;
  return bars.some(isOver) || isCut ? [row.textContent] : [];
})"""


@pytest.mark.parametrize("width", [1280, 390])
def test_how_long_a_row_took_stands_over_no_bar(page: Page, dev: Dev, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    slow = trigger(dev, "slow")
    many = trigger(dev, "many", {"tasks": 20})
    dev.finished(many)
    for run in (slow, many):
        page.goto(f"/runs/{run}")
        expect(page.get_by_role("row").first).to_be_visible()
        assert page.evaluate(_COVERED) == []
    page.keyboard.press("+")  # a bar may begin before what is seen, and end behind it
    page.keyboard.press("+")
    assert page.evaluate(_COVERED) == []
    dev.request("POST", f"/api/v1/runs/{slow}/cancel", {})
