"""`io.<connector>.<action>(key, **input)`: the actions of a job's connectors, each call a durable task."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mainspring.errors import DefinitionError, UnknownConnector
from mainspring.sdk.connected import Action, Connected
from mainspring.sdk.context import require_scope, scope_or_none
from mainspring.sdk.keys import check_key
from mainspring.sdk.names import near
from mainspring.sdk.runtime import TaskCall


class ConnectorCalls:
    """`io.slack`: what it has are the connector's actions."""

    def __init__(self, name: str, connector: Connected) -> None:
        self._name = name
        self._connector = connector

    def __repr__(self) -> str:
        return f"<io.{self._name}: {', '.join(self)}>"

    def __iter__(self) -> Iterator[str]:
        return iter(self._connector.actions)

    def __dir__(self) -> list[str]:
        return list(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        action = self._connector.actions.get(name)
        if action is None:
            raise UnknownConnector(
                f"the connector '{self._name}' has no action '{name}'{near(name, self)}",
                mend=f"Call one of its actions, or write '{name}' under @action.",
            )
        return _ActionCall(f"{self._name}.{name}", self._connector, action).call


class _ActionCall:
    """One action, about to be called. `name` is as in io.<name>."""

    def __init__(self, name: str, connector: Connected, action: Action) -> None:
        self._name = name
        self._connector = connector
        self._action = action

    async def call(self, *key: str, **given: Any) -> Any:
        what = f"io.{self._name}"
        scope = require_scope(what)
        if len(key) != 1:
            raise DefinitionError(
                f"{what} got {len(key)} arguments without a name",
                mend=f'Give the task\'s key, and the input by name: {what}("a-key", ...=...).',
            )
        check_key(key[0], what)
        action, connector = self._action, self._connector
        call = TaskCall(
            key[0],
            _perform(action),
            (self._name,),
            given,
            retry=action.retry,
            timeout=action.timeout,
            name=action.title,
            icon=connector.id,
            properties={"connector": f"{connector.name} {connector.version}", "action": self._name},
            params=given,
            restore=action.restore,
        )
        return await scope.runtime.run_task(call)


def _perform(action: Action) -> Callable[..., Any]:
    """The task's function. It is given the action's name too: another action under the same key is changed code."""

    async def perform(name: str, /, **given: Any) -> Any:
        return action.read_output(await action.call(**action.read_input(given)))

    return perform


def connectors_here() -> Mapping[str, Connected]:
    """Those of the run that this code is in."""
    scope = scope_or_none()
    return {} if scope is None else scope.connectors


def calls_of(name: str, connectors: Mapping[str, Connected], verbs: Iterable[str]) -> ConnectorCalls:
    """`io.<name>` for a name that is no verb of `io`. Raises `UnknownConnector`, which is an AttributeError."""
    if name.startswith("_"):
        raise AttributeError(name)  # tools that probe objects ask for many
    if name in connectors:
        return ConnectorCalls(name, connectors[name])
    where = "" if scope_or_none() is not None or connectors else " (and outside of runs it has no connectors)"
    raise UnknownConnector(
        f"io has neither a verb nor a connector '{name}'{where}{near(name, [*connectors, *sorted(verbs)])}"
    )
