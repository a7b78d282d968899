"""A thread whose function is interrupted: the error comes in that function or nowhere."""

import asyncio
import sys
import threading
from collections.abc import Iterator

import pytest

from mainspring.errors import RunCancelled
from mainspring.sdk.bridge import Crossing


class Thread:
    """Works off one function after the other, as a pool's thread does."""

    def __init__(self, crossing: Crossing, begun: threading.Event) -> None:
        self.was_hit_outside = False
        self.ending = ""
        self._crossing, self._begun = crossing, begun
        self.thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        try:
            try:
                self.ending = self._crossing.work(self._short)
            except RunCancelled:
                self.ending = "interrupted"
            sum(1 for _ in range(2_000))  # the next function
        except RunCancelled:
            self.was_hit_outside = True

    def _short(self) -> str:
        self._begun.set()
        return str(sum(1 for _ in range(500)))


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    """Threads take turns all the time, so that all orders of things come up."""
    kept = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(kept)


async def test_an_interrupt_beside_the_end_hits_the_function_or_nothing() -> None:

    endings = set()
    for number in range(40_000):  # chance decides; where the threads seldom meet it takes longer
        if number >= 400 and "interrupted" in endings:
            break
        begun = threading.Event()
        crossing = Crossing(asyncio.get_running_loop())
        one = Thread(crossing, begun)
        one.thread.start()
        begun.wait()
        was_at_work = crossing.interrupt()
        assert not crossing.interrupt()
        one.thread.join()
        assert not one.was_hit_outside
        assert was_at_work or one.ending == "500"
        endings.add(one.ending)
    assert endings <= {"500", "interrupted"}
    assert "interrupted" in endings


async def test_what_is_not_at_work_is_not_interrupted() -> None:

    crossing = Crossing(asyncio.get_running_loop())
    assert not crossing.interrupt()
    with pytest.raises(RunCancelled, match="before this began"):
        crossing.work(lambda: "never")
