"""The ASGI app: every route, the error answers, and the edge around them."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from mainspring.errors import MainspringError
from mainspring.server.api import (
    account,
    approvals,
    batches,
    breakers,
    bulks,
    checkpoints,
    errors,
    events,
    exports,
    health,
    jobs,
    logs,
    queues,
    runs,
    schedules,
    session,
    stats,
    store,
    streams,
    tokens,
    trace,
    workers,
)
from mainspring.server.call import Services
from mainspring.server.edge import Edge, Guard
from mainspring.server.front import Front
from mainspring.server.hot import HOT_ROUTES
from mainspring.server.openapi import describe
from mainspring.server.pages import links
from mainspring.server.problems import http_problem, refusal
from mainspring.server.rooms import validation_problem
from mainspring.server.routes import PlainRoute
from mainspring.server.worker_protocol import WORKER_ROUTES

_NOUNS = (
    events,
    jobs,
    batches,
    bulks,
    account,
    logs,
    checkpoints,
    streams,
    runs,
    trace,
    queues,
    breakers,
    schedules,
    session,
    stats,
    store,
    tokens,
    approvals,
    errors,
    links,
    workers,
    health,
)


def create_app(
    services: Services,
    *,
    guard: Guard | None = None,
    pages: Sequence[BaseRoute] = (),
) -> FastAPI:
    """The app over a started engine. `guard`: which Host headers it answers, any by default. `pages`: what it
    serves beside the API."""
    plain_routes = (
        *HOT_ROUTES,
        *exports.EXPORT_ROUTES,
        *runs.RUN_ROUTES,
        *trace.TRACE_ROUTES,
        *batches.BATCH_ROUTES,
        *WORKER_ROUTES,
    )
    app = _App(
        plain_routes,
        # Its pages load scripts from a CDN; the dashboard brings its own.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={
            MainspringError: refusal,
            HTTPException: http_problem,
            RequestValidationError: validation_problem,
        },
    )
    app.state.services = services
    # First, so that the hot ones are found first.
    app.router.routes.extend(route.route() for route in plain_routes)
    for noun in _NOUNS:
        app.router.routes.extend(noun.router.routes)
    app.router.routes.extend(pages)
    app.add_middleware(Front, routes=plain_routes)
    app.add_middleware(Edge, guard=guard or Guard())
    return app


class _App(FastAPI):
    """FastAPI, whose OpenAPI page also has the plain routes."""

    def __init__(self, plain_routes: Sequence[PlainRoute], **options: Any) -> None:
        self._plain_routes = plain_routes
        super().__init__(**options)

    def openapi(self) -> dict[str, Any]:
        return describe(self, self._plain_routes)
