"""Names that people wrote and we do not know: what they may have meant."""

from collections.abc import Iterable


def near(name: str, known: Iterable[str]) -> str:
    """ "; did you mean 'charge'?", or what there is, or "" when there is nothing."""
    import difflib  # start-up cost: only a name that nobody knows needs it

    every = list(known)
    close = difflib.get_close_matches(name, every, 3, 0.5)
    if close:
        return "; did you mean " + " or ".join(f"'{one}'" for one in close) + "?"
    shown = ", ".join(f"'{one}'" for one in every[:10]) + (", ..." if len(every) > 10 else "")
    return f"; there is {shown}" if every else ""
