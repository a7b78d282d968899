"""The page of an approval, in each of its states: asked, answered, handed on, over, and for a link that is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mainspring.server.pages.fields import draw_form
from mainspring.server.pages.html import Content, Html, join, tag
from mainspring.server.pages.layout import moment, page, span_words
from mainspring.server.pages.rounds import earlier_rounds, people_asked, said_line, said_words
from mainspring.server.pages.schema import Part
from mainspring.server.pages.shown import show
from mainspring.server.pages.typed import Typed
from mainspring.server.pages.views import Sheet

PILLS = {
    "WAITING": ("wait", "Waiting for an answer"),
    "APPROVED": ("ok", "Approved"),
    "REJECTED": ("bad", "Rejected"),
    "EXPIRED": ("", "Expired"),
    "CANCELLED": ("", "Cancelled"),
}


@dataclass(slots=True)
class Entry:
    """What one person has typed so far, and what came of it."""

    form: Part | None = None
    typed: Typed = field(default_factory=Typed)
    comment: str = ""
    delegate_to: str = ""
    #: Who answers, where the link is anybody's.
    by: str = ""
    #: By the path of a field of the form.
    problems: dict[str, str] = field(default_factory=dict)
    #: Of the fields beside the form: "comment", "to", "by".
    beside: Mapping[str, str] = field(default_factory=dict)
    #: What is to be said at the top.
    notice: str = ""
    #: The name of the field to go on at, when rows were added or removed.
    focus: str = ""


def asking_page(sheet: Sheet, entry: Entry) -> str:
    """What is asked, and the form to answer it."""
    form, summary = _form(sheet, entry)
    who = join(tag("strong", sheet.person), ", you are asked") if sheet.person else "You are asked"
    until = (
        join(" until ", moment(sheet.expires_at), f" (in {span_words(sheet.expires_at - sheet.now)})")
        if sheet.expires_at is not None
        else None
    )
    lead = tag("p", who, " to decide", until, ".", class_="lead")
    return _page(sheet, lead, _summary(entry, summary), _matter(sheet), form)


def told_page(sheet: Sheet, notice: Content = None) -> str:
    """What became of it: nothing is left to be answered here."""
    lead = tag("p", _became(sheet), class_="lead")
    return _page(sheet, lead, _notice(notice, "wait") if notice else None, _mine(sheet), _matter(sheet))


def refused_page(title: str, *lines: str) -> str:
    """For a link that opens nothing: not one word of what it might have been about."""
    said = [tag("p", line, class_="lead" if number == 0 else None) for number, line in enumerate(lines)]
    return page(title, tag("h1", title), said)


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────
def _page(sheet: Sheet, *content: Content) -> str:
    kind, words = PILLS[sheet.status]
    pill = tag("span", words, class_=f"pill {kind}".strip())
    round_words = tag("span", f" Round {sheet.revision}", class_="quiet") if sheet.revision > 1 else None
    foot = tag("p", f"Approval {sheet.id} of run {sheet.run_id}, asked ", moment(sheet.created_at), ".")
    heading = tag("h1", sheet.title, dir="auto")
    return page(sheet.title, tag("div", pill, round_words), heading, *content, footer=foot)


def _notice(content: Content, kind: str, title: str = "", *, role: str = "status") -> Html:
    heading = tag("h2", title) if title else None
    body = tag("p", content) if isinstance(content, str) and not isinstance(content, Html) else content
    return tag("div", heading, body, class_=f"notice {kind}", role=role)


def _summary(entry: Entry, lines: Html) -> Html | None:
    beside = [tag("li", tag("a", text, href=f"#{name}")) for name, text in entry.beside.items()]
    if lines or beside:
        return _notice(
            tag("ul", lines, beside), "bad", "Not answered yet: something is to be mended", role="alert"
        )
    return _notice(entry.notice, "wait") if entry.notice else None


def _matter(sheet: Sheet) -> Html:
    """What it is about: the same before and after it is answered."""
    shown = tag("div", show(sheet.show), class_="sheet") if sheet.show is not None else None
    facts = [("Requested by", sheet.requested_by)] if sheet.requested_by else []
    asked_by = [tag("p", name, ": ", tag("strong", value), class_="quiet") for name, value in facts]
    return join(
        tag("section", tag("h2", "What it is about"), asked_by, shown) if shown or asked_by else None,
        earlier_rounds(sheet),
        people_asked(sheet),
    )


def _form(sheet: Sheet, entry: Entry) -> tuple[Html, Html]:
    fields, summary = (
        draw_form(entry.form, entry.typed, entry.problems, entry.focus)
        if entry.form is not None
        else (Html(), Html())
    )
    # Enter in a field presses a form's first button: this one only draws the page again.
    stray = tag(
        "button",
        "Look again",
        type="submit",
        name="do",
        value="look",
        class_="unseen",
        tabindex="-1",
        aria_hidden="true",
    )
    name = (
        _line("by", "Your name", "Kept with the answer.", entry.by, entry.beside)
        if not sheet.person
        else None
    )
    comment = tag(
        "div",
        tag("label", "Comment ", tag("span", "optional", class_="optional"), for_="comment"),
        tag("p", "Kept with the answer, for whoever goes on with it.", class_="hint", id="comment-hint"),
        _wrong("comment", entry.beside),
        tag(
            "textarea", entry.comment, id="comment", name="comment", rows="3", aria_describedby="comment-hint"
        ),
        class_="field",
    )
    buttons = tag(
        "div",
        tag("button", "Approve", type="submit", name="do", value="approve", class_="approve"),
        tag("button", "Reject", type="submit", name="do", value="reject", class_="reject"),
        class_="decide",
    )
    after = "An answer is final." + (" To reject, the fields above may stay empty." if entry.form else "")
    last = tag("p", after, class_="after")
    # One form for all, so that whatever is pressed, nothing that was typed is lost. Where it is sent to is left out:
    # to where the page came from, whatever stands between it and us.
    content = (stray, fields, name, comment, buttons, last, _handover(sheet, entry))
    return tag(
        "section", tag("h2", "Your answer", id="answer"), tag("form", content, method="post", novalidate=True)
    ), summary


def _handover(sheet: Sheet, entry: Entry) -> Html | None:
    """Whoever was asked by name may hand it to somebody else."""
    if sheet.me is None:
        return None
    hint = "As they are known here: mostly an e-mail address."
    to = _line("to", "Who is to answer instead of you?", hint, entry.delegate_to, entry.beside)
    button = tag("button", "Hand it over", type="submit", name="do", value="delegate", class_="plain")
    is_open = bool(entry.delegate_to or "to" in entry.beside)
    opened = tag("div", to, button, class_="handed")
    return tag(
        "details", tag("summary", "Hand this to somebody else"), opened, class_="handover", open=is_open
    )


def _line(name: str, title: str, hint: str, value: str, problems: Mapping[str, str]) -> Html:
    wrong = name in problems
    box = tag(
        "input",
        type="text",
        id=name,
        name=name,
        value=value,
        autocomplete="off",
        maxlength="256",
        aria_required="true",
        aria_describedby=f"{name}-hint {name}-problem" if wrong else f"{name}-hint",
        aria_invalid="true" if wrong else None,
    )
    label = tag("label", title, for_=name)
    explained = tag("p", hint, class_="hint", id=f"{name}-hint")
    return tag(
        "div", label, explained, _wrong(name, problems), box, class_="field wrong" if wrong else "field"
    )


def _wrong(name: str, problems: Mapping[str, str]) -> Html | None:
    return tag("p", problems[name], class_="problem", id=f"{name}-problem") if name in problems else None


def _mine(sheet: Sheet) -> Html | None:
    """What whoever looks at it answered themselves."""
    if sheet.mine is None:
        return None
    kind = "ok" if sheet.mine.decision == "approve" else "bad"
    return _notice(join(tag("p", said_line(sheet.mine)), said_words(sheet.mine)), kind, "Your answer")


def _became(sheet: Sheet) -> Content:
    """One sentence on how it stands."""
    last = sheet.answers[-1] if sheet.answers else None
    match sheet.status:
        case "WAITING" if sheet.me is not None and sheet.me.gave_to:
            return join(
                "You handed this to ",
                tag("strong", sheet.me.gave_to),
                ". There is nothing left for you to do.",
            )
        case "WAITING" if sheet.mine is not None:
            missing = sheet.quorum - sheet.approvals
            count = f"{missing} more" if sheet.approvals else str(missing)
            words = "approval is" if missing == 1 else "approvals are"
            return f"Thank you: your answer is kept. {count} {words} needed."
        case "APPROVED" | "REJECTED" as status if last is not None and last.by == sheet.person:
            return f"Thank you: it is {status.lower()}, and the work goes on from there. You can close this page."
        case "APPROVED" | "REJECTED" as status:
            by = join(" by ", tag("strong", last.by)) if last is not None and last.by else None
            return join(
                f"It was {status.lower()}",
                by,
                " on ",
                moment(sheet.ended_at or sheet.now),
                ". There is nothing left to do.",
            )
        case "EXPIRED":
            return join(
                "Nobody decided before ",
                moment(sheet.ended_at or sheet.expires_at or sheet.now),
                ". It can no longer be answered.",
            )
        case "CANCELLED":
            return join(
                "It was called off on ", moment(sheet.ended_at or sheet.now), ". There is nothing left to do."
            )
        case _:
            return "It cannot be answered with this link."
