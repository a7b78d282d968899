"""A job as user code holds it: the function, what the server is told about it, and how to start a run of it."""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, ParamSpec, TypeVar, Unpack, overload

from mainspring.duration import parse_duration
from mainspring.errors import DefinitionError, PayloadInvalid
from mainspring.ids import new_id
from mainspring.model.jobs import JobSpec
from mainspring.model.runs import DebounceSpec, RunDraft
from mainspring.sdk.annotations import Restore
from mainspring.sdk.api import Api
from mainspring.sdk.bridge import invoke
from mainspring.sdk.children import RunResult
from mainspring.sdk.connected import Connected
from mainspring.sdk.context import Context, scope_or_none
from mainspring.sdk.debounce import Debounce
from mainspring.sdk.handle import Run
from mainspring.sdk.hooks import HOOK_NAMES, BoundHook, ClientHooks, HookName, HookPoints, Middleware
from mainspring.sdk.inject import Injection
from mainspring.sdk.io import IO
from mainspring.sdk.json_text import decode, encode
from mainspring.sdk.options import TriggerOptions, as_count, as_tags
from mainspring.sdk.retry import Retry
from mainspring.sdk.sealing import Sealing
from mainspring.sdk.starter import Starter
from mainspring.sdk.sync_job import SyncJob

P = ParamSpec("P")
PayloadT = TypeVar("PayloadT")
#: What it may be triggered with; `object` where the function takes no payload.
PayloadT_contra = TypeVar("PayloadT_contra", contravariant=True)
OutputT = TypeVar("OutputT")
#: What the function returns: a coroutine of the output, or the output itself for a plain `def`.
ReturnT_co = TypeVar("ReturnT_co", covariant=True)
ReturnT = TypeVar("ReturnT")

_UNSET: Any = object()


@dataclass(frozen=True, slots=True)
class Definition:
    """All that a job's definition came to."""

    spec: JobSpec
    retry: Retry
    injection: Injection
    #: Payload as JSON text -> what the function takes; raises `PayloadInvalid`.
    read_payload: Callable[[str], Any]
    #: Kept output -> what the function is annotated to return; None: plain JSON data.
    restore: Restore | None
    #: "shop/jobs.py:12", for messages.
    place: str


class Job(HookPoints, Generic[P, PayloadT_contra, ReturnT_co]):
    """Made by `client.job`. `fn` is the function as it was written: call it in unit tests."""

    def __init__(
        self, fn: Callable[P, ReturnT_co], definition: Definition, api: Api, shared: ClientHooks
    ) -> None:
        """`shared`: the hooks of all jobs of its client."""
        HookPoints.__init__(self, f"job '{definition.spec.id}'", is_single=True)
        self.fn = fn
        self._shared = shared
        self.definition = definition
        #: What `io.<name>` is in its runs: its own, and its client's.
        self.connectors: Mapping[str, Connected] = {}
        self._api = api
        self.__doc__ = fn.__doc__
        self.__name__: str = getattr(fn, "__name__", definition.spec.id)

    def __repr__(self) -> str:
        return f"<Job {self.id}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> ReturnT_co:
        """The function itself: no run, nothing durable."""
        return self.fn(*args, **kwargs)

    @property
    def id(self) -> str:
        return self.definition.spec.id

    @property
    def name(self) -> str:
        return self.definition.spec.name

    @property
    def version(self) -> str:
        return self.definition.spec.version

    @property
    def retry(self) -> Retry:
        """How the body is retried, with the error types that the server does not know."""
        return self.definition.retry

    def spec(self) -> JobSpec:
        """What the server is told about it."""
        names = tuple(name for name in HOOK_NAMES if self.hooks_for(name))
        return replace(self.definition.spec, hooks=names) if names else self.definition.spec

    # ── starting runs ────────────────────────────────────────────────────────────────────────────────
    @overload
    async def trigger(
        self: "Job[P, None, Coroutine[Any, Any, OutputT]]",
        payload: None = None,
        **options: Unpack[TriggerOptions],
    ) -> Run[OutputT]: ...
    @overload
    async def trigger(
        self: "Job[P, PayloadT, Coroutine[Any, Any, OutputT]]",
        payload: PayloadT,
        **options: Unpack[TriggerOptions],
    ) -> Run[OutputT]: ...
    @overload
    async def trigger(
        self: "Job[P, None, OutputT]", payload: None = None, **options: Unpack[TriggerOptions]
    ) -> Run[OutputT]: ...
    @overload
    async def trigger(
        self: "Job[P, PayloadT, OutputT]", payload: PayloadT, **options: Unpack[TriggerOptions]
    ) -> Run[OutputT]: ...
    async def trigger(self, payload: Any = _UNSET, **options: Unpack[TriggerOptions]) -> Run[Any]:
        """Start a run of this job; its handle. Inside a run it is a durable task: started once.

        Options: `idempotency_key` (a second call with it returns the first run, for `idempotency_key_ttl` if that is
        given; with `idempotency_key_scope="run"` only calls from the same run count), `delay` and `ttl` (durations;
        a run not begun within its ttl of the call is EXPIRED), `queue`, `concurrency_key`, `priority` (higher goes
        first), `tags`, `metadata` (a dict), `max_attempts` (of the body), `debounce` (a `Debounce`), `version`
        (of the job: only workers that have it are given the run; `BadRequest` for one that no worker ever had).
        Raises `PayloadInvalid` when the job's schema refuses the payload, and the door's errors outside runs.
        """
        (run,) = await self._starter().start([self._draft(payload, options)], is_batch=False)
        return run

    @overload
    async def trigger_and_wait(
        self: "Job[P, None, Coroutine[Any, Any, OutputT]]",
        payload: None = None,
        **options: Unpack[TriggerOptions],
    ) -> OutputT: ...
    @overload
    async def trigger_and_wait(
        self: "Job[P, PayloadT, Coroutine[Any, Any, OutputT]]",
        payload: PayloadT,
        **options: Unpack[TriggerOptions],
    ) -> OutputT: ...
    @overload
    async def trigger_and_wait(
        self: "Job[P, None, OutputT]", payload: None = None, **options: Unpack[TriggerOptions]
    ) -> OutputT: ...
    @overload
    async def trigger_and_wait(
        self: "Job[P, PayloadT, OutputT]", payload: PayloadT, **options: Unpack[TriggerOptions]
    ) -> OutputT: ...
    async def trigger_and_wait(self, payload: Any = _UNSET, **options: Unpack[TriggerOptions]) -> Any:
        """Start a run of this job and wait for its end: what the job returned. Options as for `trigger`.

        Inside a run the child is started once and the wait is durable: the parent may leave memory meanwhile.
        Raises `RunFailed`, which names the child, when it ended otherwise; `trigger`'s errors when it could
        not be started.
        """
        draft = self._draft(payload, options)
        (result,) = await self._starter().results([draft], is_batch=False)
        return result.unwrap()

    @overload
    async def batch_trigger(
        self: "Job[P, PayloadT, Coroutine[Any, Any, OutputT]]",
        payloads: Iterable[PayloadT],
        **options: Unpack[TriggerOptions],
    ) -> list[Run[OutputT]]: ...
    @overload
    async def batch_trigger(
        self: "Job[P, PayloadT, OutputT]", payloads: Iterable[PayloadT], **options: Unpack[TriggerOptions]
    ) -> list[Run[OutputT]]: ...
    async def batch_trigger(
        self, payloads: Iterable[Any], **options: Unpack[TriggerOptions]
    ) -> list[Run[Any]]:
        """Start a run per payload, all or none, at most 1,000 (`max_runs_per_batch`); their handles in order.

        Options as for `trigger`, the same for every run; an `idempotency_key` counts as KEY/0, KEY/1, ...
        Inside a run it is one durable task.
        """
        return await self._starter().start(self._drafts(payloads, options), is_batch=True)

    @overload
    async def batch_trigger_and_wait(
        self: "Job[P, PayloadT, Coroutine[Any, Any, OutputT]]",
        payloads: Iterable[PayloadT],
        **options: Unpack[TriggerOptions],
    ) -> list[RunResult[OutputT]]: ...
    @overload
    async def batch_trigger_and_wait(
        self: "Job[P, PayloadT, OutputT]", payloads: Iterable[PayloadT], **options: Unpack[TriggerOptions]
    ) -> list[RunResult[OutputT]]: ...
    async def batch_trigger_and_wait(
        self, payloads: Iterable[Any], **options: Unpack[TriggerOptions]
    ) -> list[RunResult[Any]]:
        """As `batch_trigger`, then wait for all of them: a `RunResult` per payload, in order.

        A child that failed does not raise: look at `result.ok`, or call `result.unwrap()`. Inside a run it is
        one wait, and the parent resumes once, after the last child. Raises `TooLarge` when the results
        together exceed `max_body_bytes`.
        """
        return await self._starter().results(self._drafts(payloads, options), is_batch=True)

    def _starter(self) -> Starter:
        return Starter(self._api, self.id, self.definition.restore)

    def _drafts(self, payloads: Iterable[Any], options: TriggerOptions) -> list[RunDraft]:
        shared = self._read(options)
        key = shared["idempotency_key"]
        drafts = []
        for number, payload in enumerate(payloads):
            if key is not None:
                shared["idempotency_key"] = f"{key}/{number}"
            drafts.append(self._filled(payload, shared))
        return drafts

    def _draft(self, payload: Any, options: TriggerOptions) -> RunDraft:
        return self._filled(payload, self._read(options))

    def _filled(self, payload: Any, shared: dict[str, Any]) -> RunDraft:
        if payload is _UNSET:
            return RunDraft(run_id=new_id("run"), payload="{}", **shared)
        what = f"the payload of the run of job '{self.id}'"
        return RunDraft(run_id=new_id("run"), payload=encode(payload, what=what), **shared)

    def _read(self, options: TriggerOptions) -> dict[str, Any]:
        """What the options say of a draft: read once for all runs of a batch."""
        if not options:
            return {"job_id": self.id, "idempotency_key": None}
        unknown = set(options) - set(TriggerOptions.__annotations__)
        if unknown:
            raise TypeError(f"trigger() got an unexpected keyword argument '{sorted(unknown)[0]}'")
        what = f"the run of job '{self.id}'"
        delay, ttl = options.get("delay"), options.get("ttl")
        key_ttl = options.get("idempotency_key_ttl")
        return {
            "job_id": self.id,
            "idempotency_key": _scoped(options),
            "idempotency_key_ttl": None if key_ttl is None else parse_duration(key_ttl),
            "delay": None if delay is None else parse_duration(delay),
            "debounce": _debounced(options, what),
            "queue": options.get("queue"),
            "concurrency_key": options.get("concurrency_key"),
            "priority": options.get("priority", 0),
            "ttl": None if ttl is None else parse_duration(ttl),
            "tags": as_tags(options.get("tags", ()), what),
            "metadata": encode(dict(options.get("metadata") or {}), what=f"the metadata of {what}"),
            "max_attempts": as_count(options.get("max_attempts"), "max_attempts", what),
            "version": options.get("version"),
        }

    @property
    def sync(self: "Job[P, PayloadT, ReturnT]") -> SyncJob[PayloadT, ReturnT]:
        """The same for blocking code: `job.sync.trigger(order)` waits and returns the handle. From any thread."""
        return SyncJob(self)

    # ── for the worker ───────────────────────────────────────────────────────────────────────────────
    async def call(self, payload_json: str, io: IO, ctx: Context) -> Any:
        """Run the body: payload checked (`PayloadInvalid` names the path), arguments given, a `def` in a thread."""
        values = {"payload": self.definition.read_payload(payload_json), "io": io, "ctx": ctx}
        args, kwargs = self.definition.injection.arguments(values)
        # Not queued: the worker's slots bound it, and a waiting `def` job must not hold up tasks.
        return await invoke(self.fn, args, kwargs, is_queued=False)

    @property
    def sealing(self) -> Sealing | None:
        """Its client's codec; None: it has none."""
        return self._api._sealing

    @property
    def middlewares(self) -> list[Middleware]:
        """The outermost first."""
        return self._shared.middlewares

    @property
    def has_hooks(self) -> bool:
        return bool(self._hooks or self._shared._hooks)

    def hooks_for(self, name: HookName) -> list[BoundHook]:
        """Its own, then its client's."""
        return self.hooks_of(name) + self._shared.hooks_of(name)

    def hook_payload(self, payload_json: str) -> Any:
        """What a hook that asks for the payload gets."""
        try:
            return self.definition.read_payload(payload_json)
        except PayloadInvalid:  # which may be what the hook is told about
            return decode(payload_json)


def _scoped(options: TriggerOptions) -> str | None:
    """The idempotency key as the server knows it."""
    key, reach = options.get("idempotency_key"), options.get("idempotency_key_scope", "global")
    if reach not in ("global", "run"):
        raise DefinitionError(f"the idempotency_key_scope is {reach!r:.80}", mend='Use "global" or "run".')
    scope = scope_or_none()
    return key if key is None or reach == "global" or scope is None else f"{scope.context.run.id}:{key}"


def _debounced(options: TriggerOptions, what: str) -> DebounceSpec | None:
    debounce = options.get("debounce")
    if debounce is None:
        return None
    if not isinstance(debounce, Debounce) or options.get("delay") is not None:
        raise DefinitionError(
            f"{what} is given debounce={debounce!r:.80}",
            mend='Give Debounce("5 seconds", key=...), and no delay.',
        )
    return debounce.spec()
