"""Request bodies: read within their limit, decoded with every check, held against their shape."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from mainspring.codec import decode_body
from mainspring.errors import TooLarge
from mainspring.server.call import services_of
from mainspring.server.problems import bad_request, body_refused
from mainspring.server.shapes.bodies import MAX_NAME

M = TypeVar("M", bound=BaseModel)


async def read_body(request: Request, limit: int) -> bytes:
    """The raw body; `TooLarge` as soon as it is known to be over `limit` bytes."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(int(declared), limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(size, limit)
        chunks.append(chunk)
    return b"".join(chunks)


async def read_json(request: Request) -> Any:
    """The decoded body, None when there is none; whatever the Content-Type: `curl -d` sends forms."""
    limit = services_of(request).limits.max_body_bytes
    raw = await read_body(request, limit)
    return decode_body(raw, limit=limit) if raw.strip() else None


async def read_model(request: Request, model: type[M]) -> M:
    """The body as `model`; `BadRequest` names every field that does not fit. No body counts as `{}`."""
    value = await read_json(request)
    return check(model, {} if value is None else value)


def check(model: type[M], value: Any, *, within: str = "") -> M:
    """`value` as `model`; `BadRequest` names every field that does not fit, `within` put before each."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise body_refused(error, within=within) from None


def read_query(request: Request, model: type[M]) -> M:
    """The query's parameters as `model`; `BadRequest` names every one that does not fit."""
    return check(model, dict(request.query_params))


def idempotency_key_of(request: Request) -> str | None:
    """The `Idempotency-Key` header; `BadRequest` when nothing could be kept under it."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    key = key.strip()
    if not key or len(key) > MAX_NAME or not key.isprintable():
        message = f"must be 1 to {MAX_NAME} printable characters"
        raise bad_request([(("Idempotency-Key",), message, "")])
    return key


def _too_large(size: int, limit: int) -> TooLarge:
    return TooLarge(
        f"the request's body has at least {size} bytes, more than the limit of {limit} (max_body_bytes)",
        size=size,
        limit=limit,
        setting="max_body_bytes",
    )
