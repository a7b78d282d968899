"""`job.sync`: starting runs of a job from blocking code. Inside a run's plain `def` each is a durable task."""

from collections.abc import Coroutine, Iterable
from typing import Any, Generic, Protocol, TypeVar, Unpack, overload

from mainspring.sdk.bridge import wait_for
from mainspring.sdk.children import RunResult
from mainspring.sdk.handle import Run
from mainspring.sdk.options import TriggerOptions
from mainspring.sdk.sync import SyncRun

PayloadT_contra = TypeVar("PayloadT_contra", contravariant=True)
PayloadT = TypeVar("PayloadT")
ReturnT_co = TypeVar("ReturnT_co", covariant=True)
OutputT = TypeVar("OutputT")


class Startable(Protocol):
    """The job, as far as it is called here."""

    @property
    def trigger(self) -> Any: ...

    @property
    def trigger_and_wait(self) -> Any: ...

    @property
    def batch_trigger(self) -> Any: ...

    @property
    def batch_trigger_and_wait(self) -> Any: ...


class SyncJob(Generic[PayloadT_contra, ReturnT_co]):
    """Made by `job.sync`."""

    def __init__(self, job: Startable) -> None:
        self._job = job

    @overload
    def trigger(
        self: "SyncJob[None, Coroutine[Any, Any, OutputT]]",
        payload: None = None,
        **options: Unpack[TriggerOptions],
    ) -> SyncRun[OutputT]: ...
    @overload
    def trigger(
        self: "SyncJob[PayloadT, Coroutine[Any, Any, OutputT]]",
        payload: PayloadT,
        **options: Unpack[TriggerOptions],
    ) -> SyncRun[OutputT]: ...
    @overload
    def trigger(
        self: "SyncJob[None, OutputT]", payload: None = None, **options: Unpack[TriggerOptions]
    ) -> SyncRun[OutputT]: ...
    @overload
    def trigger(
        self: "SyncJob[PayloadT, OutputT]", payload: PayloadT, **options: Unpack[TriggerOptions]
    ) -> SyncRun[OutputT]: ...
    def trigger(self, *payload: Any, **options: Any) -> SyncRun[Any]:
        """As `job.trigger`: start a run; its handle."""
        run: Run[Any] = wait_for(self._job.trigger(*payload, **options), "job.sync.trigger")
        return SyncRun(run)

    @overload
    def trigger_and_wait(
        self: "SyncJob[None, Coroutine[Any, Any, OutputT]]",
        payload: None = None,
        **options: Unpack[TriggerOptions],
    ) -> OutputT: ...
    @overload
    def trigger_and_wait(
        self: "SyncJob[PayloadT, Coroutine[Any, Any, OutputT]]",
        payload: PayloadT,
        **options: Unpack[TriggerOptions],
    ) -> OutputT: ...
    @overload
    def trigger_and_wait(
        self: "SyncJob[None, OutputT]", payload: None = None, **options: Unpack[TriggerOptions]
    ) -> OutputT: ...
    @overload
    def trigger_and_wait(
        self: "SyncJob[PayloadT, OutputT]", payload: PayloadT, **options: Unpack[TriggerOptions]
    ) -> OutputT: ...
    def trigger_and_wait(self, *payload: Any, **options: Any) -> Any:
        """As `job.trigger_and_wait`: what the run returned; raises `RunFailed`."""
        return wait_for(self._job.trigger_and_wait(*payload, **options), "job.sync.trigger_and_wait")

    def batch_trigger(
        self, payloads: Iterable[PayloadT_contra], **options: Unpack[TriggerOptions]
    ) -> list[SyncRun[Any]]:
        """As `job.batch_trigger`: the handles, in order."""
        runs: list[Run[Any]] = wait_for(
            self._job.batch_trigger(payloads, **options), "job.sync.batch_trigger"
        )
        return [SyncRun(run) for run in runs]

    def batch_trigger_and_wait(
        self, payloads: Iterable[PayloadT_contra], **options: Unpack[TriggerOptions]
    ) -> list[RunResult[Any]]:
        """As `job.batch_trigger_and_wait`: a `RunResult` per payload, in order."""
        results: list[RunResult[Any]] = wait_for(
            self._job.batch_trigger_and_wait(payloads, **options), "job.sync.batch_trigger_and_wait"
        )
        return results
