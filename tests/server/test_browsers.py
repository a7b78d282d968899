"""A development server lets in the browsers of its own machine, and no page but its own may use that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from mainspring import Client
from mainspring.clock import SECOND
from mainspring.server.browsers import COOKIE, LASTS
from stage import URL, Stage

OURS = {"sec-fetch-site": "same-origin"}


@asynccontextmanager
async def browser(stage: Stage, host: str = "127.0.0.1") -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(stage.platform.app, client=(host, 4711))
    async with httpx2.AsyncClient(transport=transport, base_url=URL) as http:
        yield http


async def test_who_opened_a_page_needs_no_key(stage: Stage) -> None:
    async with browser(stage) as http:
        assert (await http.get("/api/v1/session", headers=OURS)).status_code == 401
        given = (await http.get("/runs")).headers["set-cookie"].lower()
        assert "httponly" in given
        assert "samesite=strict" in given
        session = (await http.get("/api/v1/session", headers=OURS)).json()
        assert session["environment"] == "dev"
        assert session["is_dev"]
        event = {"name": "order.created", "payload": {}}
        assert (await http.post("/api/v1/events", json=event, headers=OURS)).status_code == 200
        assert (await http.post("/api/v1/events", json=event, headers={"origin": URL})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example"},
        {},
    ],
    ids=["cross", "same-site", "origin", "silent"],
)
async def test_another_sites_page_changes_nothing_with_the_cookie(
    stage: Stage, headers: dict[str, str]
) -> None:
    async with browser(stage) as http:
        await http.get("/runs")
        answer = await http.post("/api/v1/events", json={"name": "a", "payload": {}}, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["code"] == "forbidden"
        assert (await http.get("/api/v1/events", headers=OURS)).json()["data"] == []


async def test_a_forged_or_old_cookie_opens_nothing(stage: Stage) -> None:
    async with browser(stage) as http:
        await http.get("/runs")
        cookie = http.cookies[COOKIE]
        for forged in (cookie[:-1], "9" + cookie, cookie.replace(".", ""), "é"):
            headers = [*OURS.items(), ("cookie", f"{COOKIE}={forged}".encode())]
            assert (await http.get("/api/v1/session", headers=headers)).status_code == 401
        stage.clock.advance(LASTS * SECOND)
        assert (await http.get("/api/v1/session", headers=OURS)).status_code == 401


async def test_another_machines_browser_gets_no_cookie_and_cannot_use_one(stage: Stage) -> None:
    async with browser(stage) as http, browser(stage, "10.1.2.3") as far:
        assert "set-cookie" not in (await far.get("/runs")).headers
        await http.get("/runs")
        far.cookies[COOKIE] = http.cookies[COOKIE]
        assert (await far.get("/api/v1/session", headers=OURS)).status_code == 401


@pytest.mark.parametrize("name", ["forwarded", "x-forwarded-for", "via"])
async def test_who_comes_through_a_proxy_is_not_here(stage: Stage, name: str) -> None:
    async with browser(stage) as http:
        assert "set-cookie" not in (await http.get("/runs", headers={name: "1.1 somewhere"})).headers
        await http.get("/runs")
        assert (await http.get("/api/v1/session", headers={**OURS, name: "1.1 somewhere"})).status_code == 401


async def test_a_platform_inside_an_app_of_users_lets_no_browser_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    client = Client("shop")
    async with client.embedded(f"sqlite:///{tmp_path}/shop.db"):
        transport = httpx2.ASGITransport(client.asgi(), client=("127.0.0.1", 4711))
        async with httpx2.AsyncClient(transport=transport, base_url=URL) as http:
            assert "set-cookie" not in (await http.get("/runs")).headers
            assert (await http.get("/api/v1/session", headers=OURS)).status_code == 401


async def test_a_key_in_the_header_counts_before_the_cookie(stage: Stage) -> None:
    async with browser(stage) as http:
        await http.get("/runs")
        headers = {**OURS, "authorization": "Bearer tr_dev_other"}
        assert (await http.get("/api/v1/session", headers=headers)).status_code == 401
