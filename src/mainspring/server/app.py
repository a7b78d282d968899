"""The ASGI app: every route, the error answers, and the edge around them."""

import logging
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mainspring.clock import Clock, SystemClock
from mainspring.engine.engine import Engine
from mainspring.errors import ConfigurationError, MainspringError
from mainspring.model.limits import Limits
from mainspring.server.api import account, batches, events, health, jobs, runs, store, streams, workers
from mainspring.server.auth import Keys
from mainspring.server.call import Services
from mainspring.server.edge import Edge, Guard
from mainspring.server.hot import HOT_ROUTES
from mainspring.server.openapi import describe
from mainspring.server.problems import http_problem, problem_response, validation_problem
from mainspring.server.worker_protocol import WORKER_ROUTES

logger = logging.getLogger("mainspring.server")

_NOUNS = (events, jobs, batches, account, streams, runs, store, workers, health)


def create_app(
    engine: Engine,
    *,
    limits: Limits | None = None,
    guard: Guard | None = None,
    clock: Clock | None = None,
    readiness: Callable[[], list[str]] = list,
) -> FastAPI:
    """The app over a started engine. `guard`: which Host headers it answers, any by default.

    `readiness`: asked by /readyz, off the loop, for reasons why nothing can be done now.
    """
    clock = clock or SystemClock()
    plain_routes = (*HOT_ROUTES, *batches.BATCH_ROUTES, *WORKER_ROUTES)
    app = _App(
        plain_routes=plain_routes,
        # Its pages load scripts from a CDN; the dashboard brings its own.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={
            MainspringError: _refusal,
            HTTPException: http_problem,
            RequestValidationError: validation_problem,
        },
    )
    app.state.services = Services(engine, limits or Limits(), clock, Keys(engine, clock), readiness)
    # First, so that the hot ones are found first.
    app.router.routes.extend(route.route() for route in plain_routes)
    for noun in _NOUNS:
        app.router.routes.extend(noun.router.routes)
    app.add_middleware(Edge, guard=guard or Guard())
    return app


class _App(FastAPI):
    """FastAPI, whose OpenAPI page also has the plain routes."""

    def __init__(self, *, plain_routes: Any, **options: Any) -> None:
        self._plain_routes = plain_routes
        super().__init__(**options)

    def openapi(self) -> dict[str, Any]:
        return describe(self, self._plain_routes)


def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, MainspringError)
    if error.status >= 500:
        request_id = getattr(request.state, "request_id", None)
        # A database that is gone is no fault of ours: every request meets it, and a line tells all there is.
        fault = None if isinstance(error, ConfigurationError) else error
        logger.error("request %s failed: %s", request_id, error, exc_info=fault)
    return problem_response(error, request)
