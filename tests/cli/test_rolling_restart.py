"""Two servers and three workers on one PostgreSQL, restarted one after the other: nobody who sends notices."""

import collections
import itertools
import threading
import urllib.error
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import postgres
from copies import KEY, Process, ask, ended
from ports import free_port
from processes import PATIENCE

RUNS = 1_000
#: Threads that send at once, and how long each rests after an event, in seconds: restarts meet all of it.
SENDERS = 3
REST = 0.02

APP = """
import os

from mainspring import IO, Client, ctx, event_trigger

client = Client("shop")


def note(what: str) -> None:
    out = os.open(os.environ["EFFECTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(out, f"{ctx.run.id} {what}\\n".encode())
    os.close(out)


@client.job(id="order", trigger=event_trigger("order.created"))
async def order(io: IO) -> str:
    await io.run_task("charge", note, "charge")
    await io.wait("100ms")
    await io.run_task("ship", note, "ship")
    return "shipped"
"""


@dataclass
class Sender:
    """Sends events to copies in turn; when one does not answer, once more to the next, under the same key."""

    urls: list[str]
    numbers: Iterator[int] = field(default_factory=itertools.count)
    run_ids: list[str] = field(default_factory=list)
    retries: list[str] = field(default_factory=list)
    is_enough: threading.Event = field(default_factory=threading.Event)

    def send_until_enough(self) -> None:
        while not self.is_enough.is_set() or len(self.run_ids) < RUNS:
            self.run_ids.append(self._send(next(self.numbers)))
            self.is_enough.wait(REST)

    def _send(self, number: int) -> str:
        body = {"name": "order.created", "payload": {}, "idempotency_key": f"o-{number}"}
        try:
            event = ask(self.urls[number % 2], "POST", "/api/v1/events", body)
        except (OSError, urllib.error.HTTPError) as error:
            self.retries.append(repr(error))
            event = ask(self.urls[(number + 1) % 2], "POST", "/api/v1/events", body)
        (run,) = event["runs"]
        return str(run["id"])


@dataclass
class Fleet:
    """Servers and workers, in the order in which they are restarted."""

    urls: list[str]
    servers: list[Process]
    workers: list[Process]

    @classmethod
    def of(cls, folder: Path, database: str) -> "Fleet":
        (folder / "app.py").write_text(APP)
        ports = [free_port(), free_port()]
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        env = {
            "DATABASE_URL": database,
            "MAINSPRING_API_KEY": KEY,
            "EFFECTS": str(folder / "effects"),
            # A loaded machine may take longer to start a server than a silent worker is waited for.
            "MAINSPRING_LEASE_TIMEOUT": "2 minutes",
        }
        servers = [Process(folder, env, "Serving", "server", "--port", str(port)) for port in ports]
        workers = [
            Process(folder, {**env, "MAINSPRING_API_URL": urls[number % 2]}, "Ready", "worker", "app.py")
            for number in range(3)
        ]
        return cls(urls, servers, workers)

    def start(self) -> None:
        for some in (self.servers, self.workers):
            for process in [process.start() for process in some]:
                process.wait_until_ready()

    def restart_each(self) -> list[float]:
        """How long each took to stop, in seconds."""
        return [self._restart(process) for process in (*self.servers, *self.workers)]

    @staticmethod
    def _restart(process: Process) -> float:
        took = process.stop()
        process.start().wait_until_ready()
        return took

    def close(self) -> None:
        for process in (*self.workers, *self.servers):
            process.close()


def sending(sender: Sender, meanwhile: Callable[[], list[float]]) -> list[float]:
    """What `meanwhile` answers; the senders begin before it and end after it. Raises what one of them met."""
    with ThreadPoolExecutor(SENDERS) as threads:
        senders = [threads.submit(sender.send_until_enough) for _ in range(SENDERS)]
        try:
            took = meanwhile()
        finally:
            sender.is_enough.set()
        for one in senders:
            one.result(PATIENCE)
    return took


def account(url: str, run_id: str) -> list[tuple[Any, ...]]:
    """What befell a run."""
    history = ask(url, "GET", f"/api/v1/runs/{run_id}/history")["data"]
    return [(entry["at"], entry["kind"], entry["task"], entry["data"]) for entry in history]


def test_a_rolling_restart_loses_and_repeats_nothing(tmp_path: Path) -> None:
    with postgres.server().database() as database:
        fleet = Fleet.of(tmp_path, database)
        sender = Sender(fleet.urls)
        try:
            fleet.start()
            took = sending(sender, fleet.restart_each)
            print(
                f"{len(sender.run_ids)} runs; stopped in {', '.join(f'{s:.2f} s' for s in took)}; "
                f"sent once more: {dict(collections.Counter(sender.retries))}"
            )
            assert len(set(sender.run_ids)) == len(sender.run_ids) >= RUNS
            with ThreadPoolExecutor(SENDERS) as threads:
                for run in threads.map(lambda run_id: ended(fleet.urls[0], run_id), sender.run_ids):
                    assert run["output"] == "shipped"
            effects = collections.Counter((tmp_path / "effects").read_text().splitlines())
            repeated = [what.split()[0] for what, times in effects.items() if times > 1]
            assert not repeated, [account(fleet.urls[0], run_id) for run_id in repeated]
            assert len(effects) == 2 * len(sender.run_ids)
        finally:
            fleet.close()


def test_a_worker_that_finds_no_server_stops_when_it_is_told(tmp_path: Path) -> None:
    """Both may be restarted at once: it has nothing to drain, whether or not its registration is answered."""
    (tmp_path / "app.py").write_text(APP)
    env = {"MAINSPRING_API_KEY": KEY, "MAINSPRING_API_URL": f"http://127.0.0.1:{free_port()}"}
    worker = Process(tmp_path, env, "still trying", "worker", "app.py")
    try:
        worker.start().wait_until_ready().stop()
    finally:
        worker.close()
