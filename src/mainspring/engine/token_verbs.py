"""What the engine does with tokens from outside of runs: `engine.tokens`."""

from collections.abc import Awaitable, Callable
from typing import Any

from mainspring.engine.token_commands import CompleteToken, CreateToken, TokenMade
from mainspring.errors import TooLarge
from mainspring.model.limits import Limits
from mainspring.model.tokens import Token


class TokenVerbs:
    """Part of `Engine`; its `_do` is given."""

    def __init__(self, do: Callable[[Any], Awaitable[Any]], limits: Limits) -> None:
        self._do = do
        self._limits = limits

    async def create(self, command: CreateToken) -> TokenMade:
        """A new token, or the one of its idempotency key."""
        made: TokenMade = await self._do(command)
        return made

    async def complete(self, command: CompleteToken) -> Token:
        """Raises `NotFound`, `TooLarge`, and `Conflict` for one that was completed before or has expired."""
        size, limit = len(command.output.encode()), self._limits.max_payload_bytes
        if size > limit:
            raise TooLarge(
                f"what the token is completed with has {size:,} bytes of JSON; the limit is {limit:,} "
                "(max_payload_bytes)",
                size=size,
                limit=limit,
                setting="max_payload_bytes",
            )
        token: Token = await self._do(command)
        return token
