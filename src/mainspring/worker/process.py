"""A worker as a process of its own: load the app, register, work until told to stop, tell a supervisor.

How to start one (the command line does)::

    code = run_worker_process(
        "app:client", settings, connect=HttpBackend, options=ProcessOptions(name="dev", worker_id=...)
    )
    sys.exit(code)

It blocks the main thread until the worker has stopped. `connect(api_url, api_key)` makes the `Backend`.
Exit codes: 0 stopped as asked, 1 failed while running (key refused, protocol mismatch), 2 the app could not
be found or raised while importing.

What it obeys:

- SIGTERM, SIGINT: drain. Nothing new is claimed; each run goes to its next checkpoint and is given back;
  what has not got there when `drain_timeout` is over is given back as it is. A second signal gives
  everything back at once.
- `exit_with_parent=True` (`--parent-pipe`): stdin is a pipe that the parent holds open. When it closes, the
  parent is dead: the process ends at once, without a drain, for nobody is there to drain to. Standard input
  reads as empty for user code.

What it says, when `report_fd` is given (`--report-fd N`, the writing end of a pipe, passed on by
`pass_fds=(N,)`): one JSON object per line, so that stdout and stderr stay the user's own::

    {"kind": "loaded", "app": "app:client", "jobs": ["hello", "order"]}     importing the app went well
    {"kind": "failed", "code": "app_load_error", "message": "...", "traceback": "..."}    it ends after this
    {"kind": "ready", "worker_id": "wrk_...", "jobs": ["hello", "order"]}   registered; again after each
                                                                            re-registration, with a new id
    {"kind": "draining", "running": 3}                                      a stop was asked for
    {"kind": "retiring", "running": 3}                                      an operator drains it: it takes no more
    {"kind": "stopped", "released": 1}                                      all is over; exit follows

A supervisor that replaces a worker starts the new one, waits for "loaded" (or "failed": then the old one
stays), and only then sends SIGTERM to the old one.
"""

import asyncio
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mainspring import loops
from mainspring.errors import ConfigurationError, MainspringError
from mainspring.model.limits import Limits
from mainspring.sdk.client import Client
from mainspring.settings import Settings
from mainspring.worker.backend import Backend
from mainspring.worker.failures import traceback_of
from mainspring.worker.loader import load_client
from mainspring.worker.worker import Worker

#: Makes the way to the server: (api_url, api_key) -> Backend.
Connect = Callable[[str, str], Backend]

OK, FAILED, NOT_LOADED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class ProcessOptions:
    """What the command line adds to the settings."""

    #: A label for people and supervisors; the host's name when None.
    name: str | None = None
    #: Id to register under; the setting `worker_id`, else a fresh one, when None.
    worker_id: str | None = None
    #: Runs executed side by side; the setting `worker_concurrency` when None.
    slots: int | None = None
    #: End when standard input is closed, for then the parent is dead.
    exit_with_parent: bool = False
    #: What runs print is also printed here; not where the supervisor shows their lines.
    echoes: bool = True
    #: Take only runs that are bound to this app's versions of its jobs.
    pinned_only: bool = False
    #: Take from these queues only; none: from all.
    queues: tuple[str, ...] = ()
    #: Where to report, see above.
    report_fd: int | None = None
    #: Given each report too, in this process.
    on_report: Callable[[dict[str, Any]], None] | None = None


def run_worker_process(
    ref: str, settings: Settings, *, connect: Connect, options: ProcessOptions = ProcessOptions()
) -> int:
    """Runs a worker for the app `ref` until it is told to stop; the exit code.

    ConfigurationErrors of loading the app (AppNotFound, AppLoadError) are raised when there is no supervisor to
    report them to, for the command line to show; all else that ends the worker (Unauthorized, ...) is raised.
    """
    report = _Reporter(options.report_fd, options.on_report)
    if options.exit_with_parent:
        _end_with_parent()
    if logging.root.level == logging.WARNING:
        logging.root.setLevel(
            logging.INFO
        )  # lines of runs are kept at INFO, whoever configures what is shown
    try:
        client = load_client(ref)
    except ConfigurationError as error:
        report(
            kind="failed", code=error.code, message=str(error), traceback=getattr(error, "traceback", None)
        )
        if options.report_fd is None:
            raise
        return NOT_LOADED
    report(kind="loaded", app=ref, jobs=sorted(client.registered))
    try:
        loops.run(_work(ref, client, settings, connect, options, report))
    except MainspringError as error:
        report(kind="failed", code=error.code, message=str(error), traceback=traceback_of(error))
        raise
    return OK


async def _work(
    ref: str,
    client: Client,
    settings: Settings,
    connect: Connect,
    options: ProcessOptions,
    report: "_Reporter",
) -> None:
    backend = connect(settings.api_url, settings.api_key or "")
    worker = Worker(
        client,
        backend,
        slots=options.slots or settings.worker_concurrency,
        name=options.name or "",
        app=ref,
        worker_id=options.worker_id or settings.worker_id,
        drain_timeout=settings.drain_timeout,
        parked_runs=settings.worker_parked_runs,
        limits=Limits.of(settings),
        echoes=options.echoes,
        pinned_only=options.pinned_only,
        queues=options.queues,
        ready=lambda worker_id: report(kind="ready", worker_id=worker_id, jobs=sorted(client.registered)),
        retiring=lambda: report(kind="retiring", running=worker.running),
    )
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if worker.is_draining:
            worker.give_back_now()
            return
        report(kind="draining", running=worker.running)
        worker.drain()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await worker.run()
    finally:
        await backend.aclose()
        await client.aclose()
        report(kind="stopped", released=worker.released)


class _Reporter:
    """Writes lines for a supervisor, if there is one."""

    def __init__(self, fd: int | None, listener: Callable[[dict[str, Any]], None] | None) -> None:
        self._fd = fd
        self._listener = listener

    def __call__(self, **line: Any) -> None:
        if self._listener is not None:
            self._listener(line)
        if self._fd is None:
            return
        try:
            os.write(self._fd, json.dumps(line).encode() + b"\n")
        except OSError:
            self._fd = None  # the supervisor is gone, or does not listen any more


def _end_with_parent() -> None:
    """Watches standard input, and ends the process when it closes. User code reads an empty one."""
    watched = os.dup(sys.stdin.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)

    def watch() -> None:
        while os.read(watched, 4096):
            pass
        os._exit(FAILED)

    threading.Thread(target=watch, name="mainspring-parent", daemon=True).start()
