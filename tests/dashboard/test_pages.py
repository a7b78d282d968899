"""The dashboard's pages are served below any path, with a policy that lets in no script but ours."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Router

from mainspring.dashboard.pages import PAGES, routes

DOCUMENT = '<!doctype html>\n<html>\n  <head>\n    <script type="module" src="./assets/a-1.js"></script></head></html>'


def let_in(request: Request, response: Response) -> None:
    response.set_cookie("who", "somebody")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(DOCUMENT)
    (folder / "assets" / "a-1.js").write_text("1")
    (tmp_path / "secret.txt").write_text("hush")
    return folder


@pytest.fixture
async def http(built: Path) -> AsyncIterator[httpx2.AsyncClient]:
    pages = routes(let_in, built)
    app = Starlette(routes=[Mount("/below/it", app=Router(pages)), *pages])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://here") as http:
        yield http


@pytest.mark.parametrize("path", ["/", *(f"/{page}" for page in PAGES), "/runs/run_1", "/jobs/a"])
async def test_every_page_is_the_one_document(http: httpx2.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 200
    assert '<base href="/" />' in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.cookies["who"] == "somebody"


async def test_the_policy_names_our_own_scripts_alone(http: httpx2.AsyncClient) -> None:
    policy = (await http.get("/runs")).headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy


async def test_below_a_path_the_document_says_so(http: httpx2.AsyncClient) -> None:
    assert '<base href="/below/it/" />' in (await http.get("/below/it/runs")).text


async def test_what_has_a_digest_in_its_name_is_kept_for_good(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/assets/a-1.js")
    assert answer.text == "1"
    assert "immutable" in answer.headers["cache-control"]


async def test_scripts_are_sent_small_to_who_can_take_them(http: httpx2.AsyncClient) -> None:
    small = await http.get("/assets/a-1.js", headers={"Accept-Encoding": "gzip, br"})
    assert (small.headers["content-encoding"], small.text) == ("gzip", "1")
    plain = await http.get("/assets/a-1.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == "1"
    for answer in (small, plain):
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/assets/b.js", "/assets/..%2f..%2fsecret.txt", "/assets/%2e%2e", "/elsewhere"]
)
async def test_there_is_nothing_else(http: httpx2.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 404


async def test_without_a_build_the_page_says_how_to_get_one(tmp_path: Path) -> None:
    app = Starlette(routes=routes(let_in, tmp_path))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://here") as http:
        answer = await http.get("/runs")
    assert answer.status_code == 200
    assert "npm run build" in answer.text
