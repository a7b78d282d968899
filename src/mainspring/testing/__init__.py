"""The test kit: jobs run by the real engine and a real worker, in memory, on a clock that the test turns.

With pytest ask for the fixture `mainspring`; without it make an `Environment`.
"""

from mainspring.testing.environment import Environment
from mainspring.testing.fake import FakeIO
from mainspring.testing.fake_runtime import FakeCall
from mainspring.testing.live import LiveRun, LiveTask
from mainspring.testing.plays.crashes import CrashBreaks, CrashReport, Repeated, crash_everywhere
from mainspring.testing.plays.ending import Ending, RunEnd
from mainspring.testing.plays.explore import BrokenSchedule, Exploration, explore
from mainspring.testing.plays.outside import Outside
from mainspring.testing.replays import Replayed, replay
from mainspring.testing.stand_ins import ConnectorCall, FakeConnector

__all__ = [
    "BrokenSchedule",
    "ConnectorCall",
    "CrashBreaks",
    "CrashReport",
    "Ending",
    "Environment",
    "Exploration",
    "FakeCall",
    "FakeConnector",
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
