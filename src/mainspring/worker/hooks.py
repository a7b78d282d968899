"""Hooks and middleware around a run's body.

A hook is a task of the run with a key that no user's task can have (`#on_failure`): it runs once, its own tasks are
kept under it, and what it raises is kept and shown, no more. Before the hooks of an end the end itself is kept
(`#outcome`): a worker that dies in between leaves the next one the hooks to call, and not the body.
"""

import asyncio
import builtins
import contextvars
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mainspring.codec import decode, encode
from mainspring.errors import MainspringError, RunError, error_types
from mainspring.model.failures import Failure
from mainspring.model.protocol import RunAttemptFailed, RunSucceeded, TaskSucceeded
from mainspring.model.tasks import Checkpoint, TaskLabel
from mainspring.sdk.ambient import io
from mainspring.sdk.context import Context, begin_run
from mainspring.sdk.hooks import BoundHook, HookName
from mainspring.sdk.retry import as_retry
from mainspring.sdk.runtime import TaskCall
from mainspring.worker.held import Held
from mainspring.worker.keys import NOTIFIED, OUTCOME_KEY, Place, current_place
from mainspring.worker.passage import Passage
from mainspring.worker.runtime import RunRuntime
from mainspring.worker.strands import Ours, settle

log = logging.getLogger("mainspring.worker")

Ended = RunSucceeded | RunAttemptFailed
_ONCE = as_retry(1)


class _HookPlace(Place):
    """Where hooks get their keys: beside those of the body."""

    def next_key(self, key: str) -> str:
        return f"#{super().next_key(key)}"


class HookCalls:
    """The hooks of one passage."""

    def __init__(self, passage: Passage, runtime: RunRuntime, context: Context) -> None:
        self._passage = passage
        self._held = passage.held
        self._runtime = runtime
        self._context = context
        self._place = _HookPlace()

    # ── the end, kept before its hooks ───────────────────────────────────────────────────────────────
    async def keep(self, ended: Ended) -> None:
        """Returns when the end is kept: from here on the body is not called again."""
        if isinstance(ended, RunSucceeded):
            text = f'{{"output":{ended.output}}}'
        else:
            shown = {"failure": dataclasses.asdict(ended.failure), "duration": ended.duration}
            text = encode(shown, what="the failure")
        passage = self._passage
        if len(text.encode()) > self._held.workplace.registered.max_payload_bytes:
            return  # as large as an output may be: the body would be replayed, and come to the same
        position = self._held.next_position(OUTCOME_KEY)
        kept = Ours(loop=passage.loop)
        passage.channel.put(
            TaskSucceeded(TaskLabel(OUTCOME_KEY, "value", "outcome"), 1, 0, text, position),
            lambda report, answer: settle(kept),
            alone=passage.strands.is_single(),
        )
        self._held.keep(Checkpoint(OUTCOME_KEY, "value", "SUCCESS", 1, "", text, position=position))
        await kept

    # ── calls ────────────────────────────────────────────────────────────────────────────────────────
    def is_new(self) -> bool:
        """Whether the run's body has not begun before, as far as anything was kept."""
        return not self._held.claimed.checkpoints or "#on_start" in self._held.checkpoints

    async def of_end(self, ended: Ended, error: BaseException | None) -> None:
        """`on_success` or `on_failure`. `error` is what the body raised, where it did so in this passage."""
        if isinstance(ended, RunSucceeded):
            restore, output = self._held.job.definition.restore, decode(ended.output)
            await self.call("on_success", {"output": output if restore is None else restore(output)})
        else:
            await self.call("on_failure", {"error": error or rebuilt(ended.failure)})

    async def call(self, name: HookName, values: Mapping[str, Any]) -> None:
        """The job's hook and its client's, each once, within the middleware."""
        for hook in self._held.job.hooks_for(name):
            await self._call(name, hook, values)

    async def _call(self, name: HookName, hook: BoundHook, values: Mapping[str, Any]) -> None:
        async def run() -> None:
            await within_middleware(self._held, self._context, lambda: hook.call(self._given(hook, values)))

        token = current_place.set(self._place)
        try:
            await self._runtime.run_task(TaskCall(name, run, retry=_ONCE))
        except MainspringError as error:  # TaskFailed, or a limit: of the hook alone
            self._log(f"{name} failed: {error.message}")
        finally:
            current_place.reset(token)

    async def notify(self, name: HookName) -> None:
        """`on_wait` and `on_resume`: each time, no task."""
        for hook in self._held.job.hooks_for(name):
            token = current_place.set(Place(NOTIFIED, is_open=False))
            try:
                await hook.call(self._given(hook, {}))
            except BaseException as error:
                if isinstance(error, asyncio.CancelledError) or not isinstance(error, Exception):
                    raise
                self._log(f"{name} failed: {type(error).__name__}: {error}")
            finally:
                current_place.reset(token)

    def notify_then(self, name: HookName, then: Callable[[], None]) -> None:
        """`notify` beside the run's code, which stands still; then `then`, unless the code was stopped meanwhile."""

        async def notify() -> None:
            begin_run(self._runtime, self._context, self._held.job.connectors)
            await self.notify(name)

        def notified(_: "asyncio.Task[None]") -> None:
            if self._passage.stop is None:
                then()

        passage = self._passage
        strand = passage.loop.create_task(notify(), context=self._held.workplace.context.copy())
        strand.add_done_callback(notified, context=contextvars.Context())

    def _given(self, hook: BoundHook, values: Mapping[str, Any]) -> dict[str, Any]:
        given = {**values, "io": io, "ctx": self._context}
        if hook.takes_payload:
            given["payload"] = self._held.job.hook_payload(self._held.claimed.payload)
        return given

    def _log(self, message: str) -> None:
        self._runtime.log("ERROR", message, None, "mainspring")
        log.warning("run %s: %s", self._held.claimed.run_id, message)


def outcome_of(held: Held) -> Ended | None:
    """The end that the body came to under an earlier lease, or before a forced replay; or that the server decided."""
    kept = held.checkpoints.get(OUTCOME_KEY)
    if kept is None or kept.output is None:
        return None
    shown = decode(kept.output)
    if "failure" in shown:
        return RunAttemptFailed(Failure(**shown["failure"]), shown["duration"])
    return RunSucceeded(encode(shown["output"], what="the output"))


async def within_middleware(held: Held, context: Context, call: Callable[[], Awaitable[Any]]) -> Any:
    """What `call` returns, called within the client's middleware. What middleware swallows is raised all the same."""
    came: list[Any] = []
    raised: list[BaseException] = []

    async def inside(number: int) -> Any:
        if number < len(held.job.middlewares):
            middleware = held.job.middlewares[number]
            return await middleware(context, lambda: inside(number + 1))
        if came or raised:
            raise RunError("middleware called call_next() twice", mend="Call it once.")
        try:
            came.append(await call())
        except BaseException as error:
            raised.append(error)
            raise
        return came[0]

    await inside(0)
    if raised:
        raise raised[0]
    if not came:
        raise RunError("middleware did not call call_next()", mend="Write `return await call_next()` in it.")
    return came[0]


def rebuilt(failure: Failure) -> Exception:
    """The error that was kept, as far as its name tells: ours and Python's own by class, others by a class of their
    name."""
    kind = error_types().get(failure.code) if failure.code != MainspringError.code else None
    if kind is not None:
        ours: Exception = kind(failure.message, mend="")
        return ours
    known = getattr(builtins, failure.type, None)
    if isinstance(known, type) and issubclass(known, Exception):
        try:
            error: Exception = known(failure.message)
            return error
        except TypeError:  # UnicodeDecodeError and its like want more
            pass
    base = TimeoutError if failure.code == "max_duration" else Exception
    named: type[Exception] = type(failure.type, (base,), {})
    return named(failure.message)
