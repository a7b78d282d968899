"""Processes that are started again whenever they end, as systemd does; nobody else lends them a hand."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import postgres
from chaos.app import now
from processes import PATIENCE, clean_environment

#: Seconds between an end and the next start: systemd's own default.
RESTART_AFTER = 0.1


@dataclass(frozen=True, slots=True)
class Kill:
    """Who was killed, and when: microseconds of the clock all processes share, and of the wall's."""

    name: str
    pid: int
    at: int
    wall_at: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """Who did nothing from when to when (microseconds of the clock all processes share)."""

    name: str
    pid: int
    began: int
    over: int


class Tended:
    """One command that never stays dead. What it prints is kept in a file."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], folder: Path, ready: str):
        self.name = name
        self._command, self._env, self._folder, self._ready = command, env, folder, ready
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._from = 0
        self._is_over = threading.Event()
        self._starting = threading.Lock()
        self.starts = 0
        #: Stopped by SIGSTOP, and left alone meanwhile.
        self.is_frozen = False
        self._thread = threading.Thread(target=self._tend, daemon=True)

    def start(self) -> "Tended":
        self._thread.start()
        return self

    def _tend(self) -> None:
        while not self._is_over.is_set():
            with self._starting, self._log.open("ab") as log:
                if self._is_over.is_set():
                    return
                self._from = log.tell()
                self._process = subprocess.Popen(
                    self._command,
                    cwd=self._folder,
                    env=clean_environment(**self._env),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            self.starts += 1
            self._process.wait()
            self._is_over.wait(RESTART_AFTER)

    @property
    def is_ready(self) -> bool:
        """Whether the process that runs now has said so."""
        process = self._process
        if process is None or process.poll() is not None:
            return False
        with self._log.open("rb") as log:
            log.seek(self._from)
            return self._ready.encode() in log.read()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.is_ready:
            assert time.monotonic() < deadline, f"{self.name} does not come up:\n{self.text()}"
            self._is_over.wait(0.02)

    def kill(self) -> Kill:
        """kill -9."""
        process = self._process
        assert process is not None
        killed = Kill(self.name, process.pid, now(), time.time_ns() // 1_000)
        process.send_signal(signal.SIGKILL)
        return killed

    def send_signal(self, sign: int) -> None:
        assert self._process is not None
        self._process.send_signal(sign)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def text(self) -> str:
        return self._log.read_text(errors="replace")

    def end(self) -> None:
        """For good."""
        with self._starting:
            self._is_over.set()
            if self._process is not None:
                self._process.kill()
        self._thread.join(PATIENCE)


class Fates:
    """Kills each so many seconds, as long as it is let; only who has come up is worth killing."""

    def __init__(self, chance: random.Random, tell: Callable[[str], None]) -> None:
        self._chance, self._tell = chance, tell
        self._is_over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.kills: list[Kill] = []
        self.freezes: list[Freeze] = []
        #: When each outage of the database began and ended, wall's microseconds.
        self.outages: list[tuple[int, int]] = []
        self.errors: list[BaseException] = []

    def strike(self, some: Sequence[Tended], every: float, *, spares: int = 0) -> None:
        """Begins to kill them, as long as more than `spares` are up."""

        def once() -> None:
            alive = [one for one in some if one.is_ready and not one.is_frozen]
            if len(alive) > spares:
                killed = self._chance.choice(alive)
                self.kills.append(killed.kill())
                self._tell(f"{killed.name} is killed")

        self._begin(once, every)

    def strike_database(self, own: postgres.OwnServer, every: float) -> None:
        """Begins to stop it at once, as `pg_ctl -m immediate`; now and then also while it recovers."""

        def once() -> None:
            began = time.time_ns() // 1_000
            self._tell("the database is killed")
            own.kill()
            if len(self.outages) % 2:
                own.launch_until_it_recovers()
                self._is_over.wait(self._chance.uniform(0, 0.2))
                self._tell("the database is killed while it recovers")
                own.kill()
            own.start()
            self._tell("the database is back")
            self.outages.append((began, time.time_ns() // 1_000))

        self._begin(once, every)

    def freeze(self, some: Sequence[Tended], after: float, span: float) -> None:
        """SIGSTOP for one of them, SIGCONT so many seconds later; 0 is never."""

        def once() -> bool:
            up = [one for one in some if one.is_ready]
            if not up:
                return False
            frozen = self._chance.choice(up)
            frozen.is_frozen = True
            pid, began = frozen.pid, now()
            frozen.send_signal(signal.SIGSTOP)
            self._tell(f"{frozen.name} is frozen")
            self._is_over.wait(span)
            over = now()
            frozen.send_signal(signal.SIGCONT)
            frozen.is_frozen = False
            self._tell(f"{frozen.name} is thawed")
            self.freezes.append(Freeze(frozen.name, pid, began, over))
            return True

        def on() -> None:
            self._is_over.wait(after)
            while not self._is_over.is_set() and not once():
                self._is_over.wait(0.1)

        if span:
            self._start(on)

    def do(self, once: Callable[[], object], every: float) -> None:
        """Begins to do something else; 0 seconds are never."""
        self._begin(once, every)

    def _begin(self, once: Callable[[], object], every: float) -> None:
        if not every:
            return

        def on() -> None:
            while not self._is_over.wait(every):
                try:
                    once()
                except BaseException as error:
                    self.errors.append(error)
                    return

        self._start(on)

    def _start(self, doing: Callable[[], None]) -> None:
        thread = threading.Thread(target=doing, daemon=True)
        thread.start()
        self._threads.append(thread)

    def rest(self) -> None:
        """No more of it. Raises what went wrong here."""
        self._is_over.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        if self.errors:
            raise self.errors[0]


def worker_command() -> list[str]:
    return [sys.executable, str(Path(__file__).parent / "witnessed.py")]


def python_path() -> str:
    """What the tests share is found by processes too."""
    return os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
