"""How a command reaches the server: which URL and key it uses, and the calls themselves.

Flag, environment, `.env` and settings files come first; then what a running `mainspring dev` left in its data
directory, so that commands in a second terminal need no setup.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from mainspring.errors import MainspringError, Unauthorized
from mainspring.sdk.door import API, Door
from mainspring.settings import Settings, load_settings

#: As `server/dev_key.py` and `serve.py` name them; named again because those bring the server along.
KEY_FILE = "key"
URL_FILE = "url"

#: Rows asked for at once; servers take at least this many (`max_page_size`).
_PAGE = 100

_T = TypeVar("_T")

#: `--api-url` and `--api-key`, as given before or after the command.
_flags: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is, the key for it, and where each was found."""

    url: str
    url_source: str
    key: str | None
    key_source: str


def use_flags(*, api_url: str | None, api_key: str | None) -> None:
    """Remember the global options for `address`."""
    _flags.clear()
    _flags.update({name: value for name, value in (("api_url", api_url), ("api_key", api_key)) if value})


def flags() -> Mapping[str, str]:
    """The global options that were given."""
    return dict(_flags)


def address() -> Address:
    """The server this command talks to."""
    settings = load_settings(flags())
    url, url_source = _left_by_dev(settings, "api_url", URL_FILE)
    key, key_source = _left_by_dev(settings, "api_key", KEY_FILE)
    return Address(url or settings.api_url, url_source, key, key_source)


def _left_by_dev(settings: Settings, name: str, file: str) -> tuple[str | None, str]:
    """A setting and its source; where nobody set it, what `mainspring dev` left in its data directory."""
    if name in settings.sources:
        return getattr(settings, name), settings.sources[name]
    left = _read(settings.data_dir / file)
    return left, str(settings.data_dir / file) if left else "default"


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def key_of(found: Address) -> str:
    """Its key; Unauthorized when none is to be found."""
    if found.key is None:
        raise Unauthorized(
            "no API key found",
            mend="Set MAINSPRING_API_KEY, or run this in the folder where `mainspring dev` runs.",
        )
    return found.key


@asynccontextmanager
async def door() -> AsyncIterator[Door]:
    """The open way to the server."""
    from mainspring.client.http import open_door  # start-up cost: `--help` needs no HTTP client

    found = address()
    opened = open_door(found.url, key_of(found), lost=_tell_lost)
    try:
        yield opened
    finally:
        await opened.aclose()


def _tell_lost(error: MainspringError) -> None:
    from mainspring.cli import output  # start-up cost: rich

    output.say(f"{error.message}; trying again")


def ask(
    method: str,
    path: str,
    *,
    params: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
) -> Any:
    """One request to the API (`path` without `/api/v1`) and its decoded answer."""
    return converse(lambda opened: call(opened, method, path, params=params, body=body))


def listing(path: str, limit: int, **params: Any) -> dict[str, Any]:
    """Up to `limit` rows of a list as one page, fetched in as many requests as it takes."""

    async def pages(opened: Door) -> dict[str, Any]:
        rows: list[Any] = []
        cursor = None
        while True:
            wanted = {**params, "limit": min(limit - len(rows), _PAGE), "cursor": cursor}
            page = await call(opened, "GET", path, params=wanted)
            rows += page["data"]
            cursor = page["next_cursor"]
            if cursor is None or len(rows) >= limit:
                return {"data": rows, "next_cursor": cursor}

    return converse(pages)


async def everything(opened: Door, path: str) -> list[Any]:
    """All rows of a list, page by page."""
    rows: list[Any] = []
    cursor = None
    while True:
        page = await call(opened, "GET", path, params={"limit": _PAGE, "cursor": cursor})
        rows += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return rows


async def call(
    opened: Door,
    method: str,
    path: str,
    *,
    params: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
) -> Any:
    """As `ask`, over a door that is open already."""

    text = None if body is None else json.dumps(body)
    return await opened.call(method, API + path, params=params, body=text)


def converse(talk: Callable[[Door], Awaitable[_T]]) -> _T:
    """Open the door, let `talk` use it, close it; what `talk` returned."""
    import asyncio  # start-up cost: `--help` needs no event loop

    async def run() -> _T:
        async with door() as opened:
            return await talk(opened)

    return asyncio.run(run())


def quoted(part: str) -> str:
    """`part` as one segment of a path, whatever characters it has."""
    return quote(part, safe="")
