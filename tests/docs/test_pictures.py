"""The pictures of the README and the docs: small, of a kind that is shown everywhere, each shown somewhere."""

import re
from pathlib import Path

import pytest

from doc_pages import ROOT

PICTURES = ROOT / "docs" / "pictures"
MOST_BYTES = 200_000
SHOWN = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")


def shown() -> dict[Path, str]:
    """The pictures that pages show, by where they lie, with what is said of them."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return {
        (page.parent / target).resolve(): words
        for page in pages
        for words, target in SHOWN.findall(page.read_text(encoding="utf-8"))
    }


def test_every_picture_that_is_shown_is_there_and_says_what_it_shows() -> None:
    assert len(shown()) >= 3
    for path, words in shown().items():
        assert path.is_file(), path
        assert len(words.split()) >= 4, f"{path.name}: {words!r} tells nobody who cannot see it"


@pytest.mark.parametrize("path", sorted(PICTURES.glob("*")), ids=lambda path: path.name)
def test_a_picture_is_small_and_shown(path: Path) -> None:
    assert path in shown(), "no page shows it: `make screens PICTURES=1` makes those that are"
    content = path.read_bytes()
    assert content[:4] == b"RIFF"
    assert content[8:12] == b"WEBP"
    assert len(content) < MOST_BYTES
