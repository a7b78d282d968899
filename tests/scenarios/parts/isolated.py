"""Functions for tasks in processes of their own, which import them by name."""

import os
import signal
from dataclasses import dataclass
from datetime import date
from typing import Any

from mainspring.errors import NonRetryable, NotInRun
from mainspring.sdk.ambient import ctx


@dataclass
class Parcel:
    weight: int
    sent: date


def weigh(parcel: Parcel, *, twice: bool = False) -> dict[str, Any]:
    assert isinstance(parcel.sent, date)
    return {"weight": parcel.weight * (2 if twice else 1), "pid": os.getpid(), "year": parcel.sent.year}


async def read_slowly() -> str:
    return "read"


def spin(fifo: str) -> None:
    """Tells its process id, then computes for ever."""
    with open(fifo, "w") as told:
        told.write(str(os.getpid()))
    while True:
        pass


def look_for_the_run() -> str:
    try:
        return ctx.run.id
    except NotInRun:
        return "no run here"


def break_down() -> None:
    raise ValueError("this parcel has no weight")


def refuse() -> None:
    raise NonRetryable("never again")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def eat(count: int) -> int:
    return len(bytearray(count))
