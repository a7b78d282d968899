"""Reads the named SQL and turns it into what a driver takes.

A statement stands under two comment lines, `-- name: claim_runs` and one line of purpose. A file in
`queries/<dialect>/` replaces statements of the same name. Beside SQL there are a few words:

    :name            a value, bound by name, never pasted
    {run} {run:r}    the columns of a shape, with the table's alias
    {:run}           the same as values to insert
    in each(:ids)    among the elements of a list
    rows(:id text)   in PostgreSQL's own statements: many rows at once, as a table `r` of columns with these names
    rows({run})      the same with the columns of a shape
    with r (id) as (values (:id))
                     in SQLite's own statements, at their beginning: the same
    @lock            hold the rows until the transaction ends, where other writers exist
    @skip_locked     the same, passing over rows that another writer holds
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import count
from operator import attrgetter, itemgetter
from typing import Any

from mainspring.storage.shapes import SHAPES

_HEADER = re.compile(r"^-- name: (?P<name>\w+)\n-- (?P<purpose>.+)\n", re.MULTILINE)
_COLUMNS = re.compile(r"\{(?P<value>:)?(?P<shape>\w+)(?::(?P<alias>\w+))?\}")
_EACH = re.compile(r"\bin each\(:(\w+)\)")
_ROWS = re.compile(r"(?<!\w)rows\(([^)]+)\)")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one database spells the words above. `of_one`: in a list of one element, which is then a plain value."""

    name: str
    placeholder: str
    is_numbered: bool
    each: str
    of_one: str
    lock: str
    skip_locked: str


SQLITE = Dialect("sqlite", "?", False, "in (select value from json_each(:{0}))", "= :{0}", "", "")
POSTGRES = Dialect(
    "postgres",
    "$",
    True,
    "= any(:{0}::text[])",
    "= any(:{0}::text[])",
    "for update",
    "for update skip locked",
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One named statement, ready for a driver."""

    name: str
    purpose: str
    sql: str
    #: The same where every list has one element, which is then bound itself.
    sql_of_one: str
    #: Whether it takes many rows at once, a list for each of its values.
    takes_all: bool
    #: An insert of a row, or a change by a row of values, split around that row, so that it can be repeated; None for
    #: other statements.
    around_row: tuple[str, str, str] | None
    #: Names of the bound values, in the order of the placeholders.
    parameters: tuple[str, ...]
    #: The bound values out of a mapping, and out of an object's attributes.
    from_mapping: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    from_object: Callable[[Any], tuple[Any, ...]]

    def picker_for(self, row: Any) -> Callable[[Any], tuple[Any, ...]]:
        """How the bound values are had from rows like this one."""
        kind = type(row)
        if kind is tuple:
            return tuple  # which gives back the very same
        return self.from_mapping if kind is dict or isinstance(row, Mapping) else self.from_object


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
    takes_all = _ROWS.search(sql) is not None
    sql = _ROWS.sub(_table, sql)
    sql = _COLUMNS.sub(_columns, sql.rstrip(";"))
    sql = sql.replace("@skip_locked", dialect.skip_locked).replace("@lock", dialect.lock).strip()
    parameters = tuple(match[1] for match in _PARAMETER.finditer(_EACH.sub(r"\g<0>", sql)))
    whole = _positional(_EACH.sub(lambda match: dialect.each.format(match[1]), sql), dialect)
    of_one = _positional(_EACH.sub(lambda match: dialect.of_one.format(match[1]), sql), dialect)
    return Statement(
        name,
        purpose,
        whole,
        whole if of_one == whole else of_one,
        takes_all,
        _around_row(whole),
        parameters,
        _picker(itemgetter, parameters),
        _picker(attrgetter, parameters),
    )


def _positional(sql: str, dialect: Dialect) -> str:
    numbers = count(1)
    return _PARAMETER.sub(
        lambda _: f"{dialect.placeholder}{next(numbers) if dialect.is_numbered else ''}", sql
    )


def _around_row(sql: str) -> tuple[str, str, str] | None:
    head, values, rest = sql.partition("values ")
    if head.startswith("with r (") and values:  # SQLite's way to change many rows by a table of values
        row, end, change = rest.partition("))")
        return head + values, row + end[:1], end[1:] + change
    if not values or not head.startswith("insert into"):
        return None
    row, conflict, rule = rest.partition("on conflict")
    return head + values, row.strip(), f" {conflict}{rule}"


def _table(match: re.Match[str]) -> str:
    """`rows(...)`: a list per column, side by side."""
    shape = _COLUMNS.fullmatch(match[1].strip())
    columns = SHAPES[shape["shape"]].types if shape else dict(_typed(part) for part in match[1].split(","))
    lists = ", ".join(f":{name}::{kind}[]" for name, kind in columns.items())
    return f"unnest({lists}) r ({', '.join(columns)})"


def _typed(part: str) -> tuple[str, str]:
    name, kind = part.strip().removeprefix(":").split()
    return name, kind


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
