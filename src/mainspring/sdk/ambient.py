"""`io` and `ctx` for code anywhere below a job: the same as its arguments, found through contextvars."""

from typing import Any

from mainspring.errors import NotInRun
from mainspring.sdk.context import Context, context_alone, scope_or_none
from mainspring.sdk.io import IO, CrossingIO


class AmbientContext(Context):
    """`ctx` of whatever run this code is in; `NotInRun` outside."""

    def __init__(self) -> None:
        """Has nothing of its own."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(Context, name):
            return super().__getattribute__(name)  # an AttributeError, which tools that probe objects expect
        scope = scope_or_none()
        context = context_alone.get() if scope is None else scope.context
        if context is None:
            raise NotInRun(f"ctx.{name} was used outside a run")
        return getattr(context, name)

    def __repr__(self) -> str:
        scope = scope_or_none()
        return "<ctx outside a run>" if scope is None else repr(scope.context)


io: IO = CrossingIO()
ctx: Context = AmbientContext()
