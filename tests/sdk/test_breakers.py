"""Circuit breakers as people declare them: what reaches the worker, and what is refused at once."""

from typing import Any

import pytest

from mainspring import CircuitBreaker, DefinitionError, InvalidDuration, task
from mainspring.clock import MINUTE, SECOND
from mainspring.model.breakers import BreakerSpec


def test_what_is_declared_is_told_to_the_server() -> None:
    assert CircuitBreaker("gateway").spec == BreakerSpec("gateway", 5, MINUTE)
    assert CircuitBreaker("mail", failures=1, reset=2.5).spec == BreakerSpec("mail", 1, 5 * SECOND // 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": ""}, "no name"),
        ({"name": " "}, "no name"),
        ({"name": "a\nb"}, "no name"),
        ({"name": "eu/gateway"}, "none of them a slash"),
        ({"name": 7}, "7 is no name"),
        ({"name": "n" * 129}, "1 to 128 characters"),
        ({"failures": 0}, "failures=0"),
        ({"failures": -1}, "failures=-1"),
        ({"failures": True}, "failures=True"),
        ({"failures": 2.5}, "failures=2.5"),
        ({"reset": 0}, "reset=0"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        CircuitBreaker(**{"name": "gateway", **options})


def test_the_span_is_a_span() -> None:
    with pytest.raises(InvalidDuration):
        CircuitBreaker("gateway", reset="soon")


async def test_a_task_takes_a_breaker_and_nothing_else() -> None:
    gateway: Any = "gateway"
    with pytest.raises(DefinitionError, match="@task has breaker='gateway'"):
        task(breaker=gateway)

    @task(breaker=CircuitBreaker("gateway"))
    async def charge() -> str:
        return "charged"

    with pytest.raises(DefinitionError, match=r"charge\.options has breaker='gateway'"):
        charge.options(breaker=gateway)
    assert await charge() == "charged"  # outside of a run it just runs
