"""Full keys, and what a fingerprint sees."""

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from mainspring.worker.keys import Place, fingerprint, parents_of


def test_a_repeated_key_counts_up() -> None:
    place = Place()
    assert [place.next_key(key) for key in ("a", "b", "a", "a")] == ["a", "b", "a#2", "a#3"]


def test_a_nested_key_stands_under_its_parent() -> None:
    place = Place("import#2")
    assert [place.next_key(key) for key in ("fetch", "fetch")] == ["import#2/fetch", "import#2/fetch#2"]
    assert parents_of("import#2/fetch#2/page") == ["import#2", "import#2/fetch#2"]
    assert parents_of("fetch") == []


def test_signs_with_a_meaning_are_escaped() -> None:
    place = Place()
    assert place.next_key("a/b") == "a%2Fb"
    assert place.next_key("a#2") == "a%232"


class Order(BaseModel):
    id: str
    tags: set[str]


@dataclass
class Line:
    sku: str
    price: Decimal


COMPARED: list[Any] = [
    {"a": [1, 2.5, None, True]},
    Order(id="o", tags={"x", "y", "z"}),
    [Line("s", Decimal("1.10")), datetime(2026, 1, 1, tzinfo=UTC), UUID(int=7), b"raw"],
    {"a", "b", "c", "d"},
]


@pytest.mark.parametrize("given", COMPARED)
def test_the_same_input_has_the_same_fingerprint(given: Any) -> None:
    assert fingerprint("task", given)
    assert fingerprint("task", given) == fingerprint("task", given)
    assert fingerprint("task", given) != fingerprint("wait", given)
    assert fingerprint("task", given) != fingerprint("task", [given])


def test_a_sets_order_is_the_same_in_every_process() -> None:
    code = "from mainspring.worker.keys import fingerprint as f; print(f('task', set('abcdefgh')))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1


class Unruly(BaseModel):
    def model_dump(self, **options: Any) -> dict[str, Any]:
        raise RuntimeError("not today")


@pytest.mark.parametrize("given", [object(), lambda: None, {"a": object()}, "x" * 2_000_000, Unruly()])
def test_what_cannot_be_compared_has_none(given: Any) -> None:
    assert fingerprint("task", given) == ""
