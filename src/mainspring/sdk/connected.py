"""Connectors as the SDK knows them: actions under names. What an action does is the connector's own business."""

import keyword
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mainspring.errors import DefinitionError
from mainspring.sdk.annotations import Restore
from mainspring.sdk.retry import Retry


@dataclass(frozen=True, slots=True)
class Action:
    """One action of one connector."""

    #: What people see.
    title: str
    #: The input by name, checked and turned into what `call` takes. Raises `PayloadInvalid` with the field's path.
    read_input: Callable[[Mapping[str, Any]], dict[str, Any]]
    call: Callable[..., Awaitable[Any]]
    #: What `call` returned, checked. Raises `PayloadInvalid`.
    read_output: Callable[[Any], Any]
    retry: Retry | None = None
    #: Of an attempt, in microseconds.
    timeout: int | None = None
    #: Turns kept JSON back into what the action is annotated to return.
    restore: Restore | None = None


class Connected(Protocol):
    """A connector with its configuration."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def actions(self) -> Mapping[str, Action]: ...


def check_connectors(
    given: Mapping[str, Connected] | None, what: str, verbs: Iterable[str]
) -> dict[str, Connected]:
    """`connectors=` of a client or a job, `what`. Raises `DefinitionError` for names that `io.<name>` could not say."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise DefinitionError(
            f"the connectors of {what} are {given!r:.80}",
            mend='Give them by name: connectors={"slack": Slack(...)}.',
        )
    for name, connector in given.items():
        _check_name(name, what, verbs)
        if isinstance(connector, type) or not isinstance(getattr(connector, "actions", None), Mapping):
            shown = connector.__name__ if isinstance(connector, type) else f"{connector!r:.80}"
            raise DefinitionError(
                f"the connector '{name}' of {what} is {shown}, which is no connector",
                mend="Give one with its configuration: Slack(...), an instance of a class under Connector.",
            )
    return dict(given)


def _check_name(name: Any, what: str, verbs: Iterable[str]) -> None:
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name) or name[0] == "_":
        raise DefinitionError(
            f"{name!r:.80}, a connector of {what}, cannot be called as io.<name>",
            mend="Use a plain Python name that begins with a letter, like my_slack.",
        )
    if name in verbs:
        raise DefinitionError(
            f"the connector '{name}' of {what} would hide io.{name}",
            mend=f"Give it another name, like {name}_service.",
        )
