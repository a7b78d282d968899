"""Who is not on the machine of `mainspring dev`, or asks any other server, comes in with an API key."""

from playwright.sync_api import Browser, expect

from processes import PATIENCE, Dev


def test_an_api_key_opens_the_dashboard_in_this_tab_alone(browser: Browser, dev: Dev) -> None:
    context = browser.new_context(base_url=dev.url, extra_http_headers={"x-forwarded-for": "203.0.113.7"})
    context.set_default_timeout(PATIENCE * 1_000)
    page = context.new_page()
    page.goto("/jobs/fulfil?tab=test")
    page.get_by_label("API key").fill("tr_dev_somebodyelses")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_contain_text("not known here")
    page.get_by_label("API key").fill(dev.key)
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="Fulfil order")).to_be_visible()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Fulfil order")).to_be_visible()
    other = context.new_page()
    other.goto("/jobs/fulfil?tab=test")
    expect(other.get_by_label("API key")).to_be_visible()
    context.close()
