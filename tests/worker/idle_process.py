"""A worker process on a server that has no work: what `test_process.py` starts."""

import asyncio
import sys

from mainspring.errors import Unauthorized
from mainspring.model.protocol import (
    ClaimAnswer,
    ClaimRequest,
    CommitAnswer,
    CommitRequest,
    Farewell,
    Heartbeat,
    HeartbeatAnswer,
    Registered,
    Registration,
)
from mainspring.settings import load_settings
from mainspring.worker.process import ProcessOptions, run_worker_process


class IdleBackend:
    def __init__(self, url: str, key: str) -> None:
        self._key = key

    async def register(self, registration: Registration) -> Registered:
        if self._key != "right":
            raise Unauthorized("this key is not known here")
        return Registered("default", "dev", 1_000_000, 10_000_000, 1 << 20, 100)

    async def claim(self, request: ClaimRequest) -> ClaimAnswer:
        await asyncio.Event().wait()
        raise AssertionError

    async def commit(self, request: CommitRequest) -> CommitAnswer:
        return CommitAnswer(())

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        return HeartbeatAnswer()

    async def farewell(self, farewell: Farewell) -> None: ...

    async def aclose(self) -> None: ...


if __name__ == "__main__":
    app, key, report_fd = sys.argv[1:]
    options = ProcessOptions(
        worker_id="wrk_1", exit_with_parent=True, report_fd=int(report_fd) if report_fd != "-" else None
    )
    settings = load_settings({"api_key": key}, env={})
    sys.exit(run_worker_process(app, settings, connect=IdleBackend, options=options))
