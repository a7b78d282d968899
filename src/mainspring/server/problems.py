"""Errors as RFC 9457 problem documents: one form for every refusal, whoever raised it."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from mainspring.errors import BadRequest, ConfigurationError, MainspringError, RateLimited, Unauthorized

logger = logging.getLogger("mainspring.server")

PROBLEM_MEDIA_TYPE = "application/problem+json"

#: Attributes of errors that say more, and may leave the server, by name.
_SHOWN_DATA = ("event_id", "size", "limit", "setting", "line", "column", "position", "retry_after")


class FieldProblem(BaseModel):
    """One thing wrong with the request: where (`payload.items[2].sku`) and what."""

    path: str = Field(examples=["amount"])
    message: str = Field(examples=["Input should be a valid integer"])


class Problem(BaseModel):
    """RFC 9457 problem document. Further members depend on `code`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        description="URN of the error; ends in `code`.", examples=["urn:mainspring:error:not_found"]
    )
    title: str = Field(description="The error in two words; the same for every case of it.")
    status: int
    detail: str = Field(description="What happened here and the mend.")
    code: str = Field(description="Stable word for programs.", examples=["not_found"])
    errors: list[FieldProblem] = Field(description="The fields that are wrong; empty when none is to blame.")
    request_id: str | None = Field(description="Finds the request in the server's log.")


def problem_of(error: MainspringError, request: Request) -> dict[str, Any]:
    """The document for `error`."""
    return {
        **_document(error.code, error.status, str(error), _field_problems(error), request),
        **{
            name: getattr(error, name) for name in _SHOWN_DATA if getattr(error, name, None) not in (None, "")
        },
    }


def problem_response(error: MainspringError, request: Request, **members: Any) -> Response:
    """The answer for `error`; `members` are added to the document."""
    document = {**problem_of(error, request), **members}
    headers: dict[str, str] = {}
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = 'Bearer realm="mainspring"'
    if isinstance(error, RateLimited) and error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    return _response(document, headers)


def refusal(request: Request, error: Exception) -> Response:
    """The answer of a route that raised `error`; what we are to blame for is logged."""
    assert isinstance(error, MainspringError)
    if error.status >= 500:
        request_id = getattr(request.state, "request_id", None)
        # A database that is gone is no fault of ours: every request meets it, and a line tells all there is.
        fault = None if isinstance(error, ConfigurationError) else error
        logger.error("request %s failed: %s", request_id, error, exc_info=fault)
    return problem_response(error, request)


def internal_problem(request: Request) -> Response:
    """The answer for a fault of ours: nothing of the exception leaves the process."""
    detail = "The server failed while answering. Look for the request id in its log."
    return _response(_document("internal_error", 500, detail, [], request), {})


def http_problem(request: Request, error: Exception) -> Response:
    """Starlette's own refusals: no such route, no such method."""
    assert isinstance(error, HTTPException)
    status, allowed = error.status_code, ""
    method, path = request.method, request.url.path[:200]
    if status == 404:
        code, detail = "no_such_route", f"There is no {path} here. /openapi.json lists every route."
    elif status == 405:
        allowed = _allowed_methods(request)
        code, detail = "method_not_allowed", f"{path} does not take {method}. It takes: {allowed}."
    else:
        code, detail = "http_error", error.detail
    headers = {**(error.headers or {}), "Allow": allowed} if status == 405 else dict(error.headers or {})
    return _response(_document(code, status, detail, [], request), headers)


def _allowed_methods(request: Request) -> str:
    """The methods of every route at this path: the router only names those of the first."""
    methods: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return ", ".join(sorted(methods - {"HEAD"}))


def body_refused(error: ValidationError, *, within: str = "") -> BadRequest:
    """For a body that does not fit its shape; `within` is put before each path."""
    prefix = (within,) if within else ()
    return bad_request([((*prefix, *item["loc"]), item["msg"], item["type"]) for item in error.errors()])


def bad_request(found: Iterable[tuple[Sequence[int | str], str, str]]) -> BadRequest:
    """A `BadRequest` naming every field; `found` holds (location, message, pydantic's error type)."""
    errors = [{"path": path_of(at), "message": _reword(message, kind)} for at, message, kind in found]
    said = "; ".join(f"{e['path']}: {e['message']}" if e["path"] else e["message"] for e in errors[:5])
    more = f"; and {len(errors) - 5} more" if len(errors) > 5 else ""
    return BadRequest(f"{said}{more}", errors=errors)


def path_of(location: Sequence[int | str]) -> str:
    """A pydantic location as people write it: `items[2].sku`."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


def _reword(message: str, kind: str) -> str:
    match kind:
        case "extra_forbidden":
            return "there is no such field"
        case "missing":
            return "this field is required"
        case _:
            return message.removeprefix("Value error, ")


def _field_problems(error: MainspringError) -> list[Mapping[str, str]]:
    errors = list(getattr(error, "errors", ()))
    path = getattr(error, "path", "")
    if not errors and path:
        errors.append({"path": path, "message": error.message})
    return errors


def _document(
    code: str, status: int, detail: str, errors: Sequence[Mapping[str, str]], request: Request
) -> dict[str, Any]:
    return {
        "type": f"urn:mainspring:error:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
        "errors": errors,
        "request_id": getattr(request.state, "request_id", None),
    }


def _response(document: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(to_json(document), document["status"], headers, PROBLEM_MEDIA_TYPE)
