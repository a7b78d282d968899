"""The process of a task with `isolation="process"`: reads one call, makes it, writes what came of it, ends.

It ends at once when the worker does: its standard input is held open by the worker alone. What the function
prints goes to the worker's standard error.
"""

import asyncio
import importlib
import importlib.util
import inspect
import json
import os
import sys
import threading
import traceback
from types import ModuleType
from typing import Any

from pydantic import ConfigDict, validate_call

from mainspring.codec import encode
from mainspring.errors import MainspringError
from mainspring.sdk.context import Context, JobInfo, RunInfo, TaskScope, context_alone, current_task

#: The name under which the worker's main script is imported here, so that it does not run again.
_MAIN = "__mainspring_main__"


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    call = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_worker, daemon=True).start()
    try:
        _limit_memory(call["memory_limit"])
        _enter(call["ctx"])
        answer = {"output": json.loads(encode(_made(call), what="the output"))}
    except BaseException as error:
        answer = {"error": _shown(error)}
    answers.write(json.dumps(answer))
    answers.flush()
    os._exit(0)  # threads that the function left behind do not keep it


def _enter(shown: dict[str, Any] | None) -> None:
    if shown is not None:
        run, job = RunInfo(**shown["run"]), JobInfo(**shown["job"])
        context_alone.set(Context(run, job, shown["environment"], shown["project"]))
        current_task.set(TaskScope(**shown["task"]))


def _made(call: dict[str, Any]) -> Any:
    sys.path[:] = call["path"]
    found: Any = _module(call["module"], call["file"])
    for part in call["name"].split("."):
        found = getattr(found, part)
    fn = getattr(found, "fn", found)  # a function under @task
    # Arguments came as JSON: annotations make models, dates and the like of them again.
    checked = validate_call(config=ConfigDict(arbitrary_types_allowed=True))(fn)
    result = checked(*call["args"], **call["kwargs"])
    return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result


async def _awaited(result: Any) -> Any:
    return await result


def _module(name: str, file: str | None) -> ModuleType:
    if name != "__main__":
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(_MAIN, file or "")
    if spec is None or spec.loader is None:
        raise ImportError(f"the module of the function cannot be imported from {file!r}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MAIN] = module
    spec.loader.exec_module(module)
    return module


def _limit_memory(limit: int | None) -> None:
    if limit is None:
        return
    # Not on every system; there the limit cannot be kept, and running without it would be a surprise.
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _shown(error: BaseException) -> dict[str, Any]:
    frames = traceback.TracebackException.from_exception(error)
    return {
        "type": type(error).__name__,
        "is_builtin": type(error).__module__ == "builtins",
        "message": error.message if isinstance(error, MainspringError) else str(error),
        "code": error.code if isinstance(error, MainspringError) else None,
        "traceback": "".join(frames.format()),
    }


def _end_with_worker() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
