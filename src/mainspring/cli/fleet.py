"""`worker --workers N`: as many processes of one app, each started again when it dies, all drained together."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence

from mainspring.cli import exits, output
from mainspring.cli.child import Launch
from mainspring.cli.supervisor import Supervisor
from mainspring.client.backend import HttpBackend
from mainspring.clock import SECOND, SystemClock
from mainspring.errors import MainspringError
from mainspring.model.protocol import Farewell

#: What a worker may take beyond its own drain timeout before it is killed.
_GRACE = 5 * SECOND
#: Seconds to tell the server of a death: another worker is started only then.
_TOLD_WITHIN = 5.0


def run_fleet(launch: Launch, count: int, drain_timeout: int) -> None:
    """Run `count` workers until ctrl-C or SIGTERM. Raises what keeps the app from loading."""
    asyncio.run(_run(launch, count, drain_timeout))


async def _run(launch: Launch, count: int, drain_timeout: int) -> None:
    clock, workers = SystemClock(), f"{count} worker{'' if count == 1 else 's'}"
    backend = HttpBackend(launch.environment["MAINSPRING_API_URL"], launch.environment["MAINSPRING_API_KEY"])

    async def give_back(worker_id: str, is_unasked: bool, fault: str) -> None:
        """A worker that drained has given back its runs. Where the server cannot be told of a death it will notice
        the silence."""
        if is_unasked:
            with contextlib.suppress(MainspringError, TimeoutError):
                farewell = Farewell(worker_id, died=True, fault=fault)
                await asyncio.wait_for(backend.farewell(farewell), _TOLD_WITHIN)

    stop, retired = asyncio.Event(), set[int]()

    def has_retired(number: int) -> None:
        retired.add(number)
        if len(retired) == count:
            stop.set()

    fleet = [
        Supervisor(launch, give_back, _Told(number, has_retired), clock) for number in range(1, count + 1)
    ]

    def asked() -> None:
        if stop.is_set():
            for supervisor in fleet:
                supervisor.kill()
        else:
            output.say(f"Draining {workers}. ctrl-C again stops at once.")
        stop.set()

    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, asked)
    starting = asyncio.gather(*(supervisor.start() for supervisor in fleet))
    stopping = asyncio.create_task(stop.wait())
    try:
        both: set[asyncio.Future[object]] = {starting, stopping}  # type: ignore[arg-type]  # results are not read
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            output.say(f"{workers} {'is' if count == 1 else 'are'} ready. ctrl-C drains and stops.")
            await stop.wait()
    finally:
        await asyncio.gather(*(supervisor.stop(drain_timeout + _GRACE) for supervisor in fleet))
        starting.cancel()
        stopping.cancel()
        await asyncio.gather(starting, stopping, return_exceptions=True)
        await backend.aclose()


class _Told:
    """What is said of one of them. Their jobs are the same: the first one names them."""

    def __init__(self, number: int, has_retired: Callable[[int], None]) -> None:
        self._number = number
        self._has_retired = has_retired

    def registered(self, job_ids: Sequence[str], *, is_reload: bool) -> None:
        if self._number == 1 and not is_reload:
            for job_id in job_ids:
                output.data(f"Registered job: {job_id}")

    def died(self, code: int, pause: int) -> None:
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        when = f" in {pause / SECOND:g} s" if pause else ""
        output.say(f"Worker {self._number} {how}. Starting another{when}.")

    def retired(self) -> None:
        output.say(f"Worker {self._number} was drained by an operator, and has left.")
        self._has_retired(self._number)

    def broken(self, error: MainspringError) -> None:
        exits.tell(error)
