"""Functions for tasks in processes of their own, which import them by name."""

import os
import signal
from dataclasses import dataclass
from datetime import date
from typing import Any

from mainspring.errors import NonRetryable, NotInRun
from mainspring.sdk.ambient import ctx, io


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


def look_for_the_run() -> list[Any]:
    try:
        io.logger.info("here")
    except NotInRun:
        return [ctx.run.id, ctx.job.id, ctx.attempt.number, ctx.task_key, ctx.idempotency_key]
    return ["io is here"]


def charge_and_die(ledger: str) -> None:
    """Does what it was asked to, and is killed before it can say so."""
    with open(ledger, "a") as book:
        book.write(ctx.idempotency_key + "\n")
    die()


def break_down() -> None:
    raise ValueError("this parcel has no weight")


def refuse() -> None:
    raise NonRetryable("never again")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def eat(count: int) -> int:
    return len(bytearray(count))
