"""The lease keeper, beat by beat; its thread is not started here."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from mainspring.errors import Unauthorized, UnknownWorker
from mainspring.model.protocol import Heartbeat, HeartbeatAnswer, Registered
from mainspring.worker.keeper import BLOCKED_AFTER, Keeper
from worker.scripted import ScriptedBackend, turns, unavailable


class Kept:
    def __init__(self) -> None:
        self.answers: list[HeartbeatAnswer] = []
        self.errors: list[Exception] = []

    def snapshot(self, blocked_stack: str | None) -> Heartbeat:
        return Heartbeat("wrk_1", (("run_1", 3),), 5, 7, blocked_stack=blocked_stack)

    def heard(self, heartbeat: Heartbeat, answer: HeartbeatAnswer) -> None:
        self.answers.append(answer)

    def failed(self, error: Exception) -> None:
        self.errors.append(error)


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


REGISTERED = Registered("default", "dev", 3_000_000, 10_000_000, 1, 1)


def a_keeper(backend: ScriptedBackend) -> tuple[Keeper, Kept, Time]:
    kept, time = Kept(), Time()
    keeper = Keeper(backend, kept, asyncio.get_running_loop(), monotonic=time)
    keeper._timeout = 10.0
    return keeper, kept, time


async def test_a_lease_is_over_only_after_its_whole_time_without_an_answer(backend: ScriptedBackend) -> None:
    keeper, kept, time = a_keeper(backend)
    assert await asyncio.to_thread(keeper._beat)
    await turns()
    assert len(kept.answers) == 1
    time.now += 10
    assert not keeper.is_lease_over()
    time.now += 0.1
    assert keeper.is_lease_over()
    await asyncio.to_thread(keeper._beat)
    assert not keeper.is_lease_over()


@pytest.mark.parametrize(
    ("error", "is_told"), [(unavailable(), False), (Unauthorized("no"), True), (RuntimeError("bug"), False)]
)
async def test_an_unanswered_beat_is_no_answer(
    backend: ScriptedBackend, error: Exception, is_told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(heartbeat: Heartbeat) -> HeartbeatAnswer:
        raise error

    monkeypatch.setattr(backend, "heartbeat", fails)
    keeper, kept, _ = a_keeper(backend)
    assert not await asyncio.to_thread(keeper._beat)
    await turns()
    assert kept.answers == []
    assert kept.errors == ([error] if is_told else [])


async def test_an_unknown_worker_is_an_answer(
    backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(heartbeat: Heartbeat) -> HeartbeatAnswer:
        raise UnknownWorker("who?")

    monkeypatch.setattr(backend, "heartbeat", fails)
    keeper, kept, _ = a_keeper(backend)
    assert await asyncio.to_thread(keeper._beat)
    await turns()
    assert kept.answers == [HeartbeatAnswer(unknown_worker=True)]


def in_a_thread(doing: Callable[[], None]) -> None:
    """Comes back when it is done: its caller is on the stack from before it begins."""
    thread = threading.Thread(target=doing)
    thread.start()
    thread.join()


async def test_a_blocked_loop_is_reported_with_its_stack(
    backend: ScriptedBackend, caplog: pytest.LogCaptureFixture
) -> None:
    keeper, _, time = a_keeper(backend)

    def beats() -> None:
        keeper._beat()
        time.now += BLOCKED_AFTER + 1
        keeper._beat()
        keeper._beat()

    in_a_thread(beats)  # this line blocks the loop
    stack = backend.heartbeats[-1].blocked_stack
    assert stack is not None
    assert "this line blocks the loop" in stack
    assert len([record for record in caplog.records if "blocked" in record.message]) == 1

    await turns()
    await asyncio.to_thread(keeper._beat)
    assert backend.heartbeats[-1].blocked_stack is None


async def test_the_thread_beats_until_it_is_stopped(backend: ScriptedBackend) -> None:
    keeper = Keeper(backend, Kept(), asyncio.get_running_loop())
    keeper.start(REGISTERED)
    keeper.nudge()
    await backend.until(lambda: backend.heartbeats)
    thread = keeper._thread
    assert thread is not None
    keeper.stop()
    await asyncio.to_thread(thread.join, 10)
    assert not thread.is_alive()
