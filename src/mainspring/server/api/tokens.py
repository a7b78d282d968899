"""Tokens: made, listed, shown; completed with a key, or by one POST to their URL."""

from typing import Annotated

from fastapi import Query, Request
from pydantic import Field

from mainspring.codec import encode
from mainspring.engine.token_commands import CompleteToken, CreateToken, TokenMade
from mainspring.engine.token_reads import get_token, list_tokens
from mainspring.engine.tokens import no_such_token
from mainspring.model.tokens import (
    Token,
    TokenDraft,
    TokenStatus,
    hash_secret,
    is_secret_of,
    secret_under_key,
    url_of,
)
from mainspring.server.api.queries import Paging, page_size
from mainspring.server.auth import key_in
from mainspring.server.bodies import idempotency_key_of, read_json
from mainspring.server.call import Call, origin_of, public_url_of, services_of
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.bodies import Word, validated
from mainspring.server.shapes.parts import Listing, listing
from mainspring.server.shapes.tokens import (
    CompleteBody,
    TokenBody,
    TokenDoorShape,
    TokenShape,
    TokenState,
    state_of,
    token_shape,
)

router = room("/api/v1/tokens", "tokens")


class TokenFilter(Paging):
    status: TokenStatus | None = None
    tag: str | None = Field(None, max_length=256)


@router.post("")
async def create_token(call: Caller, request: Request, body: TokenBody | None = None) -> TokenShape:
    """Make a token, which whoever waits for it is resolved by."""
    body = body or TokenBody.model_validate({})
    token_id = call.engine.ids.new("tok")
    draft = TokenDraft(
        token_id,
        hash_secret(secret_under_key(_key_of(request), token_id)),
        validated(body.timeout),
        tuple(body.tags),
        body.idempotency_key or idempotency_key_of(request),
        validated(body.idempotency_key_ttl),
    )
    return _shape(call, await call.engine.tokens.create(CreateToken(call.environment_id, draft)))


@router.get("")
async def get_tokens(call: Caller, asked: Annotated[TokenFilter, Query()]) -> Listing[TokenShape]:
    """Tokens, newest first."""
    limit = page_size(asked.limit, call.limits)
    wanted = (asked.status, asked.tag)
    page = await call.engine.read(list_tokens, call.environment_id, wanted, limit, asked.cursor)
    return listing(page, lambda token: _shape(call, TokenMade(token, is_cached=False)))


@router.get("/{id}")
async def get_one_token(call: Caller, id: str) -> TokenShape:
    """One token."""
    token = await call.engine.read(get_token, id, call.environment_id)
    if token is None:
        raise no_such_token(id)
    return _shape(call, TokenMade(token, is_cached=False))


@router.post("/{id}/complete")
async def complete_token(
    call: Caller, request: Request, id: str, body: CompleteBody | None = None
) -> TokenShape:
    """Complete a token with a value; 409 when it was completed before, or has expired."""
    body = body or CompleteBody.model_validate({})
    limit = call.limits.max_payload_bytes
    command = CompleteToken(
        id,
        encode(body.output, what="output", limit=limit),
        call.environment_id,
        by=body.by,
        origin=origin_of(request),
        request_key=idempotency_key_of(request),
    )
    return _shape(call, TokenMade(await call.engine.tokens.complete(command), is_cached=False))


# ── by its URL, without a key ────────────────────────────────────────────────────────────────────────
@router.get("/{id}/callback/{secret}")
async def show_callback(request: Request, id: Word, secret: Word) -> TokenDoorShape:
    """What the URL of a token is for. Completes nothing: mail programs and chats open links."""
    token = await services_of(request).engine.read(get_token, id)
    if token is None or not is_secret_of(token, secret):
        raise no_such_token(id)
    says = {
        "WAITING": "POST JSON to this URL, once: that completes the token.",
        "COMPLETED": "It was completed: nothing more can be said here.",
        "EXPIRED": "It has expired: nothing more can be said here.",
    }
    return TokenDoorShape(**state_of(token).model_dump(), message=says[token.status])


@router.post("/{id}/callback/{secret}")
async def call_back(request: Request, id: Word, secret: Word) -> TokenState:
    """Complete a token with the body, any JSON (null when there is none); 409 as above. Takes no API key."""
    services = services_of(request)
    value = await read_json(request)
    command = CompleteToken(
        id,
        encode(value, what="body", limit=services.limits.max_payload_bytes),
        None,
        secret=secret,
        via="url",
        origin=origin_of(request),
        request_key=idempotency_key_of(request),
    )
    return state_of(await services.engine.tokens.complete(command))


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────
def _key_of(request: Request) -> str:
    return key_in(request.headers.get("authorization"))


def _shape(call: Call, made: TokenMade) -> TokenShape:
    token: Token = made.token
    # A browser that `mainspring dev` let in brings no key: whose URLs it is shown, nobody can tell.
    if call.request.headers.get("authorization") is None:
        return token_shape(made, None)
    secret = secret_under_key(_key_of(call.request), token.id)
    url = url_of(public_url_of(call.request), token.id, secret) if is_secret_of(token, secret) else None
    return token_shape(made, url)
