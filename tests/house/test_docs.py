"""The reference pages list what there is: every error and every setting, and nothing that is not there."""

import re

from house.sources import ROOT
from mainspring import errors
from mainspring.errors import ControlFlow, MainspringError, error_types, mend_of
from mainspring.settings import environment_names, shown_value, table

REFERENCE = ROOT / "docs" / "reference"


def rows(page: str) -> dict[str, list[str]]:
    """The rows of a page's tables by their first cell, without its backquotes."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line.startswith("| `"):
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("| "))]
        assert cells[0].strip("`") not in found, f"{page}: {cells[0]} stands twice"
        found[cells[0].strip("`")] = cells[1:]
    return found


def error_classes() -> list[type[MainspringError] | type[ControlFlow]]:
    return [*error_types().values(), ControlFlow, *ControlFlow.__subclasses__()]


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in error_classes()]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)
    for kind in error_classes():
        assert "code" in vars(kind), f"{kind.__name__} shares the code of its parent"


def test_every_error_states_its_mend() -> None:
    for kind in error_classes():
        assert kind.__doc__, f"{kind.__name__} has no docstring"
        mend = mend_of(kind)
        assert mend.endswith("."), f"{kind.__name__}: {mend!r} is no sentence"
        assert len(mend) <= 120, f"{kind.__name__}: say it in one line"


def test_every_error_is_drawn_in_the_tree() -> None:
    drawn = set(re.findall(r"\b[A-Z][A-Za-z]+\b", errors.__doc__ or ""))
    assert not {kind.__name__ for kind in error_classes()} - drawn


def test_every_error_has_its_line_in_the_docs() -> None:
    documented = rows("errors.md")
    assert set(documented) == {kind.code for kind in error_classes()}
    for kind in error_classes():
        name, status, mend = documented[kind.code]
        assert name == f"`{kind.__name__}`"
        assert mend.replace("\\|", "|") == mend_of(kind), f"errors.md: {kind.code}"
        answered = kind.status if issubclass(kind, MainspringError) and isinstance(kind.status, int) else "–"
        assert status == str(answered), f"errors.md: {kind.code}"


def test_every_setting_has_its_line_in_the_docs() -> None:
    documented = rows("settings.md")
    assert set(documented) == {row.name for row in table()}
    for row in table():
        variables, default, meaning = documented[row.name]
        assert variables == ", ".join(f"`{name}`" for name in environment_names(row)), row.name
        assert default == ("not set" if row.default is None else f"`{shown_value(row, row.default)}`"), (
            row.name
        )
        assert meaning == row.metadata["doc"], row.name
