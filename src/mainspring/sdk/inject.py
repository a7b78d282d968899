"""Which parameter of a user's function gets what: by annotation, by name, and the one left over."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mainspring.errors import DefinitionError
from mainspring.sdk.annotations import UNRESOLVED, resolve


@dataclass(frozen=True, slots=True)
class Injection:
    """How to call one function. Roles are names like "payload", "io", "ctx"."""

    #: Role of each positional-only parameter, in order; of the others by parameter name.
    positional: tuple[str, ...]
    named: Mapping[str, str]
    #: The resolved annotation of each role's parameter; `UNRESOLVED` or None where there is none.
    annotations: Mapping[str, Any]

    def arguments(self, values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """args and kwargs of the call, from the value of every role."""
        return [values[role] for role in self.positional], {
            name: values[role] for name, role in self.named.items()
        }


def plan(
    fn: Callable[..., Any],
    roles: Mapping[str, type | tuple[type, ...] | None],
    main: str,
    what: str,
    localns: Mapping[str, Any] | None = None,
) -> Injection:
    """How `fn` takes the `roles`, each with the type (or types) that stands for it.

    A parameter takes the role whose type it is annotated with, else the role of its own name; the first that
    is left without a default takes `main`. A second one is a `DefinitionError` that names it.
    """
    positional: list[str] = []
    named: dict[str, str] = {}
    annotations: dict[str, Any] = {}
    left: list[inspect.Parameter] = []
    for parameter in _parameters(fn, what):
        annotation = _annotation(parameter, fn, localns)
        role = _role(parameter, annotation, roles)
        if role is None or role in annotations:
            left.append(parameter)
            continue
        annotations[role] = annotation
        _place(parameter, role, positional, named)
    for parameter in left:
        if parameter.default is not parameter.empty:
            continue
        if main not in annotations:
            annotations[main] = _annotation(parameter, fn, localns)
            _place(parameter, main, positional, named)
        else:
            known = ", ".join(roles)
            raise DefinitionError(
                f"{what} has a parameter '{parameter.name}' that nothing is known for",
                mend=f"It may take {known}, in any order; give any other parameter a default.",
            )
    return Injection(tuple(positional), named, annotations)


def _parameters(fn: Callable[..., Any], what: str) -> list[inspect.Parameter]:
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError):
        raise DefinitionError(f"{what} is not a function whose parameters can be read: {fn!r:.80}") from None
    spread = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [one for one in signature.parameters.values() if one.kind not in spread]


def _annotation(
    parameter: inspect.Parameter, fn: Callable[..., Any], localns: Mapping[str, Any] | None
) -> Any:
    if parameter.annotation is parameter.empty:
        return None
    annotation = resolve(parameter.annotation, fn, localns)
    # What only type checkers can see is still told by its name: "IO", "mainspring.IO".
    return parameter.annotation if annotation is UNRESOLVED else annotation


def _role(
    parameter: inspect.Parameter,
    annotation: Any,
    roles: Mapping[str, type | tuple[type, ...] | None],
) -> str | None:
    for role, kind in roles.items():
        kinds = kind if isinstance(kind, tuple) else (kind,) if kind is not None else ()
        if isinstance(annotation, type) and any(kind in annotation.__mro__ for kind in kinds):
            return role
        names = [one.__name__ for one in kinds]
        if isinstance(annotation, str) and annotation.rpartition(".")[2].strip("\"'") in names:
            return role
    return parameter.name if parameter.name in roles else None


def _place(parameter: inspect.Parameter, role: str, positional: list[str], named: dict[str, str]) -> None:
    if parameter.kind is parameter.POSITIONAL_ONLY:
        positional.append(role)
    else:
        named[parameter.name] = role
