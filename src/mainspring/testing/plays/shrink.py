"""From a plan that breaks something to a small one that still does: entries are left out while it keeps breaking."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def shrunk(entries: list[T], breaks: Callable[[list[T]], bool], tries: int = 300) -> list[T]:
    """The smallest list that was found; `breaks` says of one whether it still does."""
    kept, size = list(entries), max(1, len(entries) // 2)
    while tries > 0:
        start, is_smaller = 0, False
        while start < len(kept) and tries > 0:
            candidate = kept[:start] + kept[start + size :]
            tries -= 1
            if breaks(candidate):
                kept, is_smaller = candidate, True
            else:
                start += size
        if size == 1 and not is_smaller:
            break
        size = max(1, size // 2)
    return kept
