"""What the dashboard is built against is the API as it is, and it stays small."""

import gzip
import re

import pytest

from dashboard.contract import PLACE, contract
from mainspring.dashboard.pages import BUILT, PAGES

#: Bytes, gzipped: everything that the first page waits for.
FIRST_ROUTE = 130_000


def test_the_dashboards_client_is_made_from_the_api_as_it_is() -> None:
    assert PLACE.read_text() == contract(), "write it anew: PYTHONPATH=tests python -m dashboard.contract"


def test_the_server_knows_every_page_of_the_dashboard() -> None:
    places = (PLACE.parent / "src" / "places.tsx").read_text()
    assert {path.split("/")[1] for path in re.findall(r'path: "([^"]+)"', places)} == set(PAGES)


@pytest.mark.skipif(not (BUILT / "index.html").exists(), reason="the dashboard was not built here")
def test_the_first_page_is_small() -> None:
    document = (BUILT / "index.html").read_text()
    named = set(re.findall(r'(?:src|href)="\./(assets/[^"]+)"', document))
    lazy = {path.name for path in BUILT.glob("assets/*.js")} - {name.split("/")[1] for name in named}
    assert named
    assert lazy
    assert sum(len(gzip.compress((BUILT / name).read_bytes())) for name in named) <= FIRST_ROUTE
