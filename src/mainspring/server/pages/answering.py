"""An answer given on the page of an approval: what was typed is read, put to the engine, and told of."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from starlette.responses import RedirectResponse, Response

from mainspring.codec import encode
from mainspring.engine.approval_commands import AnswerApproval, DelegateApproval, RefusedAnswer
from mainspring.engine.approval_reads import ApprovalView, get_approval
from mainspring.errors import Conflict, DataError, Forbidden, PayloadInvalid
from mainspring.server.call import Services
from mainspring.server.pages.approvals import Entry, asking_page, refused_page, told_page
from mainspring.server.pages.layout import answer, page_headers
from mainspring.server.pages.schema import Part, read_schema
from mainspring.server.pages.sheets import sheet_of
from mainspring.server.pages.typed import Posted, blank, change_rows, drop_empty_rows, read
from mainspring.server.pages.values import Problems, value_of, with_those_of
from mainspring.server.pages.views import Sheet
from mainspring.server.shapes.approvals import MAX_COMMENT
from mainspring.server.shapes.bodies import MAX_NAME
from mainspring.server.shapes.parts import value_of as json_of


@dataclass
class Opened:
    """An approval that was opened with a link of its own."""

    services: Services
    view: ApprovalView
    #: Whose link it is; None: anybody's.
    person: str | None
    origin: str | None
    #: The last part of its path.
    here: str

    @cached_property
    def sheet(self) -> Sheet:
        return sheet_of(self.view, self.person, self.services.clock.now())

    @cached_property
    def form(self) -> Part | None:
        schema = json_of(self.view.approval.form_schema)
        return read_schema(schema) if isinstance(schema, Mapping) else None

    @property
    def is_open(self) -> bool:
        """Whether whoever opened it may still answer."""
        me = self.sheet.me
        has_left = self.sheet.mine is not None or (me is not None and me.gave_to is not None)
        return self.sheet.status == "WAITING" and not has_left


def blank_entry(opened: Opened) -> Entry:
    """The form as nobody has typed in it yet."""
    return Entry() if opened.form is None else Entry(opened.form, blank(opened.form))


async def answer_with(opened: Opened, posted: Posted) -> Response:
    """The page that follows from what was sent. Only "approve", "reject" and "delegate" change anything."""
    entry = _entry(opened, posted)
    match _first(posted, "do"):
        case "approve" | "reject" as decision:
            return await _decide(opened, entry, decision)
        case "delegate":
            return await _delegate(opened, entry)
        case _ if not opened.is_open:
            return _told(opened, "Nothing was changed.")
        case pressed:
            if entry.form is not None:
                entry.focus = change_rows(entry.form, entry.typed, pressed) or ""
            if not entry.focus:
                entry.notice = "Nothing is answered yet: press Approve or Reject."
            return answer(asking_page(opened.sheet, entry))


def _entry(opened: Opened, posted: Posted) -> Entry:
    entry = blank_entry(opened)
    if entry.form is not None:
        entry.typed = read(entry.form, posted)
    entry.comment = _first(posted, "comment")
    entry.delegate_to = _first(posted, "to").strip()
    entry.by = _first(posted, "by").strip()
    return entry


async def _decide(opened: Opened, entry: Entry, decision: Literal["approve", "reject"]) -> Response:
    form: Any = None
    if entry.form is not None and decision == "approve":
        drop_empty_rows(entry.form, entry.typed)
        form, entry.problems = value_of(entry.form, entry.typed)
    entry.beside = _beside(opened, entry)
    if opened.is_open and (entry.problems or entry.beside):
        await _keep_refusal(opened, entry)
        return answer(asking_page(opened.sheet, entry), 422)
    text = None if entry.form is None or decision == "reject" else encode(form, what="form")
    command = AnswerApproval(
        opened.view.approval.id,
        decision,
        text,
        entry.comment.strip() or None,
        opened.person or entry.by or None,
        "link",
        opened.origin,
        opened.view.approval.environment_id,
        # Whoever presses the button twice has answered once.
        request_key=_digest(decision, text, entry.comment, entry.by),
    )
    return await _do(opened, entry, command)


async def _delegate(opened: Opened, entry: Entry) -> Response:
    if opened.person is None or not entry.delegate_to or len(entry.delegate_to) > MAX_NAME:
        entry.beside = {"to": f"Say who, in 1 to {MAX_NAME} characters."}
        return answer(asking_page(opened.sheet, entry), 422)
    one = opened.view.approval
    command = DelegateApproval(
        one.id, opened.person, entry.delegate_to, "link", opened.origin, one.environment_id
    )
    return await _do(opened, entry, command)


async def _do(opened: Opened, entry: Entry, command: AnswerApproval | DelegateApproval) -> Response:
    verbs = opened.services.engine.approvals
    try:
        if isinstance(command, AnswerApproval):
            await verbs.answer(command)
        else:
            await verbs.delegate(command)
    except PayloadInvalid as error:
        entry.problems = with_those_of(entry.problems, error.errors)
        return answer(asking_page(opened.sheet, entry), 422)
    except DataError as error:
        entry.notice = f"Not answered: {error.message}."
        return answer(asking_page(opened.sheet, entry), error.status)
    except Forbidden as error:
        if isinstance(command, DelegateApproval) and opened.is_open:
            entry.beside = {"to": f"{error.message[:1].upper()}{error.message[1:]}."}
            return answer(asking_page(opened.sheet, entry), error.status)
        return answer(refused_page("You cannot answer this", f"{error.message}. Nothing was changed."), 403)
    except Conflict:
        view = await opened.services.engine.read(get_approval, command.approval_id)
        return _told(replace(opened, view=view or opened.view), "Nothing was changed: this is how it stands.")
    # To the page itself, as a browser asks for it: going back or loading it anew sends no answer again.
    return RedirectResponse(f"./{opened.here}", 303, page_headers())


def _told(opened: Opened, notice: str) -> Response:
    return answer(told_page(opened.sheet, notice), 409)


def _beside(opened: Opened, entry: Entry) -> Problems:
    """What is wrong with the fields beside the form."""
    problems: Problems = {}
    if opened.person is None and not 0 < len(entry.by) <= MAX_NAME:
        problems["by"] = f"Say who you are, in 1 to {MAX_NAME} characters."
    if len(entry.comment) > MAX_COMMENT:
        problems["comment"] = f"Write at most {MAX_COMMENT:,} characters: there are {len(entry.comment):,}."
    return problems


async def _keep_refusal(opened: Opened, entry: Entry) -> None:
    """The history of the run keeps that somebody tried, and what was wrong."""
    wrong = {**entry.problems, **entry.beside}
    why = "; ".join(f"{path}: {text}" for path, text in list(wrong.items())[:10])
    who = opened.person or entry.by or None
    refused = RefusedAnswer(opened.view.approval.id, who, why, "link", opened.origin)
    await opened.services.engine.approvals.refused(refused)


def _digest(*said: str | None) -> str:
    return hashlib.sha256(encode(said, what="answer").encode()).hexdigest()


def _first(posted: Posted, name: str) -> str:
    return posted.get(name, [""])[0]
