"""Following runs to their end over their live streams: what happens in them appears as it happens."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from rich.console import Console
from rich.text import Text

from mainspring.cli import lines, output, paint
from mainspring.cli.connection import call, everything, quoted
from mainspring.duration import format_duration
from mainspring.errors import ServerUnavailable
from mainspring.model.logs import LOG_LEVELS
from mainspring.model.runs import FINAL_RUN_STATUSES
from mainspring.model.streams import Streamed
from mainspring.sdk.door import API, Door

#: Looks in vain, with a pause (seconds) after each, until a server is given up. Streams have their own patience.
_MOST_LOST, _PAUSE = 30, 1.0
#: Rows asked for at once.
_PAGE = 100


async def follow_runs(
    door: Door, run_ids: Sequence[str], *, timeout: int | None = None, silent: bool = False
) -> list[dict[str, Any]]:
    """The finished runs, in order; what they do is told on stderr unless `silent`.

    Raises TimeoutError after `timeout` (microseconds): the runs go on without being followed.
    """
    console = None if silent else paint.talk()
    are_several = len(run_ids) > 1
    follows = (_Follow(door, run_id, console, are_several).to_end() for run_id in run_ids)
    try:
        async with asyncio.timeout(None if timeout is None else timeout / 1e6):
            return list(await asyncio.gather(*follows))
    except TimeoutError:
        ids = " ".join(run_ids)
        raise TimeoutError(
            f"not finished after {format_duration(timeout or 0)}; it goes on: `mainspring runs get {ids}`"
        ) from None


async def follow_logs(
    door: Door, run_id: str, wanted: Mapping[str, Any], *, follow: bool, as_json: bool
) -> None:
    """A run's log lines on stdout, `wanted` (level, text) narrowing them; with `follow` until the run ends."""
    run = await _get(door, f"/runs/{quoted(run_id)}")
    if not follow or run["status"] in FINAL_RUN_STATUSES:
        for log in await _logs(door, run_id, wanted):
            _show_log(log, as_json)
        return
    async with aclosing(_stream(door, run_id, logs=True)) as messages:
        async for message in messages:
            if message.kind == "log" and _is_wanted(message.data, wanted):
                _show_log(message.data, as_json)


def _show_log(log: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        output.stream(log)
    else:
        paint.screen().print(lines.of_log(log))


def _is_wanted(log: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """As the list of logs narrows them."""
    level, text = wanted["level"], wanted["text"]
    if level and LOG_LEVELS.index(log["level"]) < LOG_LEVELS.index(level):
        return False
    return not text or text.lower() in log["message"].lower()


class _Follow:
    """One run being followed."""

    def __init__(self, door: Door, run_id: str, console: Console | None, is_labelled: bool) -> None:
        self._door = door
        self._run_id = run_id
        self._console = console
        self._is_labelled = is_labelled
        self._label = ""
        #: Its tasks by key, as of the last look.
        self._tasks: dict[str, dict[str, Any]] = {}

    async def to_end(self) -> dict[str, Any]:
        console = self._console
        if self._is_labelled:
            self._label = (await self._run())["job_id"]
        async with aclosing(_stream(self._door, self._run_id, logs=console is not None)) as messages:
            async for message in messages:
                if console is not None:
                    await self._tell(message, console)
        run = await self._run()
        if console is not None:
            console.print(lines.of_end(run, self._label))
        return run

    async def _tell(self, message: Streamed, console: Console) -> None:
        if message.kind == "run" and message.data["status"] == "PENDING":
            await self._tell_pending(console)
        elif message.kind == "log":
            console.print(lines.of_log(message.data, self._label))
        elif message.kind == "entry":
            line = lines.of_entry(message.data, await self._tasks_for(message.data), self._label)
            if line is not None:
                console.print(line)

    async def _tell_pending(self, console: Console) -> None:
        """Why it does not go on, if nobody serves it."""
        reason = (await self._run())["pending_reason"]
        if reason and reason["code"] == "no_worker":
            console.print(Text(f"pending: {output.clean(reason['message'])}", style="yellow"))

    async def _tasks_for(self, entry: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """The tasks, with the outcome of the one that this entry tells the end of."""
        known = self._tasks.get(entry["task"] or "")
        if entry["kind"] in lines.TOLD_WITH_TASK and (known is None or known["finished_at"] is None):
            path = f"/runs/{quoted(self._run_id)}/tasks"
            tasks = await _patiently(lambda: everything(self._door, path))
            self._tasks = {task["key"]: task for task in tasks}
        return self._tasks

    async def _run(self) -> dict[str, Any]:
        run: dict[str, Any] = await _patiently(lambda: _get(self._door, f"/runs/{quoted(self._run_id)}"))
        return run


def _stream(door: Door, run_id: str, *, logs: bool) -> AsyncGenerator[Streamed, None]:
    """What a run does until its end. It goes on by itself where it was when the server has been away."""
    return door.stream(f"{API}/runs/{quoted(run_id)}/stream", params={"logs": logs})


async def _get(door: Door, path: str, **params: Any) -> Any:
    return await call(door, "GET", path, params=params)


async def _patiently(asked: Callable[[], Awaitable[Any]]) -> Any:
    """What is asked for, also while the server is being started again."""
    for _ in range(_MOST_LOST):
        try:
            return await asked()
        except ServerUnavailable:
            await asyncio.sleep(_PAUSE)
    return await asked()


async def _logs(door: Door, run_id: str, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All log lines that there are."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await _get(door, f"/runs/{quoted(run_id)}/logs", **wanted, cursor=cursor, limit=_PAGE)
        found += page["data"]
        cursor = page["next_cursor"] or cursor
        if len(page["data"]) < _PAGE:
            return found
