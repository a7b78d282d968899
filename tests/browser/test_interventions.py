"""A person intervenes: settles a task in doubt, lets a run go on after a deploy, opens and resets a breaker."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.started import trigger
from processes import PATIENCE, Dev

APP = """
from pathlib import Path

from mainspring import IO, CircuitBreaker, Client, InDoubt, Retry, ctx, invoke_trigger, task

client = Client("hands")
carrier = CircuitBreaker("carrier", failures=2, reset="1 hour")


@task(effect="once")
def charge() -> str:
    if ctx.attempt.number == 1:
        raise InDoubt("the line broke after it was sent")
    return "charged again"


@client.job(id="pay", trigger=invoke_trigger(), retry=1)
async def pay(io: IO) -> object:
    return await charge()


def book() -> str:
    if Path("carrier-is-down").exists():
        raise ConnectionError("no answer from the carrier")
    return "booked"


@client.job(id="ship", trigger=invoke_trigger())
async def ship(io: IO) -> str:
    often = Retry(max_attempts=10, min_delay="0.1s", factor=1)
    return await io.run_task("book", book, breaker=carrier, retry=often)


@client.job(id="sort", trigger=invoke_trigger(), queue="held")
async def sort(io: IO) -> None: ...


@client.job(id="pack", trigger=invoke_trigger())
async def pack(io: IO) -> str:
    box = await io.run_task("choose a box", lambda size: f"box of {size}", "M")
    await io.wait_for_event("go", name="van.left")
    return box
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("hands")
    (folder / "app.py").write_text(APP)
    return folder


@pytest.fixture(scope="module")
def dev(shop: Path) -> Iterator[Dev]:
    dev = Dev.start(shop, "app.py").wait_until_ready()
    yield dev
    dev.close()


def in_doubt(page: Page, dev: Dev) -> str:
    run = trigger(dev, "pay")
    dev.until(run, "WAITING")
    page.goto(f"/runs/{run}")
    card = page.get_by_role("region", name="Waiting in charge")
    expect(card).to_contain_text("Nobody knows whether attempt 1 of 'charge' was done")
    return run


def test_a_task_in_doubt_is_said_to_be_done_with_what_it_came_to(page: Page, dev: Dev) -> None:
    run = in_doubt(page, dev)
    field = page.get_by_label("What charge came to, if it was done")
    field.fill('"ch_7')
    page.get_by_role("button", name="It was done").click()
    expect(page.get_by_role("alert").first).to_contain_text("line 1")
    field.fill('"ch_7"')
    page.get_by_role("button", name="It was done").click()
    expect(page.locator("header .status", has_text="succeeded")).to_be_visible()
    assert dev.finished(run)["output"] == "ch_7"


def test_a_task_in_doubt_is_tried_again(page: Page, dev: Dev) -> None:
    run = in_doubt(page, dev)
    page.get_by_role("button", name="try again").click()
    expect(page.locator("header .status", has_text="succeeded")).to_be_visible()
    assert dev.finished(run)["output"] == "charged again"


def test_a_task_in_doubt_is_said_to_have_failed(page: Page, dev: Dev) -> None:
    in_doubt(page, dev)
    page.get_by_role("button", name="It failed").click()
    expect(page.locator("header .status", has_text="failed")).to_be_visible()
    expect(page.get_by_role("region", name="Error")).to_contain_text("settled by hand")


def test_a_breaker_is_seen_open_and_reset_and_opened_by_hand(page: Page, dev: Dev, shop: Path) -> None:
    (shop / "carrier-is-down").touch()
    run = trigger(dev, "ship")
    dev.until(run, "WAITING")
    page.goto(f"/runs/{run}")
    expect(page.get_by_role("region", name="Waiting in book")).to_contain_text(
        "opened after 2 failures in a row"
    )
    page.get_by_role("link", name="To the breakers").click()
    row = page.get_by_role("row", name=re.compile("^carrier"))
    expect(row).to_contain_text("opened after 2 failures in a row")
    expect(row.get_by_role("link", name="1", exact=True)).to_have_attribute("href", re.compile(run))

    (shop / "carrier-is-down").unlink()
    row.get_by_role("button", name="Reset").click()
    expect(row).to_contain_text("lets everything through")
    assert dev.finished(run)["output"] == "booked"

    row.get_by_role("button", name="Open").click()
    page.get_by_role("dialog").get_by_role("button", name="Open it").click()
    expect(row).to_contain_text("until it is reset")
    held = trigger(dev, "ship")
    dev.until(held, "WAITING")
    expect(row.get_by_role("link", name="1", exact=True)).to_have_attribute("href", re.compile(held))
    row.get_by_role("button", name="Reset").click()
    assert dev.finished(held)["output"] == "booked"


def test_what_is_done_to_ten_thousand_runs_is_stopped_on_its_way(page: Page, dev: Dev) -> None:
    """Between two chunks of 50 it lets others go first: ten thousand take some seconds at the least."""
    assert dev.request("POST", "/api/v1/queues/held/pause", {})[0] == 200
    for _ in range(10):
        body = {"runs": [{"job_id": "sort"}] * 1_000}
        assert dev.request("POST", "/api/v1/batches", body)[0] == 200
    page.goto("/runs?q=job:sort")
    page.locator("tbody").get_by_role("checkbox").nth(0).check()
    page.get_by_role("button", name="Replay all that fit").click()
    expect(page.get_by_text("Say a status in the filter first")).to_be_visible()
    page.get_by_role("button", name="pending").click()
    page.locator("tbody").get_by_role("checkbox").nth(0).check()
    page.get_by_role("button", name="Replay all that fit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("replay")
    dialog.get_by_role("button", name="Replay 10,000 runs").click()
    page.goto("/bulk")
    row = page.get_by_role("row", name=re.compile("^Replay 10,000 runs"))
    row.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop it").click()
    expect(row).to_contain_text("aborted")
    expect(row.get_by_role("button", name="Stop")).to_have_count(0)
    _, bulks = dev.request("GET", "/api/v1/bulk")
    assert bulks["data"][0]["done"] < 10_000


def test_a_run_that_new_code_does_not_fit_says_where_and_is_let_go_on(
    browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(APP)
    dev = Dev.start(tmp_path, "app.py").wait_until_ready()
    expect.set_options(timeout=PATIENCE * 1_000)
    try:
        run = trigger(dev, "pack")
        dev.until(run, "WAITING")
        dev.close()
        (tmp_path / "app.py").write_text(APP.replace('"M")', '"XL")'))
        dev = Dev.start(tmp_path, "app.py").wait_until_ready()
        dev.send("van.left", {})
        page = browser.new_page(base_url=dev.url)
        page.goto(f"/runs/{run}")
        expect(page.get_by_role("region", name=re.compile("^Waiting in "))).to_contain_text("choose a box")
        page.get_by_role("button", name="Let it go on").click()
        expect(page.locator("header .status", has_text="succeeded")).to_be_visible()
        assert dev.finished(run)["output"] == "box of M"
        page.context.close()
    finally:
        dev.close()
