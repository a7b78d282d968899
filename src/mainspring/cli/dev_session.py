"""`dev` at work: the platform in this process, one worker process beside it, reloads, and the tail of the runs."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from mainspring import loops
from mainspring.cli import exits, output, paint
from mainspring.cli.child import Launch
from mainspring.cli.supervisor import Supervisor
from mainspring.cli.tail import Tail
from mainspring.cli.watch import root_of, saves
from mainspring.engine.commands import EndWorkers
from mainspring.errors import MainspringError
from mainspring.serve import Platform
from mainspring.settings import Settings, load_settings
from mainspring.version import __version__

#: What the worker processes of `dev` are called; a fresh `dev` ends those that an earlier one left.
WORKER_NAME = "dev"


def run_dev(app: str, flags: Mapping[str, object]) -> None:
    """Serve until ctrl-C or SIGTERM. Raises what keeps the platform from starting, or the app from loading."""
    settings = load_settings(flags)
    for warning in settings.warnings:
        output.say(warning)
    loops.run(_run(app, settings))


async def _run(app: str, settings: Settings) -> None:
    platform = Platform.open(settings, lets_browsers_in=True)
    try:
        await platform.start()
        await platform.engine.end_workers(
            EndWorkers("superseded", environment_id=platform.environment_id, name=WORKER_NAME, blames=False)
        )
        await _Session(app, settings, platform).run()
    finally:
        await platform.stop()


class _Session:
    """From the moment the platform has started until it is asked to stop."""

    def __init__(self, app: str, settings: Settings, platform: Platform) -> None:
        self._app = app
        self._settings = settings
        self._platform = platform
        self._screen = paint.screen()
        self._stop = asyncio.Event()
        self._screen.when_left = self._stop.set
        self._kill: Callable[[], None] = lambda: None

    async def run(self) -> None:
        url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(self._platform.serve(on_ready=url.set_result))
        both: set[asyncio.Future[Any]] = {serving, url}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
        self._show_banner(url.result())
        try:
            with self._stopping_on_request():
                await self._supervise(url.result())
        finally:
            self._platform.stop_serving()
            await serving

    async def _supervise(self, url: str) -> None:
        environment = {"MAINSPRING_API_URL": url, "MAINSPRING_API_KEY": self._platform.api_key}
        supervisor = Supervisor(
            Launch(self._app, environment), self._give_back, self, self._platform.engine.clock
        )
        self._kill = supervisor.kill
        # Told from now on, though shown after "Ready": runs that an earlier server left go on at once.
        tail = Tail(self._platform.engine, self._platform.environment_id, self._screen)
        try:
            with self._platform.engine.watching(tail.notice):
                await self._unless_stopped(supervisor.start())
                if not self._stop.is_set():
                    watched = _short(root_of(self._app))
                    self._tell(f"Ready. Watching {watched} for changes; ctrl-C stops.\n", "bright_black")
                    await self._until_stopped(tail, supervisor)
        finally:
            await supervisor.stop(self._settings.drain_timeout)

    async def _until_stopped(self, tail: Tail, supervisor: Supervisor) -> None:
        async with asyncio.TaskGroup() as group:
            chores = [group.create_task(tail.run()), group.create_task(self._reload(supervisor))]
            await self._stop.wait()
            self._tell("\nStopping: runs in flight go to their next checkpoint. ctrl-C again stops at once.")
            for chore in chores:
                chore.cancel()

    async def _reload(self, supervisor: Supervisor) -> None:
        try:
            async for files in saves(self._app, self._settings.data_dir):
                self._tell(f"Saved {', '.join(files)}: reloading", "bright_black")
                await supervisor.reload()
        except OSError as error:  # the system's limit of watched files, a folder that is gone
            self._tell(
                f"Files cannot be watched ({error}): no reloading until dev is started again.", "yellow"
            )

    async def _unless_stopped(self, starting: Coroutine[Any, Any, None]) -> None:
        """Returns when `starting` is through, or when we are asked to stop; raises what it raises."""
        start = asyncio.create_task(starting)
        stop = asyncio.create_task(self._stop.wait())
        both: set[asyncio.Future[Any]] = {start, stop}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if start.done():
            start.result()
        start.cancel()

    async def _give_back(self, worker_id: str, is_unasked: bool, fault: str) -> None:
        environment_id = self._platform.environment_id
        await self._platform.engine.end_workers(
            EndWorkers(
                "exited", environment_id=environment_id, worker_id=worker_id, blames=is_unasked, fault=fault
            )
        )

    # ── told ─────────────────────────────────────────────────────────────────────────────────────────
    def registered(self, job_ids: Sequence[str], *, is_reload: bool) -> None:
        for job_id in job_ids:
            self._tell(f"Registered job: {job_id}", "green")
        if is_reload:
            self._tell("Reloaded.", "bright_black")

    def died(self, code: int, pause: int) -> None:
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        when = f" in {pause / 1e6:g} s" if pause else ""
        self._tell(f"The worker {how}; what it held goes on. Starting another{when}.", "bold red")

    def retired(self) -> None:
        self._tell("The worker was drained and has left. Save a file to start another.", "bold yellow")

    def broken(self, error: MainspringError) -> None:
        exits.tell(error)
        self._tell("The last good code goes on. Waiting for the next save.", "bold red")

    def _show_banner(self, url: str) -> None:
        self._tell(f"Mainspring {__version__}\n", "bold")
        for name, value in (
            ("URL", url),
            ("API key", self._platform.api_key),
            ("Database", self._platform.database.label),
        ):
            self._screen.print(Text.assemble((f"  {name:<10}", "bright_black"), output.clean(value)))
        self._tell("")

    def _tell(self, text: str, style: str = "") -> None:
        self._screen.print(Text(text, style=style))

    @contextlib.contextmanager
    def _stopping_on_request(self) -> Iterator[None]:
        """The first signal asks to stop, a second one stops at once."""
        loop = asyncio.get_running_loop()
        signs = [signal.SIGINT, signal.SIGTERM]
        if (
            signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
        ):  # the terminal was closed, and it is no nohup
            signs.append(signal.SIGHUP)
        for sign in signs:
            loop.add_signal_handler(sign, self._asked_to_stop)
        try:
            yield
        finally:
            for sign in signs:
                loop.remove_signal_handler(sign)

    def _asked_to_stop(self) -> None:
        if self._stop.is_set():
            self._kill()
        self._stop.set()


def _short(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
