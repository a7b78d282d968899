"""The Logs page in a real browser: lines of many runs, narrowed, live, opened, followed to their run."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from browser.conftest import screens
from processes import Dev

APP = """
from mainspring import IO, Client, invoke_trigger

client = Client("logs")


@client.job(id="import", trigger=invoke_trigger())
async def run_import(payload: dict[str, str], io: IO) -> None:
    io.logger.info("imported " + payload["name"], rows=60)
    await io.run_task("store", lambda: print("stored <b>" + payload["name"]))


@client.job(id="mail", trigger=invoke_trigger())
async def mail(payload: dict[str, str], io: IO) -> None:
    io.logger.warning("no answer for " + payload["name"])


@client.job(id="chatter", trigger=invoke_trigger())
async def chatter(payload: dict[str, str], io: IO) -> None:
    for number in range(8):
        for _ in range(1_000):
            io.logger.info("chatter " + payload["name"])
        await io.run_task(f"kept {number}", lambda: None)


@client.job(id="quiet", trigger=invoke_trigger())
async def quiet(io: IO) -> None:
    pass
"""


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    folder = tmp_path_factory.mktemp("logs")
    (folder / "app.py").write_text(APP)
    dev = Dev.start(folder, "app.py").wait_until_ready()
    yield dev
    dev.close()


def ran(dev: Dev, job: str, name: str) -> str:
    _, run = dev.request("POST", f"/api/v1/jobs/{job}/trigger", {"payload": {"name": name}})
    dev.finished(run["id"])
    return str(run["id"])


def lines(page: Page) -> Locator:
    return page.get_by_label("Log lines").get_by_role("listitem")


def test_what_comes_is_shown_at_once(page: Page, dev: Dev) -> None:
    page.goto("/logs")
    expect(page.get_by_text('io.logger.info("imported", rows=60)')).to_be_visible()
    ran(dev, "import", "first")
    expect(lines(page).filter(has_text="imported first")).to_be_visible()
    ran(dev, "mail", "second")
    expect(lines(page).first).to_contain_text("no answer for second")
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Live")).to_have_attribute("aria-pressed", "false")
    expect(page).to_have_url(re.compile("live=off"))
    ran(dev, "mail", "third")
    expect(lines(page).filter(has_text="third")).to_have_count(0)
    page.keyboard.press("l")
    ran(dev, "mail", "fourth")
    expect(lines(page).filter(has_text="third")).to_be_visible()


def test_it_is_narrowed_and_the_address_says_how(page: Page, dev: Dev) -> None:
    ran(dev, "import", "ada")
    ran(dev, "mail", "bob")
    page.goto("/runs")
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("l")
    expect(lines(page).filter(has_text="imported ada")).to_be_visible()
    expect(lines(page).filter(has_text="stored <b>ada")).to_be_visible()  # only text
    page.get_by_label("Level", exact=True).select_option("WARNING")
    expect(page).to_have_url(re.compile("level=WARNING"))
    expect(lines(page).filter(has_text="ada")).to_have_count(0)
    expect(lines(page).filter(has_text="bob")).to_be_visible()
    page.get_by_label("Level", exact=True).select_option("")
    page.get_by_label("Job", exact=True).select_option("import")
    expect(lines(page).filter(has_text="bob")).to_have_count(0)
    page.get_by_role("button", name="15m").click()
    page.keyboard.press("/")
    page.keyboard.type("STORED <b>ADA")
    page.keyboard.press("Enter")
    expect(lines(page)).to_have_count(1)
    page.reload()
    expect(lines(page)).to_have_count(1)
    assert "since=15m" in page.url
    page.get_by_label("Search the lines").fill("nobody says this")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No line fits.")).to_be_visible()
    page.get_by_role("button", name="Show all lines").click()
    expect(lines(page).filter(has_text="bob")).to_be_visible()


def test_a_line_opens_and_leads_to_its_run(page: Page, dev: Dev) -> None:
    run_id = ran(dev, "import", "opened")
    page.goto("/logs?text=opened")
    expect(lines(page)).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_label("fields", exact=True).last).to_contain_text('"rows": 60')
    page.keyboard.press("Enter")
    expect(page.get_by_label("fields", exact=True)).to_have_count(0)
    lines(page).filter(has_text="stored").get_by_role("link").click()
    expect(page).to_have_url(re.compile(rf"/runs/{run_id}\?task=store"))


def test_the_end_of_the_list_reads_on(page: Page, dev: Dev) -> None:
    for number in range(70):
        dev.request("POST", "/api/v1/jobs/import/trigger", {"payload": {"name": f"n{number}"}})
    ran(dev, "mail", "the last")
    page.goto("/logs?live=off")
    expect(lines(page).first).to_be_visible()
    ends = page.get_by_text("There are no older ones.")
    box = page.get_by_label("Log lines")
    for _ in range(2):  # two pages or three
        if ends.count() == 0:
            with page.expect_response(re.compile("/logs.*cursor=")):
                box.evaluate("box => box.scrollTop = box.scrollHeight")
    box.evaluate("box => box.scrollTop = box.scrollHeight")
    expect(lines(page).filter(has_text="imported first")).to_be_attached()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(page: Page, dev: Dev, scheme: str) -> None:
    run_id = ran(dev, "import", "looked at")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two literals
    page.goto("/logs")
    expect(lines(page).first).to_be_visible()
    lines(page).first.get_by_role("button", name="Open the line").click()
    expect(page.get_by_role("link", name=run_id)).to_be_visible()
    found = Axe().run(page).response["violations"]
    assert [f"{one['id']}: {one['nodes'][0]['target']}" for one in found] == []
    page.screenshot(path=screens() / f"logs-page-{scheme}.png")


def test_it_is_read_on_a_phone(page: Page, dev: Dev) -> None:
    ran(dev, "import", "a" * 300)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/logs")
    expect(lines(page).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.get_by_label("Log lines").evaluate("box => box.scrollWidth <= box.clientWidth")
    page.screenshot(path=screens() / "logs-page-390.png")


def test_a_page_of_none_says_that_older_ones_may_fit(page: Page, dev: Dev) -> None:
    """The last test, for thousands of lines are there after it: so many the server looks at for a page."""
    ran(dev, "mail", "far back")
    ran(dev, "chatter", "of others")
    page.goto("/logs?text=far+back")
    expect(page.get_by_text("None among these; older ones may fit.")).to_be_visible()
    page.get_by_role("button", name="Look further back").click()
    expect(lines(page).filter(has_text="far back").first).to_be_visible()
