"""A server or two and workers as real processes for one fault at a time, with a way between them that can fail."""

import json
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from chaos.tended import Tended, python_path, worker_command
from chaos.way import Way
from copies import KEY, ask
from ports import free_port
from processes import MAINSPRING, PATIENCE, run_cli

#: Shorter than the defaults, so that a test need not wait as long; what is promised is told in these.
SPANS = {"MAINSPRING_HEARTBEAT_EVERY": "500ms", "MAINSPRING_LEASE_TIMEOUT": "3s"}


@dataclass
class Place:
    """`way` leads to the servers; workers go it too."""

    folder: Path
    way: Way
    servers: list[Tended]
    workers: list[Tended]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return ask(self.way.url, method, path, body)

    def trigger(self, job: str, payload: Any = None) -> str:
        return str(self.ask("POST", f"/api/v1/jobs/{job}/trigger", {"payload": payload})["id"])

    def run(self, run_id: str) -> Any:
        return self.ask("GET", f"/api/v1/runs/{run_id}")

    def ended(self, run_id: str) -> Any:
        return self.until(lambda: (run := self.run(run_id))["finished_at"] and run)

    def kinds(self, run_id: str) -> list[str]:
        return [entry["kind"] for entry in self.ask("GET", f"/api/v1/runs/{run_id}/history")["data"]]

    def effects(self) -> list[dict[str, Any]]:
        kept = self.folder / "effects"
        return [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []

    def until(self, look: Callable[[], Any], within: float = PATIENCE) -> Any:
        """What it answers once that is true; a server that is away is asked again."""
        pausing, began = Event(), time.monotonic()
        while True:
            try:
                if found := look():
                    return found
                said: object = "it stays false"
            except (OSError, urllib.error.HTTPError) as error:
                said = error
            assert time.monotonic() - began < within, f"{within:g} s passed: {said}"
            pausing.wait(0.05)


@contextmanager
def placed(
    folder: Path, app: str, database: str, *, servers: int = 1, workers: int = 1, **env: str
) -> Iterator[Place]:
    """Everything is up; `app` is the workers' code. Environment variables on top as given."""
    (folder / "app.py").write_text(app)
    (folder / "seen").mkdir()
    ports = [free_port() for _ in range(servers)]
    with ExitStack() as stack:
        way = stack.enter_context(Way(*ports))
        env = {
            "DATABASE_URL": database,
            "MAINSPRING_API_KEY": KEY,
            "MAINSPRING_API_URL": way.url,
            "EFFECTS": str(folder / "effects"),
            "OBSERVATIONS": str(folder / "seen"),
            "PYTHONPATH": python_path(),
            **SPANS,
            **env,
        }
        done = run_cli("db", "upgrade", cwd=folder, env=env)
        assert done.returncode == 0, done.stderr
        copies = [
            Tended(f"server-{port}", [*MAINSPRING, "server", "--port", str(port)], env, folder, "Serving")
            for port in ports
        ]
        hands = [
            Tended(f"worker-{n}", [*worker_command(), "app.py"], env, folder, "ready") for n in range(workers)
        ]
        for some in (copies, hands):
            for one in some:
                stack.callback(one.start().end)
            for one in some:
                one.wait_until_ready()
        yield Place(folder, way, copies, hands)
