"""The way past the framework: a plain route is found in a table, and FastAPI is only asked for all the others.

Behind half a dozen layers and forty patterns a request costs four times what it costs here.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from mainspring.errors import MainspringError
from mainspring.server.problems import refusal
from mainspring.server.routes import PlainRoute

Endpoint = Callable[[Request], Awaitable[Response]]


class Front:
    """ASGI middleware: answers plain routes by itself, and hands on everything else."""

    def __init__(self, app: ASGIApp, routes: Sequence[PlainRoute]) -> None:
        """`app` knows the routes too, for other methods."""
        self.app = app
        self._exact: dict[tuple[str, str], Endpoint] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Endpoint]] = []
        for route in routes:
            if "{" in route.path:
                self._patterns.append((route.method, compile_path(route.path)[0], route.endpoint))
            else:
                self._exact[route.method, route.path] = route.endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Mounted below a path, the framework knows what is left of it.
        if scope["type"] != "http" or scope.get("root_path"):
            return await self.app(scope, receive, send)
        endpoint, parameters = self._find(scope["method"], scope["path"])
        if endpoint is None:
            return await self.app(scope, receive, send)
        scope["path_params"] = parameters
        request = Request(scope, receive)
        try:
            response = await endpoint(request)
        except MainspringError as error:
            response = refusal(request, error)
        await response(scope, receive, send)

    def _find(self, method: str, path: str) -> tuple[Endpoint | None, Mapping[str, str]]:
        endpoint = self._exact.get((method, path))
        if endpoint is not None:
            return endpoint, {}
        for asked, pattern, endpoint in self._patterns:
            if asked == method and (found := pattern.match(path)) is not None:
                return endpoint, found.groupdict()
        return None, {}
