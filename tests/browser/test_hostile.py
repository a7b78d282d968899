"""Hostile texts in every field: on each page they are only text, and nothing moves out of its place."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.hostile import APP, NASTY
from mainspring.dashboard.pages import PAGES
from processes import PATIENCE, Dev

#: Where a link may lead, and a picture may come from.
SAFE = re.compile(r"^(https?://127\.0\.0\.1:\d+/|data:image/svg\+xml|$)")


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "nasty.json").write_text(json.dumps(NASTY))
    (folder / "app.py").write_text(APP)
    dev = Dev.start(folder, "app.py").wait_until_ready()
    yield dev
    dev.close()


@pytest.fixture(scope="module")
def runs(dev: Dev) -> dict[str, list[str]]:
    """Runs that failed and runs that ask, one of each for every text; and events of every name."""
    ids: dict[str, list[str]] = {"fails": [], "asks": [], "holds": []}
    for text in NASTY:
        for job, kept in ids.items():
            said = {
                "payload": {"text": text, text: text},
                "tags": [text],
                "idempotency_key": text,
                "concurrency_key": text,
                "metadata": {text: text},
            }
            status, run = dev.request("POST", f"/api/v1/jobs/{job}/trigger", said)
            assert status == 200, (text, run)
            kept.append(run["id"])
        event: dict[str, Any] = {
            "name": text,
            "id": text,
            "source": text,
            "payload": {"text": text, text: text},
        }
        status, answer = dev.request("POST", "/api/v1/events", event)
        assert status == 200, (text, answer)
        made = {"dynamic_schedule": "reports", "key": text, "every": "1 day", "external_id": text}
        status, answer = dev.request("POST", "/api/v1/schedules", {**made, "metadata": {text: text}})
        assert status in (200, 400, 422), (text, answer)
    for run_id in ids["asks"]:
        dev.until(run_id, "WAITING")
    for run_id in ids["fails"]:
        dev.finished(run_id)
    return ids


@pytest.fixture(params=[390, 1440])
def page(request: pytest.FixtureRequest, browser: Browser, dev: Dev) -> Iterator[Page]:
    expect.set_options(timeout=PATIENCE * 1_000)
    context = browser.new_context(viewport={"width": request.param, "height": 900}, base_url=dev.url)
    page = context.new_page()
    faults: list[str] = []
    page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert faults == []


def is_others_turn(page: Page, number: int) -> bool:
    """The pages of one thing take turns, one text wide and the next one narrow: half of the time for all."""
    wide = page.viewport_size == {"width": 1440, "height": 900}
    return wide is (number % 2 == 0)


def hurt(page: Page) -> list[str]:
    """What of the page is not as it should be."""
    found = []
    if page.evaluate("window.hostile"):
        found.append("a script ran")
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    if width[0] > width[1]:
        found.append(f"{width[0]} px wide")
    links = page.evaluate(
        "[...document.querySelectorAll('[href], [src]')].map(each => each.href || each.src || '')"
    )
    found += [link for link in links if isinstance(link, str) and not SAFE.match(link)]
    scripts = page.evaluate("document.scripts.length")
    if scripts != 1:
        found.append(f"{scripts} scripts")
    return found


def test_on_no_list_they_are_more_than_text(page: Page, runs: dict[str, list[str]]) -> None:
    found = {}
    for path in (
        *PAGES,
        "approvals?status=ALL",
        "jobs/fails",
        "jobs/fails?tab=test",
        "jobs/fails?tab=schema",
        "jobs/fails?tab=settings",
    ):
        page.goto(f"/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        found[path] = hurt(page)
    assert {path: said for path, said in found.items() if said} == {}


def test_lists_show_them_as_they_were_written(page: Page, runs: dict[str, list[str]]) -> None:
    page.goto("/approvals")
    expect(page.locator("tbody tr").first).to_be_visible()
    shown = page.locator("tbody .main a").all_text_contents()
    assert {text for text in NASTY if text.isprintable()} <= set(shown)
    page.goto("/jobs")
    expect(page.locator("tbody tr").first).to_be_visible()
    shown = page.locator("tbody .main a").all_text_contents()
    assert set(NASTY) <= set(shown)


def test_pages_of_one_and_what_opens_over_them_are_text_alone(
    page: Page, runs: dict[str, list[str]], dev: Dev
) -> None:
    found = {}
    paths = [f"/queues/{quote(NASTY[1], safe='')}"]
    for folder, name in (("events", "event_id"), ("errors", "id")):
        _, listed = dev.request("GET", f"/api/v1/{folder}?limit=100")
        paths += [f"/{folder}/{one[name]}" for one in listed["data"]]
    paths += [f"/events?send={quote(text, safe='')}" for text in NASTY]
    for number, path in enumerate(paths):
        if is_others_turn(page, number):
            continue
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        found[path] = hurt(page)
    assert {path: said for path, said in found.items() if said} == {}


@pytest.mark.parametrize("job", ["fails", "asks"])
def test_in_a_run_they_are_text_alone(page: Page, runs: dict[str, list[str]], job: str) -> None:
    found = {}
    for number, (text, run_id) in enumerate(zip(NASTY, runs[job], strict=True)):
        if is_others_turn(page, number):
            continue
        for tab in ("trace", "logs") if job == "fails" else ("payload",):
            page.goto(f"/runs/{run_id}?tab={tab}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            expect(page.locator(".skeleton")).to_have_count(0)
            found[f"{tab} {text[:40]}"] = hurt(page)
        if job == "fails":
            message = page.get_by_role("region", name="Error").text_content() or ""
            assert text in message
    assert {place: said for place, said in found.items() if said} == {}


def test_the_question_of_an_approval_is_text_alone(page: Page, runs: dict[str, list[str]], dev: Dev) -> None:
    found = {}
    _, waiting = dev.request("GET", "/api/v1/approvals?limit=200")
    for number, approval in enumerate(waiting["data"]):
        if is_others_turn(page, number):
            continue
        page.goto(f"/approvals/{approval['id']}")
        expect(page.get_by_role("button", name="Approve", exact=True)).to_be_visible()
        found[approval["title"]] = hurt(page)
    assert {title: said for title, said in found.items() if said} == {}


def test_an_approvals_own_page_is_text_alone(browser: Browser, runs: dict[str, list[str]], dev: Dev) -> None:
    """The page that the server draws, for those who have a link and no key."""
    context = browser.new_context(viewport={"width": 390, "height": 900}, base_url=dev.url)
    page = context.new_page()
    _, waiting = dev.request("GET", "/api/v1/approvals?limit=200")
    found = {}
    for number, approval in enumerate(waiting["data"]):
        if is_others_turn(page, number):
            continue
        _, links = dev.request("GET", f"/api/v1/approvals/{approval['id']}/links")
        page.goto(links["data"][0]["url"])
        said = [each for each in hurt(page) if each != "0 scripts"]
        title = page.get_by_role("heading", level=1).text_content()
        if (title or "").split() != approval["title"].split():
            said.append(f"its title is {title!r}")
        found[approval["title"]] = said
    context.close()
    assert {title: said for title, said in found.items() if said} == {}
