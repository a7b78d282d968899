"""Lifecycle hooks and middleware: functions of the user's that are called around the runs of a job, or of all jobs.

`docs/howto/hooks.md` has the table of when each is called, how often, and with what.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar, get_args

from mainspring.errors import DefinitionError
from mainspring.sdk.bridge import invoke, is_async
from mainspring.sdk.context import Context
from mainspring.sdk.inject import Injection, plan
from mainspring.sdk.io import IO
from mainspring.sdk.sync_io import SyncIO

HookName = Literal["on_start", "on_success", "on_failure", "on_wait", "on_resume", "on_cancel"]
HOOK_NAMES: tuple[HookName, ...] = get_args(HookName)
#: What a parameter gets that is called otherwise; `io` is there where its tasks are kept.
_MAIN: dict[HookName, str] = {"on_success": "output", "on_failure": "error"}
_WITHOUT_IO = ("on_wait", "on_resume")

HookT = TypeVar("HookT", bound=Callable[..., Any])
#: What middleware is given to go on with: `await call_next()` is what is inside.
CallNext: TypeAlias = Callable[[], Awaitable[Any]]
Middleware: TypeAlias = Callable[[Context, CallNext], Awaitable[Any]]
MiddlewareT = TypeVar("MiddlewareT", bound=Middleware)


@dataclass(frozen=True, slots=True)
class BoundHook:
    """A hook, with how it takes its arguments."""

    fn: Callable[..., Any]
    injection: Injection

    async def call(self, values: Mapping[str, Any]) -> None:
        """`values` by role: payload, io, ctx, and output or error."""
        args, kwargs = self.injection.arguments(values)
        await invoke(self.fn, args, kwargs)

    @property
    def takes_payload(self) -> bool:
        return "payload" in self.injection.annotations


def bind_hook(name: HookName, fn: Any, what: str) -> BoundHook:
    """`DefinitionError` for what cannot be called with what the hook is given."""
    where = f"{name} of {what}"
    if not callable(fn):
        raise DefinitionError(f"{where} is {fn!r:.80}", mend="Give a function.")
    roles: dict[str, type | tuple[type, ...] | None] = {"payload": None, "ctx": Context}
    if name not in _WITHOUT_IO:
        roles["io"] = (IO, SyncIO)
    main = _MAIN.get(name, "payload")
    return BoundHook(fn, plan(fn, {**roles, main: None}, main, where))


class HookPoints:
    """What may have hooks: a job, which has at most one of each; a client, whose hooks are those of all its jobs."""

    def __init__(self, what: str, *, is_single: bool) -> None:
        self._what = what
        self._is_single = is_single
        self._hooks: dict[HookName, list[BoundHook]] = {}

    def on_start(self, fn: HookT, /) -> HookT:
        """`fn(payload, io, ctx)`, any of them: once, before the body's first attempt."""
        return self.add_hook("on_start", fn)

    def on_success(self, fn: HookT, /) -> HookT:
        """`fn(payload, output, io, ctx)`, any of them: once, after the body returned."""
        return self.add_hook("on_success", fn)

    def on_failure(self, fn: HookT, /) -> HookT:
        """`fn(payload, error, io, ctx)`, any of them: once, after its last attempt failed, or its time was up."""
        return self.add_hook("on_failure", fn)

    def on_wait(self, fn: HookT, /) -> HookT:
        """`fn(payload, ctx)`, any of them: each time before the run leaves its worker to wait."""
        return self.add_hook("on_wait", fn)

    def on_resume(self, fn: HookT, /) -> HookT:
        """`fn(payload, ctx)`, any of them: each time a worker takes up a run that had begun before."""
        return self.add_hook("on_resume", fn)

    def on_cancel(self, fn: HookT, /) -> HookT:
        """`fn(payload, io, ctx)`, any of them: once, when a run that had begun is cancelled, its code stopped."""
        return self.add_hook("on_cancel", fn)

    def add_hook(self, name: HookName, fn: HookT) -> HookT:
        """The function itself, as from a decorator."""
        there = self._hooks.setdefault(name, [])
        if there and self._is_single:
            raise DefinitionError(
                f"{self._what} has an {name} hook already",
                mend="A job has one of each; a client may have several.",
            )
        there.append(bind_hook(name, fn, self._what))
        return fn

    def hooks_of(self, name: HookName) -> list[BoundHook]:
        """In the order in which they were given."""
        return self._hooks.get(name, [])

    def hook_names(self) -> list[HookName]:
        """Those that there are."""
        return [name for name in HOOK_NAMES if self._hooks.get(name)]


class ClientHooks(HookPoints):
    """A client's hooks and its middleware."""

    def __init__(self, what: str) -> None:
        super().__init__(what, is_single=False)
        self.middlewares: list[Middleware] = []

    def middleware(self, fn: MiddlewareT, /) -> MiddlewareT:
        """`async def fn(ctx, call_next)`: around the body of every run, and around each of its hooks.

        `await call_next()` is what is inside, and returns what the body returned. The first that was given is the
        outermost. Entered again on every replay: open what code needs (a session, a span), and keep nothing.
        """
        if not callable(fn) or not is_async(fn):
            raise DefinitionError(
                f"{self._what} got {fn!r:.80} as middleware", mend="Write `async def fn(ctx, call_next)`."
            )
        self.middlewares.append(fn)
        return fn
