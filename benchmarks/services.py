"""The servers that a comparison needs, each for as long as it is measured, each on a free port of its own."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database at full durability, on the tests' own server."""
    sys.path.insert(0, str(ROOT / "tests"))
    from postgres import server  # the tests know where distributions keep its programs

    with server().database(is_migrated=False) as url:
        yield url


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """As Celery is used by most: nothing is saved while a run is measured."""
    port = free_port()
    program = shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError("redis-server")
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([program, "--port", str(port), "--dir", folder], stdout=subprocess.DEVNULL)
        try:
            _answers(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def restate(program: Path) -> Iterator[tuple[str, str]]:
    """The URLs of its ingress and its admin API."""
    ingress, admin, fabric = free_port(), free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ingress}",
            "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{admin}",
            "RESTATE_BIND_ADDRESS": f"127.0.0.1:{fabric}",
            "RESTATE_LOG_FILTER": "error",
        }
        process = subprocess.Popen(
            [str(program), "--base-dir", folder], env={**os.environ, **settings}, stdout=subprocess.DEVNULL
        )
        try:
            _answers(admin)
            _answers(ingress)
            yield f"http://127.0.0.1:{ingress}", f"http://127.0.0.1:{admin}"
        finally:
            process.terminate()
            process.wait()


def _answers(port: int) -> None:
    """Returns when somebody listens."""
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on port {port}")
