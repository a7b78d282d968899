"""Cron and interval triggers: what they become, and what is refused where it is written."""

from typing import Any

import pytest

from mainspring import InvalidDuration, InvalidTrigger, cron_trigger, interval_trigger
from mainspring.clock import MINUTE, SECOND
from mainspring.model.jobs import TriggerSpec


def test_triggers_become_data() -> None:
    given = cron_trigger("@daily", timezone="Europe/Paris", catch_up="all", jitter="30 seconds")
    assert given.spec == TriggerSpec(
        "cron", cron="0 0 * * *", timezone="Europe/Paris", catch_up="all", jitter=30 * SECOND
    )
    assert interval_trigger("5 minutes").spec == TriggerSpec("interval", every=5 * MINUTE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"expression": "0 25 * * *"}, "the hour of the cron expression"),
        ({"expression": 5}, "no cron expression"),
        ({"expression": "@daily", "timezone": "Paris"}, "Did you mean 'Europe/Paris'"),
        ({"expression": "@daily", "timezone": None}, "no time zone"),
        ({"expression": "@daily", "catch_up": "some"}, "catch_up"),
    ],
)
def test_what_is_wrong_is_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidTrigger) as caught:
        cron_trigger(**options)
    assert message in str(caught.value)


def test_spans_are_checked() -> None:
    with pytest.raises(InvalidTrigger):
        interval_trigger("10 ms")
    with pytest.raises(InvalidDuration):
        interval_trigger("often")
    with pytest.raises(InvalidDuration):
        cron_trigger("@daily", jitter="a bit")
