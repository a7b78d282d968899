"""`@task` functions: durable where a run calls them, plain elsewhere; and `def` code that calls back from threads."""

import asyncio
import threading
from dataclasses import dataclass
from typing import Any

import pytest

from mainspring import Client, ctx, io, task
from mainspring.clock import SECOND
from mainspring.errors import DefinitionError, RunSuspended
from mainspring.sdk import bridge, threads
from mainspring.sdk.ambient import io as ambient_io
from sdk.stand_ins import a_context, in_run


@dataclass
class Doc:
    title: str


@task
async def render(title: str) -> Doc:
    return Doc(title.upper())


@task(retry=1, timeout="3s", name="Shout", key="shout")
def shout(text: str) -> str:
    return text + "!"


async def test_inside_a_run_a_call_is_a_task_keyed_by_the_functions_name() -> None:
    with in_run() as runtime:
        assert await render("a") == Doc("A")
        assert await shout("b") == "b!"
        assert await render.options(key="cover", retry=0)("c") == Doc("C")
    plain, loud, cover = runtime.calls
    assert (plain.key, plain.args, plain.retry) == ("render", ("a",), None)
    assert (loud.key, loud.timeout, loud.name) == ("shout", 3 * SECOND, "Shout")
    assert cover.retry is not None
    assert (cover.key, cover.retry.policy.max_attempts) == ("cover", 1)


async def test_outside_a_run_it_just_runs() -> None:
    assert await render("a") == Doc("A")
    assert await shout("b") == "b!"
    assert render.fn.__name__ == render.__name__ == "render"


def test_a_def_task_needs_no_loop_outside_runs() -> None:
    result: Any = shout("b")
    assert result == "b!"


async def test_options_change_only_what_they_give() -> None:
    louder = shout.options(name="Louder")
    with in_run() as runtime:
        await louder("x")
        await io.run_task("own-key", shout, "y", timeout="9s")
    first, second = runtime.calls
    assert (first.key, first.name, first.timeout) == ("shout", "Louder", 3 * SECOND)
    assert (second.key, second.name, second.timeout, second.args) == ("own-key", "Shout", 9 * SECOND, ("y",))
    assert second.fn is shout.fn


async def test_methods_are_bound() -> None:
    class Press:
        ink = "blue"

        @task
        async def stamp(self, text: str) -> str:
            return f"{text} in {self.ink}"

    assert await Press().stamp("a") == "a in blue"
    with in_run() as runtime:
        assert await Press().stamp("a") == "a in blue"
    assert runtime.calls[0].args == ("a",)


def test_a_bad_task_is_refused() -> None:
    with pytest.raises(DefinitionError):
        task(key="")
    with pytest.raises(DefinitionError, match="instead of a function"):
        task()(3)  # type: ignore[call-overload]


# ── plain def, in threads ────────────────────────────────────────────────────────────────────────────
async def test_a_def_job_calls_io_and_gets_values() -> None:
    @Client("shop").job(id="blocking")
    def blocking(payload: int, io: Any) -> Any:
        assert threading.current_thread() is not threading.main_thread()
        doubled: Any = io.run_task("double", lambda n: 2 * n, payload)
        io.wait("pause", 1)
        io.store.job.set("n", doubled)
        io.logger.info("stored", n=doubled)
        io.progress(1, 2)
        rendered: Any = render("t")
        loud: Any = shout("x")
        helper: Any = ambient_io.run_task("again", shout, "y")
        assert ctx.run.id == "run_1"
        assert 0 <= io.random() < 1
        return [doubled, io.store.job.get("n"), rendered, loud, helper]

    with in_run() as runtime:
        result = await blocking.call("4", io, a_context())
    assert result == [8, 8, Doc("T"), "x!", "y!"]
    assert [call.key for call in runtime.calls] == ["double", "render", "shout", "again"]
    assert [wait.key for wait in runtime.waits] == ["pause"]
    assert runtime.lines == [("INFO", "stored", {"n": 8})]


async def test_errors_of_a_thread_reach_the_caller() -> None:
    def stop() -> None:
        raise StopIteration(3)

    def leave() -> None:
        raise SystemExit(2)

    with pytest.raises(RuntimeError, match="StopIteration"):
        await bridge.run_in_thread(stop)
    with pytest.raises(SystemExit):
        await bridge.run_in_thread(leave)


async def test_a_thread_that_is_left_behind_is_refused_further_calls() -> None:
    may_go_on, caught = threading.Event(), list[BaseException]()
    began, ended = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    here: Any = ambient_io

    def body() -> None:
        loop.call_soon_threadsafe(began.set)
        may_go_on.wait(10)
        try:
            here.wait("late", 1)
        except BaseException as error:
            caught.append(error)
        loop.call_soon_threadsafe(ended.set)

    with in_run():
        call = asyncio.ensure_future(bridge.run_in_thread(body))
        await began.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        may_go_on.set()
        await ended.wait()
    assert isinstance(caught[0], RunSuspended)


async def test_a_thread_that_waits_for_io_is_woken_when_its_run_leaves() -> None:
    waiting, ended = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    caught: list[BaseException] = []
    here: Any = ambient_io

    async def never() -> None:
        waiting.set()
        await asyncio.Event().wait()

    def body() -> None:
        try:
            here.run_task("never", never)
        except BaseException as error:
            caught.append(error)
        loop.call_soon_threadsafe(ended.set)

    with in_run():
        call = asyncio.ensure_future(bridge.run_in_thread(body))
        await waiting.wait()
        call.cancel()
        await ended.wait()
    assert isinstance(caught[0], RunSuspended)


async def test_threads_are_bounded_but_nesting_never_locks_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "MAX_THREADS", 2)
    at_once, most, lock, pair = 0, 0, threading.Lock(), threading.Barrier(2)

    def inner() -> int:
        return 1

    def outer() -> int:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        pair.wait(10)  # only together with another one, so two of them are at work
        value: Any = ambient_io.run_task("inner", inner)
        with lock:
            at_once -= 1
        return int(value)

    with in_run():
        results = await asyncio.gather(*(bridge.run_in_thread(outer) for _ in range(8)))
    assert results == [1] * 8
    assert most == 2


async def test_a_call_cancelled_before_its_turn_never_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "MAX_THREADS", 1)
    release, ran = threading.Event(), list[str]()
    first = asyncio.ensure_future(bridge.run_in_thread(release.wait))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(bridge.run_in_thread(lambda: ran.append("second")))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    release.set()
    await first
    await bridge.run_in_thread(lambda: ran.append("third"))
    assert ran == ["third"]
