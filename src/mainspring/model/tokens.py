"""A token: a question to the world outside, answered once by whoever holds its id and a key, or its URL."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant
from mainspring.model.tasks import TaskLabel

TokenStatus = Literal["WAITING", "COMPLETED", "EXPIRED"]
#: How somebody may have completed it: with an API key, or with its URL.
TokenDoor = Literal["api", "url"]

#: Where the URL of a token leads, on any server.
URL_PATH = "/api/v1/tokens/{id}/callback/{secret}"


@dataclass(frozen=True, slots=True)
class TokenDraft:
    """What is asked for. The id is made by the caller, so that asking again is harmless."""

    token_id: str
    #: Of the secret in its URL nothing else is kept.
    secret_hash: str
    #: Expires after this span (microseconds, by the engine's clock); None: never.
    timeout: int | None = None
    tags: tuple[str, ...] = ()
    #: A second draft with it is answered with the first token, `idempotency_key_ttl` long (None: for ever).
    idempotency_key: str | None = None
    idempotency_key_ttl: int | None = None


@dataclass(frozen=True, slots=True)
class TokenCreated:
    """Said by a worker: `io.create_token`, kept in this very transaction. Output: the token as a JSON object."""

    task: TaskLabel
    draft: TokenDraft
    #: JSON text of its URL, for the output alone; a client with a codec has encrypted it.
    url: str
    position: int
    kind: Literal["token_created"] = "token_created"


@dataclass(frozen=True, slots=True)
class Token:
    """One row of `tokens`. Instants in microseconds since the epoch."""

    id: str
    environment_id: str
    secret_hash: str
    #: JSON array of texts.
    tags: str
    idempotency_key: str | None
    key_expires_at: Instant | None
    #: The run and task that made it; None: made from outside.
    run_id: str | None
    task_key: str | None
    created_at: Instant
    expires_at: Instant | None
    #: When the engine must look at it: to expire it. None once it is completed or expired.
    timer_at: Instant | None
    expired_at: Instant | None
    completed_at: Instant | None
    #: JSON text of what it was completed with.
    output: str | None
    completed_by: str | None
    completed_via: TokenDoor | None
    #: The network address of who completed it, as the server saw it.
    completed_from: str | None
    #: Of the request that did: sent again, it is told of its success again.
    completed_request: str | None

    @property
    def status(self) -> TokenStatus:
        if self.completed_at is not None:
            return "COMPLETED"
        return "WAITING" if self.expired_at is None else "EXPIRED"


def token_channel(token_id: str) -> str:
    """The channel on which the end of a token is announced."""
    return f"token:{token_id}"


def new_secret() -> str:
    """256 random bits, fit for a URL."""
    return secrets.token_urlsafe(32)


def secret_under_key(api_key: str, token_id: str) -> str:
    """The secret of a token made with this key: as hard to guess, and the same for who asks again with the key."""
    digest = hmac.new(api_key.encode(), f"token {token_id}".encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def hash_secret(secret: str) -> str:
    """What is kept of a secret: it is long and random, so a plain digest cannot be guessed back."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret_of(token: Token, secret: str) -> bool:
    """Whether it opens the token, in a time that tells nothing of how much of it is right."""
    return hmac.compare_digest(token.secret_hash, hash_secret(secret))


def url_of(base: str, token_id: str, secret: str) -> str:
    """The whole URL, below a server's own."""
    return base.rstrip("/") + URL_PATH.format(id=token_id, secret=secret)
