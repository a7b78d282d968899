"""Errors: one tree, each with a code, a mend, and a text that says what happened."""

import copy
import pickle

import pytest

from mainspring import errors
from mainspring.errors import (
    BadRequest,
    ControlFlow,
    LeaseRevoked,
    MainspringError,
    NonRetryable,
    NotFound,
    PortInUse,
    RetryAfter,
    RunCancelled,
    RunFailed,
    RunSuspended,
    TaskFailed,
    TaskTimeout,
    WaitTimeout,
    error_types,
    mend_of,
)


def test_the_text_says_what_happened_and_the_mend() -> None:
    error = PortInUse("port 2020 on 127.0.0.1 is in use.", port=2020)
    mend = "Stop the process that listens there, or choose another port with `--port`."
    assert str(error) == f"port 2020 on 127.0.0.1 is in use. {mend}"
    assert error.port == 2020


def test_a_mend_of_its_own_replaces_the_one_of_the_class() -> None:
    assert str(NotFound("no run 'run_1'", mend="List runs first.")) == "no run 'run_1'. List runs first."
    assert str(NotFound("no run 'run_1'", mend="")) == "no run 'run_1'"


def test_the_mend_is_not_said_twice() -> None:
    first = NotFound("no run 'run_1'")
    assert str(NotFound(str(first))) == str(first)


def test_without_a_message_the_mend_speaks() -> None:
    assert str(NotFound()) == mend_of(NotFound)


def test_what_users_raise_keeps_their_words() -> None:
    assert str(NonRetryable("card declined")) == "card declined"
    assert str(RetryAfter("30s", "rate limited")) == "rate limited"
    assert str(TaskFailed("task 'charge' failed: boom", task_key="charge", attempts=3)) == (
        "task 'charge' failed: boom"
    )


def test_a_subclass_in_user_code_inherits_code_and_mend() -> None:
    class CardDeclined(NonRetryable):
        """What the shop says about its own error."""

    assert CardDeclined("no").code == "non_retryable"
    assert mend_of(CardDeclined) == mend_of(NonRetryable)


def test_retry_after_keeps_its_delay_and_explains_itself() -> None:
    assert RetryAfter("30s").delay == "30s"
    assert str(RetryAfter("30s")) == "try again after 30s"


@pytest.mark.parametrize(
    "error",
    [
        PortInUse("port 1 is in use", port=1),
        BadRequest("no name", errors=[{"path": "name", "message": "missing"}]),
        RetryAfter("30s", "later"),
        RetryAfter(2.5),
        WaitTimeout("wait 'paid' timed out", wait_key="paid"),
        TaskFailed("task 'a' failed", task_key="a", attempts=3, mend="Look."),
    ],
)
def test_errors_survive_copying_and_pickling(error: MainspringError) -> None:
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)


def test_timeouts_are_timeout_errors() -> None:
    for kind in (WaitTimeout, TaskTimeout):
        with pytest.raises(TimeoutError):
            raise kind("too late")


def test_run_failed_says_the_runs_status() -> None:
    assert RunFailed("run 'run_1' was cancelled", run_id="run_1", status="CANCELLED").status == "CANCELLED"


@pytest.mark.parametrize("kind", [RunSuspended, RunCancelled, LeaseRevoked])
def test_control_flow_passes_through_except_exception(kind: type[ControlFlow]) -> None:
    def user_code() -> None:
        try:
            raise kind("the run is set aside")
        except Exception:
            pytest.fail("user code swallowed it")

    with pytest.raises(kind, match="Let it pass"):
        user_code()


def test_every_error_is_found_by_its_code() -> None:
    types = error_types()
    assert types["not_found"] is NotFound
    assert all(kind.code == code for code, kind in types.items())
    defined = [
        cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, MainspringError)
    ]
    assert len(types) == len(defined), "two errors share a code"
