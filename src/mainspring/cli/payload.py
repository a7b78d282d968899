"""Payloads as people give them on the command line: JSON text, `@file`, or `-` for stdin."""

import sys
from pathlib import Path
from typing import Any

from mainspring.cli import exits


def read_payload(given: str | None) -> Any:
    """The decoded payload, `{}` when none is given. MalformedJson says line and column."""
    from mainspring import codec  # start-up cost: it brings pydantic along

    return codec.decode(_text(given))


def _text(given: str | None) -> str:
    if given is None:
        return "{}"
    if given == "-":
        return sys.stdin.read()
    if given.startswith("@"):
        return _file(Path(given[1:]))
    return given


def _file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        exits.usage(
            f"cannot read the payload from {path}: {error.strerror}", "Give @FILE, JSON text, or - for stdin."
        )
    except UnicodeDecodeError:
        exits.usage(f"{path} is not UTF-8 text", "Save it as UTF-8.")
