"""Annotations of user functions: resolved one by one, and what a kept output is turned back into."""

import functools
import inspect
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from weakref import WeakKeyDictionary

from mainspring.errors import InvalidSchema
from mainspring.sdk.json_text import encode
from mainspring.sdk.shape import ModelShape

#: An annotation that names something which is not there (imported for type checking only, say).
UNRESOLVED = object()

#: What JSON gives back as it was: nothing to restore.
_PLAIN = (str, int, float, bool, type(None), Any, object, dict, list)

#: Partials and decorators around one another; more of them is a ring.
_MOST_LAYERS = 100

Restore = Callable[[Any], Any]

_restorers: WeakKeyDictionary[Any, Restore | None] = WeakKeyDictionary()


def restorer_of(fn: Callable[..., Any]) -> Restore | None:
    """What turns the kept JSON back into `fn`'s return type: models, dataclasses, datetimes, sets, ...

    None where the function says nothing, or JSON data is what it returns. The restorer raises
    `PayloadInvalid` for a value that does not fit.
    """
    origin = underlying(fn)
    try:
        return _restorers[origin]
    except KeyError:
        restorer = _restorers[origin] = _restorer(origin)
        return restorer
    except TypeError:  # callables that cannot be weakly referenced or hashed
        return _restorer(origin)


def _restorer(fn: Callable[..., Any]) -> Restore | None:
    annotation = return_annotation(fn)
    if annotation is UNRESOLVED:
        return None
    return restorer_for(annotation, f"the output of {getattr(fn, '__qualname__', 'the function')}()")


def restorer_for(annotation: Any, what: str) -> Restore | None:
    """As `restorer_of`, for an annotation."""
    if is_plain(annotation):
        return None
    try:
        shape = ModelShape(annotation, what)
    except InvalidSchema:
        return None  # a type that pydantic cannot make: plain JSON data comes back

    def restore(value: Any) -> Any:
        # From JSON text, because strict models take dates and the like only there.
        return shape.read(encode(value, what=what))

    return restore


def is_plain(annotation: Any) -> bool:
    """Whether JSON gives back a value of this type as it was."""
    if annotation is None or annotation in _PLAIN:
        return True
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return all(is_plain(arg) for arg in args)
    if origin is Literal:
        return True
    if origin is list:
        return all(is_plain(arg) for arg in args)
    if origin in (dict, Mapping):
        return args[0] in (str, Any) and is_plain(args[1])
    if _is_typed_dict(annotation):
        try:
            return all(is_plain(field) for field in get_type_hints(annotation).values())
        except NameError:
            return True
    return False


def _is_typed_dict(annotation: Any) -> bool:
    """Of `typing` or of typing_extensions, which pydantic asks for before Python 3.12."""
    return isinstance(annotation, type) and issubclass(annotation, dict) and hasattr(annotation, "__total__")


def underlying(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function beneath partials, bound methods, decorators and callable objects; a class stays itself."""
    if type(fn) is types.FunctionType and not hasattr(fn, "__wrapped__"):
        return fn  # as nearly all are; every call of a task asks
    for _ in range(_MOST_LAYERS):
        if isinstance(fn, functools.partial):
            fn = fn.func
        elif inspect.ismethod(fn):
            fn = fn.__func__
        elif hasattr(fn, "__wrapped__"):
            fn = fn.__wrapped__
        elif inspect.isroutine(fn) or inspect.isclass(fn):
            return fn
        else:
            called = getattr(type(fn), "__call__")  # noqa: B004, B009 -- the method itself is wanted
            if not inspect.isfunction(called):
                return fn
            fn = called
    return fn


def return_annotation(fn: Callable[..., Any], localns: Mapping[str, Any] | None = None) -> Any:
    """What `fn` says it returns; None when it says nothing, `UNRESOLVED` when that cannot be looked up."""
    fn = underlying(fn)
    if inspect.isclass(fn):
        return fn
    annotation = getattr(fn, "__annotations__", {}).get("return")
    return resolve(annotation, fn, localns)


def resolve(annotation: Any, fn: Callable[..., Any], localns: Mapping[str, Any] | None = None) -> Any:
    """One annotation of `fn`, looked up in its module, its closure and `localns`; `UNRESOLVED` if not there."""
    if annotation is None or isinstance(annotation, type):
        return annotation
    fn = underlying(fn)
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    names = {**(localns or {}), **_closure(fn)}
    try:
        return get_type_hints(holder, getattr(fn, "__globals__", {}), names, include_extras=True)["it"]
    except (NameError, AttributeError, SyntaxError, TypeError):
        return UNRESOLVED


def _closure(fn: Callable[..., Any]) -> dict[str, Any]:
    code, cells = getattr(fn, "__code__", None), getattr(fn, "__closure__", None)
    if code is None or not cells:
        return {}
    found = {}
    for name, cell in zip(code.co_freevars, cells, strict=False):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not filled yet
            continue
    return found


def caller_locals() -> Mapping[str, Any]:
    """Local names of the user's frame that called into the SDK: models defined inside a function count too."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("mainspring."):
        frame = frame.f_back
    return {} if frame is None else dict(frame.f_locals)
