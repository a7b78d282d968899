"""Serves the built pages: one document for all of them, and the files it asks for."""

import gzip
import mimetypes
from collections.abc import Callable
from functools import lru_cache
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

#: Where the build puts them; empty where nothing was built.
BUILT = Path(__file__).parent / "static"

#: The first parts of the paths that are pages. The pages themselves are told apart in the browser.
PAGES = (
    "overview",
    "runs",
    "jobs",
    "events",
    "errors",
    "logs",
    "approvals",
    "schedules",
    "queues",
    "workers",
    "tokens",
    "bulk",
)

#: Scripts of ours alone, and never inside another site's frame. Styles may be inline: bars and rows have places.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
#: Its name has a digest of its content: it never changes.
FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}

#: What gets smaller on the way: a third of it is sent.
_PACKED = ("text/", "application/javascript")

_UNBUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Mainspring</title></head>
<body><h1>The dashboard was not built</h1>
<p>This installation was made where the packages of its pages could not be had. All else works: the API, the workers,
and <code>mainspring runs</code> in a terminal.</p>
<p>To build it: <code>pip install --force-reinstall --no-deps mainspring</code> with a package registry at hand, or
in a clone, with Node.js, <code>cd web &amp;&amp; npm ci &amp;&amp; npm run build</code>. Then open this page again.</p>
</body></html>
"""


def routes(let_in: Callable[[Request, Response], None], built: Path = BUILT) -> list[BaseRoute]:
    """All routes of the dashboard. `let_in` may give a browser that opens a page its cookie."""

    async def page(request: Request) -> Response:
        response = HTMLResponse(_document(built, request.scope.get("root_path", "")), headers=HEADERS)
        let_in(request, response)
        return response

    async def asset(request: Request) -> Response:
        return _file(request, built, "assets/" + request.path_params["name"], FOR_GOOD)

    async def icon(request: Request) -> Response:
        return _file(request, built, "favicon.svg", HEADERS)

    paths = ("/", *(f"/{first}" for first in PAGES), *(f"/{first}/{_one(first)}" for first in PAGES))
    return [
        *(Route(path, page, methods=["GET"], include_in_schema=False) for path in paths),
        Route("/assets/{name}", asset, methods=["GET"], include_in_schema=False),
        Route("/favicon.svg", icon, methods=["GET"], include_in_schema=False),
    ]


def _one(first: str) -> str:
    """The rest of the path of a page of one thing: names of queues may hold a slash."""
    return "{id:path}" if first == "queues" else "{id}"


def _document(built: Path, root: str) -> str:
    """The one document, told below which path it is served."""
    try:
        text = (built / "index.html").read_text(encoding="utf-8")
    except FileNotFoundError:
        return _UNBUILT
    return text.replace("<head>", f'<head>\n    <base href="{escape(root, quote=True)}/" />', 1)


def _file(request: Request, built: Path, name: str, headers: dict[str, str]) -> Response:
    path = (built / name).resolve()
    if not path.is_file() or built.resolve() not in path.parents:
        return Response("There is no such file.", status_code=404, media_type="text/plain")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if not kind.startswith(_PACKED):  # fonts are packed as they are
        return FileResponse(path, headers=headers, media_type=kind)
    headers = {**headers, "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return FileResponse(path, headers=headers, media_type=kind)
    return Response(_packed(path), headers={**headers, "Content-Encoding": "gzip"}, media_type=kind)


@lru_cache(maxsize=256)
def _packed(path: Path) -> bytes:
    """A file, small. Its name has a digest of what is in it, so it stays what it is."""
    return gzip.compress(path.read_bytes(), mtime=0)
