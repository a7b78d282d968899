"""`FakeIO`: an `io` for the unit test of one function, with nothing behind it: no engine, no database, no time."""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from contextvars import copy_context
from datetime import datetime
from typing import Any

from mainspring.clock import FakeClock, to_datetime
from mainspring.ids import new_id
from mainspring.sdk.actions import calls_of
from mainspring.sdk.bridge import invoke
from mainspring.sdk.connected import Connected
from mainspring.sdk.context import Context, JobInfo, RunInfo, Scope, current_scope
from mainspring.sdk.events import as_instant
from mainspring.sdk.io import IO, VERBS, RunRandom
from mainspring.sdk.job import Job
from mainspring.sdk.streams import Streaming, Streams
from mainspring.testing.fake_runtime import FakeCall, FakeRuntime
from mainspring.testing.stand_ins import FakeConnector, Fakes

#: What belongs to the fake itself; everything else is asked of `IO`, inside the fake's run.
_OWN = frozenset(
    {"calls", "keys", "logged", "chunks", "stored", "answer", "context", "run", "time", "random", "connector"}
)


class FakeIO(IO):
    """An `io` that calls tasks at once, waits for nothing, and notes every call.

    `await fulfil.fn(order, FakeIO(answers={"paid": {"id": "o1"}}))`. Tasks are called, with as many attempts as their
    `retry` allows and no pause; an answer for a task's key stands for its function. Waits for time are over at once,
    and `io.now()` has gone on. What only others could know (events, tokens, the outputs of children) is answered by
    key, by the name of the event or by the id of the job; an answer that is an exception is raised. What has no answer
    raises `DefinitionError`, which says how to give it. `connectors`: what `io.<name>` is; actions are answered as
    `io.connector("slack").returns(...)` says, or by the task's key. Without a running event loop every call blocks and
    returns its value, as a plain `def` expects.
    """

    def __init__(
        self,
        answers: Mapping[str, Any] | None = None,
        *,
        now: datetime | str | None = None,
        connectors: Mapping[str, Connected] | None = None,
    ) -> None:
        super().__init__()
        self._clock = FakeClock() if now is None else FakeClock(as_instant(now))
        self._runtime = FakeRuntime(answers or {}, self._clock)
        self._fakes = Fakes("io")
        self._connectors: dict[str, Connected] = self._fakes.over(connectors or {})
        #: `ctx` as code below this io finds it.
        self.context = Context(RunInfo(new_id("run")), JobInfo("fake", "0.0.1"), "test", "test")

    def __getattribute__(self, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if name.startswith("_") or name in _OWN:
            return value
        return _inside(self, value)

    def __getattr__(self, name: str) -> Any:
        return _inside(self, calls_of(name, self._connected(), VERBS))

    def _connected(self) -> dict[str, Connected]:
        return {**self._fakes.alone(), **self._connectors}

    # ── what happened ────────────────────────────────────────────────────────────────────────────────
    @property
    def calls(self) -> list[FakeCall]:
        """All that was asked of it, in order."""
        return self._runtime.calls

    @property
    def keys(self) -> list[str]:
        """The keys of those calls."""
        return [call.key for call in self.calls]

    @property
    def logged(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Level, message and fields of what was logged."""
        return [*self._runtime.logged]

    @property
    def chunks(self) -> dict[str, list[Any]]:
        """What was streamed, by stream."""
        return self._runtime.chunks

    @property
    def stored(self) -> dict[str, Any]:
        """What the stores hold, of all scopes, by key."""
        return {key: value for (_, _, key), (value, _) in self._runtime.stored.items()}

    @property
    def time(self) -> datetime:
        """What `io.now()` would say."""
        return to_datetime(self._clock.now())

    @property
    def random(self) -> RunRandom:
        """The same numbers in every test."""
        return RunRandom(self._runtime.random().getrandbits(64))

    # ── doing ────────────────────────────────────────────────────────────────────────────────────────
    def answer(self, key: str, value: Any) -> None:
        """From now on this is the answer for a key."""
        self._runtime.answers[key] = value

    def connector(self, name: str) -> FakeConnector:
        """What stands for the connector of this name: `io.connector("slack").returns(post_message={"ts": "1"})`."""
        return self._fakes.named(name)

    async def run(self, job: Job[..., Any, Any], payload: Any = None) -> Any:
        """Call the function of a job as a run would, with this io and its `ctx`, also where it finds them ambiently.
        A plain `def` is called in a thread."""
        self.context.job = JobInfo(job.id, job.version)
        self._connectors = self._fakes.over({**job.connectors, **self._connectors})
        values = {"payload": payload, "io": self, "ctx": self.context}
        args, kwargs = job.definition.injection.arguments(values)
        with _Entered(self):
            return await invoke(job.fn, args, kwargs)


class _Entered:
    """Inside, code finds itself in the fake's run."""

    def __init__(self, fake: FakeIO) -> None:
        loop = asyncio.get_running_loop()
        self._scope = Scope(fake._runtime, fake.context, loop, threading.get_ident(), fake._connected())

    def __enter__(self) -> None:
        self._token = current_scope.set(self._scope)

    def __exit__(self, *raised: object) -> None:
        current_scope.reset(self._token)


def _inside(fake: FakeIO, value: Any) -> Any:
    """An attribute of `IO` whose calls find themselves in the fake's run."""
    if inspect.ismethod(value) or type(value).__module__.startswith("mainspring.sdk."):
        return _Part(fake, value)
    return value


class _Part:
    """A verb of `io`, or one of its parts (store, logger, ...)."""

    def __init__(self, fake: FakeIO, value: Any) -> None:
        self._fake = fake
        self._value = value

    def __getattr__(self, name: str) -> Any:
        return _inside(self._fake, getattr(self._value, name))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if isinstance(self._value, Streams):  # which is called to stream a source
            return _Streamed(self._fake, self._value(*args, **kwargs))
        if not _has_loop():
            return copy_context().run(asyncio.run, self._awaited(args, kwargs))
        with _Entered(self._fake):
            result = self._value(*args, **kwargs)
        return self._later(result) if inspect.iscoroutine(result) else result

    async def _awaited(self, args: Any, kwargs: Any) -> Any:
        with _Entered(self._fake):
            result = self._value(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

    async def _later(self, result: Any) -> Any:
        with _Entered(self._fake):
            return await result


class _Streamed:
    """A source on its way through a stream of the fake."""

    def __init__(self, fake: FakeIO, streaming: Streaming[Any]) -> None:
        self._fake = fake
        self._streaming = streaming

    async def __aiter__(self) -> AsyncIterator[Any]:
        source = self._streaming._source
        if isinstance(source, AsyncIterable):
            async for chunk in source:
                yield await self._passed(chunk)
        else:
            for chunk in source:
                yield await self._passed(chunk)

    def __iter__(self) -> Iterator[Any]:
        source = self._streaming._source
        append: Any = self._fake.stream.append  # which blocks where no loop runs
        assert not isinstance(source, AsyncIterable), "a plain `def` streams what it can iterate"
        for chunk in source:
            append(self._streaming._name, chunk)
            yield chunk

    async def _passed(self, chunk: Any) -> Any:
        await self._fake.stream.append(self._streaming._name, chunk)
        return chunk


def _has_loop() -> bool:
    return asyncio._get_running_loop() is not None
