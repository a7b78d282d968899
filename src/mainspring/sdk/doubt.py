"""`effect="once"`: tasks that are asked about, not repeated, when nobody knows whether they were done."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar, get_args

from mainspring.errors import DefinitionError
from mainspring.model.effects import Effect
from mainspring.sdk.json_text import encode

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T_co]):
    """It was done, and this is what the task comes to."""

    output: T_co


@dataclass(frozen=True, slots=True)
class NotDone:
    """It was not done: the task's function is called (again)."""


#: What `reconcile` answers; None: it cannot tell, and a person is asked.
Answer: TypeAlias = Done[T] | NotDone | None
Reconcile: TypeAlias = Callable[..., Awaitable[Answer[T]]] | Callable[..., Answer[T]]


def check_effect(effect: str | None, reconcile: Any, what: str) -> Any:
    """`effect` as it was given; `DefinitionError` when it is none, or when `reconcile` does not go with it."""
    if effect is not None and effect not in get_args(Effect):
        raise DefinitionError(
            f"{what} has effect={effect!r:.80}",
            mend='Give effect="once" for what must not be done twice, or leave it out.',
        )
    if reconcile is None:
        return effect
    if not callable(reconcile):
        raise DefinitionError(
            f"{what} has reconcile={reconcile!r:.80}",
            mend="Give a function that takes what the task takes, and returns Done(value) or NotDone().",
        )
    if effect is None:
        raise DefinitionError(
            f"{what} has reconcile= without effect=",
            mend='Only a task with effect="once" is ever in doubt: give both.',
        )
    return effect


def takes_idempotency_key(reconcile: Callable[..., Any]) -> bool:
    """Whether it has a parameter of that name; it can ask `ctx.idempotency_key` as well."""
    try:
        parameters = inspect.signature(reconcile).parameters
    except (TypeError, ValueError):
        return False
    return "idempotency_key" in parameters


def settlement(task: str, answer: Any, fail: str | None) -> str:
    """The body of the request that settles a task; `DefinitionError` when it says nothing, or two things."""
    if (answer is None) == (fail is None) or not isinstance(answer, Done | NotDone | None):
        said = f"{answer!r:.80}" if fail is None else f"{answer!r:.80} and fail={fail!r:.80}"
        raise DefinitionError(
            f"'{task}' cannot be settled with {said}", mend='Give Done(value), NotDone(), or fail="why".'
        )
    body: dict[str, Any] = {"verdict": "retry"}
    if isinstance(answer, Done):
        body = {"verdict": "done", "output": answer.output}
    elif fail is not None:
        body = {"verdict": "fail", "message": fail}
    return encode(body, what=f"the output of '{task}'")
