"""`client.sync` and `job.sync`: the same verbs for blocking code, in Flask, Django views and scripts.

Each call does its async twin on an event loop in a thread of ours and waits for it; see `bridge.wait_for`.
"""

from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar, Unpack

from mainspring.duration import Duration
from mainspring.sdk.api import Listing, Page
from mainspring.sdk.breakers import Breakers, ShownBreaker
from mainspring.sdk.bridge import iterate, wait_for
from mainspring.sdk.bulk import Bulk
from mainspring.sdk.doubt import Done, NotDone
from mainspring.sdk.events import Event, Events
from mainspring.sdk.handle import Run, RunState
from mainspring.sdk.jobs import Jobs, RegisteredJob
from mainspring.sdk.queues import LimitChanges, Queues, ShownQueue
from mainspring.sdk.run_filter import RunFilter
from mainspring.sdk.runs import Runs
from mainspring.sdk.store import Store
from mainspring.sdk.updates import RunUpdate

T = TypeVar("T")
S = TypeVar("S")
OutputT_co = TypeVar("OutputT_co", covariant=True)

_UNSET: Any = object()


class SyncRun(RunState[OutputT_co]):
    """A handle of one run, whose methods wait."""

    def __init__(self, run: Run[OutputT_co]) -> None:
        super().__init__(run._api, run._shown, run._restore)
        self._run = run

    def refresh(self) -> "SyncRun[OutputT_co]":
        """As `Run.refresh`."""
        return self._done(self._run.refresh(), "refresh")

    def result(self, timeout: Duration | None = None) -> OutputT_co:
        """As `Run.result`: wait for its end; what the job returned. Raises `RunFailed`, `WaitTimeout`."""
        try:
            return wait_for(self._run.result(timeout), "run.result")
        finally:
            self._shown = self._run._shown

    def cancel(self, *, reason: str | None = None) -> "SyncRun[OutputT_co]":
        """As `Run.cancel`."""
        return self._done(self._run.cancel(reason=reason), "cancel")

    def reschedule(
        self, *, delay: Duration | None = None, at: datetime | str | None = None
    ) -> "SyncRun[OutputT_co]":
        """As `Run.reschedule`."""
        return self._done(self._run.reschedule(delay=delay, at=at), "reschedule")

    def repin(self, version: str | None) -> "SyncRun[OutputT_co]":
        """As `Run.repin`."""
        return self._done(self._run.repin(version), "repin")

    def replay(
        self, from_task: str | None = None, *, payload: Any = _UNSET, idempotency_key: str | None = None
    ) -> "SyncRun[OutputT_co]":
        """As `Run.replay`: the handle of the fresh run."""
        given = {} if payload is _UNSET else {"payload": payload}
        replaying = self._run.replay(from_task, idempotency_key=idempotency_key, **given)
        return SyncRun(wait_for(replaying, "run.replay"))

    def settle(
        self, task: str, answer: Done[Any] | NotDone | None = None, *, fail: str | None = None
    ) -> "SyncRun[OutputT_co]":
        """As `Run.settle`."""
        return self._done(self._run.settle(task, answer, fail=fail), "settle")

    def subscribe(self, *, after: int | None = None) -> Generator[RunUpdate, None, None]:
        """As `Run.subscribe`: `for update in run.subscribe()` until the run has ended, or the loop is left.

        Nothing is read ahead for a reader that is slow, and nothing is lost for it.
        """
        try:
            for update in iterate(self._run.subscribe(after=after), "run.subscribe"):
                self._shown = self._run._shown
                yield update
        finally:
            self._shown = self._run._shown

    def stream(self, name: str) -> Generator[Any, None, None]:
        """As `Run.stream`: the chunks of one of its streams."""
        try:
            yield from iterate(self._run.stream(name), "run.stream")
        finally:
            self._shown = self._run._shown

    def _done(self, call: Coroutine[Any, Any, Any], name: str) -> "SyncRun[OutputT_co]":
        wait_for(call, f"run.{name}")
        self._shown = self._run._shown
        return self


class SyncListing(Generic[T]):
    """A list kept by the server: `.page()` for one page, `for ... in` goes through all of it."""

    def __init__(self, listing: Listing[S], call: str, read: Callable[[S], T]) -> None:
        self._listing: Listing[Any] = listing
        self._call = call
        self._read = read

    def page(self) -> Page[T]:
        """The first page, or the one at the cursor that was given."""

        async def ask() -> Page[Any]:
            return await self._listing

        page = wait_for(ask(), self._call)
        return Page([self._read(one) for one in page.data], page.next_cursor)

    def __iter__(self) -> Iterator[T]:
        for one in iterate(self._listing.__aiter__(), self._call):
            yield self._read(one)


def same(one: T) -> T:
    """What is read needs no blocking form."""
    return one


class SyncRuns:
    """`client.sync.runs`."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    def retrieve(self, run_id: str) -> SyncRun[Any]:
        """As `client.runs.retrieve`."""
        return SyncRun(wait_for(self._runs.retrieve(run_id), "client.sync.runs.retrieve"))

    def list(
        self, *, limit: int | None = None, cursor: str | None = None, **filter: Unpack[RunFilter]
    ) -> SyncListing[SyncRun[Any]]:
        """As `client.runs.list`."""
        listing = self._runs.list(limit=limit, cursor=cursor, **filter)
        return SyncListing(listing, "client.sync.runs.list", SyncRun)

    def cancel(self, run_id: str, *, reason: str | None = None) -> SyncRun[Any]:
        """As `client.runs.cancel`."""
        return SyncRun(wait_for(self._runs.cancel(run_id, reason=reason), "client.sync.runs.cancel"))

    def reschedule(
        self, run_id: str, *, delay: Duration | None = None, at: datetime | str | None = None
    ) -> SyncRun[Any]:
        """As `client.runs.reschedule`."""
        moved = self._runs.reschedule(run_id, delay=delay, at=at)
        return SyncRun(wait_for(moved, "client.sync.runs.reschedule"))

    def repin(self, run_id: str, version: str | None) -> SyncRun[Any]:
        """As `client.runs.repin`."""
        return SyncRun(wait_for(self._runs.repin(run_id, version), "client.sync.runs.repin"))

    def reset_key(self, job_id: str, idempotency_key: str) -> bool:
        """As `client.runs.reset_key`."""
        return wait_for(self._runs.reset_key(job_id, idempotency_key), "client.sync.runs.reset_key")

    def replay(
        self,
        run_id: str,
        from_task: str | None = None,
        *,
        payload: Any = _UNSET,
        idempotency_key: str | None = None,
    ) -> SyncRun[Any]:
        """As `client.runs.replay`."""
        given = {} if payload is _UNSET else {"payload": payload}
        replaying = self._runs.replay(run_id, from_task, idempotency_key=idempotency_key, **given)
        return SyncRun(wait_for(replaying, "client.sync.runs.replay"))

    def settle(
        self, run_id: str, task: str, answer: Done[Any] | NotDone | None = None, *, fail: str | None = None
    ) -> SyncRun[Any]:
        """As `client.runs.settle`."""
        return SyncRun(
            wait_for(self._runs.settle(run_id, task, answer, fail=fail), "client.sync.runs.settle")
        )

    def bulk(
        self,
        action: Literal["cancel", "replay"],
        *,
        filter: RunFilter | None = None,
        ids: Sequence[str] | None = None,
        timeout: Duration | None = None,
        **options: Any,
    ) -> Bulk:
        """As `client.runs.bulk`, and waits until it has ended, at most `timeout`."""

        async def whole() -> Bulk:
            return await (await self._runs.bulk(action, filter=filter, ids=ids, **options)).result(timeout)

        return wait_for(whole(), "client.sync.runs.bulk")


class SyncJobs:
    """`client.sync.jobs`."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def retrieve(self, job_id: str) -> RegisteredJob:
        """As `client.jobs.retrieve`."""
        return wait_for(self._jobs.retrieve(job_id), "client.sync.jobs.retrieve")

    def enable(self, job_id: str) -> RegisteredJob:
        """As `client.jobs.enable`."""
        return wait_for(self._jobs.enable(job_id), "client.sync.jobs.enable")

    def disable(self, job_id: str) -> RegisteredJob:
        """As `client.jobs.disable`."""
        return wait_for(self._jobs.disable(job_id), "client.sync.jobs.disable")

    def list(self) -> SyncListing[RegisteredJob]:
        """As `client.jobs.list`."""
        return SyncListing(self._jobs.list(), "client.sync.jobs.list", same)


class SyncBreakers:
    """`client.sync.breakers`."""

    def __init__(self, breakers: Breakers) -> None:
        self._breakers = breakers

    def list(self) -> SyncListing[ShownBreaker]:
        """As `client.breakers.list`."""
        return SyncListing(self._breakers.list(), "client.sync.breakers.list", same)

    def retrieve(self, name: str) -> ShownBreaker:
        """As `client.breakers.retrieve`."""
        return wait_for(self._breakers.retrieve(name), "client.sync.breakers.retrieve")

    def reset(self, name: str) -> ShownBreaker:
        """As `client.breakers.reset`."""
        return wait_for(self._breakers.reset(name), "client.sync.breakers.reset")

    def open(self, name: str, *, timeout: Duration | None = None, by: str | None = None) -> ShownBreaker:
        """As `client.breakers.open`."""
        opening = self._breakers.open(name, timeout=timeout, by=by)
        return wait_for(opening, "client.sync.breakers.open")


class SyncQueues:
    """`client.sync.queues`."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def list(self) -> SyncListing[ShownQueue]:
        """As `client.queues.list`."""
        return SyncListing(self._queues.list(), "client.sync.queues.list", same)

    def retrieve(self, name: str) -> ShownQueue:
        """As `client.queues.retrieve`."""
        return wait_for(self._queues.retrieve(name), "client.sync.queues.retrieve")

    def pause(self, name: str, *, by: str | None = None) -> ShownQueue:
        """As `client.queues.pause`."""
        return wait_for(self._queues.pause(name, by=by), "client.sync.queues.pause")

    def resume(self, name: str) -> ShownQueue:
        """As `client.queues.resume`."""
        return wait_for(self._queues.resume(name), "client.sync.queues.resume")

    def change(self, name: str, **limits: Unpack[LimitChanges]) -> ShownQueue:
        """As `client.queues.change`."""
        return wait_for(self._queues.change(name, **limits), "client.sync.queues.change")


class SyncEvents:
    """`client.sync.events`."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def retrieve(self, event_id: str) -> Event[Any]:
        """As `client.events.retrieve`."""
        return wait_for(self._events.retrieve(event_id), "client.sync.events.retrieve")

    def cancel(self, event_id: str) -> Event[Any]:
        """As `client.events.cancel`."""
        return wait_for(self._events.cancel(event_id), "client.sync.events.cancel")

    def list(
        self,
        *,
        name: str | None = None,
        run_id: str | None = None,
        since: datetime | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> SyncListing[Event[Any]]:
        """As `client.events.list`."""
        listing = self._events.list(name=name, run_id=run_id, since=since, limit=limit, cursor=cursor)
        return SyncListing(listing, "client.sync.events.list", same)


class SyncStore:
    """`client.sync.store`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def job(self, job_id: str) -> "SyncStore":
        """The store of one job."""
        return SyncStore(self._store.job(job_id))

    def run(self, run_id: str) -> "SyncStore":
        """The store of one run."""
        return SyncStore(self._store.run(run_id))

    def get(self, key: str, default: Any = None, *, type: Any = None) -> Any:
        """As `client.store.get`."""
        return wait_for(self._store.get(key, default, type=type), "client.sync.store.get")

    def set(self, key: str, value: Any) -> None:
        """As `client.store.set`."""
        wait_for(self._store.set(key, value), "client.sync.store.set")

    def delete(self, key: str) -> bool:
        """As `client.store.delete`."""
        return wait_for(self._store.delete(key), "client.sync.store.delete")

    def has(self, key: str) -> bool:
        """As `client.store.has`."""
        return wait_for(self._store.has(key), "client.sync.store.has")

    def list(self, *, prefix: str | None = None, limit: int | None = None) -> SyncListing[tuple[str, Any]]:
        """As `client.store.list`."""
        return SyncListing(self._store.list(prefix=prefix, limit=limit), "client.sync.store.list", same)
