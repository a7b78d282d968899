"""One worker process of `dev` or `worker --workers`: started, listened to, drained. It ends by itself when we do.

Two pipes tie it to us: its stdin, whose end means that we are gone, and its report pipe, on which it says what
becomes of it (the words are in `worker/process.py`).
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mainspring.cli.deaths import fault_of, memory_limit_hits
from mainspring.errors import MainspringError, error_types


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a worker process. `environment`: variables on top of our own; `options`: of `worker`."""

    app: str
    environment: Mapping[str, str]
    options: tuple[str, ...] = ("--name", "dev", "--no-echo")


class Child:
    """A worker process that was started."""

    def __init__(self, worker_id: str, process: asyncio.subprocess.Process, reports: int) -> None:
        self.worker_id = worker_id
        self.is_draining = False
        #: An operator drained it: nobody takes its place.
        self.is_retired = False
        self._process = process
        self._reports = reports
        self._listening: asyncio.BaseTransport | None = None
        self._listener: asyncio.Task[None] | None = None
        self._memory_limit_hits = memory_limit_hits()
        self._failed: dict[str, Any] | None = None
        #: Ids of its jobs, once they are registered.
        self.job_ids: list[str] | None = None

    @classmethod
    async def start(cls, launch: Launch, worker_id: str) -> "Child":
        """Start the process; nothing is known yet about the app."""
        readable, writable = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "mainspring", "worker", launch.app, *launch.options),
                *("--parent-pipe", "--report-fd", str(writable)),
                stdin=asyncio.subprocess.PIPE,
                pass_fds=(writable,),
                env={**os.environ, **launch.environment, "MAINSPRING_WORKER_ID": worker_id},
                # Out of our terminal's process group: ctrl-C reaches us alone, and we drain it in order.
                start_new_session=True,
            )
        except BaseException:
            os.close(readable)
            raise
        finally:
            os.close(writable)
        return cls(worker_id, process, readable)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def is_ready_or_over(self) -> None:
        """Returns when its jobs are registered (`job_ids` is set then), or when it will not come to that."""
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        pipe = os.fdopen(self._reports, "rb", buffering=0)
        self._listening, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
        while line := await reader.readline():
            self._hear(json.loads(line))
            if self.job_ids is not None:
                self._listener = asyncio.create_task(self._listen(reader))
                return

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """To what it says once it is ready."""
        while line := await reader.readline():
            self._hear(json.loads(line))

    def _hear(self, said: dict[str, Any]) -> None:
        if said["kind"] == "failed":
            self._failed = said
        if said["kind"] == "retiring":
            self.is_draining = self.is_retired = True
        if said["kind"] == "ready":
            # Under another id when the server had given it up meanwhile.
            self.worker_id, self.job_ids = said["worker_id"], said["jobs"]

    def error(self) -> MainspringError:
        """Why it never became ready."""
        if self._failed is None:
            code = self._process.returncode
            return MainspringError(
                f"the worker process ended with exit code {code} before it was ready", mend=""
            )
        kind = error_types().get(self._failed["code"], MainspringError)
        # The message came with its mend.
        return kind(self._failed["message"], mend="", traceback=self._failed["traceback"] or "")

    async def ended(self) -> int:
        """The exit code, once the process has ended; negative for the signal that killed it."""
        code = await self._process.wait()
        if self._listener is not None:
            self._listener.cancel()
        if self._listening is not None:
            self._listening.close()
        return code

    def fault(self) -> str:
        """What it ended by itself of, once it has ended; "" when somebody else may have killed it."""
        hits = memory_limit_hits() > self._memory_limit_hits
        return fault_of(self._process.returncode or 0, hit_memory_limit=hits)

    def drain(self) -> None:
        """Ask it to finish or give back what it has, and to go."""
        self.is_draining = True
        self._tell(self._process.terminate)

    def kill(self) -> None:
        self._tell(self._process.kill)

    def _tell(self, send: Any) -> None:
        if self._process.returncode is None:
            send()
