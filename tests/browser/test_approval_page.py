"""The page of an approval in a real browser that runs no script: filled in, mended, sent, and looked at again."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from processes import Dev

APP = """
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from mainspring import IO, ApprovalNotice, Client

client = Client("shop")


class Card(BaseModel):
    kind: Literal["card"] = "card"
    last_four: str = Field(min_length=4, max_length=4)


class Bank(BaseModel):
    kind: Literal["bank"] = "bank"
    iban: str = Field(title="IBAN")


class Refund(BaseModel):
    amount: float = Field(gt=0, le=500)
    pay: Card | Bank = Field(discriminator="kind", title="How to pay it")
    lines: list[str] = []
    note: str = Field("", max_length=2_000)


def mail(notice: ApprovalNotice) -> None:
    Path(f"{notice.person}.txt").write_text(notice.url)


@client.job(id="refund")
async def refund(payload: dict[str, str], io: IO) -> dict[str, object]:
    shown = {**payload, "text": "x" * 300, "rows": [{"a": 1, "b": "long " * 9}, {"a": 2, "b": ""}]}
    to = ["ann@shop.com"]
    verdict = await io.wait_for_approval("refund?", show=shown, schema=Refund, to=to, notify=mail)
    return verdict.model_dump()
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None and not os.environ.get("CI"):
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "app.py").write_text(APP)
    dev = Dev.start(folder, "app.py").wait_until_ready()
    yield dev
    dev.stop()


def asked(dev: Dev) -> tuple[str, str]:
    """A run that has told Ann, and her link."""
    mail = Path(dev.folder) / "ann@shop.com.txt"
    mail.unlink(missing_ok=True)
    run_id = dev.cli("trigger", "refund", '{"order": "A-1"}').stdout.strip()
    dev.until(run_id, "WAITING")
    return run_id, mail.read_text()


def opened(browser: Browser, *, width: int = 1_100, dark: bool = False) -> Page:
    context = browser.new_context(
        java_script_enabled=False,
        viewport={"width": width, "height": 800},
        color_scheme="dark" if dark else "light",
    )
    return context.new_page()


def test_it_is_answered_without_a_script(browser: Browser, dev: Dev) -> None:
    run_id, link = asked(dev)
    page = opened(browser)
    page.goto(link)
    page.get_by_label("Amount").fill("4000")
    page.get_by_label("Amount").press("Enter")
    assert "Nothing is answered yet" in page.get_by_role("status").inner_text()

    page.get_by_label("Bank").check()
    assert page.get_by_label("IBAN").is_visible()
    assert not page.get_by_label("Last four").is_visible()
    page.get_by_label("Lines 1").fill("desk")
    page.get_by_role("button", name="Add another (Lines)").click()
    page.get_by_label("Lines 2").fill("lamp")
    page.get_by_role("button", name="Remove (Lines 1)").click()
    page.get_by_label("Note").fill("Dear <b>Ada</b>,\n\nsorry.")
    page.get_by_role("button", name="Approve").click()
    said = page.get_by_role("alert")
    assert "Amount: Give at most 500." in said.inner_text()
    said.get_by_role("link", name="IBAN").click()
    assert page.url.endswith("/bank/iban")
    assert page.get_by_label("Amount").input_value() == "4000"
    assert page.get_by_label("Lines 1").input_value() == "lamp"

    page.get_by_label("Amount").fill("40.50")
    page.get_by_label("IBAN").fill("DE1")
    page.get_by_label("Comment").fill("Fine.")
    page.get_by_role("button", name="Approve").click()
    assert "it is approved" in page.locator("main").inner_text()
    assert page.url.partition("#")[0] == link
    page.reload()
    assert not page.get_by_role("button").count()
    output = dev.until(run_id, "SUCCESS")["output"]
    assert output == {
        "amount": 40.5,
        "pay": {"kind": "bank", "iban": "DE1"},
        "lines": ["lamp"],
        "note": "Dear <b>Ada</b>,\n\nsorry.",
    }


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1_100])
def test_it_fits_and_can_be_read(browser: Browser, dev: Dev, width: int, dark: bool) -> None:
    _, link = asked(dev)
    page = opened(browser, width=width, dark=dark)
    page.goto(link)
    box = page.locator("main").bounding_box()
    assert box is not None
    assert box["width"] <= width
    for element in page.locator("main input, main textarea, main button, .sheet").all():
        box = element.bounding_box()
        assert box is None or box["x"] + box["width"] <= width
    folder = Path("build") / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"approval-{width}-{'dark' if dark else 'light'}.png", full_page=True)


def test_a_forged_link_opens_nothing(browser: Browser, dev: Dev) -> None:
    _, link = asked(dev)
    page = opened(browser)
    answer = page.goto(link[:-1])
    assert answer is not None
    assert answer.status == 403
    assert "This link does not work" in page.get_by_role("heading").inner_text()
    assert "A-1" not in page.content()
