"""Tokens as the API shows them, and what is said to make or complete one."""

from typing import Self

from pydantic import BaseModel, Field, model_validator

from mainspring.codec import decode
from mainspring.engine.token_commands import TokenMade
from mainspring.model.tokens import Token, TokenDoor, TokenStatus
from mainspring.server.shapes.bodies import MAX_TAGS, Body, Span, Word
from mainspring.server.shapes.parts import At, Json, at, value_of


class TokenBody(Body):
    timeout: Span | None = Field(None, description="Expires after this span; left out: never.")
    tags: list[Word] = Field(default_factory=list, max_length=MAX_TAGS)
    idempotency_key: Word | None = Field(None, description="A second token with it is not made.")
    idempotency_key_ttl: Span | None = Field(
        None, description="How long the key answers with this token; left out: as long as it is kept."
    )

    @model_validator(mode="after")
    def _ttl_of_a_key(self) -> Self:
        if self.idempotency_key_ttl is not None and self.idempotency_key is None:
            raise ValueError("idempotency_key_ttl goes with an idempotency_key")
        return self


class CompleteBody(Body):
    output: Json = Field(None, description="What all who wait for it are given.")
    by: Word | None = Field(None, description="Who completes it, for the histories of their runs.")


class TokenState(BaseModel):
    """What whoever has its URL may see."""

    id: str = Field(examples=["tok_01K8W2D0E4V7M9Q3S5T6Y8Z1AB"])
    status: TokenStatus
    created_at: At
    expires_at: At | None
    completed_at: At | None


class TokenDoorShape(TokenState):
    message: str = Field(description="How the URL is used, or what became of the token.")


class TokenShape(TokenState):
    url: str | None = Field(
        description="One POST of JSON completes it. Null: made by a run, or with another API key than this request's."
    )
    tags: list[str]
    idempotency_key: str | None
    is_cached: bool = Field(description="An earlier one, of the same idempotency key, is the answer.")
    run_id: str | None = Field(description="The run that made it.")
    task: str | None
    output: Json
    completed_by: str | None
    completed_via: TokenDoor | None
    completed_from: str | None = Field(description="The network address of who completed it.")


def state_of(token: Token) -> TokenState:
    return TokenState(
        id=token.id,
        status=token.status,
        created_at=at(token.created_at) or "",
        expires_at=at(token.expires_at),
        completed_at=at(token.completed_at),
    )


def token_shape(made: TokenMade, url: str | None) -> TokenShape:
    """A token; its URL where it can be told."""
    token = made.token
    return TokenShape(
        **state_of(token).model_dump(),
        url=url,
        tags=decode(token.tags),
        idempotency_key=token.idempotency_key,
        is_cached=made.is_cached,
        run_id=token.run_id,
        task=token.task_key,
        output=value_of(token.output),
        completed_by=token.completed_by,
        completed_via=token.completed_via,
        completed_from=token.completed_from,
    )
