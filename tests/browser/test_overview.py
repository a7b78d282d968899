"""The overview: from nothing to the first event, what goes on, and the way to all of it. And the figures of jobs."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import APP
from processes import Dev


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A server of its own: nothing has run on it yet."""
    folder = tmp_path_factory.mktemp("overview")
    (folder / "app.py").write_text(APP)
    dev = Dev.start(folder, "app.py").wait_until_ready()
    yield dev
    dev.close()


def figure(page: Page, name: str) -> str:
    return f".figure:has(span:text-is('{name}')) strong"


def test_it_leads_a_newcomer_to_the_first_event_and_shows_it_come(page: Page, dev: Dev) -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile("/overview$"))
    command = page.locator(".command code").inner_text()
    found = re.fullmatch(r"mainspring send (\S+) '(.*)'", command)
    assert found is not None, command
    assert dev.send(found[1], json.loads(found[2]))["runs"] != []
    expect(page.locator(figure(page, "Waiting"))).to_have_text("1")
    expect(page.get_by_role("region", name="Workers")).to_contain_text("of")


def test_what_ended_is_in_the_figures_the_chart_and_its_table(page: Page, dev: Dev) -> None:
    _, run = dev.request("POST", "/api/v1/jobs/broken/trigger", {"payload": {}})
    dev.finished(run["id"])
    for _ in range(2):
        _, run = dev.request("POST", "/api/v1/jobs/many/trigger", {"payload": {"tasks": 1}})
        dev.finished(run["id"])
    page.goto("/overview")
    expect(page.locator(figure(page, "Failed in 24 h"))).to_have_text("1")
    expect(page.locator(".legend")).to_contain_text("succeeded 2")
    row = page.get_by_role("table", name="Runs that ended, by time").get_by_role("row").nth(1)
    expect(row).to_contain_text(re.compile(r"to.*2.*1$"))
    expect(page.get_by_role("region", name="Unresolved errors")).to_contain_text("row 7")

    page.get_by_role("button", name="1h").click()
    expect(page).to_have_url(re.compile(r"span=1h"))
    expect(page.locator(".chart-bars > a")).to_have_count(60)
    page.reload()
    expect(page.locator(".chart-bars > a")).to_have_count(60)
    bar = page.locator(".chart-bars > a:has(i)").last
    bar.hover()
    expect(page.locator(".chart-tip")).to_contain_text("succeeded")
    bar.click()
    expect(page).to_have_url(re.compile(r"/runs\?q=since%3A"))
    expect(page.locator("tbody tr").first).to_be_visible()


def test_figures_and_keys_lead_on(page: Page) -> None:
    page.goto("/runs")
    expect(page.locator("tbody tr").first).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.get_by_role("link", name=re.compile("Failed in 24 h")).click()
    expect(page).to_have_url(re.compile("status%3Afailed"))
    expect(page.locator("tbody tr")).to_have_count(1)


def test_who_is_waited_for_is_named_and_answered(page: Page, dev: Dev) -> None:
    _, run = dev.request("POST", "/api/v1/jobs/refund/trigger", {"payload": {"amount": 12}})
    page.goto("/overview")
    people = page.get_by_role("region", name="Waiting on people")
    expect(people).to_contain_text("Refund order o-7?")
    expect(page.locator(figure(page, "Waiting on people"))).to_have_text("1")
    people.get_by_role("link", name="Answer").click()
    expect(page).to_have_url(re.compile("/approvals/apr_"))
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_visible()
    dev.request("POST", f"/api/v1/runs/{run['id']}/cancel")


def test_jobs_are_searched_and_tell_how_their_runs_went(page: Page) -> None:
    page.goto("/jobs")
    rows = page.locator("tbody tr")
    expect(rows.filter(has_text="broken")).to_contain_text("0.0 %")
    expect(rows.filter(has_text="many").locator(".strip a").first).to_have_attribute(
        "title", re.compile(r"succeeded, \d")
    )
    page.keyboard.press("/")
    page.keyboard.type("parcel")
    expect(page.get_by_text("No job is called anything like")).to_be_visible()
    page.get_by_role("searchbox").fill("ORDER.cre")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("q=ORDER"))
    page.reload()
    expect(rows).to_have_count(1)


def test_the_command_line_tells_the_same(dev: Dev) -> None:
    shown = dev.cli("stats").stdout
    assert "broken" in shown
    assert dev.read("stats", "--span", "7d")["span"] == "7d"
    refused = dev.cli("stats", "--span", "2h")
    assert refused.returncode != 0
    assert "span" in refused.stderr
