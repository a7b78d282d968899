"""Calls a function in a process of its own, which is killed when nobody waits for it any longer.

Arguments and result cross as JSON. A timeout, a cancelled run and a stopped worker all end in the same way: the
caller is cancelled, and the process killed with everything it has started.
"""

import asyncio
import builtins
import contextlib
import json
import os
import signal
import sys
from dataclasses import asdict
from typing import Any

from mainspring.codec import encode
from mainspring.errors import NonRetryable, ProcessEnded, error_types
from mainspring.sdk.context import current_scope, current_task
from mainspring.sdk.isolation import address_of
from mainspring.sdk.runtime import TaskCall

#: What an answer may have in length: far above any limit on outputs.
_LONGEST_ANSWER = 64 << 20
#: Seconds that a killed process is waited for: it takes milliseconds, and longer only while it hangs in the kernel.
_DYING = 5.0


async def run_isolated(call: TaskCall, key: str) -> Any:
    """What the function returned, as JSON data. Raises what it raised, rebuilt, and `ProcessEnded`."""
    what = f"task '{key}'"
    address = address_of(call.fn, what)
    request = {
        "module": address.module,
        "name": address.name,
        "file": address.file,
        "path": sys.path,
        "memory_limit": call.memory_limit,
        "args": list(call.args),
        "kwargs": dict(call.kwargs),
        "ctx": _context(),
    }
    line = encode(request, what=f"the arguments of {what}")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mainspring.worker.isolated",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
        limit=_LONGEST_ANSWER,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with contextlib.suppress(ConnectionError):  # it died already: its exit says how
            process.stdin.write(line.encode() + b"\n")
            await process.stdin.drain()
        text = await process.stdout.read()
        code = await process.wait()
    except asyncio.CancelledError:
        _kill(process)
        with contextlib.suppress(TimeoutError):  # another attempt must not run beside it
            await asyncio.wait_for(process.wait(), _DYING)
        raise
    finally:
        _kill(process)
        process.stdin.close()
    if not text:
        raise ProcessEnded(f"the process of {what} ended without an answer ({_ending(code)})", exit_code=code)
    answer = json.loads(text)
    if "error" in answer:
        raise _rebuilt(answer["error"])
    return answer["output"]


def _context() -> dict[str, Any] | None:
    """What `ctx` says there: as here, without the event."""
    scope, task = current_scope.get(), current_task.get()
    if scope is None or task is None:
        return None
    context, run = scope.context, scope.context.run
    return {
        "run": {
            "id": run.id,
            "attempt": run.attempt,
            "max_attempts": run.max_attempts,
            "is_test": run.is_test,
        },
        "job": asdict(context.job),
        "environment": context.environment,
        "project": context.project,
        "task": {**asdict(task), "idempotency_key": context.idempotency_key},
    }


def _kill(process: asyncio.subprocess.Process) -> None:
    """With all that it started: it leads a process group of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        elif process.returncode is None:
            process.kill()


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def _rebuilt(shown: dict[str, Any]) -> Exception:
    """The error as far as its name tells: ours and Python's own by class, others by a class of their name."""
    message = shown["message"]
    ours = error_types().get(shown["code"] or "")
    error: Exception
    if ours is not None:
        error = ours(message) if ours is NonRetryable else ours(message, mend="")
    else:
        known = getattr(builtins, shown["type"], None) if shown["is_builtin"] else None
        error = _made(known, message) or type(shown["type"], (Exception,), {})(message)
    error.remote_traceback = shown["traceback"]  # type: ignore[attr-defined]  # shown instead of our own frames
    return error


def _made(kind: Any, message: str) -> Exception | None:
    if not isinstance(kind, type) or not issubclass(kind, Exception):
        return None
    with contextlib.suppress(TypeError):  # UnicodeDecodeError and its like want more
        made: Exception = kind(message)
        return made
    return None
