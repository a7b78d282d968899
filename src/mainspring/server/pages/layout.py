"""The sheet around every page: its head, its style and the headers it leaves with."""

from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files

from starlette.responses import Response

from mainspring.clock import DAY, HOUR, MINUTE, SECOND, Instant, to_iso
from mainspring.server.pages.html import Content, Html, tag


@cache
def _style() -> str:
    """The style sheet as it stands in the page: one request shows all of it."""
    return (files(__package__) / "sheet.css").read_text("utf-8")


@cache
def page_headers() -> dict[str, str]:
    """No script, nothing from elsewhere, in no frame, in no cache, in no index; and the link, which is a credential,
    is told to nobody that a click leads to."""
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow, noarchive",
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


def page(title: str, *content: Content, footer: Content = None) -> str:
    """A whole document."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="robots", content="noindex"),
        tag("title", f"{title} · Mainspring"),
        # Ours alone, and no element can end within it: it is the one thing that is not escaped.
        tag("style", Html(_style())),
    )
    bar = tag("header", tag("p", tag("strong", "Mainspring"), tag("span", "Approvals")), class_="bar")
    foot = tag("footer", footer) if footer else None
    return f"<!doctype html>{tag('html', head, tag('body', bar, tag('main', *content), foot), lang='en')}"


def answer(html: str, status: int = 200) -> Response:
    """The page as an answer."""
    return Response(html, status, page_headers(), "text/html")


def moment(instant: Instant) -> Html:
    """An instant as people write it, in UTC: without a script nobody's own zone is known."""
    at = datetime.fromtimestamp(instant // SECOND, UTC)
    return tag("time", f"{at.day} {at:%b %Y, %H:%M} UTC", datetime=to_iso(instant))


def span_words(span: int) -> str:
    """About how long: "2 days", "3 hours", "1 minute"."""
    for unit, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if span >= unit:
            count = round(span / unit)
            return f"{count} {word}{'' if count == 1 else 's'}"
    return "less than a minute"
