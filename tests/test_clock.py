"""The clocks: instants, the real one, and the one that tests turn."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.clock import (
    DAY,
    HOUR,
    SECOND,
    FakeClock,
    Instant,
    SystemClock,
    from_datetime,
    from_iso,
    to_datetime,
    to_iso,
)
from mainspring.errors import InvalidInstant

START = from_iso("2026-01-01T00:00:00Z")

instants = st.integers(from_iso("0001-01-01T00:00:00Z"), from_iso("9999-12-31T23:59:59.999999Z"))


# ── instants ─────────────────────────────────────────────────────────────────────────────────────────
def test_an_instant_is_written_in_utc_with_microseconds() -> None:
    assert to_iso(START) == "2026-01-01T00:00:00.000000Z"
    assert to_iso(START + 1) == "2026-01-01T00:00:00.000001Z"


@given(instants)
def test_instants_survive_text_and_datetimes(instant: Instant) -> None:
    assert from_iso(to_iso(instant)) == instant
    assert from_datetime(to_datetime(instant)) == instant


@given(instants, instants)
def test_texts_sort_like_instants(one: Instant, other: Instant) -> None:
    assert (to_iso(one) < to_iso(other)) is (one < other)


def test_offsets_are_understood() -> None:
    assert from_iso("2026-01-01T01:00:00+01:00") == START
    assert from_datetime(datetime(2026, 1, 1, 5, tzinfo=timezone(timedelta(hours=5)))) == START


@pytest.mark.parametrize("text", ["", "soon", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z"])
def test_times_that_are_none_or_have_no_zone_are_refused(text: str) -> None:
    with pytest.raises(InvalidInstant, match="Give a time with its zone"):
        from_iso(text)


def test_naive_datetimes_are_refused() -> None:
    with pytest.raises(InvalidInstant, match="says no time zone"):
        from_datetime(datetime(2026, 1, 1))


def test_instants_beyond_the_calendar_are_refused() -> None:
    with pytest.raises(InvalidInstant, match="outside the years"):
        to_iso(10**18)


# ── the machine's clock ──────────────────────────────────────────────────────────────────────────────
def test_the_system_clock_tells_the_time() -> None:
    before = datetime.now(UTC)
    now = to_datetime(SystemClock().now())
    assert before - timedelta(milliseconds=1) <= now <= datetime.now(UTC)


async def test_the_system_clock_never_wakes_early() -> None:
    clock = SystemClock()
    for delay in (0, 1, 300, 1_700):
        before = clock.monotonic()
        await clock.sleep(delay)
        assert clock.monotonic() - before >= delay


async def test_a_delay_in_the_past_returns_at_once() -> None:
    await SystemClock().sleep(-DAY)
    await FakeClock().sleep(-DAY)


# ── the clock that tests turn ────────────────────────────────────────────────────────────────────────
async def turn_the_loop() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_fake_clock_stands_still_until_it_is_advanced() -> None:
    clock = FakeClock()
    assert clock.now() == clock.now() == START
    clock.advance(3 * SECOND)
    assert clock.now() == START + 3 * SECOND
    assert clock.monotonic() == 3 * SECOND
    with pytest.raises(ValueError, match="time goes forward"):
        clock.advance(-1)


async def test_sleepers_wake_when_due_in_order() -> None:
    clock = FakeClock()
    woken: list[str] = []

    async def sleeper(name: str, delay: int) -> None:
        await clock.sleep(delay)
        woken.append(name)

    async with asyncio.TaskGroup() as group:
        for name, delay in (("late", 3 * SECOND), ("early", SECOND), ("also early", SECOND)):
            group.create_task(sleeper(name, delay))
        await turn_the_loop()
        clock.advance(SECOND - 1)
        await turn_the_loop()
        assert woken == []
        clock.advance(1)
        await turn_the_loop()
        assert woken == ["early", "also early"]
        clock.advance(HOUR)
    assert woken == ["early", "also early", "late"]


async def test_the_next_sleeper_is_told_and_cancelled_ones_are_forgotten() -> None:
    clock = FakeClock()
    assert clock.next_sleeper_at() is None
    first = asyncio.create_task(clock.sleep(SECOND))
    second = asyncio.create_task(clock.sleep(HOUR))
    await turn_the_loop()
    assert clock.next_sleeper_at() == START + SECOND
    first.cancel()
    await turn_the_loop()
    assert clock.next_sleeper_at() == START + HOUR
    clock.advance(HOUR)
    await second
    assert clock.next_sleeper_at() is None


async def test_setting_the_wall_clock_wakes_nobody() -> None:
    clock = FakeClock()
    sleeping = asyncio.create_task(clock.sleep(SECOND))
    await turn_the_loop()
    clock.shift(HOUR)
    assert clock.now() == START + HOUR
    await turn_the_loop()
    assert not sleeping.done()
    assert clock.next_sleeper_at() == START + HOUR + SECOND
    clock.shift(-2 * HOUR)
    clock.advance(SECOND)
    await sleeping


async def test_another_thread_may_advance_the_clock() -> None:
    clock = FakeClock()
    sleeping = [asyncio.create_task(clock.sleep(number * SECOND)) for number in range(1, 51)]
    await turn_the_loop()
    threads = [threading.Thread(target=clock.advance, args=(10 * SECOND,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    await asyncio.wait_for(asyncio.gather(*sleeping), timeout=10)
    for thread in threads:
        thread.join()
    assert clock.now() == START + 50 * SECOND


def test_loops_in_several_threads_sleep_on_one_clock() -> None:
    clock = FakeClock()
    threads = [threading.Thread(target=asyncio.run, args=(clock.sleep(SECOND),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    # No thread can end before it has gone to sleep and been woken, so this turns until all four have.
    while any(thread.is_alive() for thread in threads):
        if clock.next_sleeper_at() is not None:
            clock.advance(SECOND)
    for thread in threads:
        thread.join()


def test_a_sleeper_whose_loop_is_gone_harms_nobody() -> None:
    clock = FakeClock()

    async def leave_in_mid_sleep() -> None:
        sleeping = asyncio.create_task(clock.sleep(SECOND))
        await turn_the_loop()
        assert not sleeping.done()

    asyncio.run(leave_in_mid_sleep())
    clock.advance(SECOND)
    assert clock.next_sleeper_at() is None
