"""The storm: runs are sent to two servers on one PostgreSQL while workers, servers and the database are killed.

Nobody helps: what was killed is started again by whoever tends it, everything else is the platform's own doing.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

import postgres
from chaos.app import now
from chaos.senders import Senders
from chaos.tended import Fates, Freeze, Kill, Tended, python_path, worker_command
from chaos.way import Way
from copies import KEY
from mainspring.audit.observations import Observation, ObservationLog, read_observations
from ports import free_port
from processes import MAINSPRING

APP = Path(__file__).parent / "app.py"
#: Seconds until a worker is frozen; a server is as long afterwards.
FROZEN_AFTER = 10.0
ENDED = ("SUCCESS", "FAILED", "CANCELLED", "TIMED_OUT", "EXPIRED")


@dataclass(frozen=True, slots=True)
class Weather:
    """How much of what. Spans are seconds; 0 never happens."""

    runs: int
    rate: float
    kills_worker_every: float = 2
    kills_server_every: float = 5
    kills_database_every: float = 20
    resets_every: float = 0
    #: What every message between clients, workers and servers is late by.
    delay: float = 0
    workers: int = 4
    #: Of each kind so many are left alone, so that a machine too busy for one to come up in time shows something.
    spares: int = 0
    #: One worker and one server are stopped for so long, and then go on.
    freezes_for: float = 0
    #: As a worker is told; "" leaves the default.
    heartbeat_every: str = ""
    lease_timeout: str = ""
    #: All runs have ended within this, from the first that was sent.
    patience: float = 600
    seed: int = 0


@dataclass
class Storm:
    """What is left of it, for the verdict."""

    weather: Weather
    database: str
    kills: list[Kill]
    outages: list[tuple[int, int]]
    freezes: list[Freeze]
    runs: dict[int, str]
    observations: list[Observation]
    #: What each worker that was frozen saw, by its process id.
    stale: dict[int, list[Observation]]
    effects: list[str]
    took: float
    unanswered: int
    starts: dict[str, int] = field(default_factory=dict)


@contextmanager
def braved(weather: Weather, folder: Path, tell: Callable[[str], None]) -> Iterator[Storm]:
    """The storm, once it is over and every run has ended; the database is still there."""
    # As durable as ever; only what it does before it recovers does not hang on how slow this disk is.
    own = postgres.OwnServer(recovery_init_sync_method="syncfs")
    try:
        with own.database() as database:
            yield _play(weather, folder, own, database, tell)
    finally:
        own.remove()


def _play(
    weather: Weather, folder: Path, own: postgres.OwnServer, database: str, tell: Callable[[str], None]
) -> Storm:
    seen, effects = folder / "seen", folder / "effects"
    seen.mkdir()
    effects.touch()
    chance = random.Random(weather.seed)
    with ExitStack() as stack:
        ports = [free_port(), free_port()]
        way = stack.enter_context(Way(*ports))
        way.delay = weather.delay
        env = _environment(weather, database, way.url, seen, effects)
        servers = [
            Tended(f"server-{port}", [*MAINSPRING, "server", "--port", str(port)], env, folder, "Serving")
            for port in ports
        ]
        workers = [
            Tended(f"worker-{n}", [*worker_command(), str(APP)], env, folder, "ready")
            for n in range(weather.workers)
        ]
        for some in (servers, workers):
            for one in some:
                stack.callback(one.start().end)
            for one in some:
                one.wait_until_ready()
        began = time.monotonic()
        diary = stack.enter_context((folder / "diary").open("w"))

        def note(line: str) -> None:
            diary.write(f"{time.monotonic() - began:.1f} {line}\n")
            diary.flush()

        fates = Fates(chance, note)
        lines = stack.enter_context((seen / "senders.jsonl").open("a"))
        log = ObservationLog(lines, now=now, name="senders")
        senders = Senders(way.url, log, weather.runs, weather.rate, chance)
        _unleash(weather, fates, workers, servers, own, way)
        try:
            senders.send_all()
            tell(f"all {weather.runs} orders are accepted, after {time.monotonic() - began:.0f} s")
            _until_ended(own, database, weather, began, tell)
        finally:
            fates.rest()
        took = time.monotonic() - began
        for run_id in senders.runs.values():
            senders.read(run_id)
        return Storm(
            weather,
            database,
            fates.kills,
            fates.outages,
            fates.freezes,
            senders.runs,
            _read(sorted(seen.iterdir())),
            {one.pid: _read(sorted(seen.glob(f"worker-{one.pid}.*"))) for one in fates.freezes},
            effects.read_text().splitlines(),
            took,
            senders.unanswered,
            {one.name: one.starts for one in (*servers, *workers)},
        )


def _environment(weather: Weather, database: str, url: str, seen: Path, effects: Path) -> dict[str, str]:
    spans = {
        "MAINSPRING_HEARTBEAT_EVERY": weather.heartbeat_every,
        "MAINSPRING_LEASE_TIMEOUT": weather.lease_timeout,
    }
    return {
        "DATABASE_URL": database,
        "MAINSPRING_API_KEY": KEY,
        "MAINSPRING_API_URL": url,
        "OBSERVATIONS": str(seen),
        "EFFECTS": str(effects),
        "PYTHONPATH": python_path(),
        **{name: value for name, value in spans.items() if value},
    }


def _unleash(
    weather: Weather,
    fates: Fates,
    workers: list[Tended],
    servers: list[Tended],
    own: postgres.OwnServer,
    way: Way,
) -> None:
    fates.strike(workers, weather.kills_worker_every, spares=weather.spares)
    fates.strike(servers, weather.kills_server_every, spares=weather.spares)
    fates.freeze(workers, FROZEN_AFTER, weather.freezes_for)
    fates.freeze(servers, 2 * FROZEN_AFTER, weather.freezes_for)
    fates.strike_database(own, weather.kills_database_every)
    fates.do(way.reset, weather.resets_every)


def _until_ended(
    own: postgres.OwnServer, database: str, weather: Weather, began: float, tell: Callable[[str], None]
) -> None:
    """While it goes on: the database is asked, for it is the truth, and may be away."""
    pausing, told = threading.Event(), -1
    while True:
        try:
            with psycopg.connect(database, connect_timeout=5) as connection:
                row = connection.execute(
                    "select count(*) from runs where status <> all(%s)", (list(ENDED),)
                ).fetchone()
            assert row is not None
            if row[0] == 0:
                return
            if row[0] != told:
                told = row[0]
                tell(f"{told} runs have not ended, after {time.monotonic() - began:.0f} s")
        except psycopg.Error:
            pass
        assert time.monotonic() - began < weather.patience, "runs do not end"
        pausing.wait(1)


def _read(files: list[Path]) -> list[Observation]:
    lines = [line for file in files for line in file.read_text().splitlines()]
    return read_observations(lines)
