"""`Connector`: a service that runs speak to. A class says what it can do; an instance has its configuration."""

import functools
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel

from mainspring.connectors.declared import Declared, declare, options_of
from mainspring.connectors.hiding import hidden, hide_in, secrets_of
from mainspring.errors import DefinitionError, PayloadInvalid
from mainspring.sdk.annotations import caller_locals
from mainspring.sdk.bridge import invoke
from mainspring.sdk.connected import Action
from mainspring.sdk.shape import ModelShape

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")


class Connector:
    """`class Slack(Connector, id="slack", name="Slack", version="1.0.0")`, with actions under `@action`.

    A class `Config` inside of it, a pydantic model, says what it is made with: `Slack(token=...)` checks that and has
    it as `self.config`; `DefinitionError` names the field that does not fit. What is a `SecretStr` there is in no
    error that an action raises.
    A subclass without an `id` is the same connector with other or more actions.
    """

    id: ClassVar[str] = ""
    name: ClassVar[str] = ""
    version: ClassVar[str] = ""
    Config: ClassVar[type[BaseModel] | None] = None
    _declared: ClassVar[Mapping[str, Declared]] = {}

    def __init_subclass__(
        cls, *, id: str | None = None, name: str | None = None, version: str | None = None, **options: Any
    ) -> None:
        super().__init_subclass__(**options)
        cls.id = cls.id if id is None else id
        if not isinstance(cls.id, str) or not _ID.fullmatch(cls.id):
            raise DefinitionError(
                f"the connector {cls.__name__} has the id {cls.id!r:.80}",
                mend='Give it one of a-z, 0-9, dots and dashes: class Slack(Connector, id="slack").',
            )
        cls.name = name or cls.name or cls.id
        cls.version = version or cls.version or "0.0.1"
        localns = {**caller_locals(), **vars(cls)}
        cls._declared = dict(_actions_of(cls, localns))

    def __init__(self, **config: Any) -> None:
        if type(self) is Connector:
            raise DefinitionError("Connector itself is no connector", mend="Make one of a class under it.")
        #: What it was made with, as its `Config`; None where there is no `Config`.
        self.config: Any = self._read(config)

    def __repr__(self) -> str:
        return f"<Connector {self.id} {self.version}>"

    def _read(self, config: Mapping[str, Any]) -> Any:
        what = f"the config of connector '{self.id}'"
        if self.Config is None:
            if config:
                raise DefinitionError(f"{what} has '{next(iter(config))}'", mend="It has no class `Config`.")
            return None
        try:
            return ModelShape(self.Config, what).take(dict(config))
        except PayloadInvalid as error:
            # What its own validators say may quote what was given.
            given = secrets_of(config) | {
                str(config[name])
                for name, one in self.Config.model_fields.items()
                if name in config and "Secret" in str(one.annotation)
            }
            message = hidden(error.message, given)
        raise DefinitionError(message, mend=f"Correct what {type(self).__name__}(...) is given.")

    @functools.cached_property
    def actions(self) -> Mapping[str, Action]:
        """Its actions by name, for `io`."""
        return {
            name: Action(
                title=one.title,
                read_input=one.read_input,
                call=self._calling(getattr(self, name)),
                read_output=one.read_output,
                retry=one.options.retry,
                timeout=one.options.timeout,
                restore=one.restore,
            )
            for name, one in self._declared.items()
        }

    def _calling(self, method: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        async def call(**given: Any) -> Any:
            try:
                return await invoke(method, (), given)
            except Exception as error:
                raised = hide_in(error, secrets_of(self.config))
                if raised is error:
                    raise
            raise raised  # outside, or the one that says the secret would be its context

        return call


def _actions_of(cls: type[Connector], localns: Mapping[str, Any]) -> "list[tuple[str, Declared]]":
    found = []
    for name in dir(cls):
        fn = getattr(cls, name)
        options = options_of(fn)
        if options is None:
            continue
        if name.startswith("_") or name in dir(Connector) or name == "config":
            raise DefinitionError(
                f"an action of connector '{cls.id}' is called '{name}'", mend="Call it something else."
            )
        found.append((name, declare(fn, options, name, f"{cls.id}.{name}", localns)))
    return found
