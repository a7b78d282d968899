"""When all of a run's code waits for durable waits alone: read from asyncio's own objects."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from pathlib import Path
from typing import Any

import pytest

from mainspring import sdk
from mainspring.errors import RunSuspended
from mainspring.worker import strands
from mainspring.worker.stops import Guarded, Stop, Suspended
from mainspring.worker.strands import Strand, Strands, WaitFuture, current_strands, install_factory
from worker.scripted import turns

Code = Callable[[Strands], Awaitable[Any]]


class Body:
    """A run's body with its strands."""

    def __init__(self, code: Code) -> None:
        loop = asyncio.get_running_loop()
        install_factory(loop)
        self.strands = Strands(loop)
        self.stop: Stop | None = None
        context = copy_context()
        context.run(current_strands.set, self.strands)

        async def run() -> Any:
            return await code(self.strands)

        self.strand: Strand = loop.create_task(Guarded(run(), lambda: self.stop), context=context)
        self.strands.begin(self.strand)

    @property
    def is_quiet(self) -> bool:
        return self.strands.are_blocked_on(WaitFuture) and not self.strands.have_timeouts()

    async def end(self) -> None:
        self.stop = Suspended
        self.strands.cancel()
        over = asyncio.Event()
        self.strands.when_over(over.set, Context())
        await asyncio.wait_for(over.wait(), 5)


async def waits(strands: Strands) -> None:
    strands.touch()
    await WaitFuture(loop=asyncio.get_running_loop())


async def gathers(strands: Strands) -> None:
    await asyncio.gather(waits(strands), waits(strands), asyncio.gather(waits(strands)))


async def groups(strands: Strands) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(waits(strands))
        group.create_task(gathers(strands))


async def waits_in_a_group(strands: Strands) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(waits(strands))
        await waits(strands)


async def waits_for_the_first(strands: Strands) -> None:
    racers = [asyncio.create_task(waits(strands)), asyncio.create_task(groups(strands))]
    await asyncio.wait(racers, return_when=asyncio.FIRST_COMPLETED)


async def awaits_another_strand(strands: Strands) -> None:
    other = asyncio.create_task(waits(strands))
    await other


async def had_a_timeout_once(strands: Strands) -> None:
    async with asyncio.timeout(60) as limit:
        await asyncio.sleep(0)
    await waits(strands)
    assert limit


async def works_beside(strands: Strands) -> None:
    await asyncio.gather(waits(strands), asyncio.Event().wait())


async def has_a_timeout(strands: Strands) -> None:
    async with asyncio.timeout(60):
        await waits(strands)


class Mute:
    """A proxy that objects to being asked."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("nothing is known of me")


async def holds_a_proxy(strands: Strands) -> None:
    mute = Mute()
    await waits(strands)
    assert mute


async def waits_at_most(strands: Strands) -> None:
    await asyncio.wait_for(waits(strands), 60)


async def waits_for_the_first_at_most(strands: Strands) -> None:
    await asyncio.wait([asyncio.create_task(waits(strands))], timeout=60)


async def has_work_in_the_background(strands: Strands) -> None:
    beside = asyncio.create_task(asyncio.Event().wait())
    try:
        await waits(strands)
    finally:
        beside.cancel()


async def has_a_thread(strands: Strands) -> None:
    await asyncio.gather(waits(strands), asyncio.get_running_loop().create_future())


async def waits_for_an_event(strands: Strands) -> None:
    event = asyncio.Event()
    await asyncio.gather(waits(strands), event.wait())


QUIET: list[Code] = [
    waits,
    gathers,
    groups,
    waits_in_a_group,
    waits_for_the_first,
    awaits_another_strand,
    had_a_timeout_once,
    holds_a_proxy,
]
BUSY: list[Code] = [
    works_beside,
    has_a_timeout,
    waits_at_most,
    waits_for_the_first_at_most,
    has_work_in_the_background,
    has_a_thread,
    waits_for_an_event,
]


@pytest.mark.parametrize("code", QUIET)
async def test_a_run_that_only_waits_is_quiet(code: Code, caplog: pytest.LogCaptureFixture) -> None:
    body = Body(code)
    await turns()
    assert body.is_quiet
    await body.end()
    assert not caplog.records


@pytest.mark.parametrize("code", BUSY)
async def test_a_run_that_does_something_is_not_quiet(code: Code) -> None:
    body = Body(code)
    await turns()
    assert not body.is_quiet
    await body.end()


async def test_code_that_is_about_to_run_is_not_quiet() -> None:
    body = Body(waits)
    await turns()
    (future,) = [one._fut_waiter for one in body.strands._all]  # type: ignore[attr-defined]
    future.set_result(None)
    assert not body.is_quiet
    await body.strand


async def test_a_stop_arrives_as_its_reason() -> None:
    seen: list[BaseException] = []

    async def code(strands: Strands) -> None:
        try:
            await asyncio.Event().wait()
        except Exception:
            pytest.fail("a stop is no Exception")
        except BaseException as error:
            seen.append(error)
            raise

    body = Body(code)
    await turns()
    await body.end()
    (error,) = seen
    assert isinstance(error, RunSuspended)
    assert isinstance(error, asyncio.CancelledError)
    assert body.strand.cancelled()


async def test_a_cancel_of_the_users_own_passes_unchanged() -> None:
    async def code(strands: Strands) -> str:
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError:
            return "timed out"
        return ""

    body = Body(code)
    assert await body.strand == "timed out"


async def test_strands_that_never_called_io_are_left_alone() -> None:
    """A client library may start its reader inside a run, and share it with others."""
    readers: list[asyncio.Task[Any]] = []

    async def code(strands: Strands) -> None:
        readers.append(asyncio.create_task(asyncio.Event().wait()))
        await waits(strands)

    body = Body(code)
    await turns()
    await body.end()
    assert not readers[0].done()
    readers[0].cancel()


async def test_the_factory_that_was_there_is_kept() -> None:
    loop = asyncio.get_running_loop()
    made = []

    def factory(loop: Any, coro: Any, **options: Any) -> Any:
        made.append(coro)
        return asyncio.Task(coro, loop=loop, **options)

    loop.set_task_factory(factory)
    try:
        install_factory(loop)
        install_factory(loop)
        body = Body(groups)
        await turns()
        assert len(made) == 6
        assert body.is_quiet
        await body.end()
    finally:
        loop.set_task_factory(None)


# ── a moment after the last wait ─────────────────────────────────────────────────────────────────────
async def one_of_two(code: Awaitable[Any], other: Awaitable[Any]) -> None:
    racers = [asyncio.ensure_future(code), asyncio.ensure_future(other)]
    await asyncio.wait(racers, return_when=asyncio.FIRST_COMPLETED)


async def both_gathered(code: Awaitable[Any], other: Awaitable[Any]) -> None:
    await asyncio.gather(code, code_that_is_done())


async def both_in_a_group(code: Awaitable[Any], other: Awaitable[Any]) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(code)  # type: ignore[arg-type]


async def code_that_is_done() -> None: ...


@pytest.mark.parametrize("together", [one_of_two, both_gathered, both_in_a_group])
async def test_what_has_just_been_resolved_is_not_quiet_in_any_turn(together: Any) -> None:
    resolved = WaitFuture(loop=asyncio.get_running_loop())

    async def wait(strands: Strands, future: asyncio.Future[None]) -> None:
        strands.touch()
        await future

    async def code(strands: Strands) -> None:
        other = wait(strands, WaitFuture(loop=asyncio.get_running_loop()))
        await together(wait(strands, resolved), other)
        other.close()  # where it was not wanted
        await asyncio.Event().wait()

    body = Body(code)
    await turns(10)
    assert body.is_quiet
    resolved.set_result(None)
    for _ in range(10):
        assert not body.is_quiet
        await turns(1)
    await body.end()


#: Leads a body from an asyncio task of its own.
OUTSIDE = "rehearsal.py"


def test_none_of_our_code_between_the_body_and_what_it_is_blocked_on_has_a_timer() -> None:
    """It is not looked at for open timeouts."""
    floors = [Path(strands.__file__).parent, Path(sdk.__file__).parent]
    timed = re.compile(r"\bwith (asyncio\.timeout|async_timeout|anyio)")
    paths = [path for floor in floors for path in floor.rglob("*.py") if path.name != OUTSIDE]
    assert not [path for path in paths if timed.search(path.read_text("utf-8"))]
