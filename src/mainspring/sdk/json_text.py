"""JSON text for the SDK: the codec's two verbs, with the codec imported when one is first used.

Its parser is a quarter of what `import mainspring` would cost, and a script that only defines names needs none.
"""

from typing import Any


def encode(value: Any, *, what: str) -> str:
    """As `codec.encode`: the value as JSON text, or an error that names `what` and the path."""
    from mainspring import codec  # start-up cost, see above

    return codec.encode(value, what=what)


def decode(text: str) -> Any:
    """As `codec.decode`."""
    from mainspring import codec  # start-up cost, see above

    return codec.decode(text)
