"""What data must look like: an annotation or a JSON Schema, checked against JSON text and turned into values.

pydantic takes longer to import than all of the SDK, and jsonschema is rarely needed: both come in with the
first definition that uses them, never with `import mainspring`.
"""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, Protocol

from mainspring.errors import InvalidSchema, PayloadInvalid
from mainspring.sdk.json_text import decode

JsonSchema = dict[str, Any]

#: Problems named in one error; a list of ten thousand wrong items needs no ten thousand lines.
_MOST_PROBLEMS = 20


class Shape(Protocol):
    """What a JSON value must look like."""

    @property
    def schema(self) -> JsonSchema | None:
        """The JSON Schema of it; None accepts anything."""
        ...

    def read(self, text: str) -> Any:
        """The value of JSON text. Raises `PayloadInvalid` with every path that does not fit."""
        ...


class AnyShape:
    """Takes any JSON."""

    schema: JsonSchema | None = None

    def read(self, text: str) -> Any:
        return decode(text)


class ModelShape:
    """An annotation: a pydantic model, dataclass, TypedDict, `list[int]`, ... Values come out as its type."""

    def __init__(self, annotation: Any, what: str) -> None:
        from pydantic import PydanticUserError, TypeAdapter, ValidationError  # start-up cost, see above

        self._what = what
        self._annotation = annotation
        self._refusals = (PydanticUserError, TypeError, NameError)
        self._misfit = ValidationError
        try:
            self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        except self._refusals as error:
            raise self._refused(error) from error

    @property
    def schema(self) -> JsonSchema | None:
        return self.json_schema("validation")

    def json_schema(self, mode: Literal["validation", "serialization"]) -> JsonSchema:
        """What goes in, or what comes out. Raises `InvalidSchema` for types that have none."""
        try:
            return self._adapter.json_schema(mode=mode)
        except self._refusals as error:
            raise self._refused(error) from error

    def _refused(self, error: Exception) -> InvalidSchema:
        shown = getattr(self._annotation, "__name__", None) or repr(self._annotation)
        reason = str(error).splitlines()[0].rstrip(".")
        return InvalidSchema(f"{self._what} is annotated with `{shown}`, which is no data: {reason}")

    def read(self, text: str) -> Any:
        try:
            return self._adapter.validate_json(text)
        except self._misfit as error:
            raise invalid(self._what, _problems(error)) from None

    def take(self, value: Any) -> Any:
        """As `read`, of a value that is there already."""
        try:
            return self._adapter.validate_python(value)
        except self._misfit as error:
            raise invalid(self._what, _problems(error)) from None


class SchemaShape:
    """A JSON Schema given as a dict. Values stay plain JSON data."""

    def __init__(self, schema: JsonSchema, what: str) -> None:
        import jsonschema_rs  # start-up cost, see above

        self._what = what
        self.schema: JsonSchema | None = schema
        try:
            self._validator = jsonschema_rs.validator_for(schema)
        except (jsonschema_rs.ValidationError, ValueError, TypeError) as error:
            reason = str(error).splitlines()[0]
            raise InvalidSchema(f"the schema of {what} is no JSON Schema: {reason}") from error

    def read(self, text: str) -> Any:
        value = decode(text)
        problems = [
            {"path": path_of(error.instance_path), "message": error.message}
            for _, error in zip(range(_MOST_PROBLEMS), self._validator.iter_errors(value), strict=False)
        ]
        if problems:
            raise invalid(self._what, problems)
        return value


def shape_of(given: Any, what: str) -> Shape:
    """The shape of an annotation, a model, or a JSON Schema dict; None and Any take anything.

    `what` names the data in errors, like "the payload of job 'fulfil'". Raises `InvalidSchema`.
    """
    if given is None or given is Any or given is object:
        return AnyShape()
    if isinstance(given, Mapping):
        return SchemaShape(dict(given), what)
    try:
        return _cached_shape(given, what)
    except TypeError:  # annotations with unhashable metadata
        return ModelShape(given, what)


@lru_cache(maxsize=1024)
def _cached_shape(annotation: Any, what: str) -> Shape:
    return ModelShape(annotation, what)


def output_schema(annotation: Any, what: str) -> JsonSchema | None:
    """The JSON Schema of what a function returns; None where the annotation says nothing usable."""
    if annotation is None or annotation is Any:
        return None
    try:
        return ModelShape(annotation, what).json_schema("serialization")
    except InvalidSchema:
        return None


def invalid(what: str, problems: Iterable[Mapping[str, str]], mend: str | None = None) -> PayloadInvalid:
    """The error for data that does not fit, naming the first place in its message."""
    errors = list(problems)
    first = errors[0]
    where = f"`{first['path']}`: " if first["path"] else ""
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return PayloadInvalid(f"{what} does not fit: {where}{first['message']}{more}", mend=mend, errors=errors)


def path_of(places: Iterable[str | int]) -> str:
    """`items[2].sku` of ("items", 2, "sku")."""
    path = ""
    for place in places:
        if isinstance(place, int):
            path += f"[{place}]"
        elif place.isidentifier():
            path += f".{place}"
        else:
            path += f"[{json.dumps(place, ensure_ascii=False)}]"
    return path.removeprefix(".")


def _problems(error: Any) -> list[dict[str, str]]:
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return [{"path": path_of(one["loc"]), "message": one["msg"]} for one in details[:_MOST_PROBLEMS]]
