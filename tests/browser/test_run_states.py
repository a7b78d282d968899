"""The page of a run in every state that is no plain success: what it waits for, how it ended, and no server there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.started import trigger
from processes import PATIENCE, Dev

APP = """
import asyncio
import os

from mainspring import IO, Client, Queue, invoke_trigger

client = Client("states")
later = Queue("later")


@client.job(id="signs", trigger=invoke_trigger())
async def signs(io: IO) -> object:
    token = await io.create_token("signature")
    return await io.wait_for_token(token)


@client.job(id="asks", trigger=invoke_trigger())
async def asks(io: IO) -> None:
    await io.wait_for_approval(
        "pay?", title="Pay 12,000.00 EUR to Vasquez Ltd?", to=["ann@shop.com", "bob@shop.com"], quorum=2
    )


@client.job(id="sleeps", trigger=invoke_trigger(), max_duration="1 second", retry=1)
async def sleeps(io: IO) -> None:
    await asyncio.sleep(600)


@client.job(id="loses", trigger=invoke_trigger(), retry=1)
async def loses(io: IO) -> None:
    raise ValueError("no such parcel")


@client.job(id="sends", trigger=invoke_trigger(), retry=1)
async def sends(io: IO) -> None:
    await loses.trigger_and_wait()


@client.job(id="kills", trigger=invoke_trigger())
async def kills(io: IO) -> None:
    os._exit(1)


@client.job(id="late", trigger=invoke_trigger(), queue=later)
async def late(io: IO) -> None: ...


@client.job(id="packs", trigger=invoke_trigger())
async def packs(io: IO) -> str:
    await io.run_task("pick", lambda: "a box")
    await io.wait_for_event("go", name="van.left", id="v-1")
    return await io.run_task("hand over", lambda: "handed over")
"""


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    folder = tmp_path_factory.mktemp("states")
    (folder / "app.py").write_text(APP)
    dev = Dev.start(folder, "app.py").wait_until_ready()
    yield dev
    dev.close()


def test_a_token_is_completed_where_its_run_waits_for_it(page: Page, dev: Dev) -> None:
    run = trigger(dev, "signs")
    dev.until(run, "WAITING")
    page.goto(f"/runs/{run}")
    value = page.get_by_label("What the token is completed with")
    value.fill('{"by": "Ann",}')
    page.get_by_role("button", name="Complete it").click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"line 1|position|column"))
    value.fill('{"by": "Ann"}')
    page.get_by_role("button", name="Complete it").click()
    expect(page.locator("header .status", has_text="succeeded")).to_be_visible()
    assert dev.finished(run)["output"] == {"by": "Ann"}


def test_a_question_is_put_in_its_words_and_says_who_is_asked(page: Page, dev: Dev) -> None:
    run = trigger(dev, "asks")
    dev.until(run, "WAITING")
    page.goto("/runs")
    expect(page.get_by_text("waits for people: Pay 12,000.00 EUR to Vasquez Ltd?")).to_be_visible()
    page.goto(f"/runs/{run}")
    card = page.get_by_role("region", name=re.compile("^Waiting in "))
    expect(card).to_contain_text("Waits for people: Pay 12,000.00 EUR to Vasquez Ltd?")
    expect(card).to_contain_text("0 of 2 approved")
    expect(card).to_contain_text("Asked: ann@shop.com, bob@shop.com")
    card.get_by_role("link", name="Answer it").click()
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_visible()


def test_an_expired_run_says_that_nothing_of_it_has_run(page: Page, dev: Dev) -> None:
    assert dev.request("POST", "/api/v1/queues/later/pause", {})[0] == 200
    said = {"payload": {}, "ttl": 1}
    _, run = dev.request("POST", "/api/v1/jobs/late/trigger", said)
    dev.until(run["id"], "EXPIRED")
    page.goto(f"/runs/{run['id']}")
    card = page.get_by_role("region", name="How it ended")
    expect(card).to_contain_text("nobody started it in time")
    expect(card).to_contain_text("Nothing of it has run")
    expect(page.get_by_role("button", name="Replay", exact=True)).to_be_visible()


def test_a_run_out_of_time_says_what_to_change(page: Page, dev: Dev) -> None:
    run = trigger(dev, "sleeps")
    assert dev.finished(run)["status"] == "TIMED_OUT"
    page.goto(f"/runs/{run}")
    card = page.get_by_role("region", name="How it ended")
    expect(card).to_contain_text("It took longer than it may.")
    expect(card).to_contain_text("max_duration=")


def test_a_payload_of_ten_megabytes_is_refused_in_words_and_stays_in_the_form(page: Page, dev: Dev) -> None:
    page.goto("/jobs/packs?tab=test")
    text = page.get_by_role("textbox", name="Payload")
    text.fill('{"rows": "' + "x" * 10_000_000 + '"}')
    page.get_by_role("button", name="Start a run").click()
    expect(page.locator(".wrong")).to_contain_text("max_payload_bytes")
    assert text.evaluate("field => field.value.length") == 10_000_012


def test_what_a_hidden_tab_missed_is_there_when_it_is_looked_at_again(page: Page, dev: Dev) -> None:
    run = trigger(dev, "packs")
    dev.until(run, "WAITING")
    page.goto(f"/runs/{run}")
    expect(page.get_by_role("row", name="pick")).to_be_visible()
    expect(page.locator(".dot")).to_have_text("live")
    hide(page, True)
    expect(page.locator(".dot")).to_have_text("paused")
    dev.send("van.left", {}, id="v-1")
    dev.finished(run)
    expect(page.locator("header .status")).to_contain_text("waiting")
    hide(page, False)
    expect(page.locator("header .status", has_text="succeeded")).to_be_visible()
    expect(page.get_by_role("row", name="hand over")).to_have_count(1)


def hide(page: Page, is_hidden: bool) -> None:
    """As the browser says it when another tab comes to the front."""
    page.evaluate(
        """hidden => {
          Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        is_hidden,
    )


def test_a_page_outlives_the_server_and_goes_on_where_it_was(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    dev = Dev.start(tmp_path, "app.py").wait_until_ready()
    context = browser.new_context(base_url=dev.url)
    page = context.new_page()
    expect.set_options(timeout=PATIENCE * 1_000)
    try:
        run = trigger(dev, "packs")
        dev.until(run, "WAITING")
        page.goto(f"/runs/{run}")
        expect(page.get_by_role("row", name="pick")).to_be_visible()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        dev.kill_everything()
        expect(page.get_by_text(re.compile(r"Reconnecting, data from \d"))).to_be_visible()
        expect(page.get_by_role("row", name="pick")).to_be_visible()
        dev = Dev.start(tmp_path, "app.py", port=dev.port).wait_until_ready()
        dev.send("van.left", {}, id="v-1")
        expect(page.locator("header .status", has_text="succeeded")).to_be_visible()
        expect(page.get_by_text(re.compile("^Reconnecting"))).to_have_count(0)
        again = [url for url in asked if f"/runs/{run}/stream" in url]
        assert all("last_event_id=" in url for url in again), again
        for name in ("pick", "hand over"):
            expect(page.get_by_role("row", name=name)).to_have_count(1)
    finally:
        context.close()
        dev.close()


def test_a_failure_of_a_child_leads_to_the_child(page: Page, dev: Dev) -> None:
    run = trigger(dev, "sends")
    dev.finished(run)
    page.goto(f"/runs/{run}")
    page.get_by_role("region", name="Error").get_by_role("link", name="The run that failed").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("loses")


def test_a_run_that_takes_its_workers_along_says_how_many(page: Page, dev: Dev) -> None:
    run = trigger(dev, "kills")
    page.goto(f"/runs/{run}")
    expect(page.locator("header .status", has_text="failed")).to_be_visible()
    card = page.get_by_role("region", name="How it ended")
    expect(card).to_contain_text("3 workers in a row died with it")
    expect(card).to_contain_text("It is not tried again by itself")
