"""Plain routes, which take twice the load of FastAPI's; see `rooms.py` for those."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass(frozen=True, slots=True)
class PlainRoute:
    """A route with what the OpenAPI page says of it: `body` and `answer` are the types of its JSON, `query` that
    of its parameters."""

    path: str
    endpoint: Callable[[Request], Awaitable[Response]]
    body: Any
    answer: Any
    summary: str
    tag: str
    method: str = "POST"
    query: Any = None

    @property
    def needs_body(self) -> bool:
        """False where no field has to be given: then no body will do."""
        fields: dict[str, FieldInfo] = getattr(self.body, "model_fields", {})
        return not fields or any(field.is_required() for field in fields.values())

    def route(self) -> Route:
        route = Route(self.path, self.endpoint, methods=[self.method])
        route.methods = {self.method}  # not HEAD, which Starlette adds to GET
        return route
