"""Reads the named SQL and turns it into what a driver takes.

A statement stands under two comment lines, `-- name: claim_runs` and one line of purpose. A file in
`queries/<dialect>/` replaces statements of the same name. Beside SQL there are a few words:

    :name            a value, bound by name, never pasted
    {run} {run:r}    the columns of a shape, with the table's alias
    {:run}           the same as values to insert
    each(:ids)       the elements of a list as rows of one column
    @lock            hold the rows until the transaction ends, where other writers exist
    @skip_locked     the same, passing over rows that another writer holds
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from operator import attrgetter, itemgetter
from typing import Any

from mainspring.storage.shapes import SHAPES

_HEADER = re.compile(r"^-- name: (?P<name>\w+)\n-- (?P<purpose>.+)\n", re.MULTILINE)
_COLUMNS = re.compile(r"\{(?P<value>:)?(?P<shape>\w+)(?::(?P<alias>\w+))?\}")
_EACH = re.compile(r"(?<!\w)each\(:(\w+)\)")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one database spells the words above."""

    name: str
    placeholder: str
    each: str
    lock: str
    skip_locked: str


SQLITE = Dialect("sqlite", "?", "(select value from json_each(:{0}))", "", "")
POSTGRES = Dialect("postgres", "%s", "(select unnest(:{0}::text[]))", "for update", "for update skip locked")


@dataclass(frozen=True, slots=True)
class Statement:
    """One named statement, ready for a driver."""

    name: str
    purpose: str
    sql: str
    #: Names of the bound values, in the order of the placeholders.
    parameters: tuple[str, ...]
    #: The bound values out of a mapping, and out of an object's attributes.
    from_mapping: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    from_object: Callable[[Any], tuple[Any, ...]]


@cache
def load_statements(dialect: Dialect) -> dict[str, Statement]:
    """Every statement of a dialect by name: the common ones, overridden by the dialect's own. Read once."""
    folder = files("mainspring.storage") / "queries"
    texts = [f.read_text("utf-8") for f in sorted(folder.iterdir(), key=str) if f.name.endswith(".sql")]
    own = folder / dialect.name
    if own.is_dir():
        texts += [f.read_text("utf-8") for f in sorted(own.iterdir(), key=str) if f.name.endswith(".sql")]
    statements: dict[str, Statement] = {}
    for text in texts:
        statements.update((s.name, s) for s in parse(text, dialect))
    return statements


def parse(text: str, dialect: Dialect) -> list[Statement]:
    """The statements of one file."""
    headers = list(_HEADER.finditer(text))
    ends = [header.start() for header in headers[1:]] + [len(text)]
    return [
        compile_statement(header["name"], header["purpose"], text[header.end() : end].strip(), dialect)
        for header, end in zip(headers, ends, strict=True)
    ]


def compile_statement(name: str, purpose: str, sql: str, dialect: Dialect) -> Statement:
    """One statement with the words above replaced and its values made positional."""
    sql = _COLUMNS.sub(_columns, sql.rstrip(";"))
    sql = _EACH.sub(lambda match: dialect.each.format(match[1]), sql)
    sql = sql.replace("@skip_locked", dialect.skip_locked).replace("@lock", dialect.lock)
    parameters = tuple(match[1] for match in _PARAMETER.finditer(sql))
    sql = _PARAMETER.sub(dialect.placeholder, sql)
    return Statement(
        name,
        purpose,
        sql.strip(),
        parameters,
        _picker(itemgetter, parameters),
        _picker(attrgetter, parameters),
    )


def _columns(match: re.Match[str]) -> str:
    columns = SHAPES[match["shape"]].columns
    prefix = ":" if match["value"] else f"{match['alias']}." if match["alias"] else ""
    return ", ".join(prefix + column for column in columns)


def _picker(
    getter: Callable[..., Callable[[Any], Any]], names: tuple[str, ...]
) -> Callable[[Any], tuple[Any, ...]]:
    if not names:
        return lambda _: ()
    pick = getter(*names)
    if len(names) == 1:  # a getter of one name answers the bare value
        return lambda source: (pick(source),)
    return pick
