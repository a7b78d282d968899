"""Secrets of a configuration stay out of errors: those are kept with the run, shown and logged."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

_HIDDEN = "**********"


def secrets_of(value: Any) -> frozenset[str]:
    """All that is secret in a value, in clear."""
    return frozenset(one for one in _found(value) if one)


def _found(value: Any) -> Iterable[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield value.get_secret_value().decode(errors="replace")
    elif isinstance(value, BaseModel):
        for one in dict(value).values():
            yield from _found(one)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _found(one)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _found(one)


def hidden(text: str, secrets: Iterable[str]) -> str:
    """The text with stars for each secret."""
    for secret in sorted(secrets, key=len, reverse=True):  # one may contain another
        text = text.replace(secret, _HIDDEN)
    return text


def hide_in(error: BaseException, secrets: frozenset[str]) -> BaseException:
    """The error, and what led to it, without the secrets; another one where it says them in a way of its own."""
    if not secrets:
        return error
    chain = _chain(error)
    for one in chain:
        one.args = tuple(hidden(arg, secrets) if isinstance(arg, str) else arg for arg in one.args)
        # Not by setattr, which may ask a property of the error's own.
        own = getattr(one, "__dict__", {})
        own.update({name: hidden(value, secrets) for name, value in own.items() if isinstance(value, str)})
        if getattr(one, "__notes__", None):
            one.__notes__ = [hidden(note, secrets) for note in one.__notes__]
    if not any(secret in str(one) for one in chain for secret in secrets):
        return error
    return RuntimeError(f"{type(error).__name__}: {hidden(str(error), secrets)}")


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    left: list[BaseException | None] = [error]
    while left:
        one = left.pop()
        if one is None or any(one is known for known in found):
            continue
        found.append(one)
        left += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            left += one.exceptions
    return found
