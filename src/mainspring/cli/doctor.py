"""`doctor`: is this machine set up to run, does the server answer with this key, is the database whole?"""

import platform
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from mainspring.cli import connection, exits, options, output
from mainspring.cli.db import status_of
from mainspring.duration import format_duration
from mainspring.errors import (
    DatabaseUnavailable,
    MainspringError,
    ServerUnavailable,
    Unauthorized,
)
from mainspring.settings import Settings, load_settings

OLDEST_PYTHON = (3, 11)
#: More than this between our clock and the server's is worth a word (microseconds).
_SKEW = 5_000_000

Verdict = Literal["ok", "note", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. "note": not wrong, but good to know."""

    name: str
    verdict: Verdict
    found: str


def doctor(
    data_dir: options.DataDir = None,
    database_url: options.DatabaseUrl = None,
    audit: Annotated[
        bool, typer.Option("--audit", help="Look through the database for broken promises instead.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="With --audit: mend what can be mended safely.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Check Python, SQLite, database, port, key, server and clocks; with --audit what the database holds."""
    flags = {"data_dir": data_dir, "database_url": database_url}
    settings = load_settings({**connection.flags(), **flags})
    if audit:
        from mainspring.cli.doctor_audit import run_audit  # start-up cost: not for `--help`

        return run_audit(settings.database, repairs=repair, as_json=as_json)
    if repair:
        exits.usage("--repair mends what --audit finds", "Give both.")
    checks = list(_checks(settings))
    if as_json:
        output.document(
            {"checks": [{"name": c.name, "verdict": c.verdict, "found": c.found} for c in checks]}
        )
    else:
        output.table(("", "CHECK", "FOUND"), [(c.verdict, c.name, c.found) for c in checks], empty="")
    if any(check.verdict == "fail" for check in checks):
        raise typer.Exit(exits.FAILED)


def _checks(settings: Settings) -> Iterator[Check]:
    yield _python()
    yield _judged("sqlite", _sqlite)
    yield _judged("database", lambda: _database(settings))
    yield _key()
    server = _judged("server", _server)
    yield server
    if server.verdict == "ok":
        yield _judged("clocks", _clocks)
    yield _port(settings, is_ours=server.verdict == "ok")
    for warning in settings.warnings:
        yield Check("settings", "note", warning)


def _judged(name: str, look: Callable[[], Check]) -> Check:
    """What `look` found; its error as a failed check."""
    try:
        return look()
    except MainspringError as error:
        return Check(name, "fail", str(error))


def _python() -> Check:
    is_new_enough = sys.version_info >= OLDEST_PYTHON
    needed = ".".join(map(str, OLDEST_PYTHON))
    found = platform.python_version()
    return (
        Check("python", "ok", found)
        if is_new_enough
        else Check("python", "fail", f"{found}; {needed} is needed")
    )


def _sqlite() -> Check:
    from mainspring.storage import sqlite  # start-up cost: not for `--help`

    sqlite.check_version()
    return Check("sqlite", "ok", ".".join(map(str, sqlite.LIBRARY_VERSION)))


def _database(settings: Settings) -> Check:
    try:
        found = status_of(settings.database)
    except DatabaseUnavailable as error:
        verdict: Verdict = "note" if "no database" in error.message else "fail"
        return Check("database", verdict, str(error))
    if found["pending"]:
        return Check("database", "note", f"{found['database']} is outdated: `mainspring db upgrade`")
    return Check("database", "ok", f"{found['database']}, {found['version']}, schema {found['current']}")


def _key() -> Check:
    found = connection.address()
    if found.key is None:
        return Check("key", "note", "none yet: `mainspring dev` makes one, or set MAINSPRING_API_KEY")
    return Check("key", "ok", f"ends in {found.key[-4:]}, from {found.key_source}")


def _server() -> Check:
    found = connection.address()
    if found.key is None:
        return Check("server", "note", "not asked: there is no key")
    try:
        jobs: dict[str, Any] = connection.ask("GET", "/jobs")
    except ServerUnavailable:
        return Check("server", "note", f"none answers at {found.url} ({found.url_source}): `mainspring dev`")
    except Unauthorized as error:
        return Check("server", "fail", f"{found.url}: {error}")
    return Check("server", "ok", f"{found.url} takes the key and knows {len(jobs['data'])} jobs")


def _clocks() -> Check:
    from mainspring.clock import SystemClock, from_iso  # start-up cost, as above

    clock = SystemClock()
    before = clock.now()
    health = connection.converse(lambda opened: opened.call("GET", "/healthz"))
    # The server looked at its clock somewhere in between.
    skew = from_iso(health["now"]) - (before + clock.now()) // 2
    if abs(skew) <= _SKEW:
        return Check("clocks", "ok", "the server's clock is ours")
    ahead = "ahead of" if skew > 0 else "behind"
    found = f"the server's clock is {format_duration(abs(skew))} {ahead} ours: set both by NTP"
    return Check("clocks", "note", found)


def _port(settings: Settings, *, is_ours: bool) -> Check:
    with socket.socket() as probe:
        is_taken = probe.connect_ex((settings.host, settings.port)) == 0
    if not is_taken:
        return Check("port", "ok", f"{settings.port} is free")
    if is_ours:
        return Check("port", "ok", f"{settings.port} is taken, by the server")
    return Check("port", "note", f"{settings.port} is taken by another program: `mainspring dev --port N`")
