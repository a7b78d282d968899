"""Errors as they are kept, and raised again."""

import asyncio

import pytest

from mainspring.errors import (
    MainspringError,
    NotFound,
    PayloadInvalid,
    TaskFailed,
    TooLarge,
    Unserialisable,
    WaitTimeout,
)
from mainspring.model.failures import Failure
from mainspring.worker.failures import (
    effect_error,
    failure_of,
    output_failure,
    raised_failure,
    read_failure,
    task_error,
    wait_error,
    write_failure,
)


def charge() -> None:
    try:
        raise KeyError("card")
    except KeyError as error:
        raise ValueError("declined") from error


def caught() -> ValueError:
    with pytest.raises(ValueError, match="declined") as found:
        charge()
    return found.value


def test_a_failure_shows_the_users_frames_and_the_causes() -> None:
    failure = failure_of(caught())
    assert (failure.type, failure.message, failure.code) == ("ValueError", "declined", "error")
    assert failure.traceback is not None
    assert "KeyError: 'card'" in failure.traceback
    assert "in charge" in failure.traceback
    assert "/mainspring/worker/" not in failure.traceback


async def test_frames_of_ours_and_of_asyncio_are_left_out() -> None:
    async def fail() -> None:
        charge()

    with pytest.raises(ExceptionGroup) as found:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
    failure = failure_of(found.value)
    assert failure.traceback is not None
    assert "in fail" in failure.traceback
    assert "taskgroups.py" not in failure.traceback


def test_a_failed_task_is_found_in_a_group_and_named() -> None:
    failed = task_error("charge", 3, raised_failure(caught(), "charge"), caught())
    failure = failure_of(ExceptionGroup("several", [RuntimeError("other"), failed]))
    assert failure.code == "task_failed"
    assert failure.task_key == "charge"
    assert failure.message == "task 'charge' failed after 3 attempts: ValueError: declined"
    assert "in charge" in (failure.traceback or "")


def test_a_task_error_is_the_same_from_what_was_kept() -> None:
    error = caught()
    kept = raised_failure(error, "charge")
    first = task_error("charge", 2, kept, error)
    again = task_error("charge", 2, read_failure(write_failure(kept)), None)
    assert isinstance(first, TaskFailed)
    assert isinstance(again, TaskFailed)
    assert str(first) == str(again)
    assert first.cause is error
    assert again.cause == kept
    assert (again.task_key, again.attempts) == ("charge", 2)


@pytest.mark.parametrize(
    "error",
    [
        Unserialisable("the output of task 'a': `when` is of type X, which JSON cannot hold", path="when"),
        TooLarge("the output of task 'a' has 9 bytes", size=9, limit=5, setting="max_payload_bytes"),
        PayloadInvalid("the output of task 'a' does not fit", errors=[{"path": "x", "message": "no"}]),
    ],
)
def test_a_refused_output_raises_itself_now_and_on_replay(error: MainspringError) -> None:
    kept = output_failure(error, "a")  # type: ignore[arg-type]
    assert kept.path is not None
    again = task_error("a", 1, read_failure(write_failure(kept)), None)
    assert type(again) is type(error)
    assert str(again) == str(error)


def test_such_an_error_raised_by_the_function_itself_is_a_failed_task() -> None:
    kept = raised_failure(PayloadInvalid("no", errors=[{"path": "x", "message": "no"}]), "a")
    assert isinstance(task_error("a", 1, kept, None), TaskFailed)


def test_waits_and_effects_raise_what_the_server_said() -> None:
    timeout = wait_error("paid", Failure("WaitTimeout", "nothing came", "wait_timeout"))
    assert isinstance(timeout, WaitTimeout)
    assert timeout.wait_key == "paid"
    missing = NotFound("There is no job 'x'.")
    assert str(effect_error("call", Failure("NotFound", str(missing), "not_found"))) == str(missing)
    assert isinstance(effect_error("call", Failure("Odd", "?", "odd")), TaskFailed)


class Shy(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_error_that_cannot_be_shown_is_kept_all_the_same() -> None:
    failure = failure_of(Shy())
    assert failure.type == "Shy"
    assert "cannot be shown" in failure.message


def test_long_texts_and_unstorable_signs_are_mended() -> None:
    failure = failure_of(ValueError("x" * 1_000_000 + "\x00"))
    assert len(failure.message.encode()) <= 16_384
    assert "\x00" not in failure_of(ValueError("a\x00b\ud800")).message
