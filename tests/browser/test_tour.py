"""Every page over the demo's data: nothing is said in the console, the policy lets nothing in, all can be used."""

import gzip
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Response, ViewportSize

from browser.tour import View, open_view, served, views
from processes import PATIENCE, Dev

#: Bytes, gzipped.
FIRST_ROUTE = 130_000
#: Tells the console what the policy of the pages kept out.
_TELL_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
  console.error("policy: " + event.violatedDirective + " " + event.blockedURI))"""
WINDOWS: dict[str, ViewportSize] = {
    "light": {"width": 1440, "height": 900},
    "dark": {"width": 390, "height": 844},
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    with served(tmp_path_factory.mktemp("demo")) as dev:
        yield dev


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_fault(browser: Browser, demo: Dev, theme: str) -> None:
    """Wide in light, narrow in dark."""
    size = WINDOWS[theme]
    context = browser.new_context(
        viewport=size,
        base_url=demo.url,
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    context.add_init_script(_TELL_VIOLATIONS)
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1_000)
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda one: said.append(one.text) if one.type in ("error", "warning") else None)
    found = []
    for view in views(demo):
        open_view(page, view)
        found += [f"{view.name}: {fault}" for fault in (*said, *_faults(page, size["width"]))]
        said.clear()
    context.close()
    assert found == []


def test_the_first_page_asks_for_little(browser: Browser, demo: Dev) -> None:
    """All scripts and styles until it is there, whatever chunk they lie in, as they are sent."""
    context = browser.new_context(base_url=demo.url)
    page = context.new_page()
    asked: list[Response] = []
    page.on("response", lambda answer: asked.append(answer))  # playwright marks what it is given
    open_view(page, View("first", "/"))
    sent = {one.url: len(gzip.compress(one.body())) for one in asked if one.url.endswith((".js", ".css"))}
    assert {one.header_value("content-encoding") for one in asked if one.url in sent} == {"gzip"}
    context.close()
    assert 0 < sum(sent.values()) <= FIRST_ROUTE, sent


def _faults(page: Page, width: int) -> Iterator[str]:
    if page.evaluate("document.documentElement.scrollWidth") > width:
        yield "it is wider than the window"
    for one in Axe().run(page).response["violations"]:
        if one["impact"] in ("serious", "critical"):
            yield f"{one['id']}: {one['nodes'][0]['html'][:120]}"
