"""Task keys as people give them: what is refused, and how one becomes a segment of the full key.

Full keys join parents with "/" and mark a repeated key with "#2"; both signs inside a given key are escaped,
so that `fetch https://example.com/a` cannot be mistaken for a nested task.
"""

import re

from mainspring.errors import DefinitionError

MAX_KEY = 256
_UNFIT = re.compile("[\x00-\x1f\ud800-\udfff]")


def check_key(key: str, call: str) -> str:
    """`key`, or `DefinitionError` naming the `call` ("io.run_task") it was given to."""
    if not isinstance(key, str):
        raise DefinitionError(f"{call} got {key!r} as its key", mend="A key is a text that names the task.")
    if not key.strip():
        raise DefinitionError(f"{call} got an empty key", mend="Give a key that names the task.")
    if len(key) > MAX_KEY:
        message = f"{call} got a key of {len(key)} characters, which begins with {key[:40]!r}"
        raise DefinitionError(message, mend=f"Use at most {MAX_KEY}; put what is long into the arguments.")
    if _UNFIT.search(key):
        message = f"{call} got a key with control characters or lone surrogates: {key[:40]!r}"
        raise DefinitionError(message, mend="Keep keys to plain text on one line.")
    return key


def segment(key: str) -> str:
    """The key as one segment of a full key. Two keys that come out alike count as the same key repeated."""
    return key.replace("/", "%2F").replace("#", "%23")
