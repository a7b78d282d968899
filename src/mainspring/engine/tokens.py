"""Tokens: made once, completed once or expired; whoever waits for one is told in the very transaction that ends it.

Who ends a token holds its row first and looks for waits afterwards; who begins to wait writes the wait first and holds
the row afterwards. So on several servers an end is found, or finds the wait (I7).
"""

from mainspring.clock import Instant, to_iso
from mainspring.codec import encode
from mainspring.engine.batch import Batch
from mainspring.engine.token_commands import CompleteToken, CreateToken, TokenMade
from mainspring.engine.waits import Resolution, resolve
from mainspring.errors import Conflict, NotFound
from mainspring.model.failures import Failure
from mainspring.model.tokens import Token, is_secret_of, token_channel
from mainspring.model.waits import Wait
from mainspring.storage.shapes import TOKEN, WAIT


# ── made ─────────────────────────────────────────────────────────────────────────────────────────────
def create_token(batch: Batch, command: CreateToken) -> TokenMade:
    """A new token, or the one that was made under its idempotency key, or of its id."""
    draft, place = command.draft, {"environment_id": command.environment_id}
    if draft.idempotency_key is not None:
        batch.tx.run("forget_token_keys", **place, idempotency_key=draft.idempotency_key, now=batch.now)
    expires_at = _after(batch.now, draft.timeout)
    has_ttl = draft.idempotency_key is not None
    token = Token(
        id=draft.token_id,
        environment_id=command.environment_id,
        secret_hash=draft.secret_hash,
        tags=encode(draft.tags, what="tags"),
        idempotency_key=draft.idempotency_key,
        key_expires_at=_after(batch.now, draft.idempotency_key_ttl) if has_ttl else None,
        run_id=command.run_id,
        task_key=command.task_key,
        created_at=batch.now,
        expires_at=expires_at,
        timer_at=expires_at,
        expired_at=None,
        completed_at=None,
        output=None,
        completed_by=None,
        completed_via=None,
        completed_from=None,
        completed_request=None,
    )
    batch.tx.run_many("insert_token", [token])
    found = batch.tx.row("find_token_made", **place, id=token.id, idempotency_key=draft.idempotency_key)
    assert found is not None, "it was inserted in this transaction, or before"
    made = TOKEN.value(found)
    batch.wake.at(made.timer_at)
    return TokenMade(made, is_cached=made.id != token.id)


def _after(now: Instant, span: int | None) -> Instant | None:
    return None if span is None else now + span


def token_json(token: Token, url: str) -> str:
    """What `io.create_token` keeps; `url` is JSON text."""
    said = {
        "id": token.id,
        "created_at": to_iso(token.created_at),
        "expires_at": None if token.expires_at is None else to_iso(token.expires_at),
    }
    return f'{encode(said, what="token")[:-1]},"tags":{token.tags},"url":{url}}}'


# ── ended ────────────────────────────────────────────────────────────────────────────────────────────
def complete_token(batch: Batch, command: CompleteToken) -> Token | Conflict | NotFound:
    """The first completion counts; every later one is told so, and changes nothing."""
    rows = batch.tx.rows("tokens_to_change", ids=[command.token_id])
    token = TOKEN.value(rows[0]) if rows else None
    if token is None or not _may(token, command):
        return no_such_token(command.token_id)
    if token.completed_at is not None:
        is_again = command.request_key is not None and command.request_key == token.completed_request
        return token if is_again else _completed_before(token)
    if token.expired_at is not None or (token.expires_at is not None and token.expires_at <= batch.now):
        _expire(batch, [token])
        return _expired_before(token)
    row = {
        "id": token.id,
        "now": batch.now,
        "output": command.output,
        "completed_by": command.by,
        "completed_via": command.via,
        "completed_from": command.origin,
        "completed_request": command.request_key,
    }
    batch.tx.run("complete_token", **row)
    done = TOKEN.value(batch.tx.rows("tokens_to_change", ids=[token.id])[0])
    resolve(batch, [_answer(wait, done) for wait in _waits_for(batch, [done])])
    return done


def _may(token: Token, command: CompleteToken) -> bool:
    """By its URL, or with a key of its environment."""
    if command.secret is not None:
        return is_secret_of(token, command.secret)
    return token.environment_id == command.environment_id


def expire_due_tokens(batch: Batch, limit: int) -> int:
    """Ends tokens that nobody completed in time. Returns how many."""
    due = TOKEN.values(batch.tx.rows("due_tokens", now=batch.now, limit=limit))
    _expire(batch, due)
    return len(due)


def _expire(batch: Batch, tokens: list[Token]) -> None:
    if not tokens:
        return
    batch.tx.run_many("expire_token", [{"id": token.id, "now": batch.now} for token in tokens])
    ended = {token_channel(token.id): token for token in tokens}
    resolve(batch, [_answer(wait, ended[wait.channel or ""]) for wait in _waits_for(batch, tokens)])


def _waits_for(batch: Batch, tokens: list[Token]) -> list[Wait]:
    """The waits for some tokens."""
    channels: dict[str, set[str]] = {}
    for token in tokens:
        channels.setdefault(token.environment_id, set()).add(token_channel(token.id))
    waits: list[Wait] = []
    for environment_id, said in sorted(channels.items()):
        rows = batch.tx.rows("waits_on_channels", environment_id=environment_id, channels=sorted(said))
        waits += WAIT.values(rows)
    return waits


# ── waited for ───────────────────────────────────────────────────────────────────────────────────────
def check_token_waits(batch: Batch, waits: list[Wait]) -> None:
    """Resolves waits for tokens that have ended already. Call after their rows are written."""
    waits = [wait for wait in waits if wait.kind == "token"]
    if not waits:
        return
    rows = batch.tx.rows("tokens_to_change", ids=sorted({_token_id(wait) for wait in waits}))
    tokens = {(one.environment_id, one.id): one for one in TOKEN.values(rows)}
    found = []
    for wait in waits:
        token = tokens.get((wait.environment_id, _token_id(wait)))
        if token is None:
            missing = no_such_token(_token_id(wait))
            failure = Failure("NotFound", str(missing), missing.code, task_key=wait.task_key)
            found.append(Resolution(wait, failure=failure))
        elif token.status != "WAITING":
            found.append(_answer(wait, token))
    resolve(batch, found)


def _token_id(wait: Wait) -> str:
    return (wait.channel or "").removeprefix(token_channel(""))


def _answer(wait: Wait, token: Token) -> Resolution:
    """What a token that has ended means to one who waits for it."""
    if token.completed_at is None:
        message = f"nobody completed the token {token.id} before it expired at {_iso(token.expires_at)}"
        failure = Failure("WaitTimeout", message, "wait_timeout", task_key=wait.task_key)
        return Resolution(
            wait, failure=failure, note={"token": token.id, "expired_at": _iso(token.expires_at)}
        )
    said = {
        "token": token.id,
        "completed_at": to_iso(token.completed_at),
        "by": token.completed_by,
        "via": token.completed_via,
        "from": token.completed_from,
    }
    note = {name: value for name, value in said.items() if value is not None}
    return Resolution(wait, output=token.output or "null", note=note)


# ── refused ──────────────────────────────────────────────────────────────────────────────────────────
def no_such_token(token_id: str) -> NotFound:
    return NotFound(
        f"there is no token {token_id[:80]!r} here, or its URL has another secret",
        mend="`mainspring tokens list` shows those of this environment.",
    )


def _completed_before(token: Token) -> Conflict:
    by = f" by {token.completed_by}" if token.completed_by else ""
    door = "with its URL" if token.completed_via == "url" else "with an API key"
    return Conflict(
        f"the token {token.id} was completed at {_iso(token.completed_at)}{by}, {door}: this changes nothing",
        mend="The first completion counts.",
    )


def _expired_before(token: Token) -> Conflict:
    return Conflict(
        f"the token {token.id} expired at {_iso(token.expires_at)}: this changes nothing",
        mend="Whoever waited for it was told. Make another one, with a longer timeout.",
    )


def _iso(instant: Instant | None) -> str:
    return to_iso(instant or 0)
