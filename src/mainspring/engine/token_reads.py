"""What is asked of tokens. Decides nothing."""

from mainspring.engine.views import Page
from mainspring.model.tokens import Token, TokenStatus
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import TOKEN


def get_token(tx: Transaction, token_id: str, environment_id: str | None = None) -> Token | None:
    """One token, of one environment unless its secret is looked at afterwards."""
    row = tx.row("get_token", id=token_id, environment_id=environment_id)
    return None if row is None else TOKEN.value(row)


def list_tokens(
    tx: Transaction,
    environment_id: str,
    asked: tuple[TokenStatus | None, str | None],
    limit: int,
    before: str | None = None,
) -> Page[Token]:
    """The newest first; `asked`: only those of this status, and with this tag."""
    rows = tx.rows(
        "list_tokens",
        environment_id=environment_id,
        status=asked[0],
        tag=asked[1],
        before=before or "~",
        limit=limit + 1,
    )
    tokens = TOKEN.values(rows[:limit])
    return Page(tokens, tokens[-1].id if len(rows) > limit else None)
