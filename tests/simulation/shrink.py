"""From a plan that breaks a law to a small one that still does: entries are left out while it keeps breaking."""

from collections.abc import Callable


def shrunk(indexes: list[int], breaks: Callable[[list[int]], bool], tries: int = 300) -> list[int]:
    """The smallest list that was found; `breaks` says of one whether the law is still broken."""
    kept, size = list(indexes), max(1, len(indexes) // 2)
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
