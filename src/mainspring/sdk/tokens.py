"""Tokens as user code sees them, and `client.tokens`: made, looked at, completed from anywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mainspring.duration import Duration, parse_duration
from mainspring.errors import DefinitionError
from mainspring.model.tokens import TokenStatus
from mainspring.sdk.api import Api, Listing, segment
from mainspring.sdk.events import check_text, read_instant
from mainspring.sdk.json_text import encode

MAX_TAGS = 64
MAX_TAG = 256


@dataclass(frozen=True, slots=True)
class Token:
    """A question to the world outside: completed once, by whoever has its `url`, or its `id` and an API key."""

    id: str
    #: One POST with JSON to it completes the token: keep it from those who must not. None: it cannot be told again
    #: (of a token that a run made, and under another API key than it was made with).
    url: str | None
    status: TokenStatus
    tags: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    completed_at: datetime | None = None
    #: What it was completed with.
    output: Any = None
    #: Who did, as far as they said; with what; from which network address.
    completed_by: str | None = None
    completed_via: Literal["api", "url"] | None = None
    completed_from: str | None = None
    #: Whether an earlier one, of the same idempotency key, was returned.
    is_cached: bool = False
    idempotency_key: str | None = None
    #: The run that made it.
    run_id: str | None = None


def read_token(shown: Mapping[str, Any]) -> Token:
    """The token of the API's token object, or of what `io.create_token` kept."""
    created_at = read_instant(shown["created_at"])
    assert created_at is not None, "a token says when it was made"
    return Token(
        id=shown["id"],
        url=shown["url"],
        status=shown.get("status", "WAITING"),
        tags=tuple(shown["tags"]),
        created_at=created_at,
        expires_at=read_instant(shown["expires_at"]),
        completed_at=read_instant(shown.get("completed_at")),
        output=shown.get("output"),
        completed_by=shown.get("completed_by"),
        completed_via=shown.get("completed_via"),
        completed_from=shown.get("completed_from"),
        is_cached=bool(shown.get("is_cached")),
        idempotency_key=shown.get("idempotency_key"),
        run_id=shown.get("run_id"),
    )


def token_id_of(token: Token | str, call: str) -> str:
    """The id of what was given; `DefinitionError` when it is neither a token nor an id."""
    token_id = token.id if isinstance(token, Token) else token
    if isinstance(token_id, str) and token_id.startswith("tok_") and token_id.isprintable():
        return token_id
    raise DefinitionError(f"{call} got {token!r:.80}", mend='Give a Token, or its id: "tok_...".')


def check_tags(tags: Sequence[str], call: str) -> tuple[str, ...]:
    """The tags of a token; `DefinitionError` when they are no short texts on one line."""
    every = () if isinstance(tags, str) else tuple(tags)
    if isinstance(tags, str) or len(every) > MAX_TAGS or not all(_is_tag(tag) for tag in every):
        raise DefinitionError(
            f"{call} got tags={tags!r:.80}",
            mend=f'Give a list of at most {MAX_TAGS} texts of 1 to {MAX_TAG} characters: tags=["refund"].',
        )
    return every


def _is_tag(tag: Any) -> bool:
    return isinstance(tag, str) and bool(tag.strip()) and len(tag) <= MAX_TAG and tag.isprintable()


class Tokens:
    """`client.tokens`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def create(
        self,
        *,
        timeout: Duration | None = None,
        tags: Sequence[str] = (),
        idempotency_key: str | None = None,
        idempotency_key_ttl: Duration | None = None,
    ) -> Token:
        """Make a token. Whoever waits for it gets `WaitTimeout` when nobody completed it within `timeout`.

        A second call with the same `idempotency_key` returns the first token, for `idempotency_key_ttl` (for ever).
        Inside a run this would make another one on every replay: use `io.create_token` there.
        """
        said = {
            "timeout": None if timeout is None else parse_duration(timeout) / 1_000_000,
            "tags": check_tags(tags, "client.tokens.create") or None,
            "idempotency_key": check_text(idempotency_key, "the idempotency key of a token"),
            "idempotency_key_ttl": None
            if idempotency_key_ttl is None
            else parse_duration(idempotency_key_ttl) / 1_000_000,
        }
        body = encode({key: value for key, value in said.items() if value is not None}, what="body")
        return read_token(await self._api.call("POST", "/tokens", body=body))

    async def retrieve(self, token_id: str) -> Token:
        """The token as it stands. Raises `NotFound`."""
        return read_token(await self._api.call("GET", f"/tokens/{segment(token_id)}"))

    def list(
        self,
        *,
        status: TokenStatus | None = None,
        tag: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Listing[Token]:
        """Tokens, the newest first: a page when awaited, all of them with `async for`."""
        params = {"status": status, "tag": tag, "limit": limit, "cursor": cursor}
        return Listing(self._api, "/tokens", params, read_token)

    async def complete(self, token: Token | str, output: Any = None, *, by: str | None = None) -> Token:
        """Complete it with `output`, anything that JSON can hold: all who wait for it are given that.

        `by`: who does it, for the histories of their runs. The first completion counts: raises `Conflict` with who
        and when for a token that was completed before, or has expired; `NotFound`, `TooLarge`.
        """
        token_id = token_id_of(token, "client.tokens.complete")
        text = encode(output, what=f"the output for {token_id}")
        name = check_text(by, "by, who completes a token,")
        who = "" if name is None else f',"by":{encode(name, what="by")}'
        shown = await self._api.call(
            "POST", f"/tokens/{segment(token_id)}/complete", body=f'{{"output":{text}{who}}}'
        )
        return read_token(shown)
