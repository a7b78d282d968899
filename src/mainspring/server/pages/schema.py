"""A form's JSON Schema, as pydantic writes it, read as the fields that a person fills in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Kind = Literal[
    "text", "long", "integer", "number", "decimal", "boolean", "choice", "choices",
    "const", "group", "list", "variants", "json",
]  # fmt: skip

#: No default is given; None is one.
MISSING: Any = object()

#: A schema that goes deeper, or has more fields, is filled in as JSON from there on: it may refer to itself.
MAX_DEPTH = 8
MAX_PARTS = 400
#: Text that may be longer gets room for several lines.
LONG_TEXT = 200
#: Formats by which a schema asks for room for several lines: `json_schema_extra={"format": "textarea"}`.
LONG_FORMATS = frozenset({"textarea", "multi-line", "markdown"})

Schema = Mapping[str, Any]

#: Keeps, in a schema that was found by its reference, which that was.
_FROM = "$from"


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form, or several that belong together."""

    kind: Kind
    title: str
    description: str = ""
    is_required: bool = True
    #: Left empty it is null.
    is_nullable: bool = False
    default: Any = MISSING
    #: The keywords that hold for its value: minimum, maxLength, format, ...
    rules: Schema = field(default_factory=dict)
    #: Of a group, by the names of its properties.
    members: tuple[tuple[str, "Part"], ...] = ()
    #: Of a list.
    item: "Part | None" = None
    #: Of variants, by the word for each in the form's data.
    variants: tuple[tuple[str, "Part"], ...] = ()
    #: Of a choice.
    options: tuple[Any, ...] = ()

    @property
    def may_be_absent(self) -> bool:
        return self.is_nullable or not self.is_required

    @property
    def is_optional(self) -> bool:
        """Whether it may be left as empty as it stands there at first."""
        return self.is_nullable or (not self.is_required and self.default in (MISSING, None, "", [], {}))


def read_schema(schema: Schema) -> Part:
    """The fields of a whole schema."""
    return _Reader(schema).part(schema, "", is_required=True, inside=())


def words_of(name: str) -> str:
    """The name of a property as people write: `order_id` is "Order id"."""
    text = " ".join(name.replace("_", " ").split()) or name
    return text[:1].upper() + text[1:]


class _Reader:
    def __init__(self, root: Schema) -> None:
        self._root = root
        self._left = MAX_PARTS

    def part(self, schema: Schema, name: str, *, is_required: bool, inside: tuple[str, ...]) -> Part:
        """What `schema` asks for. `name`: of the property, for want of a title; `inside`: the definitions around it."""
        self._left -= 1
        found, is_nullable = self._without_null(self._resolved(schema))
        definition = found.get(_FROM, "")
        part = Part(
            "json",
            title=_title(found, name),
            description=_description(found),
            is_required=is_required,
            is_nullable=is_nullable,
            default=found.get("default", MISSING),
            rules=found,
        )
        is_endless = definition and definition in inside
        if is_endless or len(inside) >= MAX_DEPTH or self._left <= 0:
            return part
        return self._known(part, found, (*inside, definition))

    def _known(self, part: Part, schema: Schema, inside: tuple[str, ...]) -> Part:
        """The part with its kind, as far as the schema is one we know; else it is filled in as JSON."""
        if "const" in schema:
            return replace(part, kind="const", options=(schema["const"],))
        if isinstance(schema.get("enum"), Sequence):
            options = tuple(option for option in schema["enum"] if option is not None)
            is_nullable = part.is_nullable or None in schema["enum"]
            return replace(part, kind="choice", options=options, is_nullable=is_nullable)
        several = schema.get("oneOf") or schema.get("anyOf")
        if isinstance(several, Sequence) and several:
            return self._of_several(part, [one for one in several if isinstance(one, Mapping)], inside)
        match schema.get("type"):
            case "string":
                return replace(part, kind="long" if _is_long(schema) else "text")
            case "integer" | "number" | "boolean" as kind:
                return replace(part, kind=kind)
            case "array":
                return self._list(part, schema, inside)
            case "object" if isinstance(schema.get("properties"), Mapping) and schema["properties"]:
                return self._group(part, schema, inside)
        return part

    def _group(self, part: Part, schema: Schema, inside: tuple[str, ...]) -> Part:
        needed = schema.get("required", ())
        members = tuple(
            (name, self.part(one, name, is_required=name in needed, inside=inside))
            for name, one in schema["properties"].items()
            if isinstance(one, Mapping) and not one.get("readOnly")
        )
        return replace(part, kind="group", members=members)

    def _list(self, part: Part, schema: Schema, inside: tuple[str, ...]) -> Part:
        items = schema.get("items")
        if not isinstance(items, Mapping) or "prefixItems" in schema:
            return part
        item = self.part(items, "", is_required=True, inside=inside)
        if item.kind == "json":
            return part
        if item.kind == "choice" and not item.is_nullable:
            return replace(part, kind="choices", options=item.options)
        return replace(part, kind="list", item=item)

    def _of_several(self, part: Part, several: list[Schema], inside: tuple[str, ...]) -> Part:
        resolved = [self._resolved(one) for one in several]
        if {one.get("type") for one in resolved} == {"number", "string"}:  # so pydantic writes a Decimal
            number = next(one for one in resolved if one.get("type") == "number")
            return replace(part, kind="decimal", rules={**number, **part.rules})
        if all("const" in one for one in resolved):
            return replace(part, kind="choice", options=tuple(one["const"] for one in resolved))
        labels = _labels(part.rules, several)
        variants = tuple(
            (label, self.part(one, label, is_required=True, inside=inside))
            for label, one in zip(labels, several, strict=True)
        )
        return replace(part, kind="variants", variants=variants)

    def _resolved(self, schema: Schema) -> Schema:
        """Without `$ref` and an `allOf` of one, whose keywords are those of the schema itself."""
        for _ in range(MAX_DEPTH):
            if isinstance(schema.get("$ref"), str):
                beyond = self._found(schema["$ref"])
            elif isinstance(schema.get("allOf"), Sequence) and len(schema["allOf"]) == 1:
                beyond = schema["allOf"][0]
            else:
                return schema
            own = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
            named = {_FROM: schema["$ref"]} if "$ref" in schema else {}
            schema = {**(beyond if isinstance(beyond, Mapping) else {}), **named, **own}
        return {}

    def _found(self, pointer: str) -> Any:
        found: Any = self._root
        for token in pointer.removeprefix("#").split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def _without_null(self, schema: Schema) -> tuple[Schema, bool]:
        """`X | None` as X, and whether it was."""
        kinds = schema.get("type")
        if isinstance(kinds, list) and "null" in kinds and len(kinds) == 2:
            return {**schema, "type": next(kind for kind in kinds if kind != "null")}, True
        for keyword in ("anyOf", "oneOf"):
            several = schema.get(keyword)
            if isinstance(several, Sequence) and {"type": "null"} in several:
                rest = [one for one in several if one != {"type": "null"}]
                own = {key: value for key, value in schema.items() if key != keyword}
                inner = self._resolved(rest[0]) if len(rest) == 1 else {keyword: rest}
                return {**inner, **own}, True
        return schema, False


def _labels(schema: Schema, several: list[Schema]) -> list[str]:
    """A word for each variant: of its discriminator where it has one, else its number."""
    discriminator = schema.get("discriminator")
    mapping = discriminator.get("mapping") if isinstance(discriminator, Mapping) else None
    by_reference = {reference: label for label, reference in (mapping or {}).items()}
    return [
        by_reference.get(one.get("$ref"), str(number)) if by_reference else str(number)
        for number, one in enumerate(several, start=1)
    ]


def _text(schema: Schema, keyword: str) -> str:
    found = schema.get(keyword)
    return found.strip() if isinstance(found, str) else ""


def _title(schema: Schema, name: str) -> str:
    """The title that was given; the one that pydantic makes of a name ("Is Urgent") is no title."""
    title = _text(schema, "title")
    return title if title and title != name.replace("_", " ").title() else words_of(name)


def _description(schema: Schema) -> str:
    examples = schema.get("examples")
    said = [_text(schema, "description")]
    if isinstance(examples, Sequence) and examples and isinstance(examples[0], (str, int, float)):
        said.append(f"For example: {examples[0]}")
    return "\n".join(filter(None, said))


def _is_long(schema: Schema) -> bool:
    longest, default = schema.get("maxLength"), schema.get("default")
    return (
        schema.get("format") in LONG_FORMATS
        or (isinstance(longest, int) and longest >= LONG_TEXT)
        or (isinstance(default, str) and "\n" in default)
    )
