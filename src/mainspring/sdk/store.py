"""The store: key-value data that outlives runs. Journaled inside a run, over the API outside."""

import hashlib
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

from mainspring.errors import DefinitionError, NotFound
from mainspring.model.store import StoreOperation, StoreScope
from mainspring.sdk.annotations import restorer_for
from mainspring.sdk.api import Api, Listing, segment
from mainspring.sdk.context import Scope, require_scope
from mainspring.sdk.json_text import encode

T = TypeVar("T")
D = TypeVar("D")

MAX_KEY = 256


def check_store_key(key: str) -> str:
    """`key`, or `DefinitionError`: 1 to 256 characters on one line."""
    if not isinstance(key, str) or not key.strip() or len(key) > MAX_KEY:
        raise DefinitionError(f"{key!r:.80} is no store key", mend="Use a text of 1 to 256 characters.")
    if any(ord(sign) < 32 or 0xD800 <= ord(sign) <= 0xDFFF for sign in key):
        raise DefinitionError(
            f"the store key {key!r:.80} has control characters", mend="Keep it on one line."
        )
    return key


def _restored(value: Any, type: Any, key: str) -> Any:
    restore = None if type is None else restorer_for(type, f"the store's '{key}'")
    return value if restore is None else restore(value)


class RunStore:
    """`io.store`: every call is a task, so that a replay reads what the first run read.

    Values are JSON; `type` turns one back into a model, dataclass, datetime, ...
    """

    def __init__(self, scope: StoreScope) -> None:
        self._scope: StoreScope = scope

    @overload
    async def get(self, key: str, default: None = None, *, type: type[T]) -> T | None: ...
    @overload
    async def get(self, key: str, default: D, *, type: type[T]) -> T | D: ...
    @overload
    async def get(self, key: str, default: Any = None, type: None = None) -> Any: ...
    async def get(self, key: str, default: Any = None, type: Any = None) -> Any:
        """The value, or `default` when there is none."""
        answer = await self._use("get", key)
        return _restored(answer["value"], type, key) if answer["exists"] else default

    async def set(self, key: str, value: Any) -> None:
        """Write the value."""
        await self._use("set", key, value)

    async def delete(self, key: str) -> bool:
        """Remove it; whether there was one."""
        answer = await self._use("delete", key)
        return bool(answer["exists"])

    async def has(self, key: str) -> bool:
        """Whether there is a value."""
        answer = await self._use("has", key)
        return bool(answer["exists"])

    async def update(
        self,
        key: str,
        fn: Callable[[Any], Any | Awaitable[Any]],
        *,
        default: Any = None,
        type: Any = None,
    ) -> Any:
        """Replace the value by `fn(value)`, atomically; the new one. A missing value is given as `default`.

        When someone else wrote in between, `fn` is called again with what they wrote: it must have no
        effects, and give the same for the same value.
        """
        while True:
            answer = await self._use("get", key)
            old = _restored(answer["value"], type, key) if answer["exists"] else default
            new = fn(old)
            if inspect.isawaitable(new):
                new = await new
            version = int(answer["version"]) if answer["exists"] else 0
            written = await self._use("set", key, new, expected_version=version)
            if written["ok"]:
                return new

    async def _use(
        self, verb: Any, key: str, value: Any = None, *, expected_version: int | None = None
    ) -> Any:
        call = "io.store" if self._scope == "environment" else f"io.store.{self._scope}"
        scope = require_scope(call)
        check_store_key(key)
        operation = StoreOperation(
            verb=verb,
            scope=self._scope,
            owner=self._owner(scope),
            key=key,
            value=encode(value, what=f"the value for {call}['{key}']") if verb == "set" else None,
            expected_version=expected_version,
        )
        return await scope.runtime.use_store(_task_key(f"{call[3:]}.{verb}", key), operation)

    def _owner(self, scope: Scope) -> str:
        if self._scope == "job":
            return scope.context.job.id
        return scope.context.run.id if self._scope == "run" else ""


class EnvironmentStore(RunStore):
    """`io.store` itself is the environment's; `.job` belongs to the job, `.run` to the run."""

    def __init__(self) -> None:
        super().__init__("environment")
        self.job: RunStore = RunStore("job")
        self.run: RunStore = RunStore("run")


def _task_key(call: str, key: str) -> str:
    """ "store.get:KEY", within the limit of task keys."""
    if len(key) > 200:
        key = f"{key[:180]}…{hashlib.blake2b(key.encode(), digest_size=6).hexdigest()}"
    return f"{call}:{key}"


class Store:
    """`client.store`: the environment's store from outside runs; `.job(id)` and `.run(id)` are the others."""

    def __init__(self, api: Api, scope: StoreScope = "environment", owner: str = "") -> None:
        self._api = api
        self._place: dict[str, Any] = {"scope": scope, "owner": owner} if owner else {}

    def job(self, job_id: str) -> "Store":
        """The store of one job."""
        return Store(self._api, "job", job_id)

    def run(self, run_id: str) -> "Store":
        """The store of one run."""
        return Store(self._api, "run", run_id)

    @overload
    async def get(self, key: str, default: None = None, *, type: type[T]) -> T | None: ...
    @overload
    async def get(self, key: str, default: D, *, type: type[T]) -> T | D: ...
    @overload
    async def get(self, key: str, default: Any = None, type: None = None) -> Any: ...
    async def get(self, key: str, default: Any = None, type: Any = None) -> Any:
        """The value, or `default` when there is none."""
        try:
            entry = await self._api.call("GET", self._path(key), params=self._place)
        except NotFound:
            return default
        return _restored(entry["value"], type, key)

    async def set(self, key: str, value: Any) -> None:
        """Write the value."""
        body = encode({"value": value}, what=f"the value for store['{key}']")
        await self._api.call("PUT", self._path(key), params=self._place, body=body)

    async def delete(self, key: str) -> bool:
        """Remove it; whether there was one."""
        answer = await self._api.call("DELETE", self._path(key), params=self._place)
        return bool(answer["deleted"])

    async def has(self, key: str) -> bool:
        """Whether there is a value."""
        missing = object()
        return await self.get(key, missing) is not missing

    def list(self, *, prefix: str | None = None, limit: int | None = None) -> Listing[tuple[str, Any]]:
        """(key, value) of its entries, by key; a page, or all of them with `async for`."""
        params = {**self._place, "prefix": prefix, "limit": limit}
        return Listing(self._api, "/store", params, lambda entry: (entry["key"], entry["value"]))

    def _path(self, key: str) -> str:
        return f"/store/{segment(check_store_key(key))}"
