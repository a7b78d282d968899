"""One run against the code: what differs, in words."""

import re

from mainspring.errors import MainspringError, PayloadInvalid
from mainspring.model.protocol import ClaimedRun
from mainspring.model.tasks import WAIT_KINDS, Checkpoint
from mainspring.preflight.findings import Difference, listed
from mainspring.preflight.histories import History
from mainspring.worker.failures import traceback_of
from mainspring.worker.held import AnyJob
from mainspring.worker.keys import OUTCOME_KEY
from mainspring.worker.rehearsal import Came, Scene, rehearse
from mainspring.worker.sealing import still_sealed

_DRIFTS = {
    "kind": "kind_changed",
    "input": "input_changed",
    "output": "output_unreadable",
    "given_up": "wait_given_up",
}


class Untold(Exception):
    """Whether the run fits cannot be told."""


class TooLate(Untold):
    """A function was at work for too long."""

    def __init__(self, patience: float) -> None:
        super().__init__(
            f"its function was at work for more than {patience:g} s between two calls of `io` (--patience)"
        )


class ReachedOut(BaseException):
    """Raised in a body that asks the platform for something other than by `io`: nothing is done in a check."""


async def judge(
    history: History, job: AnyJob, scene: Scene, *, with_bodies: bool = True
) -> Difference | None:
    """The first difference between a run and the job as it is now. Raises `Untold`."""
    claimed = history.claimed
    sealed = still_sealed(claimed)
    if sealed is not None:
        raise Untold(sealed.replace("this worker's client", "the app's client"))
    if claimed.cancel_requested or any(one.key == OUTCOME_KEY for one in claimed.checkpoints):
        return None  # its body is not called any more
    try:
        job.definition.read_payload(claimed.payload)
    except PayloadInvalid as error:
        return Difference("payload_refused", f"{error.message.rstrip('.')}; these runs would fail")
    if not with_bodies:
        return None
    came = await rehearse(claimed, job, scene)
    if came.how == "asked" and came.asked and came.left:
        left = await _left_for_good(claimed, job, scene, came.left)
        if not left:
            return _inserted(came)
        came.left = left
    return _difference(history, job, came, scene.patience)


async def _left_for_good(
    claimed: ClaimedRun, job: AnyJob, scene: Scene, left: list[Checkpoint]
) -> list[Checkpoint]:
    """The code stopped at something new, and has left out what is known: what it does not ask for afterwards either."""
    for truth in (True, False):  # whatever comes of what is new: once it is taken for true, once for false
        further = await rehearse(claimed, job, scene, imagines=truth)
        if further.how in ("asked", "returned"):
            left = further.left
            if not left:
                break
    return left


def _difference(history: History, job: AnyJob, came: Came, patience: float) -> Difference | None:
    if came.how == "drifted":
        return _drift(history, came)
    if isinstance(came.error, ReachedOut):
        raise Untold("its function asks the platform for something other than by `io`, which no check does")
    if came.how == "late":
        raise TooLate(patience)
    if came.how == "timed":
        return None  # what it gave up on the first run it gave up by the clock
    if came.error is not None:
        return _raised(history, job, came)
    if came.left:
        return _left_out(history, came)
    return _out_of_order(history, came)


def _drift(history: History, came: Came) -> Difference:
    kind = _DRIFTS[came.difference or "output"]
    was = history.names.get(came.key or "", came.now)
    names = f" (then '{was}', now '{came.now}')" if came.now and was != came.now else ""
    return Difference(kind, f"{came.message}{names}; these runs would stop and wait for a person", came.key)


def _raised(history: History, job: AnyJob, came: Came) -> Difference | None:
    error = came.error
    assert error is not None
    if not came.left and (history.claimed.attempt > 1 or _is_kept_failure(history, error)):
        return None  # as it did when it ran: that is what it does
    shown = error.message if isinstance(error, MainspringError) else str(error)
    last = f" after '{came.handed[-1].key}'" if came.handed else ""
    message = f"the code raises {type(error).__name__}{last}: {shown.rstrip('.')}{_place(error, job)}"
    if came.left or isinstance(error, PayloadInvalid):  # what came does not fit a wait's schema
        return Difference("code_raises", message, came.left[0].key if came.left else None)
    return Difference("run_would_fail", message)  # perhaps as it should: nothing kept speaks against it


def _is_kept_failure(history: History, error: BaseException) -> bool:
    key = getattr(error, "task_key", None)
    return any(one.key == key and one.status == "FAILED" for one in history.claimed.checkpoints)


def _place(error: BaseException, job: AnyJob) -> str:
    """The user's own line, in one line: the last one in the job's file, if there is any."""
    places = re.findall(r'File "([^"]+)", line (\d+)', traceback_of(error) or "")
    file = getattr(getattr(job.fn, "__code__", None), "co_filename", None)
    mine = [place for place in places if place[0] == file] or places
    return " ({}:{})".format(*mine[-1]) if mine else ""


def _left_out(history: History, came: Came) -> Difference:
    """Something is known that the code does not come to any more."""
    first = came.left[0]
    was = _as_it_was(history, first)
    keys = f" (and {listed(one.key for one in came.left[1:])})" if len(came.left) > 1 else ""
    awaited = (
        first.kind in WAIT_KINDS and first.position is None
    )  # what it waits for has not reached the code
    if came.asked:
        now = came.asked[0]
        what = "would be waited for anew" if now.kind in WAIT_KINDS else "would run although the other did"
        kind = "wait_replaced" if awaited else "task_replaced"
        return Difference(kind, f"{was}{keys}; the code now asks for '{now.key}', which {what}", first.key)
    is_nothing_lost = all(one.kind == "wait" and one.status == "SUCCESS" for one in came.left)
    kind = "wait_replaced" if awaited else "wait_removed" if is_nothing_lost else "task_removed"
    ends = "now ends without asking for it" if came.how == "returned" else "does not ask for it any more"
    return Difference(kind, f"{was}{keys}; the code {ends}", first.key)


def _as_it_was(history: History, one: Checkpoint) -> str:
    name = history.names.get(one.key, one.key)
    shown = f"'{one.key}'" if name == one.key else f"'{one.key}' ({name})"
    if one.status == "WAITING":
        return f"the run waits at {shown}"
    if one.status not in ("SUCCESS", "FAILED"):
        return f"{shown} had begun"
    done = "finished" if one.kind not in WAIT_KINDS else "resolved"
    return f"{shown} had {done}" + ("" if one.position is None else f" as number {one.position}")


def _out_of_order(history: History, came: Came) -> Difference | None:
    """The code now gets outcomes in another order. What an earlier deploy inserted came late by right."""
    highest: Checkpoint | None = None
    for one in came.handed:
        if highest is None or (one.position or 0) > (highest.position or 0):
            highest = one
        elif not _came_later(history, highest, one):
            return Difference(
                "order_changed",
                f"'{highest.key}' came as number {highest.position}, after '{one.key}' ({one.position}); "
                "the code now asks for it first",
                highest.key,
            )
    return None


def _came_later(history: History, late: Checkpoint, early: Checkpoint) -> bool:
    """Whether a worker was given the run between the two: perhaps one with newer code."""
    ended, began = history.finished.get(early.key), history.began.get(late.key)
    return ended is not None and began is not None and any(ended < at <= began for at in history.given_at[1:])


def _inserted(came: Came) -> Difference:
    """Something new stands before what is known."""
    key, known = came.asked[0].key, listed(one.key for one in came.left)
    return Difference(
        "task_inserted", f"'{key}' is new, and stands before {known}: in these runs it comes after", key
    )
