"""What one can do with a run from its head: replay it with another payload, take it elsewhere, hear how it ended."""

import os
import re
import subprocess
import sys

from playwright.sync_api import Page, expect

from browser.started import trigger
from processes import PATIENCE, Dev


def test_a_run_is_replayed_with_another_payload(page: Page, dev: Dev) -> None:
    run = trigger(dev, "echo", {"a": 1})
    dev.finished(run)
    page.goto(f"/runs/{run}")
    expect(page.get_by_role("heading", name="echo")).to_be_visible()
    page.keyboard.press("Shift+R")
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_role("textbox", name="Payload")
    field.fill('{"a": ')
    expect(dialog.get_by_text("line 1, column")).to_be_visible()
    expect(dialog.get_by_role("button", name="Replay with this")).to_be_disabled()
    field.fill('{"a": 42}')
    dialog.get_by_role("button", name="Replay with this").click()
    expect(page).not_to_have_url(re.compile(run))
    page.get_by_role("tab", name="Output").first.click()
    expect(page.get_by_label("output", exact=True).get_by_text("42")).to_be_visible()


def test_what_the_job_refuses_of_another_payload_stands_in_the_dialog(page: Page, dev: Dev) -> None:
    run = trigger(dev, "refund", {"amount": 12})
    page.goto(f"/runs/{run}")
    page.get_by_role("button", name="More of the run").click()
    page.get_by_role("menuitem", name="Replay with another payload").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("tab", name="JSON").click()
    dialog.get_by_role("textbox", name="Payload").fill('{"amount": 9000}')
    dialog.get_by_role("button", name="Replay with this").click()
    expect(dialog.get_by_role("alert").last).to_contain_text("500")


def test_a_copied_test_runs(page: Page, dev: Dev) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    run = trigger(dev, "echo", {"text": 'a "quote" é', "yes": True, "none": None, "list": [1, 2.5]})
    dev.finished(run)
    page.goto(f"/runs/{run}")
    page.get_by_role("button", name="More of the run").click()
    page.get_by_role("menuitem", name="Copy as pytest").click()
    expect(page.get_by_text("Copied a test")).to_be_visible()
    test = dev.folder / "test_copied.py"
    test.write_text(page.evaluate("navigator.clipboard.readText()"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test.name],
        cwd=dev.folder,
        env={
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MAINSPRING_", "PYTEST_"))
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    test.unlink()
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_id_link_call_and_json_are_copied(page: Page, dev: Dev) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    run = trigger(dev, "echo", {"a": "it's"})
    page.goto(f"/runs/{run}")
    expect(page.get_by_role("heading", name="echo")).to_be_visible()
    read = "navigator.clipboard.readText()"
    page.keyboard.press("c")
    expect(page.get_by_text("Copied the id")).to_be_visible()
    assert page.evaluate(read) == run
    page.keyboard.press("y")
    expect(page.get_by_text("Copied the run as JSON")).to_be_visible()
    assert f'"id": "{run}"' in page.evaluate(read)
    page.get_by_role("button", name="More of the run").click()
    page.get_by_role("menuitem", name="Copy link").click()
    expect(page.get_by_text("Copied the link")).to_be_visible()
    assert page.evaluate(read) == f"{dev.url}/runs/{run}"
    page.get_by_role("button", name="More of the run").click()
    page.get_by_role("menuitem", name="Copy as cURL").click()
    expect(page.get_by_text("Copied a cURL call")).to_be_visible()
    call = page.evaluate(read).replace("curl ", "curl -s ")
    done = subprocess.run(
        ["bash", "-c", call],
        env={**os.environ, "MAINSPRING_API_KEY": dev.key},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert '"a":"it\'s"' in done.stdout.replace(": ", ":")


def test_a_cancelled_run_says_so_calmly_and_an_unknown_one_too(page: Page, dev: Dev) -> None:
    run = trigger(dev, "slow")
    dev.until(run, "RUNNING")
    status, _ = dev.request("POST", f"/api/v1/runs/{run}/cancel", {"reason": "wrong customer"})
    assert status == 200
    page.goto(f"/runs/{run}")
    expect(page.get_by_role("region", name="How it ended")).to_contain_text("cancelled: wrong customer")
    page.goto("/runs/run_nope")
    expect(page.get_by_role("alert")).to_contain_text("there is no run 'run_nope'")
