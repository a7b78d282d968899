"""`isolation="process"`: which functions can be called in a process of their own, and how they are found there."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from mainspring.errors import DefinitionError
from mainspring.sdk.bridge import is_async

Isolation = Literal["thread", "process"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where another process finds a function: a name in a module, and the module's file."""

    module: str
    name: str
    file: str | None


def check_isolation(isolation: str | None, memory_limit: int | None, what: str) -> Any:
    """`isolation` as it was given; `DefinitionError` when it is none, or the limit makes no sense."""
    if isolation is not None and isolation not in get_args(Isolation):
        raise DefinitionError(
            f"{what} has isolation={isolation!r:.80}", mend='Give "thread", "process" or nothing.'
        )
    if memory_limit is not None and (
        isolation != "process" or isinstance(memory_limit, bool) or not isinstance(memory_limit, int)
    ):
        raise DefinitionError(
            f"{what} has memory_limit={memory_limit!r:.80} and isolation={isolation!r}",
            mend='The limit is a number of bytes, and needs isolation="process".',
        )
    return isolation


def check_sendable(fn: Callable[..., Any], isolation: str | None, what: str) -> None:
    """`DefinitionError` when `fn` cannot be called under this isolation."""
    if isolation == "thread" and is_async(fn):
        raise DefinitionError(
            f'{what} has isolation="thread" and an async function',
            mend="A thread is for plain `def`; async functions run on the event loop.",
        )
    if isolation == "process":
        address_of(fn, what)


def address_of(fn: Callable[..., Any], what: str) -> Address:
    """Where `fn` is found. `DefinitionError` for a lambda, a local function, a method or a partial."""
    module, name = getattr(fn, "__module__", None), getattr(fn, "__qualname__", None)
    found: Any = sys.modules.get(module or "")
    for part in (name or "").split("."):
        found = getattr(found, part, None)
    if found is None or (found is not fn and getattr(found, "fn", None) is not fn):
        shown = name or type(fn).__name__
        raise DefinitionError(
            f'{what} has isolation="process", and {shown!r:.120} cannot be found by another process',
            mend="Define the function at the top level of a module: no lambda, local function or partial.",
        )
    file = getattr(sys.modules[str(module)], "__file__", None)
    return Address(str(module), str(name), None if file is None else os.path.abspath(file))
