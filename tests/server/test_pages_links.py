"""The page behind a link: opened by anybody without effect, answered once by whoever it is for, refused to others."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import BaseModel, Field

from documents import Element, check_accessible, read_html, typed_in
from mainspring.clock import HOUR
from server.asked import ask, refusals
from stage import Stage

APPROVALS = "/api/v1/approvals"


class Refund(BaseModel):
    amount: int = Field(ge=1, le=500)
    note: str | None = None
    lines: list[str] = []


SCHEMA = Refund.model_json_schema()


class Browser:
    """Opens pages and sends their forms, as a browser without scripts does."""

    def __init__(self, stage: Stage) -> None:
        self.http = stage.http
        del self.http.headers["authorization"]

    async def open(self, path: str, status: int = 200) -> Element:
        return self._page(await self.http.get(path), status)

    async def press(self, path: str, page: Element, button: str, status: int = 200, **typed: str) -> Element:
        """Types (`form_amount` is the field form/amount) and presses a button that the page has."""
        assert page.all("button", name="do", value=button), button
        fields = typed_in(page.one("form")) | {
            key.replace("form_", "form/"): [text] for key, text in typed.items()
        }
        answer = await self.http.post(path, data={**fields, "do": button})
        if answer.status_code == 303:
            assert not answer.content
            assert answer.headers["referrer-policy"] == "no-referrer"
            return await self.open(str(answer.next_request.url if answer.next_request else ""), status)
        return self._page(answer, status)

    def _page(self, answer: Any, status: int) -> Element:
        assert answer.status_code == status, answer.text[-1500:]
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script" not in policy
        assert "unsafe" not in policy
        for header, value in {
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
            "x-robots-tag": "noindex, nofollow, noarchive",
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
        }.items():
            assert answer.headers[header] == value
        assert "set-cookie" not in answer.headers
        document = read_html(answer.text.removeprefix("<!doctype html>"))
        check_accessible(document)
        return document


async def links(stage: Stage, id: str) -> dict[str, str]:
    """The path of each person's page."""
    shown = await stage.ask("GET", f"{APPROVALS}/{id}/links")
    return {one["person"] or "": urlsplit(one["url"]).path for one in shown["data"]}


async def test_a_form_is_answered_once(stage: Stage) -> None:
    id = await ask(stage, schema=SCHEMA, to=["ann@shop.com"], requested_by="frank@shop.com", timeout=HOUR)
    path = (await links(stage, id))["ann@shop.com"]
    key = stage.http.headers["authorization"]
    browser = Browser(stage)
    page = await browser.open(path)
    assert page.one("h1").text == "Refund A-1?"
    said = page.one("main").text
    assert "ann@shop.com , you are asked to decide until" in said
    assert "frank@shop.com" in said
    assert "40.00 EUR" in said

    wrong = await browser.press(
        path, page, "approve", 422, form_amount="4000", form_note="for <her>", comment="hm"
    )
    assert wrong.one(id="form/amount-problem").text == "Error: Give at most 500."
    kept = typed_in(wrong.one("form"))
    assert (kept["form/amount"], kept["form/note"], kept["comment"]) == (["4000"], ["for <her>"], ["hm"])

    more = await browser.press(path, wrong, "add:form/lines", form_amount="40")
    focused = [one.attributes["name"] for one in more.all("input") if "autofocus" in one.attributes]
    assert focused == ["form/lines/0"]
    look = await browser.press(path, more, "look")
    assert "Nothing is answered yet" in look.one("main").text

    done = await browser.press(path, look, "approve")
    assert "it is approved, and the work goes on" in done.one("main").text
    assert not done.all("form")
    again = await browser.press(path, look, "approve")  # the same click twice
    assert again.one("main").text == done.one("main").text
    second = await browser.press(path, look, "reject", 409)
    assert "Nothing was changed" in second.one("main").text
    assert "Approved by ann@shop.com" in second.one("main").text

    stage.http.headers["authorization"] = key
    assert (await refusals(stage, id))[0] == "amount: Give at most 500."
    shown = await stage.ask("GET", f"{APPROVALS}/{id}")
    (answer,) = shown["answers"]
    assert shown["status"] == "APPROVED"
    assert answer["form"] == {"amount": 40, "note": "for <her>", "lines": []}
    assert (answer["by"], answer["via"], answer["from"], answer["comment"]) == (
        "ann@shop.com",
        "link",
        "127.0.0.1",
        "hm",
    )


async def test_whoever_only_looks_answers_nothing(stage: Stage) -> None:
    id = await ask(stage, to=["ann@shop.com"])
    path = (await links(stage, id))["ann@shop.com"]
    before = await stage.ask("GET", f"{APPROVALS}/{id}")
    # Chats and mail programs look into links; scanners try every button that is a link; browsers fetch ahead.
    for headers in (
        {"Sec-Purpose": "prefetch"},
        {"Purpose": "prefetch"},
        {"User-Agent": "Slackbot-LinkExpanding"},
        {},
    ):
        for query in ("", "?do=approve", "?do=reject&comment=x"):
            assert (await stage.request("GET", path + query, headers=headers)).status_code == 200
            head = await stage.request("HEAD", path + query, headers=headers)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["cache-control"] == "no-store"
    for method in ("PUT", "DELETE", "PATCH"):
        assert (await stage.request(method, path)).status_code == 405
    assert await stage.ask("GET", f"{APPROVALS}/{id}") == before


async def test_a_rejection_needs_no_form(stage: Stage) -> None:
    id = await ask(stage, schema=SCHEMA, to=["ann@shop.com", "bob@shop.com"], quorum=2)
    paths = await links(stage, id)
    browser = Browser(stage)
    page = await browser.open(paths["bob@shop.com"])
    done = await browser.press(
        paths["bob@shop.com"], page, "reject", form_amount="x", comment="The photo\nis missing."
    )
    assert "it is rejected" in done.one("main").text
    assert done.one("blockquote").text == "The photo is missing."
    other = await browser.open(paths["ann@shop.com"])
    assert "It was rejected by bob@shop.com on" in other.one("main").text
    assert "Did not answer" in other.one("main").text


async def test_of_two_who_must_approve_each_sees_the_other(stage: Stage) -> None:
    id = await ask(stage, to=["ann@shop.com", "bob@shop.com"], quorum=2)
    paths = await links(stage, id)
    browser = Browser(stage)
    page = await browser.open(paths["ann@shop.com"])
    assert "2 of them must approve; none did so far." in page.one("main").text
    done = await browser.press(paths["ann@shop.com"], page, "approve", comment="Fine.")
    assert "your answer is kept. 1 more approval is needed." in done.one("main").text
    other = await browser.open(paths["bob@shop.com"])
    assert "2 of them must approve; 1 did so far." in other.one("main").text
    assert "Fine." in other.one("main").text


async def test_it_is_handed_on(stage: Stage) -> None:
    id = await ask(stage, to=["ann@shop.com"], requested_by="frank@shop.com")
    path = (await links(stage, id))["ann@shop.com"]
    key = stage.http.headers["authorization"]
    browser = Browser(stage)
    page = await browser.open(path)
    blank = await browser.press(path, page, "delegate", 422, comment="kept")
    assert "Say who" in blank.one(id="to-problem").text
    assert typed_in(blank.one("form"))["comment"] == ["kept"]
    refused = await browser.press(path, page, "delegate", 403, to="frank@shop.com")
    assert refused.all(id="to-problem")
    handed = await browser.press(path, page, "delegate", to="carol@shop.com")
    assert "You handed this to carol@shop.com" in handed.one("main").text
    await browser.press(path, page, "approve", 403)
    stage.http.headers["authorization"] = key
    (carols,) = [path for person, path in (await links(stage, id)).items() if person == "carol@shop.com"]
    page = await browser.open(carols)
    assert "in place of ann@shop.com" in page.one("main").text or page.one("h1")
    await browser.press(carols, page, "approve")


async def test_anybody_says_who_they_are(stage: Stage) -> None:
    id = await ask(stage)
    (path,) = (await links(stage, id)).values()
    browser = Browser(stage)
    page = await browser.open(path)
    assert not page.all("details")
    wrong = await browser.press(path, page, "approve", 422)
    assert "Say who you are" in wrong.one(id="by-problem").text
    await browser.press(path, wrong, "approve", by="ann@shop.com")


async def test_a_link_of_nobody_opens_nothing(stage: Stage) -> None:
    id = await ask(stage, to=["ann@shop.com", "bob@shop.com"])
    other = await ask(stage, to=["ann@shop.com"])
    mine, bobs = (await links(stage, id)).values()
    _, _, _, person, signature = mine.split("/")
    forged = [
        f"/approvals/{id}/{bobs.split('/')[3]}/{signature}",  # another person's
        f"/approvals/{other}/{person}/{signature}",  # another approval's
        f"/approvals/{id}/{person}/{signature[:-1]}",
        f"/approvals/{id}/{person}/{signature[:-2]}AA",
        f"/approvals/{id}/{person}/ü",
        f"/approvals/{id}/%00%ff/{signature}",
        f"/approvals/{id}/****/{signature}",
    ]
    before = await stage.ask("GET", APPROVALS)
    pages = set()
    for path in [*forged, f"/approvals/apr_nope/{person}/{signature}"]:
        for method in ("GET", "POST"):
            answer = await stage.request(
                method,
                path,
                headers={"content-type": "application/x-www-form-urlencoded"},
                content="do=approve",
            )
            if "%00" in path:
                assert answer.status_code in (400, 403)
                continue
            assert answer.status_code == 403, path
            assert "ask whoever sent it for a new one" in answer.text
            assert "Refund" not in answer.text
            pages.add(answer.text)
    assert len(pages) == 1, "nothing is to be found out by trying"
    assert await stage.ask("GET", APPROVALS) == before
    assert "the link was made up" in (await refusals(stage, id))[0]
    assert await refusals(stage, other)


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"content-type": "application/json"}, b'{"do": "approve"}', 400),
        ({"content-type": "multipart/form-data; boundary=x"}, b"--x--", 400),
        ({}, b"do=approve", 400),
        pytest.param(
            {"content-type": "application/x-www-form-urlencoded"}, b"a=" + b"x" * 11_000_000, 413, id="large"
        ),
        ({"content-type": "application/x-www-form-urlencoded"}, b"a&" * 20_000, 400),
    ],
)
async def test_what_no_form_sends_is_refused(
    stage: Stage, headers: dict[str, str], content: bytes, status: int
) -> None:
    id = await ask(stage, to=["ann@shop.com"])
    path = (await links(stage, id))["ann@shop.com"]
    answer = await stage.http.post(path, headers=headers, content=content)
    assert answer.status_code == status, answer.text[-1500:]
    assert "Nothing was answered" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert (await stage.ask("GET", f"{APPROVALS}/{id}"))["status"] == "WAITING"


async def test_what_is_too_long_is_said_and_kept(stage: Stage) -> None:
    id = await ask(stage, to=["ann@shop.com"])
    path = (await links(stage, id))["ann@shop.com"]
    browser = Browser(stage)
    page = await browser.open(path)
    wrong = await browser.press(path, page, "approve", 422, comment="x" * 10_001)
    assert "Write at most 10,000 characters" in wrong.one(id="comment-problem").text
    assert len(typed_in(wrong.one("form"))["comment"][0]) == 10_001


async def test_what_is_encrypted_is_said_to_be(stage: Stage) -> None:
    id = await ask(stage, to=["ann@shop.com"], show={"$encrypted": "mainspring:c4n4ry"})
    path = (await links(stage, id))["ann@shop.com"]
    page = await Browser(stage).open(path)
    assert "Encrypted: only those who have the key can read it." in page.one("main").text
