"""Pictures of every page over the demo's data, in both themes, wide and narrow: `make screens`, into build/screens.

With `--pictures` those of the README and the docs are taken anew, into docs/pictures. Names may follow: only these.
"""

import base64
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from browser.conftest import launch, screens
from browser.tour import ROOT, View, open_view, served, views
from processes import Dev

SIZES: tuple[ViewportSize, ...] = ({"width": 1440, "height": 900}, {"width": 390, "height": 844})
PICTURES = ROOT / "docs" / "pictures"
#: Largest file of the docs, bytes.
MOST_BYTES = 200_000

#: The browser itself writes the small form: no other program is needed.
_AS_WEBP = """async (png) => {
  const picture = new Image();
  picture.src = "data:image/png;base64," + png;
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d").drawImage(picture, 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/webp", quality: QUALITY });
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""


@dataclass(frozen=True)
class Picture:
    """One of the docs, at twice the size of the screen's dots."""

    view: str
    theme: str
    size: ViewportSize


DOCS = {
    "overview": Picture("overview", "light", {"width": 1180, "height": 760}),
    "run": Picture("run-agent", "dark", {"width": 1180, "height": 720}),
    "approval": Picture("run-approval", "light", {"width": 1180, "height": 640}),
}


def take_screens(browser: Browser, dev: Dev, only: list[str]) -> None:
    """One file for each page, theme and size."""
    found = [view for view in views(dev) if not only or view.name in only]
    for theme in ("light", "dark"):
        for size in SIZES:
            page = _window(browser, dev, theme, size)
            for view in found:
                open_view(page, view)
                page.screenshot(path=screens() / f"{view.name}-{theme}-{size['width']}.png")
            page.context.close()


def take_pictures(browser: Browser, dev: Dev, only: list[str]) -> None:
    """Those of the docs. AssertionError for one that is too large."""
    known = {view.name: view for view in views(dev)}
    PICTURES.mkdir(exist_ok=True)
    for name, picture in DOCS.items():
        if only and name not in only:
            continue
        page = _window(browser, dev, picture.theme, picture.size, scale=2)
        _keep(page, known[picture.view], PICTURES / f"{name}.webp")
        page.context.close()


def _keep(page: Page, view: View, to: Path) -> None:
    open_view(page, view)
    png = base64.b64encode(page.screenshot()).decode()
    blank = page.context.new_page()  # the policy of our own pages lets no such picture in
    for quality in (0.9, 0.8, 0.7, 0.6):
        small = base64.b64decode(blank.evaluate(_AS_WEBP.replace("QUALITY", str(quality)), png))
        if len(small) < MOST_BYTES:
            to.write_bytes(small)
            print(f"{to.relative_to(ROOT)}: {len(small):,} bytes")
            return
    raise AssertionError(f"{to.name} has {len(small):,} bytes: show less of it")


def _window(browser: Browser, dev: Dev, theme: str, size: ViewportSize, *, scale: int = 1) -> Page:
    context = browser.new_context(
        viewport=size,
        base_url=dev.url,
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        device_scale_factor=scale,
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    return context.new_page()


def main() -> None:
    """Takes what was asked for."""
    only = [word for word in sys.argv[1:] if not word.startswith("-")]
    take = take_pictures if "--pictures" in sys.argv[1:] else take_screens
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder)) as dev,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        take(browser, dev, only)
        browser.close()


if __name__ == "__main__":
    main()
