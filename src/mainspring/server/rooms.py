"""How FastAPI's routes are made: rooms by noun, with our reading of bodies, and who calls.

Alone with FastAPI, whose import takes longer than that of all the rest: who is embedded comes here only when the
API is asked for.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from mainspring.server.bodies import read_json
from mainspring.server.call import Call, call_of
from mainspring.server.problems import bad_request, problem_response

#: How FastAPI's routes ask for it. Plain routes await `call_of` themselves.
Caller = Annotated[Call, Depends(call_of)]


def room(prefix: str, tag: str) -> APIRouter:
    """A router for the routes of one noun; their names are their ids in the OpenAPI page."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=CheckedRoute, generate_unique_id_function=name_of)


def name_of(route: APIRoute) -> str:
    """The function's name: what a generated client calls the route."""
    return route.name


def validation_problem(request: Request, error: Exception) -> Response:
    """FastAPI's refusals of a path, query or body."""
    assert isinstance(error, RequestValidationError)
    # The first part of a location says which part of the request it is in; the caller knows that by the name.
    found = [(item["loc"][1:] or item["loc"], item["msg"], item["type"]) for item in error.errors()]
    return problem_response(bad_request(found), request)


class CheckedRoute(APIRoute):
    """FastAPI's route, with the body read and decoded as everywhere else (depth, NUL, size, any Content-Type)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        if self.body_field is None:
            return answer

        async def answer_checked(request: Request) -> Response:
            await call_of(request)  # nothing is read of someone who may not ask
            return await answer(_Decoded(request, await read_json(request)))

        return answer_checked


class _Decoded(Request):
    """A request whose body has been decoded."""

    def __init__(self, request: Request, value: Any) -> None:
        headers = [(name, text) for name, text in request.scope["headers"] if name != b"content-type"]
        scope = {**request.scope, "headers": [*headers, (b"content-type", b"application/json")]}
        super().__init__(scope, request.receive)
        self._value = value

    async def body(self) -> bytes:
        return b"" if self._value is None else b"decoded"

    async def json(self) -> Any:
        return self._value
