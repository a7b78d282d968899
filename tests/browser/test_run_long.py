"""A run with much in it: a hundred thousand log lines, payloads of a megabyte, read without the page standing still."""

from playwright.sync_api import Page, expect

from browser.started import trigger
from processes import Dev


def test_a_hundred_thousand_log_lines(page: Page, dev: Dev) -> None:
    run = trigger(dev, "chatty", {"lines": 100_000})
    dev.finished(run)
    page.goto(f"/runs/{run}?tab=logs")
    logs = page.get_by_role("region", name="Logs")
    expect(logs.locator(".log-tools [role=status]")).to_have_text("100,000 lines")
    assert page.locator(".line").count() < 120
    logs.get_by_role("button", name="To the end").click()
    expect(logs.get_by_text("line 99999", exact=True)).to_be_visible()
    logs.get_by_label("Level").select_option("WARNING")
    expect(logs.locator(".log-tools [role=status]")).to_have_text("1 line")
    logs.get_by_label("Level").select_option("")
    logs.get_by_label("Search the lines").fill("LINE 4242")
    expect(logs.locator(".log-tools [role=status]")).to_have_text("11 lines")
    with page.expect_download() as saved:
        logs.get_by_role("button", name="Download").click()
    assert len(saved.value.path().read_text().splitlines()) == 11


def test_a_large_payload_is_folded_searched_and_saved(page: Page, dev: Dev) -> None:
    payload = {
        "rows": [{"id": number, "name": f"customer {number}"} for number in range(20_000)],
        "last": "é <b>",
    }
    run = trigger(dev, "echo", payload)
    page.goto(f"/runs/{run}?tab=payload")
    box = page.get_by_label("payload", exact=True)
    expect(box.get_by_text("20,000 …")).to_be_visible()
    expect(box.get_by_text("é <b>")).to_be_visible()
    page.get_by_label("Search the payload").fill("customer 19999")
    expect(page.get_by_text("1 found")).to_be_visible()
    page.get_by_label("Search the payload").press("Enter")
    expect(box.get_by_text('"customer 19999"')).to_be_visible()
    assert page.locator(".json-line").count() < 120
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download").click()
    assert '"customer 19999"' in saved.value.path().read_text()
