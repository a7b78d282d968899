"""What a browser sends when a form is answered, read within limits."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from mainspring.errors import BadRequest
from mainspring.server.bodies import read_body
from mainspring.server.call import services_of
from mainspring.server.pages.html import clean

MEDIA_TYPE = "application/x-www-form-urlencoded"
#: Far above what a form of ours can have.
MAX_FIELDS = 10_000


async def read_form(request: Request) -> dict[str, list[str]]:
    """The values by the names of their fields; `TooLarge`, `BadRequest` for what no form of ours sends."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != MEDIA_TYPE:
        raise BadRequest(f"a form is sent as {MEDIA_TYPE}, and this is {kind[:80] or 'nothing of the kind'}")
    raw = await read_body(request, services_of(request).limits.max_body_bytes)
    try:
        pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise BadRequest(f"the form has more than {MAX_FIELDS:,} fields") from error
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(clean(name), []).append(clean(value))
    return found
