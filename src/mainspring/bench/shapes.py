"""The shapes of the platform that are measured: inside this process, and apart as server and workers over HTTP."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mainspring.bench.app import client
from mainspring.client.gathering import open_gathering_door
from mainspring.client.http import door_into
from mainspring.embedded import Embedded
from mainspring.sdk.door import Door

#: Runs side by side in one worker.
SLOTS = 1000
_COMMAND = (sys.executable, "-m", "mainspring")


@dataclass(frozen=True)
class Shape:
    """A running platform that the client of `app.py` speaks to. `processes` are ours, by what they are; `door` leads
    to the whole API."""

    processes: Mapping[str, int]
    door: Door


@asynccontextmanager
async def embedded(database_url: str, folder: Path) -> AsyncIterator[Shape]:
    """Engine and worker in this process, on this event loop."""
    key = _new_key()
    flags = {"database_url": database_url, "data_dir": folder, "worker_concurrency": SLOTS, "api_key": key}
    async with Embedded(client, flags) as platform, aclosing(door_into(platform.answer, key)) as door:
        yield Shape({"process": os.getpid()}, door)


def _new_key() -> str:
    return f"tr_dev_{secrets.token_hex(20)}"


@asynccontextmanager
async def apart(database_url: str, folder: Path, workers: int = 1) -> AsyncIterator[Shape]:
    """A server and workers in processes of their own, over loopback HTTP."""
    settings = {
        "MAINSPRING_DATABASE_URL": database_url,
        "MAINSPRING_DATA_DIR": str(folder),
        "MAINSPRING_API_KEY": _new_key(),
        "MAINSPRING_WORKER_CONCURRENCY": str(SLOTS),
    }
    await _finished("db", "upgrade", settings=settings)
    async with AsyncExitStack() as stack:
        process, line = await _started(stack, "Serving", "server", "--port", "0", settings=settings)
        processes = {"server": process.pid}
        settings["MAINSPRING_API_URL"] = next(word for word in line.split() if word.startswith("http"))
        for number in range(1, workers + 1):
            process, _ = await _started(
                stack, "Ready.", "worker", "mainspring.bench.app:client", settings=settings
            )
            processes[f"worker {number}" if workers > 1 else "worker"] = process.pid
        door = open_gathering_door(settings["MAINSPRING_API_URL"], settings["MAINSPRING_API_KEY"])
        client.use_door(door)
        try:
            yield Shape(processes, door)
        finally:
            await client.aclose()
            client.use_door(None)


async def _finished(*arguments: str, settings: Mapping[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *_COMMAND, *arguments, env={**os.environ, **settings}, stdout=asyncio.subprocess.DEVNULL
    )
    if await process.wait():
        raise RuntimeError(f"mainspring {' '.join(arguments)} ended with {process.returncode}")


async def _started(
    stack: AsyncExitStack, sign: str, *arguments: str, settings: Mapping[str, str]
) -> tuple[asyncio.subprocess.Process, str]:
    """The process, once it has said a line that begins with `sign`, and that line."""
    process = await asyncio.create_subprocess_exec(
        *_COMMAND,
        *arguments,
        env={**os.environ, **settings},
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    stack.push_async_callback(_stop, process)
    assert process.stderr is not None
    async for line in process.stderr:
        text = line.decode(errors="replace")
        if text.startswith(sign):
            return process, text
    raise RuntimeError(f"mainspring {' '.join(arguments)} ended with {await process.wait()}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        await process.communicate()
