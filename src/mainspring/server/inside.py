"""The way to the API inside this process: the hot verbs go straight to the engine, with the answers and errors
they have over HTTP; whatever else is asked goes through `rest`."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel
from pydantic_core import from_json

from mainspring.clock import SECOND, Clock, Instant
from mainspring.codec import decode_body
from mainspring.engine.engine import Engine
from mainspring.engine.views import RunView
from mainspring.errors import ServerUnavailable
from mainspring.model.limits import Limits
from mainspring.model.runs import RunDraft
from mainspring.model.streams import Streamed
from mainspring.server.answers import refusal_of
from mainspring.server.batched import start_batch
from mainspring.server.bodies import check
from mainspring.server.found import find_run
from mainspring.server.hot import start_run, take_event, take_events
from mainspring.server.longpoll import Draining
from mainspring.server.shapes.batches import BatchBody
from mainspring.server.shapes.bodies import EventBody, EventsBody, TriggerBody
from mainspring.server.shapes.events import sent_shape
from mainspring.server.shapes.runs import RunFacts

M = TypeVar("M", bound=BaseModel)

_API = "/api/v1"
#: As over HTTP, where proxies cut connections that are silent for longer.
_LONGEST_WAIT = 60.0


class Rest(Protocol):
    """Answers what is not hot."""

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Any: ...

    def stream(
        self, path: str, *, params: Mapping[str, Any] | None = None, after: str | None = None
    ) -> AsyncGenerator[Streamed, None]: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Inside:
    """Calls of one environment, made on the loop that the engine was started on."""

    engine: Engine
    limits: Limits
    clock: Clock
    environment_id: str
    #: Begun when the platform is about to stop: nobody waits for a run any longer.
    draining: Draining
    rest: Rest

    def now(self) -> Instant:
        return self.clock.now()

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        """The decoded answer. An `idempotency_key` is of no use here: no answer is lost on the way."""
        match method, *path.removeprefix(_API + "/").split("/"):
            case "POST", "events":
                return await self._send_event(body)
            case "POST", "events", "batch":
                return _answer(await take_events(self, self._read(EventsBody, body), None))
            case "POST", "jobs", job_id, "trigger":
                trigger = self._read(TriggerBody, body)
                return await start_run(self, unquote(job_id), trigger, None)
            case "POST", "batches":
                return _answer(await start_batch(self, self._read(BatchBody, body), idempotency_key))
            case "GET", "runs", run_id if (wait := _wait_in(params or {})) is not None:
                return dict(await self.wait_run(unquote(run_id), wait))
        return await self.rest.call(
            method, path, params=params, body=body, idempotency_key=idempotency_key, timeout=timeout
        )

    async def aclose(self) -> None:
        await self.rest.aclose()

    async def _send_event(self, body: str | None) -> Any:
        sent = await take_event(self, self._read(EventBody, body), None)
        refusal = refusal_of(sent)
        if refusal is not None:
            raise refusal
        return _answer(sent_shape(sent))

    async def start_run(self, draft: RunDraft) -> Mapping[str, Any]:
        """The run, as in a `RunShape`."""
        (run,) = await self.engine.trigger_runs(self.environment_id, (draft,))
        is_new = run.id == draft.run_id
        return RunFacts(RunView(run, None, is_new=is_new))  # without a delay nothing holds it back yet

    async def wait_run(self, run_id: str, seconds: float) -> Mapping[str, Any]:
        """The run, as in a `RunShape`, when it has ended or so many seconds are over."""
        if not seconds:
            return RunFacts(await find_run(self, run_id))
        span = round(min(seconds, _LONGEST_WAIT) * SECOND)
        caller = asyncio.current_task()
        assert caller is not None, "a coroutine that is awaited has a task"
        if not self.draining:
            try:
                with self.draining.ending(caller):
                    return RunFacts(await self.engine.wait_run(self.environment_id, run_id, span))
            except asyncio.CancelledError:
                if not self.draining or caller.uncancel():  # somebody else cancelled it, too
                    raise
        raise ServerUnavailable(
            "the platform inside this process is stopping", mend="The run goes on when it is started again."
        )

    def _read(self, model: type[M], body: str | None) -> M:
        raw = b"" if body is None else body.encode()
        return check(model, decode_body(raw, limit=self.limits.max_body_bytes) if raw.strip() else {})


def _wait_in(params: Mapping[str, Any]) -> float | None:
    """Seconds to wait for a run's end; None when the parameters are others, or not as they should be."""
    wait = params.get("wait") or 0
    is_plain = set(params) <= {"wait"} and isinstance(wait, int | float) and wait >= 0
    return float(wait) if is_plain else None


def _answer(shape: BaseModel) -> Any:
    """What a caller over HTTP would have decoded."""
    content = shape.__pydantic_serializer__.to_json(shape)
    try:
        return from_json(content)
    except ValueError:
        # A payload as deep as may be kept lies a little deeper in an answer; this parser follows it there.
        return json.loads(content)
