"""A tour of the dashboard over the demo's data: every page there is, and runs in the states that are worth a look."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Page

from processes import PATIENCE, Dev, run_cli

ROOT = Path(__file__).parents[2]
PLACES = ROOT / "web" / "src" / "places.tsx"

#: Runs by what they show: status and job of the newest such.
RUNS = {
    "run-waiting": ("WAITING", "fulfil-order"),
    "run-approval": ("WAITING", "refund-order"),
    "run-pending": ("PENDING", "export-ledger"),
    "run-failed": ("FAILED", "issue-invoice"),
    "run-failed-child": ("FAILED", "fulfil-order"),
    "run-many-tasks": ("RUNNING", "import-catalogue"),
    "run-agent": ("SUCCESS", "research-supplier"),
    "run-expired": ("EXPIRED", "send-email"),
    "run-timed-out": ("TIMED_OUT", "sync-inventory"),
    "run-parent": ("SUCCESS", "nightly-report"),
}

#: Whether what the page reads has come.
_IS_THERE = "() => document.querySelector('h1') !== null && document.querySelector('.skeleton') === null"
#: Resolves when it is drawn, with its fonts.
_DRAWN = """async () => {
  await document.fonts.ready;
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
}"""


@dataclass(frozen=True)
class View:
    """A page in a state, by the name of its picture."""

    name: str
    path: str


def paths() -> list[str]:
    """Of all pages, as web/src/places.tsx has them."""
    return re.findall(r'path: "(/[^"]+)"', PLACES.read_text(encoding="utf-8"))


def views(dev: Dev) -> Iterator[View]:
    """All of them; of each page of one thing the first, and those that say most."""
    for path in paths():
        if ":" not in path:
            yield View(path.strip("/"), path)
            continue
        folder = path.split("/:")[0]
        first = _first(dev, folder)
        if first is not None:
            yield View(f"one-{folder.strip('/')}", f"{folder}/{quote(first, safe='')}")
    for name, (status, job) in RUNS.items():
        # What was at work when the tour began may have ended since.
        run = _first(dev, f"/runs?status={status}&job={job}") or _first(dev, f"/runs?job={job}")
        assert run is not None, f"the demo has no {name}"
        yield View(name, f"/runs/{run}")
    done = _first(dev, "/runs?status=SUCCESS&job=research-supplier")
    yield View("run-logs", f"/runs/{done}?tab=logs")
    yield View("run-history", f"/runs/{done}?tab=history")
    yield View("job-test", "/jobs/refund-order?tab=test")
    yield View("runs-failed", "/runs?q=status%3Afailed")
    yield View("runs-none", "/runs?q=job%3Anobody")


def _first(dev: Dev, path: str) -> str | None:
    """The id, or the name, of the first one of a list of the API."""
    status, answer = dev.request("GET", f"/api/v1{path}")
    if status != 200 or not answer["data"]:
        return None
    first: Any = answer["data"][0]
    name = "event_id" if path == "/events" else "id" if "id" in first else "name"
    return str(first[name])


@contextmanager
def served(folder: Path) -> Iterator[Dev]:
    """`mainspring dev --demo` over data of its own, which are the same every time but for the clock."""
    done = run_cli("demo-data", "--runs", "900", "--days", "4", cwd=folder, timeout=5 * PATIENCE)
    assert done.returncode == 0, done.stderr
    dev = Dev.start(folder, "--demo")
    try:
        yield dev.wait_until_ready()
    finally:
        dev.close()


def open_view(page: Page, view: View) -> None:
    """Returns when it is all there."""
    page.goto(view.path)
    page.wait_for_function(_IS_THERE)
    page.evaluate(_DRAWN)
