"""Every page of the documentation, followed from top to bottom: what it shows is what happens."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import postgres
from doc_pages import ROOT, Reader, blocks_of, pages


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_what_the_page_shows_is_what_happens(page: Path, tmp_path: Path) -> None:
    with _database_of(page) as env:
        reader = Reader(tmp_path, env=env)
        try:
            for block in blocks_of(page):
                reader.follow(block)
        finally:
            reader.close()


@contextmanager
def _database_of(page: Path) -> Iterator[dict[str, str]]:
    """An empty one for the page on PostgreSQL; the others need none."""
    if page.name != "postgresql.md":
        yield {}
        return
    with postgres.server().database(is_migrated=False) as url:
        yield {"DATABASE_URL": url}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"
