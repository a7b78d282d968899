"""Who is asked, what they answered, and what was said in earlier rounds of the same matter."""

from mainspring.server.pages.html import Html, join, tag
from mainspring.server.pages.layout import moment
from mainspring.server.pages.shown import show
from mainspring.server.pages.views import Asked, Round, Said, Sheet

_DID = {"approve": "Approved", "reject": "Rejected"}
_ENDED = {"EXPIRED": "Nobody answered in time", "CANCELLED": "Called off", "WAITING": "Not decided"}


def said_line(said: Said) -> Html:
    """One answer in a line: "Approved by ann@shop.com, 22 Nov 2026, 10:00 UTC"."""
    by = join(" by ", tag("strong", said.by)) if said.by else None
    return join(_DID[said.decision], by, ", ", moment(said.at))


def said_words(said: Said) -> Html:
    """What was said with an answer."""
    comment = tag("blockquote", said.comment, dir="auto") if said.comment else None
    form = tag("div", show(said.form), class_="sheet") if said.form is not None else None
    return join(comment, tag("details", tag("summary", "What was filled in"), form) if form else None)


def people_asked(sheet: Sheet) -> Html | None:
    """Everybody who is asked, with what they answered; of those who were not asked by name, who did."""
    by_name = {said.by: said for said in sheet.answers}
    lines = [_person(one, by_name.pop(one.person, None), sheet) for one in sheet.people]
    lines += [_answer(said) for said in by_name.values() if said is not sheet.mine]
    if not lines or (len(lines) == 1 and sheet.me is not None):
        return None
    rule = tag("p", _rule(sheet), class_="quiet")
    return tag(
        "section",
        tag("h2", "Who is asked" if sheet.people else "Answers"),
        rule,
        tag("ul", lines, class_="people"),
    )


def _rule(sheet: Sheet) -> str:
    """How many must approve."""
    if sheet.quorum > 1:
        return f"{sheet.quorum} of them must approve; {sheet.approvals or 'none'} did so far."
    return "One of them has to approve." if len(sheet.people) > 1 else "One has to approve."


def _person(asked: Asked, said: Said | None, sheet: Sheet) -> Html:
    is_me = asked.person == sheet.person
    name = tag("span", asked.person, " (you)" if is_me else None, dir="auto")
    words = said_words(said) if said is not None and not is_me else None
    return tag("li", name, _state(asked, said, sheet), tag("div", words, class_="words") if words else None)


def _state(asked: Asked, said: Said | None, sheet: Sheet) -> Html:
    """How it stands with one who is asked."""
    if said is not None:
        did = tag("span", _DID[said.decision], class_="ok" if said.decision == "approve" else "bad")
        return tag("span", did, ", ", moment(said.at), class_="state")
    if asked.gave_to:
        return tag("span", f"Handed to {asked.gave_to}", class_="state")
    state = "Has not answered" if sheet.status == "WAITING" else "Did not answer"
    if asked.has_from:
        state = f"{state}, in place of {asked.has_from}"
    elif asked.is_escalation:
        state = f"{state}, asked later"
    return tag("span", state, class_="state")


def _answer(said: Said) -> Html:
    return tag("li", tag("span", said_line(said)), said_words(said))


def earlier_rounds(sheet: Sheet) -> Html | None:
    """What was decided before on the same matter, with the reasons that were given."""
    if not sheet.earlier:
        return None
    rounds = [_round(one) for one in sheet.earlier]
    return tag("section", tag("h2", "Earlier rounds"), tag("ol", rounds, class_="rounds"))


def _round(one: Round) -> Html:
    lines = [join(tag("div", said_line(said)), said_words(said)) for said in one.answers]
    shown = (
        tag("details", tag("summary", "What was shown then"), tag("div", show(one.show), class_="sheet"))
        if one.show is not None
        else None
    )
    ended = lines or [tag("div", _ENDED.get(one.outcome, ""))]
    return tag(
        "li",
        tag("h3", f"Round {one.revision}"),
        ended,
        shown,
        class_="ok" if one.outcome == "APPROVED" else None,
    )
