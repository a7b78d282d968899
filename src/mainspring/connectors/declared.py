"""`@action`: a method that a run may call as a durable task, with input and output as it is annotated."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from pydantic import ConfigDict, Field, create_model

from mainspring.duration import Duration, parse_duration
from mainspring.errors import DefinitionError
from mainspring.sdk.annotations import UNRESOLVED, Restore, resolve, restorer_for, return_annotation
from mainspring.sdk.retry import Retry, as_retry
from mainspring.sdk.shape import ModelShape

F = TypeVar("F", bound=Callable[..., Any])

#: Where a method keeps what `@action` said of it.
_MARK = "__mainspring_action__"

_SPREAD = (
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.VAR_KEYWORD,
    inspect.Parameter.POSITIONAL_ONLY,
)


@dataclass(frozen=True, slots=True)
class Options:
    """What `@action(...)` was given."""

    name: str | None = None
    retry: Retry | None = None
    #: Of an attempt, in microseconds.
    timeout: int | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """An action of a class of connectors."""

    title: str
    options: Options
    read_input: Callable[[Mapping[str, Any]], dict[str, Any]]
    read_output: Callable[[Any], Any]
    restore: Restore | None


@overload
def action(fn: F, /) -> F: ...
@overload
def action(
    *, name: str | None = None, retry: Retry | int | None = None, timeout: Duration | None = None
) -> Callable[[F], F]: ...
def action(
    fn: Any = None,
    /,
    *,
    name: str | None = None,
    retry: Retry | int | None = None,
    timeout: Duration | None = None,
) -> Any:
    """Make a method of a `Connector` an action: `async def`, or `def` (in a thread).

    `name` is what people see. `retry`: a Retry or a number of attempts (3), `timeout` for each. What goes in and what
    comes out is checked as the annotations say. Called by itself the method stays what it is.
    """
    options = Options(name, as_retry(retry), None if timeout is None else parse_duration(timeout))

    def mark(fn: F) -> F:
        if not inspect.isfunction(fn):
            raise DefinitionError(f"@action got {fn!r:.80} instead of a method", mend="Decorate a method.")
        setattr(fn, _MARK, options)
        return fn

    return mark if fn is None else mark(fn)


def options_of(value: Any) -> Options | None:
    """What `@action` said of an attribute of a class; None: it is no action."""
    return getattr(value, _MARK, None)


def declare(
    fn: Callable[..., Any], options: Options, name: str, what: str, localns: Mapping[str, Any]
) -> Declared:
    """An action as it is checked and called. `what`: "slack.post_message", for errors. Raises `DefinitionError`."""
    returned = return_annotation(fn, localns)
    if returned is UNRESOLVED:
        raise _unresolved(what, "its output")
    return Declared(
        title=options.name or name.replace("_", " ").capitalize(),
        options=options,
        read_input=_input_of(fn, what, localns),
        read_output=_unchecked if returned is None else ModelShape(returned, f"the output of {what}").take,
        restore=restorer_for(returned, f"the output of {what}"),
    )


def _unchecked(value: Any) -> Any:
    return value


def _input_of(
    fn: Callable[..., Any], what: str, localns: Mapping[str, Any]
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    parameters = list(inspect.signature(fn).parameters.values())[1:]
    fields: dict[str, Any] = {}
    for number, one in enumerate(parameters):
        if one.kind in _SPREAD:
            raise DefinitionError(
                f"the action {what} takes '{one}'",
                mend="Name each input: they are given by name, and checked.",
            )
        annotation = Any if one.annotation is one.empty else resolve(one.annotation, fn, localns)
        if annotation is UNRESOLVED:
            raise _unresolved(what, f"'{one.name}'")
        default = ... if one.default is one.empty else one.default
        # Not under their own names, which may be those of pydantic's methods.
        fields[f"input_{number}"] = (annotation, Field(default, alias=one.name))
    names = [one.name for one in parameters]
    model = create_model("Input", __config__=ConfigDict(extra="forbid"), **fields)
    shape = ModelShape(model, f"the input of {what}")

    def read(given: Mapping[str, Any]) -> dict[str, Any]:
        taken = shape.take(dict(given))
        return {name: getattr(taken, f"input_{number}") for number, name in enumerate(names)}

    return read


def _unresolved(what: str, of: str) -> DefinitionError:
    return DefinitionError(
        f"the annotation of {of} of the action {what} is not defined there",
        mend="Define or import it above the connector, not only for type checking.",
    )
