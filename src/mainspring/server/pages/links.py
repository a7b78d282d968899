"""What the link of an approval opens: its page, and the one way to answer on it.

The link is all that is asked for: it is signed for one approval and one person, and there is no cookie. So no other
site can make a browser answer (it would have to know the link, and then needs no browser): nothing here defends
against forged cross-site requests. A GET and a HEAD answer nothing: mail programs, chats and scanners open links.
"""

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mainspring.engine.approval_commands import RefusedAnswer
from mainspring.engine.approval_reads import get_approval, signing_key
from mainspring.errors import MainspringError
from mainspring.model.approval_links import is_signed, read_person
from mainspring.server.call import origin_of, services_of
from mainspring.server.pages.answering import Opened, answer_with, blank_entry
from mainspring.server.pages.approvals import asking_page, refused_page, told_page
from mainspring.server.pages.layout import answer
from mainspring.server.pages.posted import MEDIA_TYPE, read_form
from mainspring.server.rooms import room

router = room("/approvals", "approvals")

PATH = "/{id}/{person}/{signature}"
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "A page.", "content": {"text/html": {"schema": {"type": "string"}}}}
}
_FORM = {
    "requestBody": {
        "required": True,
        "content": {MEDIA_TYPE: {"schema": {"type": "object", "additionalProperties": {"type": "string"}}}},
    }
}


@router.get(PATH, response_class=HTMLResponse, responses=_PAGE)
async def show_approval_page(request: Request, id: str, person: str, signature: str) -> Response:
    """The page of an approval, for whoever has the link. Answers nothing."""
    try:
        opened = await _open(request, id, person, signature)
    except MainspringError as error:
        return _failed(error)
    if opened is None:
        return _forged()
    if opened.is_open:
        return answer(asking_page(opened.sheet, blank_entry(opened)))
    return answer(told_page(opened.sheet))


@router.head(PATH, include_in_schema=False)
async def preview_approval_page(request: Request, id: str, person: str, signature: str) -> Response:
    """What a program that only looks is told: that there is a page."""
    return answer("")


@router.post(PATH, response_class=HTMLResponse, responses=_PAGE, openapi_extra=_FORM)
async def answer_approval_page(request: Request, id: str, person: str, signature: str) -> Response:
    """Answer an approval on its page, or hand it on: a form as browsers send it."""
    try:
        opened = await _open(request, id, person, signature)
        return _forged() if opened is None else await answer_with(opened, await read_form(request))
    except MainspringError as error:
        return _failed(error)


async def _open(request: Request, id: str, person: str, signature: str) -> Opened | None:
    """The approval and whose link it is; None when it is nobody's, which the history of the run then keeps."""
    services = services_of(request)
    view = await services.engine.read(get_approval, id)
    if view is None:
        return None
    origin = origin_of(request)
    one, who = view.approval, read_person(person)
    key = await services.engine.read(signing_key, one.environment_id)
    if who is not None and key is not None and is_signed(key, one, who, signature):
        return Opened(services, view, who or None, origin, quote(signature, safe=""))
    why = "the link was made up, or changed on its way"
    await services.engine.approvals.refused(RefusedAnswer(one.id, who, why, "link", origin))
    return None


def _forged() -> Response:
    """Says the same of a link that was altered and of an approval that there is not: nothing can be found out."""
    title = "This link does not work"
    first = "It is not complete, was changed on its way, or is of another place. Nothing was answered."
    mend = (
        "Open it again from the message it came in. If that does not help, ask whoever sent it for a new one."
    )
    return answer(refused_page(title, first, mend), 403)


def _failed(error: MainspringError) -> Response:
    """When the request itself is none that can be answered."""
    if error.status >= 500:
        title, said = (
            "Not now",
            "The server cannot reach its database. Nothing was answered: try again in a moment.",
        )
    else:
        title, said = (
            "This cannot be taken",
            f"{error.message[:1].upper()}{error.message[1:]}. Nothing was answered.",
        )
    return answer(
        refused_page(title, said, "Go back with your browser: what you typed is still there."), error.status
    )
