"""The plug is pulled under full load: whatever somebody was answered before is found afterwards, and all is sound."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

import pytest

import postgres
from chaos import power
from chaos.facts import Fact, missing, noted
from chaos.tended import python_path
from copies import KEY, Process
from mainspring.audit.data import check_database
from mainspring.storage.open import open_database
from ports import free_port
from processes import PATIENCE, clean_environment, run_cli

LOAD = Path(__file__).parent / "plugged.py"
#: After so many acknowledged facts the plug is pulled, life after life on the same database.
LIVES = (150, 1_000)
#: So many power cuts are made of one life: each leaves other parts of what was not synced.
CUTS = 6
KINDS = {"event", "run", "task", "ended", "stored", "cancelled"}


@contextmanager
def load(folder: Path, *arguments: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process that sends; it is killed at the end at the latest."""
    with (folder / "load.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, str(LOAD), *arguments],
            cwd=folder,
            env=clean_environment(FACTS=str(folder / "facts"), PYTHONPATH=python_path(), **env),
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait(PATIENCE)


def until_noted(folder: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    """Every sort of fact is there, and so many in all."""
    pausing, left = Event(), int(PATIENCE / 0.01)
    while len(facts := noted(folder / "facts")) < count or {fact["fact"] for fact in facts} != KINDS:
        assert process.poll() is None, (folder / "load.log").read_text()
        assert left, f"only {len(facts)} facts: {(folder / 'load.log').read_text()}"
        pausing.wait(0.01)
        left -= 1


def must_be_kept(url: str, facts: list[Fact]) -> None:
    """On the database as it was left, before anybody works on it again."""
    database = open_database(url)
    try:
        assert missing(database, facts) == []
        assert [str(finding) for finding in check_database(database)] == []
    finally:
        database.close()


def must_be_sound(url: str, folder: Path) -> None:
    """As an operator asks."""
    audit = run_cli("doctor", "--audit", "--database-url", url, cwd=folder)
    assert audit.returncode == 0, audit.stdout + audit.stderr


# ── inside one process, on SQLite ────────────────────────────────────────────────────────────────────
def test_what_sqlite_acknowledged_outlives_kill_9(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/kept.db"
    for count in LIVES:
        with load(tmp_path, "inside", url) as process:
            until_noted(tmp_path, count, process)
            process.kill()
            process.wait(PATIENCE)
            must_be_kept(url, noted(tmp_path / "facts"))
    must_be_sound(url, tmp_path)


def test_files_copied_in_the_midst_of_writing_hold_what_was_acknowledged(tmp_path: Path) -> None:
    """The process stands still while the three files are copied, wherever it just was."""
    with load(tmp_path, "inside", f"sqlite:///{tmp_path}/kept.db") as process:
        for number, count in enumerate(LIVES):
            until_noted(tmp_path, count, process)
            process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)
            facts = noted(tmp_path / "facts")
            copy = tmp_path / f"copy-{number}"
            copy.mkdir()
            for name in ("kept.db", "kept.db-wal", "kept.db-shm"):
                shutil.copy(tmp_path / name, copy)
            process.send_signal(signal.SIGCONT)
            must_be_kept(f"sqlite:///{copy}/kept.db", facts)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    if not power.can_keep_journal():
        pytest.skip("this Python hides SQLite's own functions: no power cut can be played here")
    return tmp_path / "journal"


def test_what_sqlite_acknowledged_outlives_a_power_cut(tmp_path: Path, journal: Path) -> None:
    """Only what was synced is left, and of what was written since any sectors or none."""
    with load(tmp_path, "inside", f"sqlite:///{tmp_path}/kept.db", str(journal)) as process:
        until_noted(tmp_path, LIVES[-1], process)
    facts = noted(tmp_path / "facts")
    for cut in range(CUTS):
        left = tmp_path / f"cut-{cut}"
        left.mkdir()
        power.after_cut(journal, left, random.Random(cut) if cut else None)
        must_be_kept(f"sqlite:///{left}/kept.db", facts)


def test_the_power_cut_takes_what_was_not_synced(tmp_path: Path, journal: Path) -> None:
    """With `sqlite_synchronous=NORMAL`, which gives that up: so the cut is a real one. A life that ends just when
    SQLite tidied up has lost nothing; that is rare."""
    assert any(_loses_something(tmp_path / str(life)) for life in range(5))


def _loses_something(folder: Path) -> bool:
    left = folder / "cut"
    left.mkdir(parents=True)
    normal = {"MAINSPRING_SQLITE_SYNCHRONOUS": "NORMAL"}
    with load(folder, "inside", f"sqlite:///{folder}/kept.db", str(folder / "journal"), **normal) as process:
        until_noted(folder, LIVES[0], process)
    power.after_cut(folder / "journal", left, None)
    database = open_database(f"sqlite:///{left}/kept.db")
    try:
        return missing(database, noted(folder / "facts")) != []
    except sqlite3.OperationalError:  # not even its tables were synced
        return True
    finally:
        database.close()


# ── over HTTP, on PostgreSQL ─────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("victim", ["server", "database"])
def test_what_a_server_acknowledged_outlives_kill_9(tmp_path: Path, victim: str) -> None:
    postgres.require_programs()
    own = postgres.OwnServer(recovery_init_sync_method="syncfs")
    try:
        with own.database() as url:
            for count in LIVES:
                _live(tmp_path, own, url, victim, count)
                must_be_kept(url, noted(tmp_path / "facts"))
            must_be_sound(url, tmp_path)
    finally:
        own.remove()


def _live(folder: Path, own: postgres.OwnServer, url: str, victim: str, count: int) -> None:
    """One life of everything, up to the kill; the database is there afterwards."""
    port = free_port()
    env = {
        "DATABASE_URL": url,
        "MAINSPRING_API_KEY": KEY,
        "MAINSPRING_API_URL": f"http://127.0.0.1:{port}",
        "FACTS": str(folder / "facts"),
        "PYTHONPATH": python_path(),
    }
    with ExitStack() as stack:
        server = Process(folder, env, "Serving", "server", "--port", str(port))
        worker = Process(folder, env, "Ready", "worker", str(LOAD))
        for one in (server, worker):
            stack.callback(one.close)
            one.start().wait_until_ready()
        sending = {name: env[name] for name in ("MAINSPRING_API_KEY", "MAINSPRING_API_URL")}
        process = stack.enter_context(load(folder, "outside", **sending))
        until_noted(folder, count, process)
        if victim == "server":
            server.kill()
        else:
            own.kill_9()
    if victim == "database":
        own.start()
