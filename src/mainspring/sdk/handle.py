"""A run seen from outside: its state as of the last look, and what can be done with it."""

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from mainspring.clock import SECOND, to_iso
from mainspring.duration import Duration, format_duration, parse_duration
from mainspring.errors import WaitTimeout
from mainspring.model.failures import Failure
from mainspring.model.runs import FINAL_RUN_STATUSES, RunStatus
from mainspring.sdk.annotations import Restore
from mainspring.sdk.api import Api, segment
from mainspring.sdk.children import run_failed
from mainspring.sdk.doubt import Done, NotDone, settlement
from mainspring.sdk.events import as_instant, read_instant
from mainspring.sdk.json_text import encode
from mainspring.sdk.updates import RunUpdate, read_update

OutputT_co = TypeVar("OutputT_co", covariant=True)

#: Seconds that one request waits for the end of a run, before it asks again.
_LONGEST_LOOK = 25.0

#: What was not given, where None is a payload.
UNSET: Any = object()


class RunState(Generic[OutputT_co]):
    """A run as of the last answer about it."""

    def __init__(self, api: Api, shown: Mapping[str, Any], restore: Restore | None = None) -> None:
        self._api = api
        self._shown = shown
        self._restore = restore

    def __repr__(self) -> str:
        return f"<Run {self.id} of {self.job_id}: {self.status}>"

    # ── state ────────────────────────────────────────────────────────────────────────────────────────
    @property
    def id(self) -> str:
        return str(self._shown["id"])

    @property
    def job_id(self) -> str:
        return str(self._shown["job_id"])

    @property
    def job_version(self) -> str | None:
        """The version of its job that has it or had it last."""
        return self._text("job_version")

    @property
    def pinned_version(self) -> str | None:
        """Only workers that have this version of its job are given it; None: any."""
        return self._text("pinned_version")

    @property
    def is_new(self) -> bool | None:
        """Of the handle that a start returned: whether it made the run, or found it; None elsewhere."""
        return self._shown.get("is_new")

    @property
    def status(self) -> RunStatus:
        """PENDING RUNNING WAITING, then SUCCESS FAILED CANCELLED TIMED_OUT EXPIRED."""
        return cast(RunStatus, self._shown.get("status", "PENDING"))

    @property
    def is_final(self) -> bool:
        return self.status in FINAL_RUN_STATUSES

    @property
    def payload(self) -> Any:
        """Plain JSON data."""
        return self._shown.get("payload")

    @property
    def output(self) -> OutputT_co | None:
        """What the job returned; None until SUCCESS."""
        return self._restored_output() if self.status == "SUCCESS" else None

    @property
    def error_id(self) -> str | None:
        """The group of failures that it belongs to: `client.errors`."""
        found: str | None = self._shown.get("error_id")
        return found

    @property
    def error(self) -> Failure | None:
        """Why it failed, or why its last attempt did."""
        shown = self._shown.get("error")
        if shown is None:
            return None
        return Failure(
            type=shown["type"],
            message=shown["message"],
            code=shown.get("code") or "error",
            traceback=shown.get("traceback"),
            task_key=shown.get("task"),
            path=shown.get("path"),
        )

    @property
    def pending_reason(self) -> str | None:
        """Why a PENDING run does not run yet, in words."""
        reason = self._shown.get("pending_reason")
        return None if reason is None else str(reason["message"])

    @property
    def waiting_for(self) -> list[dict[str, Any]]:
        """Its unresolved waits: `{task, kind, event_name, id, until, since}` each."""
        return list(self._shown.get("waiting_for") or ())

    @property
    def attempt(self) -> int:
        """Attempt of the run's body, from 1."""
        return int(self._shown.get("attempt", 1))

    @property
    def max_attempts(self) -> int | None:
        return self._shown.get("max_attempts")

    @property
    def event_id(self) -> str | None:
        return self._text("event_id")

    @property
    def joined_events(self) -> int | None:
        """How many events joined it, where a trigger makes one run of several: `client.events.list(run_id=...)`."""
        return self._shown.get("joined_events")

    @property
    def parent_run_id(self) -> str | None:
        return self._text("parent_run_id")

    @property
    def cancel_reason(self) -> str | None:
        """What whoever cancelled it said."""
        return self._text("cancel_reason")

    @property
    def cancelled_by(self) -> str | None:
        """The id of the API key that cancelled it, or of the parent that was cancelled."""
        return self._text("cancelled_by")

    @property
    def replay_of(self) -> str | None:
        """The id of the run that it replays."""
        return self._text("replay_of")

    @property
    def replay_from(self) -> str | None:
        """The task of that run before which everything is kept."""
        return self._text("replay_from")

    @property
    def idempotency_key(self) -> str | None:
        return self._text("idempotency_key")

    @property
    def tags(self) -> list[str]:
        return list(self._shown.get("tags") or ())

    @property
    def metadata(self) -> dict[str, Any]:
        return dict(self._shown.get("metadata") or {})

    @property
    def progress(self) -> Any:
        """What `io.progress` last said: `{"current", "total", "message"}`."""
        return self._shown.get("progress")

    @property
    def is_test(self) -> bool:
        return bool(self._shown.get("is_test"))

    @property
    def created_at(self) -> datetime | None:
        return read_instant(self._shown.get("created_at"))

    @property
    def started_at(self) -> datetime | None:
        return read_instant(self._shown.get("started_at"))

    @property
    def finished_at(self) -> datetime | None:
        return read_instant(self._shown.get("finished_at"))

    def as_json(self) -> dict[str, Any]:
        """All that the API last said about it."""
        return dict(self._shown)

    def _finished(self) -> OutputT_co:
        if self.status == "SUCCESS":
            return self._restored_output()
        raise run_failed(self.id, self.job_id, self.status, self.error)

    def _restored_output(self) -> OutputT_co:
        shown: Any = self._shown.get("output")
        return cast(OutputT_co, shown if self._restore is None else self._restore(shown))

    def _text(self, name: str) -> str | None:
        value = self._shown.get(name)
        return None if value is None else str(value)


class Run(RunState[OutputT_co]):
    """A handle of one run. Its attributes are as of the last answer; `refresh` asks again.

    A run just started inside another one is only known by `id` and `job_id` until then.
    """

    async def refresh(self) -> "Run[OutputT_co]":
        """Ask for its present state; the same handle."""
        self._shown = await self._api.call("GET", f"/runs/{segment(self.id)}")
        return self

    async def result(self, timeout: Duration | None = None) -> OutputT_co:
        """Wait for its end; what the job returned.

        Raises `RunFailed` when it ended otherwise, `WaitTimeout` (a TimeoutError) when it has not ended
        within `timeout`. Inside a run this holds the worker's slot and is asked again on replay.
        """
        span = None if timeout is None else parse_duration(timeout)
        deadline = None if span is None else time.monotonic() + span / SECOND
        while not self.is_final:
            look = _LONGEST_LOOK
            if deadline is not None:
                look = min(look, max(0.0, deadline - time.monotonic()))
            self._shown = await self._look(look)
            if not self.is_final and deadline is not None and time.monotonic() >= deadline:
                raise WaitTimeout(
                    f"run {self.id} is still {self.status} after {format_duration(span or 0)}",
                    mend="Wait longer with timeout=, or look at it: it goes on by itself.",
                )
        return self._finished()

    async def _look(self, wait: float) -> Mapping[str, Any]:
        if self._api.near is not None and wait > 0:
            return await self._api.near.wait_run(self.id, wait)
        params = {"wait": round(wait, 3)} if wait > 0 else None
        answer: Mapping[str, Any] = await self._api.call(
            "GET", f"/runs/{segment(self.id)}", params=params, timeout=wait + 15
        )
        return answer

    async def cancel(self, *, reason: str | None = None) -> "Run[OutputT_co]":
        """Stop it: at once when it waits or is pending, else its code gets `RunCancelled` soon. What it started
        stops with it. `reason` is shown with the run."""
        body = None if reason is None else encode({"reason": reason}, what="the reason")
        self._shown = await self._api.call("POST", f"/runs/{segment(self.id)}/cancel", body=body)
        return self

    async def reschedule(
        self, *, delay: Duration | None = None, at: datetime | str | None = None
    ) -> "Run[OutputT_co]":
        """Start it after `delay` from now, or `at` a time, instead of when its own delay is over. `Conflict` once
        that is over."""
        said: dict[str, Any] = {} if delay is None else {"delay": parse_duration(delay) / SECOND}
        if at is not None:
            said["at"] = to_iso(as_instant(at))
        body = encode(said, what="the time")
        self._shown = await self._api.call("POST", f"/runs/{segment(self.id)}/reschedule", body=body)
        return self

    async def repin(self, version: str | None) -> "Run[OutputT_co]":
        """Let another version of its job go on with it, from when a worker is given it next; None: whichever takes
        it. `BadRequest` for a version that no worker ever had, `Conflict` when the run has ended."""
        body = encode({"version": version}, what="the version")
        self._shown = await self._api.call("POST", f"/runs/{segment(self.id)}/repin", body=body)
        return self

    async def replay(
        self, from_task: str | None = None, *, payload: Any = UNSET, idempotency_key: str | None = None
    ) -> "Run[OutputT_co]":
        """Start a fresh run of the same job, with the same payload unless another is given; its handle.

        With the key of a task, the tasks that began before it and finished are kept with what they came to, and it
        and the later ones run again. The same `idempotency_key` again gives the run that was started first. Raises
        `BadRequest` for a task that the run does not have, `Conflict` while the run has not ended.
        """
        asked = {} if payload is UNSET else {"payload": payload}
        if from_task is not None:
            asked["from_task"] = from_task
        body = encode(asked, what="the payload") if asked else None
        shown = await self._api.call(
            "POST", f"/runs/{segment(self.id)}/replay", body=body, idempotency_key=idempotency_key
        )
        return Run(self._api, shown, self._restore)

    async def settle(
        self, task: str, answer: Done[Any] | NotDone | None = None, *, fail: str | None = None
    ) -> "Run[OutputT_co]":
        """Say what became of a task in doubt, by its key: `Done(value)`, `NotDone()` (it is tried again), or
        `fail="why"`. `Conflict` when it is not in doubt."""
        body = settlement(task, answer, fail)
        path = f"/runs/{segment(self.id)}/tasks/{segment(task)}/settle"
        self._shown = await self._api.call("POST", path, body=body)
        return self

    async def subscribe(self, *, after: int | None = None) -> AsyncGenerator[RunUpdate, None]:
        """What the run does, live, from its beginning (or after a `sequence`) until it has ended.

        Each entry of its account and each chunk of its streams comes once and in order, however often the
        connection is lost. The handle shows the run as of the last update, and as it ended when this is over.
        """
        place = None if after is None else str(after)
        async with aclosing(self._api.stream(f"/runs/{segment(self.id)}/stream", after=place)) as messages:
            async for message in messages:
                if message.kind == "end":
                    break
                if message.kind == "run":
                    self._shown = {**self._shown, **message.data}
                yield read_update(message)
        await self.refresh()

    async def stream(self, name: str) -> AsyncGenerator[Any, None]:
        """The chunks of one of its streams (`io.stream`), live, from the first one until the run has ended."""
        async with aclosing(self.subscribe()) as updates:
            async for update in updates:
                if update.kind == "chunk" and update.stream == name:
                    yield update.chunk
