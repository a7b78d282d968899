"""Rules over waits for tokens (I7, I5): one that has ended leaves nobody waiting, and one that expires is watched."""

from collections.abc import Iterator

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding
from mainspring.audit.reading import Page
from mainspring.audit.rows import Case, WaitRow
from mainspring.audit.runs import found
from mainspring.model.tokens import token_channel
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import TOKEN

_CHANNEL = token_channel("")


def check_tokens(tx: Transaction, page: Page) -> Iterator[Finding]:
    """Open waits of a page for tokens that are not there, have ended, or would never expire."""
    waits: list[tuple[Case, WaitRow, str]] = [
        (case, wait, (wait.channel or "").removeprefix(_CHANNEL))
        for case in page.cases.values()
        for wait in case.waits.values()
        if wait.kind == "token" and not case.run.is_final
    ]
    if not waits:
        return
    rows = tx.rows("tokens_by_ids", ids=sorted({token_id for _, _, token_id in waits}))
    tokens = {(token.environment_id, token.id): token for token in TOKEN.values(rows)}
    for case, wait, token_id in waits:
        token = tokens.get((wait.environment_id, token_id))
        if token is None or token.status != "WAITING":
            state = "is not there" if token is None else f"is {token.status}"
            message = f"it waits for {token_id}, which {state}"
            yield found(case.run, rules.TOKEN_NOT_HEARD, message, wait.task_key)
        elif token.expires_at is not None and token.timer_at is None:
            message = f"it waits for {token_id}, which should expire, but nothing will see to it"
            yield found(case.run, rules.TOKEN_UNWATCHED, message, wait.task_key)
