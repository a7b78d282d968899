"""`client.sync.tokens`: tokens for blocking code."""

from collections.abc import Sequence
from typing import Any

from mainspring.duration import Duration
from mainspring.model.tokens import TokenStatus
from mainspring.sdk.bridge import wait_for
from mainspring.sdk.sync import SyncListing, same
from mainspring.sdk.tokens import Token, Tokens


class SyncTokens:
    """`client.sync.tokens`."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def create(
        self,
        *,
        timeout: Duration | None = None,
        tags: Sequence[str] = (),
        idempotency_key: str | None = None,
        idempotency_key_ttl: Duration | None = None,
    ) -> Token:
        """As `client.tokens.create`."""
        creating = self._tokens.create(
            timeout=timeout,
            tags=tags,
            idempotency_key=idempotency_key,
            idempotency_key_ttl=idempotency_key_ttl,
        )
        return wait_for(creating, "client.sync.tokens.create")

    def retrieve(self, token_id: str) -> Token:
        """As `client.tokens.retrieve`."""
        return wait_for(self._tokens.retrieve(token_id), "client.sync.tokens.retrieve")

    def list(
        self,
        *,
        status: TokenStatus | None = None,
        tag: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> SyncListing[Token]:
        """As `client.tokens.list`."""
        listing = self._tokens.list(status=status, tag=tag, limit=limit, cursor=cursor)
        return SyncListing(listing, "client.sync.tokens.list", same)

    def complete(self, token: Token | str, output: Any = None, *, by: str | None = None) -> Token:
        """As `client.tokens.complete`."""
        return wait_for(self._tokens.complete(token, output, by=by), "client.sync.tokens.complete")
