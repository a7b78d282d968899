"""Errors as they are kept (type, message, code, path, the user's own frames), and kept failures raised again."""

import asyncio
import concurrent.futures
import contextlib
import importlib
import os
import threading
import traceback
from dataclasses import replace

from mainspring.codec import clean_text, decode, encode
from mainspring.errors import DataError, MainspringError, PayloadInvalid, TaskFailed, WaitTimeout, error_types
from mainspring.model.failures import Failure
from mainspring.model.limits import Limits

#: Files whose frames say nothing to the user: ours, and the plumbing between our code and theirs.
_PLUMBING = tuple(
    os.path.dirname(os.path.abspath(path)) + os.sep
    for path in (os.path.dirname(__file__), asyncio.__file__, concurrent.futures.__file__)
)
#: But the jobs of our own demo are what users write.
_DEMO = os.path.join(_PLUMBING[0], "demo", "")
_FILES = (threading.__file__, contextlib.__file__, importlib.__file__)
_MOST_FRAMES = 50
_MOST_TEXT = Limits().max_error_bytes


def is_ours(filename: str) -> bool:
    """Whether a frame in this file is none of the user's business."""
    if filename.startswith(_DEMO):
        return False
    return filename.startswith(_PLUMBING) or filename in _FILES or filename.startswith("<frozen ")


def failure_of(error: BaseException, *, task_key: str | None = None) -> Failure:
    """The error as it is kept. A `TaskFailed` names its task, and shows where the task itself failed."""
    cause: BaseException | Failure = error
    key = task_key or getattr(error, "task_key", None) or None
    task_failed = find_task_failed(error)
    if task_failed is not None:
        error, key = task_failed, task_failed.task_key
        cause = error if task_failed.cause is None else task_failed.cause
    return Failure(
        type=type(error).__name__,
        message=clean_text(_message(error), _MOST_TEXT),
        code=error.code if isinstance(error, MainspringError) else "error",
        traceback=_traceback(cause),
        task_key=key,
        path=_path(error),
    )


def _traceback(cause: BaseException | Failure) -> str | None:
    if isinstance(cause, Failure):
        return cause.traceback
    remote = getattr(cause, "remote_traceback", None)  # of an error from a process of its own
    return traceback_of(cause) if remote is None else clean_text(remote, _MOST_TEXT)


def find_task_failed(error: BaseException) -> TaskFailed | None:
    """The failed task that an error, or one of an exception group, reports."""
    if isinstance(error, TaskFailed):
        return error
    if isinstance(error, BaseExceptionGroup):
        return next((found for one in error.exceptions if (found := find_task_failed(one))), None)
    return None


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as second:  # a user's own __str__
        return f"(its message cannot be shown: {type(second).__name__})"


def _path(error: BaseException) -> str | None:
    if isinstance(error, PayloadInvalid) and error.errors:
        return error.errors[0].get("path")
    return getattr(error, "path", None) if isinstance(error, DataError) else None


def traceback_of(error: BaseException) -> str | None:
    """The traceback with the user's frames alone, causes included; None when there are no such frames."""
    try:
        shown = traceback.TracebackException.from_exception(error, limit=-_MOST_FRAMES, compact=True)
        has_frames = _keep_user_frames(shown, set())
        return clean_text("".join(shown.format()), _MOST_TEXT) if has_frames else None
    except Exception:  # a user's own __str__, or source files that cannot be read
        return None


def _keep_user_frames(shown: traceback.TracebackException, seen: set[int]) -> bool:
    if id(shown) in seen:
        return False
    seen.add(id(shown))
    frames = [frame for frame in shown.stack if not is_ours(frame.filename)]
    shown.stack = traceback.StackSummary.from_list(frames)
    others = [shown.__cause__, shown.__context__, *(shown.exceptions or ())]
    return any([bool(frames), *[_keep_user_frames(one, seen) for one in others if one is not None]])


# ── and back ─────────────────────────────────────────────────────────────────────────────────────────
def read_failure(text: str | None) -> Failure:
    """A kept failure; an unknown one when none was kept."""
    if text is None:
        return Failure("Error", "the failure was not kept")
    return Failure(**decode(text))


def write_failure(failure: Failure) -> str:
    """The stored form of a failure."""
    fields = {name: getattr(failure, name) for name in Failure.__dataclass_fields__}
    return encode(fields, what="a failure")


def task_error(key: str, attempts: int, failure: Failure, cause: BaseException | None) -> MainspringError:
    """What the call of a task that failed for good raises, now and on replay.

    A failure with a path is about the task's output, which was refused when it was to be kept.
    """
    if failure.path is not None:
        return _rebuilt(key, failure)
    count = "1 attempt" if attempts == 1 else f"{attempts} attempts"
    message = f"task '{key}' failed after {count}: {failure.type}: {failure.message}"
    return TaskFailed(message, task_key=key, attempts=attempts, cause=failure if cause is None else cause)


def output_failure(error: DataError, key: str) -> Failure:
    """The failure of a task whose function returned something that cannot be kept."""
    failure = failure_of(error, task_key=key)
    return failure if failure.path is not None else replace(failure, path="")


def raised_failure(error: BaseException, key: str) -> Failure:
    """The failure of a task whose function raised."""
    return replace(failure_of(error, task_key=key), path=None)


def wait_error(key: str, failure: Failure) -> MainspringError:
    """What a wait that was not resolved in time raises."""
    if failure.code == WaitTimeout.code:
        return WaitTimeout(failure.message, wait_key=key)
    return _rebuilt(key, failure)


def effect_error(key: str, failure: Failure) -> MainspringError:
    """What a call that the server refused (an unknown job, say) raises: the server's own error."""
    return _rebuilt(key, failure)


def _rebuilt(key: str, failure: Failure) -> MainspringError:
    kind = error_types().get(failure.code)
    if kind is None or kind.code == MainspringError.code:
        return TaskFailed(f"task '{key}' failed: {failure.message}", task_key=key, attempts=1, cause=failure)
    data = {} if failure.path is None else {"path": failure.path}
    # The kept message has the mend in it already.
    return kind(failure.message, mend="", task_key=key, **data)
