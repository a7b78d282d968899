"""The part of `io` that asks the world outside of runs, and waits for its answer."""

from collections.abc import Sequence
from typing import Any, TypeVar, overload

from mainspring.duration import Duration, parse_duration
from mainspring.model.waits import WaitSpec
from mainspring.sdk.context import require_scope
from mainspring.sdk.json_text import encode
from mainspring.sdk.keys import check_key
from mainspring.sdk.runtime import WaitCall
from mainspring.sdk.shape import shape_of
from mainspring.sdk.tokens import Token, check_tags, read_token, token_id_of

T = TypeVar("T")


class Asking:
    """Tokens."""

    async def create_token(
        self, key: str, *, timeout: Duration | None = None, tags: Sequence[str] = ()
    ) -> Token:
        """Make a token, once: a replay gets the same one. Hand out its `url`, then `await io.wait_for_token(token)`.

        It expires after `timeout` (never without). `tags` find it in lists.
        """
        scope = require_scope("io.create_token")
        check_key(key, "io.create_token")
        span = None if timeout is None else parse_duration(timeout)
        return read_token(await scope.runtime.create_token(key, span, check_tags(tags, "io.create_token")))

    @overload
    async def wait_for_token(
        self,
        token: Token | str,
        *,
        schema: type[T],
        timeout: Duration | None = None,
        key: str = "wait_for_token",
    ) -> T: ...
    @overload
    async def wait_for_token(
        self,
        token: Token | str,
        *,
        schema: Any = None,
        timeout: Duration | None = None,
        key: str = "wait_for_token",
    ) -> Any: ...
    async def wait_for_token(
        self,
        token: Token | str,
        *,
        schema: Any = None,
        timeout: Duration | None = None,
        key: str = "wait_for_token",
    ) -> Any:
        """What a token (or the one of this id) is completed with, as `schema` reads it; before or from now on.

        Raises `WaitTimeout` (a TimeoutError) when the token has expired, or after this wait's own `timeout`;
        `NotFound`; `PayloadInvalid` when what it was completed with does not fit `schema`.
        """
        scope = require_scope("io.wait_for_token")
        check_key(key, "io.wait_for_token")
        token_id = token_id_of(token, "io.wait_for_token")
        shape = shape_of(schema, f"what the token of '{key}' was completed with")
        span = None if timeout is None else parse_duration(timeout)
        spec = WaitSpec("token", delay=span, token_id=token_id)
        value = await scope.runtime.wait(WaitCall(key, "token_wait", f"wait for {token_id}", spec))
        return value if schema is None else shape.read(encode(value, what="what a token was completed with"))
