"""A real browser on a real `mainspring dev`."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, expect, sync_playwright

from mainspring.dashboard.pages import BUILT
from processes import PATIENCE, Dev

APP = """
import asyncio
from typing import Literal

from pydantic import BaseModel, Field

from mainspring import IO, Client, event_trigger, invoke_trigger

client = Client("shop")


class Order(BaseModel):
    id: str
    amount: int = 120


@client.job(id="fulfil", name="Fulfil order", trigger=event_trigger("order.created"))
async def fulfil(payload: Order, io: IO) -> str:
    charge = await io.run_task("charge", lambda: {"id": "ch_1"}, params={"amount": payload.amount})
    io.logger.info("charged", amount=payload.amount)
    await io.wait_for_event("picked up", name="parcel.picked_up", id=payload.id, timeout="3 days")
    await io.run_task("send mail", lambda: "sent")
    return charge["id"]


@client.job(id="broken", trigger=invoke_trigger(), retry=1)
async def broken(io: IO) -> None:
    def parse() -> None:
        raise ValueError("<b>row 7</b> is no number")

    await io.run_task("parse", parse, retry=1)


@client.job(id="many", trigger=invoke_trigger())
async def many(payload: dict[str, int], io: IO) -> int:
    for number in range(payload["tasks"]):
        await io.run_task(f"page {number}", lambda: None)
    return payload["tasks"]


@client.job(id="pages", trigger=invoke_trigger())
async def pages(payload: dict[str, int], io: IO) -> int:
    for number in range(payload["tasks"]):
        await io.run_task("page", lambda: None)
    return payload["tasks"]


@client.job(id="chatty", trigger=invoke_trigger())
async def chatty(payload: dict[str, int], io: IO) -> None:
    for number in range(payload["lines"]):
        (io.logger.warning if number == 77 else io.logger.info)(f"line {number}")
        if number % 1_000 == 999:  # who writes faster than is kept loses lines: a task waits for them
            await io.run_task(f"after {number}", lambda: None)


@client.job(id="echo", trigger=invoke_trigger())
async def echo(payload: dict[str, object]) -> dict[str, object]:
    return payload


class Line(BaseModel):
    what: str
    pieces: int = Field(1, ge=1)


class Refund(BaseModel):
    amount: float = Field(gt=0, le=500, description="What the customer gets back.")
    way: Literal["bank", "voucher"] = "bank"
    lines: list[Line] = []
    note: str | None = None


@client.job(id="refund", trigger=invoke_trigger())
async def refund(payload: Refund, io: IO) -> float:
    verdict = await io.wait_for_approval(
        "refund?", title="Refund order o-7?", show=payload, schema=Refund, to=["ann@shop.com", "bob@shop.com"]
    )
    return verdict.amount


@client.job(id="slow", trigger=invoke_trigger())
async def slow(io: IO) -> None:
    await asyncio.sleep(3600)
"""


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def launch(playwright: Playwright) -> Browser:
    """The machine's own chromium, which asks nobody outside for anything."""
    return playwright.chromium.launch(
        executable_path=_chromium(),
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
        ],
    )


@pytest.fixture(scope="module")  # while it is open no other event loop can run in this thread
def browser() -> Iterator[Browser]:
    program = _chromium()
    missing = "no chromium is installed" if program is None else None
    if not (BUILT / "index.html").exists():
        missing = "the dashboard was not built"
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "app.py").write_text(APP)
    dev = Dev.start(folder, "app.py").wait_until_ready()
    yield dev
    dev.close()


@pytest.fixture
def page(browser: Browser, dev: Dev) -> Iterator[Page]:
    """A new browser window; nothing may be written to its console but by a test that expects it."""
    expect.set_options(timeout=PATIENCE * 1_000)
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=dev.url)
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if _is_fault(said) else None)
    yield page
    context.close()
    assert faults == []


def _is_fault(said: ConsoleMessage) -> bool:
    """An answer of the API that is no 200 is no fault of the page's."""
    return said.type == "error" and "Failed to load resource" not in said.text


def screens() -> Path:
    """Where pictures of the pages are left to be looked at."""
    folder = Path(__file__).parents[2] / "build" / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
