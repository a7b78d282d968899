"""The settings, one table; and the only reader of the environment.

A value comes from the first of: a flag, an environment variable, the file that a `*_FILE` variable names, the
same two in `.env`, `mainspring.toml`, `[tool.mainspring]` in pyproject.toml, the default.
"""

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from mainspring.clock import SECOND
from mainspring.duration import format_duration, parse_duration
from mainspring.errors import InvalidDuration, InvalidSetting

PREFIX = "MAINSPRING_"

_KIB = 1 << 10
_MIB = 1 << 20
_DATA_DIR = Path(".mainspring")

#: Text to value; a ValueError says what was expected, to follow "expected".
Parser = Callable[[str], Any]


# ── kinds of values ──────────────────────────────────────────────────────────────────────────────────
def _text(text: str) -> str:
    return text


def _url(text: str) -> str:
    if not re.match(r"https?://[^/\s]+", text):
        raise ValueError("a URL like http://127.0.0.1:2020")
    return text.rstrip("/")


def _number(least: int, most: int) -> Parser:
    def parse(text: str) -> int:
        digits = text.replace("_", "")
        # Longer than the largest bound is out of range too, and int() refuses very long texts by itself.
        if not re.fullmatch(r"\d{1,12}", digits, re.ASCII) or not least <= int(digits) <= most:
            raise ValueError(f"a whole number from {least:,} to {most:,}")
        return int(digits)

    return parse


def _size(text: str) -> int:
    parts = re.fullmatch(r"(\d{1,12})\s*(B|KB|KiB|MB|MiB|GB|GiB)?", text.replace("_", ""), re.I | re.A)
    if parts is None or int(parts[1]) < 1:
        raise ValueError('a size like 1048576, "512 KiB" or "10 MB"')
    # KB and KiB are one here: a limit meant as 1 MB is not broken by being 1 MiB.
    return int(parts[1]) * {"k": _KIB, "m": _MIB, "g": 1 << 30}.get((parts[2] or "b")[0].lower(), 1)


def _span(text: str) -> int:
    try:
        return parse_duration(float(text) if re.fullmatch(r"\d+(\.\d+)?", text, re.A) else text)
    except InvalidDuration:
        raise ValueError('a duration like "3s" or "2 minutes"') from None


def _choice(*words: str) -> Parser:
    def parse(text: str) -> str:
        for word in words:
            if word.lower() == text.lower():
                return word
        raise ValueError("one of " + ", ".join(words))

    return parse


# ── the table ────────────────────────────────────────────────────────────────────────────────────────
def _row(default: Any, parse: Parser, doc: str, *, also: str | None = None, secret: bool = False) -> Any:
    """One setting. `also`: a common environment variable that counts too, after our own."""
    return field(default=default, metadata={"parse": parse, "doc": doc, "also": also, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """What is in force. Sizes are bytes, spans microseconds."""

    api_key: str | None = _row(None, _text, "Key of an environment, sent with every request.", secret=True)
    api_url: str = _row("http://127.0.0.1:2020", _url, "Where the server is.")
    database_url: str | None = _row(
        None, _text, "Database; when not set, `mainspring.db` in the data directory.", also="DATABASE_URL"
    )
    # ruff takes _row for a call that makes a mutable default; it is field() under another name.
    data_dir: Path = _row(_DATA_DIR, Path, "Folder of the database and the development key.")  # noqa: RUF009
    sqlite_synchronous: Literal["FULL", "NORMAL"] = _row(
        "FULL",
        _choice("FULL", "NORMAL"),
        "FULL survives a power cut; NORMAL is faster and may lose the last moments then.",
    )
    host: str = _row("127.0.0.1", _text, "Address the server listens on.")
    port: int = _row(2020, _number(0, 65_535), "Port the server listens on; 0 takes a free one.", also="PORT")
    public_url: str | None = _row(
        None,
        _url,
        "Where others reach the server, for the URLs of tokens and the links of approvals; when not set, as each "
        "caller did.",
    )
    max_payload_bytes: int = _row(1 * _MIB, _size, "Largest payload, output or store value.")
    max_body_bytes: int = _row(10 * _MIB, _size, "Largest body of one HTTP request.")
    max_log_line_bytes: int = _row(16 * _KIB, _size, "Longest log line; longer ones are cut.")
    max_error_bytes: int = _row(16 * _KIB, _size, "Longest kept error message or traceback; cut past it.")
    max_events_per_request: int = _row(1_000, _number(1, 100_000), "Events sent by one request.")
    max_runs_per_batch: int = _row(1_000, _number(1, 100_000), "Runs started by one call.")
    max_tasks_per_run: int = _row(10_000, _number(1, 1_000_000), "Tasks of one run.")
    max_runs_per_claim: int = _row(100, _number(1, 10_000), "Runs handed to a worker at once.")
    max_page_size: int = _row(200, _number(1, 10_000), "Rows on one page of a list.")
    worker_concurrency: int = _row(100, _number(1, 100_000), "Runs that one worker executes side by side.")
    worker_parked_runs: int = _row(
        1_000, _number(0, 1_000_000), "Parked runs that a worker keeps in memory to go on in place; 0: none."
    )
    worker_id: str | None = _row(None, _text, "Id the worker registers under; `mainspring dev` sets it.")
    heartbeat_every: int = _row(3 * SECOND, _span, "How often a worker tells the server that it lives.")
    lease_timeout: int = _row(10 * SECOND, _span, "Silence after which a worker's runs go to others.")
    cancel_hook_timeout: int = _row(
        60 * SECOND,
        _span,
        "Time that hooks of a run have whose code is over, cancelled or out of time, the wait for a worker included.",
    )
    drain_timeout: int = _row(30 * SECOND, _span, "Time a stopping worker gives its runs to finish.")
    log_level: str = _row(
        "info", _choice("debug", "info", "warning", "error"), "Least level that is written."
    )
    log_format: Literal["pretty", "json"] = _row(
        "pretty", _choice("pretty", "json"), "How the platform's own log lines are written."
    )

    #: Where each value came from: "flag", "MAINSPRING_PORT", "PORT in .env", "mainspring.toml", "default".
    sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), compare=False)
    #: Names that only look like settings, each with a suggestion, for whoever loads the settings to show.
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def database(self) -> str:
        """The URL of the database in force, also when none was set."""
        return self.database_url or f"sqlite:///{self.data_dir / 'mainspring.db'}"

    def describe(self) -> list[tuple[str, str, str]]:
        """(name, value as shown, source) of every setting, secrets masked."""
        return [
            (row.name, shown_value(row, getattr(self, row.name)), self.sources.get(row.name, "default"))
            for row in table()
        ]


def table() -> tuple[Field[Any], ...]:
    """The rows: dataclass fields with `parse`, `doc`, `also` and `secret` in their metadata."""
    return tuple(row for row in fields(Settings) if "parse" in row.metadata)


def environment_names(row: Field[Any]) -> tuple[str, ...]:
    """The variables that set a row, ours first."""
    ours = PREFIX + row.name.upper()
    return (ours, row.metadata["also"]) if row.metadata["also"] else (ours,)


def shown_value(row: Field[Any], value: Any) -> str:
    """A value for people: spans and sizes in words, of a secret only its last four characters."""
    if value is None:
        return "(not set)"
    if row.metadata["secret"]:
        return "••••" + (value[-4:] if len(value) >= 16 else "")
    if row.metadata["parse"] is _span:
        return format_duration(value)
    if row.metadata["parse"] is _size:
        return next(
            (
                f"{value // unit:,} {name}"
                for unit, name in ((_MIB, "MiB"), (_KIB, "KiB"))
                if value % unit == 0
            ),
            f"{value:,} bytes",
        )
    return re.sub(r"(://[^:/@\s]*:)[^@/\s]*@", r"\1••••@", str(value))


# ── loading ──────────────────────────────────────────────────────────────────────────────────────────
def load_settings(
    flags: Mapping[str, object] | None = None,
    env: Mapping[str, str] = os.environ,
    dir: str | Path | None = None,
) -> Settings:
    """The settings in force. `flags` that are None count as not given; `dir` holds `.env` and the TOML files.

    Raises InvalidSetting naming the setting, where its value came from and what was expected.
    """
    folder = Path(dir) if dir is not None else Path.cwd()
    dotenv = _read_env_file(folder / ".env")
    files = list(_read_toml_files(folder))
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for row in table():
        found = next(_candidates(row, flags or {}, env, dotenv, files), None)
        if found is not None:
            raw, source = found
            values[row.name] = _parsed(row, raw, source)
            sources[row.name] = source
    warnings = tuple(_unknown_names(env, dotenv, files))
    return Settings(**values, sources=MappingProxyType(sources), warnings=warnings)


#: Source and content of a file of settings.
_Toml = tuple[str, Mapping[str, object]]


def _candidates(
    row: Field[Any],
    flags: Mapping[str, object],
    env: Mapping[str, str],
    dotenv: Mapping[str, str],
    files: list[_Toml],
) -> Iterator[tuple[object, str]]:
    """Every (value, source) given for a row, the strongest first."""
    if flags.get(row.name) is not None:
        yield flags[row.name], "flag"
    for variables, place in ((env, ""), (dotenv, " in .env")):
        # An empty variable counts as not set: compose files and CI pass those for absent ones.
        for name in environment_names(row):
            if variables.get(name):
                yield variables[name], name + place
        for name in environment_names(row):
            if path := variables.get(f"{name}_FILE"):
                yield _read_value_file(row.name, path, f"{name}_FILE{place}"), f"{name}_FILE{place}"
    for source, content in files:
        if row.name in content:
            yield content[row.name], source


def _parsed(row: Field[Any], raw: object, source: str) -> Any:
    try:
        return row.metadata["parse"](str(raw).strip())
    except ValueError as error:
        raise InvalidSetting(
            f"{row.name} is {str(raw)[:80]!r} ({source}); expected {error}", setting=row.name, source=source
        ) from None


def _read_value_file(setting: str, path: str, source: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise InvalidSetting(
            f"{setting}: the file {path} ({source}) cannot be read: {reason}", setting=setting, source=source
        ) from None


_ENV_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)")
_DOUBLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


def _read_env_file(path: Path) -> dict[str, str]:
    """The variables of a `.env`: NAME=value, quotes, `export`, comments. Other lines are passed over."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSetting(f"{path} cannot be read: {error}", source=str(path)) from None
    lines = (_ENV_LINE.fullmatch(line) for line in text.splitlines())
    return {parts[1]: _env_value(parts[2]) for parts in lines if parts}


def _env_value(text: str) -> str:
    if text.startswith("'") and (end := text.find("'", 1)) > 0:
        return text[1:end]
    if quoted := _DOUBLE_QUOTED.match(text):
        return re.sub(r"\\(.)", lambda escape: {"n": "\n"}.get(escape[1], escape[1]), quoted[1])
    # A "#" is a comment only after white space: passwords hold them too.
    return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].strip()


def _read_toml_files(folder: Path) -> Iterator[_Toml]:
    for name in ("mainspring.toml", "pyproject.toml"):
        try:
            content = tomllib.loads((folder / name).read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InvalidSetting(f"{name} cannot be read: {error}", source=name) from None
        if name == "pyproject.toml":
            content = content.get("tool", {}).get("mainspring", {})
        yield name, {key.replace("-", "_"): value for key, value in content.items()}


def _unknown_names(env: Mapping[str, str], dotenv: Mapping[str, str], files: list[_Toml]) -> Iterator[str]:
    """A line for each name that only looks like a setting: a typo must not pass in silence."""
    names = {row.name for row in table()}
    known = {f"{name}{end}" for row in table() for name in environment_names(row) for end in ("", "_FILE")}
    for name in sorted({*env, *dotenv}):
        if name.startswith(PREFIX) and name not in known:
            yield f"{name} is not a setting{_suggestion(name, known)}"
    for source, content in files:
        for name in sorted(set(content) - names):
            yield f"{name} in {source} is not a setting{_suggestion(name, names)}"


def _suggestion(name: str, known: set[str]) -> str:
    from difflib import get_close_matches  # costs start-up time and is needed only here

    # The prefix they share would make any two of them look alike.
    close = get_close_matches(
        name.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in sorted(known)], n=1
    )
    if not close:
        return "; `mainspring config` lists them all"
    return f"; did you mean {PREFIX if name.startswith(PREFIX) else ''}{close[0]}?"
