"""Names that people wrote and we do not know: what they may have meant."""

import difflib
from collections.abc import Iterable


def near(name: str, known: Iterable[str]) -> str:
    """ "; did you mean 'charge'?", or what there is, or "" when there is nothing."""
    every = list(known)
    close = difflib.get_close_matches(name, every, 3, 0.5)
    if close:
        return "; did you mean " + " or ".join(f"'{one}'" for one in close) + "?"
    shown = ", ".join(f"'{one}'" for one in every[:10]) + (", ..." if len(every) > 10 else "")
    return f"; there is {shown}" if every else ""


def names_of(key: str) -> set[str]:
    """What a task of this key may be called in a test: with or without its parents, and the number of a repetition."""
    last = key.rpartition("/")[2]
    return {key, last, key.partition("#")[0] if "/" not in key else key, last.partition("#")[0]}
