"""What people do with groups of failures: `engine.errors`."""

from collections.abc import Awaitable, Callable
from typing import Any

from mainspring.engine.error_commands import ChangeError
from mainspring.model.error_groups import ErrorGroup


class ErrorVerbs:
    """Part of `Engine`; its `_do` is given."""

    def __init__(self, do: Callable[[Any], Awaitable[Any]]) -> None:
        self._do = do

    async def change(self, command: ChangeError) -> ErrorGroup:
        """Resolves, ignores or reopens it. Raises `NotFound`."""
        group: ErrorGroup = await self._do(command)
        return group
