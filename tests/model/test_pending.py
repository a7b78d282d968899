"""No pending run without a reason (I5)."""

from dataclasses import fields
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mainspring.clock import SECOND
from mainspring.model.pending import pending_reason
from mainspring.model.runs import Run

NOW = 1_000 * SECOND


def run_with(**changes: Any) -> Run:
    """A pending run that could start now; what the rule never looks at is None."""
    values = {item.name: None for item in fields(Run)} | {
        "id": "run_1",
        "job_id": "hello",
        "status": "PENDING",
        "attempt": 1,
        "max_attempts": 3,
        "crashes": 0,
        "is_ready": True,
        "available_at": NOW,
    }
    return Run(**{**values, **changes})


def code_of(run: Run, *served: str) -> str | None:
    reason = pending_reason(run, NOW, served)
    return reason.code if reason else None


def test_each_reason_has_its_word() -> None:
    later = {"is_ready": False, "available_at": NOW + SECOND}
    assert code_of(run_with(**later), "hello") == "delayed"
    assert code_of(run_with(**later, attempt=2), "hello") == "retrying"
    assert code_of(run_with(), "other") == "no_worker"
    assert code_of(run_with(), "hello") == "waiting_for_slot"
    assert code_of(run_with(crashes=2), "hello") == "suspected"


def test_a_delay_says_until_when() -> None:
    reason = pending_reason(run_with(is_ready=False, available_at=NOW + SECOND), NOW, ["hello"])
    assert reason is not None
    assert reason.until == NOW + SECOND


def test_a_missing_worker_is_named_with_the_mend() -> None:
    reason = pending_reason(run_with(), NOW, [])
    assert reason is not None
    assert "'hello'" in reason.message
    assert "mainspring worker" in reason.message


@given(
    st.sampled_from(["PENDING", "RUNNING", "WAITING", "SUCCESS"]),
    st.booleans(),
    st.integers(-5, 5),
    st.integers(1, 3),
    st.booleans(),
)
def test_a_run_has_a_reason_exactly_while_it_is_pending(
    status: str, is_ready: bool, offset: int, attempt: int, is_served: bool
) -> None:
    run = run_with(status=status, is_ready=is_ready, available_at=NOW + offset, attempt=attempt)
    assert (code_of(run, *["hello"] * is_served) is not None) is (status == "PENDING")
