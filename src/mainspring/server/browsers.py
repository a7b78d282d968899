"""How a browser is let in where there is no login: on a development server, from this machine, by a cookie.

The pages talk to the API as everybody does. Only that a browser cannot keep a key from the pages' own script with
anything but an HttpOnly cookie; so what the cookie says stands for the key.
"""

import hashlib
import hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from mainspring.clock import SECOND, Clock
from mainspring.errors import Forbidden

COOKIE = "mainspring_session"
#: Seconds. It is renewed whenever a page is opened.
LASTS = 30 * 24 * 3_600
_SAFE = frozenset({"GET", "HEAD"})


class Browsers:
    """Shut until `open`: then this machine's browsers come in as the holder of that key."""

    def __init__(self) -> None:
        self._key = ""
        self._clock: Clock | None = None

    def open(self, key: str, clock: Clock) -> None:
        self._key, self._clock = key, clock

    @property
    def is_open(self) -> bool:
        return self._clock is not None

    def let_in(self, request: Request, response: Response) -> None:
        """Gives the cookie along with a page, to who is on this machine."""
        if self._clock is None or not _is_here(request):
            return
        expires = str(self._clock.now() // SECOND + LASTS)
        response.set_cookie(
            COOKIE,
            f"{expires}.{_sign(self._key, expires)}",
            max_age=LASTS,
            path=request.scope.get("root_path") or "/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )

    def authorization(self, request: Request) -> str | None:
        """What the header `Authorization` would say, for who has the cookie; None for all others.

        Raises `Forbidden` when another site's page asks.
        """
        cookie = request.cookies.get(COOKIE)
        if self._clock is None or cookie is None or not _is_here(request):
            return None
        expires, _, signature = cookie.partition(".")
        if not hmac.compare_digest(signature.encode(), _sign(self._key, expires).encode()):
            return None
        if not expires.isdigit() or int(expires) <= self._clock.now() // SECOND:
            return None
        if not _is_of_our_page(request):
            raise Forbidden(
                "a page of another site sent this request with the dashboard's cookie",
                mend="Send an API key: `Authorization: Bearer tr_...`.",
            )
        return f"Bearer {self._key}"


def _sign(key: str, expires: str) -> str:
    return hmac.new(key.encode(), f"dashboard {expires}".encode(), hashlib.sha256).hexdigest()


def _is_here(request: Request) -> bool:
    """Whether the other end is this machine, and no proxy that speaks for somebody else."""
    if any(name in request.headers for name in ("forwarded", "x-forwarded-for", "via")):
        return False
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _is_of_our_page(request: Request) -> bool:
    """Browsers say which site a request comes from; what changes something must come from a page of ours."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin" or (site == "none" and request.method in _SAFE)
    origin = request.headers.get("origin")
    if origin is None:
        return request.method in _SAFE
    return urlsplit(origin).netloc == request.headers.get("host")
