"""How encrypted values look: `{"$encrypted": "mainspring:..."}` in the place of the value. Only who has the key reads
them; for everyone else they are JSON like any other."""

from typing import Any

FIELD = "$encrypted"
MARK = "mainspring:"
#: How the JSON text of an encrypted value begins, wherever it stands; inside a JSON text its quotes would be escaped.
SEALED_TEXT = f'{{"{FIELD}":"{MARK}'


def is_sealed(value: Any) -> bool:
    """Whether a decoded value is an encrypted one."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    token = value.get(FIELD)
    return isinstance(token, str) and token.startswith(MARK)
