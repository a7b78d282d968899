"""Following runs to their end: what happens in them appears as it happens, merged by time."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from mainspring.cli import lines, output, paint
from mainspring.cli.connection import call, quoted
from mainspring.duration import format_duration
from mainspring.errors import ServerUnavailable
from mainspring.model.runs import FINAL_RUN_STATUSES
from mainspring.sdk.door import Door

#: How long the server may hold "has it ended?" before the account is read again: what makes it live.
_HOLD_SECONDS = 0.25
#: Looks in vain, each of a second or two, until a server is given up.
_MOST_LOST = 30
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
    """A run's log lines on stdout, `wanted` narrowing them; with `follow` until the run ends."""
    cursor = None
    while True:
        run = await _run(door, run_id, _HOLD_SECONDS if follow else None)
        logs, cursor = await _logs(door, run_id, cursor, wanted)
        for log in logs:
            if as_json:
                output.stream(log)
            else:
                _show(paint.screen(), lines.of_log(log))
        if not follow or run["status"] in FINAL_RUN_STATUSES:
            return


class _Follow:
    """One run being followed: how far its account has been told."""

    def __init__(self, door: Door, run_id: str, console: Console | None, is_labelled: bool) -> None:
        self._door = door
        self._run_id = run_id
        self._console = console
        self._is_labelled = is_labelled
        self._history_cursor: str | None = None
        self._log_cursor: str | None = None
        self._pending_told: str | None = None

    async def to_end(self) -> dict[str, Any]:
        lost = 0
        while True:
            try:
                run = await self._look()
                lost = 0
            except ServerUnavailable as error:
                # It is perhaps being started again, and the run goes on then.
                lost += 1
                if lost > _MOST_LOST:
                    raise
                if lost == 1 and self._console is not None:
                    _show(self._console, Text(f"{output.clean(error.message)}; trying again", style="yellow"))
                await asyncio.sleep(_HOLD_SECONDS)
                continue
            if run["status"] in FINAL_RUN_STATUSES:
                return run

    async def _look(self) -> dict[str, Any]:
        """The run as it is now, its news told."""
        # The run first: when it is final here, all that it did is there to be read.
        run = await _run(self._door, self._run_id, _HOLD_SECONDS)
        if self._console is not None:
            await self._tell(run, self._console)
        return run

    async def _tell(self, run: Mapping[str, Any], console: Console) -> None:
        label = run["job_id"] if self._is_labelled else ""
        entries = await self._entries()
        tasks = await self._tasks() if any(e["kind"] in lines.TOLD_WITH_TASK for e in entries) else {}
        logs, self._log_cursor = await _logs(self._door, self._run_id, self._log_cursor, {})
        told = [(e["at"], lines.of_entry(e, tasks, label)) for e in entries]
        told += [(log["at"], lines.of_log(log, label)) for log in logs]
        for _, line in sorted(told, key=lambda pair: pair[0]):
            if line is not None:
                _show(console, line)
        self._tell_pending(run, console)
        if run["status"] in FINAL_RUN_STATUSES:
            _show(console, lines.of_end(run, label))

    def _tell_pending(self, run: Mapping[str, Any], console: Console) -> None:
        reason = run["pending_reason"]
        message = reason["message"] if reason and reason["code"] == "no_worker" else None
        if message is not None and message != self._pending_told:
            _show(console, Text(f"pending: {output.clean(message)}", style="yellow"))
        self._pending_told = message

    async def _entries(self) -> list[dict[str, Any]]:
        path = f"/runs/{quoted(self._run_id)}/history"
        entries, self._history_cursor = await _rest(self._door, path, self._history_cursor, {})
        return entries

    async def _tasks(self) -> dict[str, dict[str, Any]]:
        page = await call(self._door, "GET", f"/runs/{quoted(self._run_id)}/tasks")
        return {task["key"]: task for task in page["data"]}


async def _run(door: Door, run_id: str, hold: float | None) -> dict[str, Any]:
    run: dict[str, Any] = await call(door, "GET", f"/runs/{quoted(run_id)}", params={"wait": hold})
    return run


async def _logs(
    door: Door, run_id: str, cursor: str | None, wanted: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], str | None]:
    return await _rest(door, f"/runs/{quoted(run_id)}/logs", cursor, wanted)


async def _rest(
    door: Door, path: str, cursor: str | None, wanted: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], str | None]:
    """What an append-only list has after `cursor`, and the cursor after that."""
    found: list[dict[str, Any]] = []
    while True:
        page = await call(door, "GET", path, params={**wanted, "cursor": cursor, "limit": _PAGE})
        found += page["data"]
        cursor = page["next_cursor"] or cursor
        if len(page["data"]) < _PAGE:
            return found, cursor


def _show(console: Console, line: Text) -> None:
    console.print(line)
