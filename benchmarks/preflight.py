"""How long `mainspring check` takes for many open runs: a real server over HTTP, and the command itself.

`python benchmarks/preflight.py [--runs 10000] [--rounds 3] [--postgres | --database-url postgresql://...]`
"""

import argparse
import asyncio
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

APP = """
from mainspring import IO, Client

client = Client("bench")


@client.job(id="fulfil")
async def fulfil(payload: dict[str, int], io: IO) -> int:
    total = 0
    for number in range(5):
        total += await io.run_task(f"task-{number}", int, payload["n"])
    await io.wait_for_event("packed", name="packed", id=str(payload["n"]))
    return await io.run_task("ship", int, total)
"""
CHANGED = APP.replace("task-{number}", "step-{number}")
KEY = "tr_dev_" + "p" * 40
MAINSPRING = [sys.executable, "-m", "mainspring"]


async def fill(url: str, count: int) -> float:
    """So many runs that wait; seconds."""
    from mainspring import Client, invoke_trigger

    client = Client("bench", api_key=KEY, api_url=url)

    @client.job(id="fulfil", trigger=invoke_trigger())
    async def fulfil(payload: dict[str, int]) -> None: ...

    began = time.perf_counter()
    async with client:
        for first in range(0, count, 500):
            await fulfil.batch_trigger([{"n": n} for n in range(first, min(first + 500, count))])
        for _ in itertools.count():
            if not (await client.runs.list(status=["PENDING", "RUNNING"], limit=1)).data:
                break
            await asyncio.sleep(0.5)
    return time.perf_counter() - began


def check(folder: Path, url: str, app: str) -> tuple[float, dict[str, object]]:
    """Seconds from the command's start to its end, and what it printed."""
    began = time.perf_counter()
    done = subprocess.run(
        [*MAINSPRING, "check", app, "--against-url", url, "--json"],
        cwd=folder,
        env={**os.environ, "MAINSPRING_API_KEY": KEY},
        capture_output=True,
        text=True,
        check=False,
    )
    return time.perf_counter() - began, json.loads(done.stdout)


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--runs", type=int, default=10_000)
    given.add_argument("--rounds", type=int, default=3)
    given.add_argument("--database-url")
    given.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own")
    asked = given.parse_args()
    with tempfile.TemporaryDirectory() as name, socket.socket() as free:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may have to be another user's
        (folder / "app.py").write_text(APP)
        (folder / "changed.py").write_text(CHANGED)
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        url = f"http://127.0.0.1:{port}"
        database = ["--database-url", asked.database_url] if asked.database_url else []
        database += ["--postgres"] if asked.postgres else []
        environment = {**os.environ, "MAINSPRING_API_KEY": KEY}
        with open(folder / "log", "w") as log:
            dev = subprocess.Popen(
                [*MAINSPRING, "dev", "app.py", "--port", port, *database],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=log,
            )
        try:
            while "Ready" not in (folder / "log").read_text():
                if dev.poll() is not None:
                    raise SystemExit((folder / "log").read_text())
                time.sleep(0.2)
            print(json.dumps({"filled_s": round(asyncio.run(fill(url, asked.runs)), 1)}), flush=True)
            for app in ["app.py", "changed.py"] * asked.rounds:
                seconds, said = check(folder, url, app)
                shown = {"app": app, "s": round(seconds, 2), "checked": said["checked"], "fits": said["fits"]}
                print(json.dumps(shown), flush=True)
        finally:
            dev.terminate()
            dev.wait()


if __name__ == "__main__":
    main()
