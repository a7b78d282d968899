"""The test kit: jobs run by the real engine and a real worker, in memory, on a clock that the test turns.

With pytest ask for the fixture `mainspring`; without it make an `Environment`. Names are loaded when they are first
asked for, so that the plugin costs a test session that does not use it next to nothing.
"""

from importlib import import_module
from typing import Any

_ROOMS = {
    "BrokenSchedule": "plays.explore",
    "CrashBreaks": "plays.crashes",
    "CrashReport": "plays.crashes",
    "Ending": "plays.ending",
    "Environment": "environment",
    "Exploration": "plays.explore",
    "FakeCall": "fake_runtime",
    "FakeIO": "fake",
    "LiveRun": "live",
    "LiveTask": "live",
    "Outside": "plays.outside",
    "Repeated": "plays.crashes",
    "Replayed": "replays",
    "RunEnd": "plays.ending",
    "crash_everywhere": "plays.crashes",
    "explore": "plays.explore",
    "replay": "replays",
}

__all__ = [
    "BrokenSchedule",
    "CrashBreaks",
    "CrashReport",
    "Ending",
    "Environment",
    "Exploration",
    "FakeCall",
    "FakeIO",
    "LiveRun",
    "LiveTask",
    "Outside",
    "Repeated",
    "Replayed",
    "RunEnd",
    "crash_everywhere",
    "explore",
    "replay",
]


def __getattr__(name: str) -> Any:
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(f"module 'mainspring.testing' has no attribute {name!r}")
    # What a test session that uses none of it does not pay for.
    return getattr(import_module(f"mainspring.testing.{room}"), name)
