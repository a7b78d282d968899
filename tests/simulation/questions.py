"""Tokens, held against every commit: each ends once, nobody waits for one that has ended, and one that expires is
watched."""

from collections.abc import Callable

from mainspring.model.tokens import Token, token_channel
from mainspring.storage.shapes import TOKEN
from simulation.tables import Tables

_COLUMNS = ", ".join(TOKEN.columns)


class Questions:
    """Of all environments."""

    def __init__(self, tables: Tables, hold: Callable[..., None]) -> None:
        self._tables = tables
        self._hold = hold
        self._ended: dict[str, Token] = {}

    def tokens(self) -> list[Token]:
        return TOKEN.values(self._tables.rows(f"select {_COLUMNS} from tokens"))

    def committed(self) -> None:
        tokens = self.tokens()
        awaited = {
            (wait.environment_id, wait.channel)
            for wait in self._tables.waits.values()
            if wait.kind == "token"
        }
        for token in tokens:
            if token.status == "WAITING":
                is_watched = token.expires_at is None or token.timer_at is not None
                self._hold(is_watched, "I5", "nothing will let a token expire", token)
                continue
            before = self._ended.setdefault(token.id, token)
            self._hold(before == token, "I7", "a token ended twice", before, token)
            if token.expired_at is not None:
                is_due = token.expires_at is not None and token.expires_at <= token.expired_at
                self._hold(is_due, "I9", "expired early", token)
            place = (token.environment_id, token_channel(token.id))
            self._hold(place not in awaited, "I7", "somebody waits for a token that has ended", token)
