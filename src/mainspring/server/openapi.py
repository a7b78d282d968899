"""The OpenAPI 3.1 page: FastAPI's routes and the plain ones, with the key and the error form that all share."""

import inspect
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import FastAPI, Query
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from mainspring.server.problems import PROBLEM_MEDIA_TYPE, Problem
from mainspring.server.rooms import name_of
from mainspring.server.routes import PlainRoute
from mainspring.version import __version__

_DESCRIPTION = "Durable workflows in plain Python. Reference with examples: docs/reference/http-api.md."

_PROBLEM_ANSWER = {
    "description": "A refusal; `code` says which.",
    "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

_REQUEST_ID = {
    "name": "X-Request-Id",
    "in": "header",
    "required": False,
    "description": "Taken over when given; in every answer.",
    "schema": {"type": "string"},
}

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sending it again with the same key changes nothing the second time.",
    "schema": {"type": "string", "maxLength": 256},
}

_PROTOCOL = {
    "name": "Mainspring-Protocol",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "const": "1"},
}


def describe(app: FastAPI, plain_routes: Sequence[PlainRoute]) -> dict[str, Any]:
    """The page, made once and kept by the app."""
    if app.openapi_schema is None:
        documented = [*app.routes, *(_documented(route) for route in plain_routes)]
        page = get_openapi(
            title="Mainspring", version=__version__, description=_DESCRIPTION, routes=documented
        )
        _complete(page)
        app.openapi_schema = page
    return app.openapi_schema


def _documented(route: PlainRoute) -> APIRoute:
    """A FastAPI route that is never served: it only lends its description."""

    async def described(**_: Any) -> None: ...

    described.__name__ = route.endpoint.__name__
    described.__doc__ = route.summary
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=str)
        for name in route.route().param_convertors
    ]
    if route.query is not None:
        asked: Any = Annotated[route.query, Query()]
        parameters.append(inspect.Parameter("asked", inspect.Parameter.KEYWORD_ONLY, annotation=asked))
    if route.body is not None:
        default = inspect.Parameter.empty if route.needs_body else None
        parameters.append(
            inspect.Parameter("body", inspect.Parameter.KEYWORD_ONLY, annotation=route.body, default=default)
        )
    setattr(described, "__signature__", inspect.Signature(parameters))  # noqa: B010
    return APIRoute(
        route.path,
        described,
        methods=[route.method],
        response_model=route.answer,
        summary=route.summary,
        tags=[route.tag],
        generate_unique_id_function=name_of,
    )


def _complete(page: dict[str, Any]) -> None:
    """What FastAPI cannot know: the key, our error form instead of its own, the headers."""
    components = page.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key, like tr_dev_..."}
    }
    for path, operations in page["paths"].items():
        for method, operation in operations.items():
            _complete_operation(path, method, operation)


def _complete_operation(path: str, method: str, operation: dict[str, Any]) -> None:
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = _PROBLEM_ANSWER
    headers = [_REQUEST_ID]
    # The URL of a token has its secret in it.
    if path.startswith(("/api/", "/worker/")) and "{secret}" not in path:
        operation["security"] = [{"key": []}]
    if path.startswith("/worker/"):
        headers.append(_PROTOCOL)
    elif method != "get" and path.startswith("/api/"):
        headers.append(_IDEMPOTENCY_KEY)
    operation["parameters"] = [*operation.get("parameters", []), *headers]
