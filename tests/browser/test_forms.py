"""Forms from schemas: filled in by fields or as JSON, the two always the same, and refused field by field."""

import json
import re

from playwright.sync_api import Page, expect

from processes import Dev


def test_a_job_is_started_with_a_form_that_its_model_made(page: Page, dev: Dev) -> None:
    page.goto("/jobs/refund?tab=test")
    page.get_by_label("Amount").fill("40.5")
    page.get_by_label("Way").select_option("voucher")
    page.get_by_role("group", name="Lines").get_by_role("button", name="Add one").click()
    page.get_by_label("What", exact=True).fill("Lamp")
    page.get_by_label("Note").fill("a <b>bold</b> one")
    page.get_by_role("tab", name="JSON").click()
    payload = page.get_by_role("textbox", name="Payload")
    assert json.loads(payload.input_value()) == {
        "amount": 40.5,
        "way": "voucher",
        "lines": [{"what": "Lamp", "pieces": 1}],
        "note": "a <b>bold</b> one",
    }
    payload.fill(payload.input_value().replace("40.5", "4000"))
    page.get_by_role("tab", name="Form").click()
    expect(page.get_by_label("Amount")).to_have_value("4000")
    page.get_by_role("button", name="Start a run").click()
    expect(page.locator(".field", has=page.get_by_label("Amount")).get_by_role("alert")).to_be_visible()
    page.get_by_label("Amount").fill("4")
    page.get_by_role("button", name="Start a run").click()
    expect(page).to_have_url(re.compile("/runs/run_"))
    expect(page.locator("header .status", has_text="waiting")).to_be_visible()


def test_an_approval_is_refused_by_its_field_and_then_given(page: Page, dev: Dev) -> None:
    _, run = dev.request("POST", "/api/v1/jobs/refund/trigger", {"payload": {"amount": 40}})
    dev.until(run["id"], "WAITING")
    page.goto(f"/runs/{run['id']}")
    page.get_by_role("link", name="Answer it").click()
    form = page.get_by_role("main")
    expect(form.get_by_label("You are")).to_have_value("ann@shop.com")
    form.get_by_label("Amount").fill("900")
    form.get_by_role("button", name="Approve").click()
    expect(form.locator(".field", has=page.get_by_label("Amount")).get_by_role("alert")).to_be_visible()
    form.get_by_label("Amount").fill("30")
    form.get_by_label("You are").fill("eve@elsewhere.com")
    form.get_by_role("button", name="Approve").click()
    expect(form.locator(".wrong")).to_contain_text("eve@elsewhere.com")
    form.get_by_label("You are").fill("bob@shop.com")
    form.get_by_label("Comment").fill("fine with me")
    form.get_by_role("button", name="Approve").click()
    assert dev.finished(run["id"])["output"] == 30
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    page.get_by_role("link", name="Approvals", exact=True).last.click()
    page.get_by_role("button", name="approved").click()
    page.get_by_role("link", name="Refund order o-7?").first.click()
    expect(page.get_by_role("main")).to_contain_text("fine with me")
