"""The environment for plain `def` tests: the same verbs, each of which blocks until all is still."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, Protocol, TypeVar

from mainspring.duration import Duration
from mainspring.errors import WrongLoop
from mainspring.sdk.approvals import Approval
from mainspring.sdk.events import Event
from mainspring.sdk.job import Job
from mainspring.sdk.tokens import Token
from mainspring.testing.live import LiveRun

T = TypeVar("T")


class Verbs(Protocol):
    """What of an `Environment` has to be awaited."""

    @property
    def now(self) -> datetime: ...

    async def start(self) -> None: ...

    async def settle(self) -> None: ...

    async def restart(self) -> None: ...

    async def trigger(self, job: Job[..., Any, Any] | str, *payload: Any, **options: Any) -> LiveRun[Any]: ...

    async def send_event(self, name: str, payload: Any = None, **options: Any) -> Event[Any]: ...

    async def complete(
        self, token: Token | LiveRun[Any] | str, output: Any = None, *, by: str | None = None
    ) -> None: ...

    async def approve(
        self,
        approval: Approval | LiveRun[Any] | str,
        form: Any = None,
        *,
        by: str | None = None,
        comment: str | None = None,
    ) -> None: ...

    async def reject(
        self, approval: Approval | LiveRun[Any] | str, *, by: str | None = None, comment: str | None = None
    ) -> None: ...

    async def advance(self, span: Duration) -> None: ...


class SyncEnvironment:
    """`mainspring.sync`. Its event loop turns only inside these calls: between them the environment stands still."""

    def __init__(self, environment: Verbs) -> None:
        self._environment = environment
        self._runner: asyncio.Runner | None = None

    def start(self) -> None:
        """As `Environment.start`."""
        self._wait("start", self._environment.start())

    def settle(self) -> None:
        """As `Environment.settle`."""
        self._wait("settle", self._environment.settle())

    def restart(self) -> None:
        """As `Environment.restart`."""
        self._wait("restart", self._environment.restart())

    def trigger(self, job: Job[..., Any, Any] | str, *payload: Any, **options: Any) -> LiveRun[Any]:
        """As `Environment.trigger`."""
        return self._wait("trigger", self._environment.trigger(job, *payload, **options))

    def send_event(self, name: str, payload: Any = None, **options: Any) -> Event[Any]:
        """As `Environment.send_event`."""
        return self._wait("send_event", self._environment.send_event(name, payload, **options))

    def complete(
        self, token: Token | LiveRun[Any] | str, output: Any = None, *, by: str | None = None
    ) -> None:
        """As `Environment.complete`."""
        self._wait("complete", self._environment.complete(token, output, by=by))

    def approve(
        self,
        approval: Approval | LiveRun[Any] | str,
        form: Any = None,
        *,
        by: str | None = None,
        comment: str | None = None,
    ) -> None:
        """As `Environment.approve`."""
        self._wait("approve", self._environment.approve(approval, form, by=by, comment=comment))

    def reject(
        self, approval: Approval | LiveRun[Any] | str, *, by: str | None = None, comment: str | None = None
    ) -> None:
        """As `Environment.reject`."""
        self._wait("reject", self._environment.reject(approval, by=by, comment=comment))

    def advance(self, span: Duration) -> None:
        """As `Environment.advance`."""
        self._wait("advance", self._environment.advance(span))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What any coroutine comes to, on the loop of the environment: `mainspring.sync.run(run.cancel())`."""
        return self._wait("run", coroutine)

    def close(self) -> None:
        """Of the environment's `close`."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def _wait(self, verb: str, coroutine: Coroutine[Any, Any, T]) -> T:
        if asyncio._get_running_loop() is not None:
            coroutine.close()
            raise WrongLoop(
                f"mainspring.sync.{verb} was called where an event loop runs",
                mend=f"In an `async def` test: `await mainspring.{verb}(...)`.",
            )
        if self._runner is None:
            self._runner = asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)
        return self._runner.run(coroutine)
