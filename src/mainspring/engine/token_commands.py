"""What is done with tokens, as commands; part of `commands.Command`."""

from dataclasses import dataclass

from mainspring.model.tokens import Token, TokenDoor, TokenDraft


@dataclass(frozen=True, slots=True)
class CreateToken:
    """Result: `TokenMade`."""

    environment_id: str
    draft: TokenDraft
    #: The run and task that make it.
    run_id: str | None = None
    task_key: str | None = None


@dataclass(frozen=True, slots=True)
class TokenMade:
    token: Token
    #: An earlier one, with this idempotency key or id, is returned instead.
    is_cached: bool


@dataclass(frozen=True, slots=True)
class CompleteToken:
    """Result: the `Token`; `NotFound`, or `Conflict` when it was completed before or has expired."""

    token_id: str
    #: JSON text of what those who wait for it are given.
    output: str
    #: Whose key it was; None: `secret` opens it.
    environment_id: str | None
    secret: str | None = None
    via: TokenDoor = "api"
    #: Who does it, as far as they said, and their network address.
    by: str | None = None
    origin: str | None = None
    #: The same request sent again succeeds again.
    request_key: str | None = None
