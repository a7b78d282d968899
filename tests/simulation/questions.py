"""Tokens and approvals, held against every commit: each ends once, as was answered and no sooner, nobody waits for one
that has ended, and one with a time to come is watched."""

from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

from mainspring.model.approvals import Approval, ApprovalAnswer, ApprovalPerson, approval_channel
from mainspring.model.tokens import Token, token_channel
from mainspring.storage.shapes import APPROVAL, APPROVAL_ANSWER, APPROVAL_PERSON, TOKEN, Shape
from simulation.tables import Tables

_COLUMNS = ", ".join(TOKEN.columns)
T = TypeVar("T")


class Questions:
    """Of all environments."""

    def __init__(self, tables: Tables, hold: Callable[..., None]) -> None:
        self._tables = tables
        self._hold = hold
        self._ended: dict[str, Token] = {}
        self._decided: dict[str, tuple[str, int | None]] = {}

    def tokens(self) -> list[Token]:
        return TOKEN.values(self._tables.rows(f"select {_COLUMNS} from tokens"))

    def approvals(self) -> list[Approval]:
        return self._all(APPROVAL, "approvals")

    def _all(self, shape: Shape[T], table: str) -> list[T]:
        return shape.values(self._tables.rows(f"select {', '.join(shape.columns)} from {table}"))

    def committed(self) -> None:
        tokens = self.tokens()
        awaited = {
            (wait.environment_id, wait.channel)
            for wait in self._tables.waits.values()
            if wait.kind in ("token", "approval")
        }
        self._approvals(awaited)
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

    def _approvals(self, awaited: set[tuple[str, str | None]]) -> None:
        approvals = self.approvals()
        if not approvals:
            return
        people: dict[str, list[ApprovalPerson]] = defaultdict(list)
        for person in self._all(APPROVAL_PERSON, "approval_people"):
            people[person.approval_id].append(person)
        answers: dict[str, list[ApprovalAnswer]] = defaultdict(list)
        for answer in self._all(APPROVAL_ANSWER, "approval_answers"):
            answers[answer.approval_id].append(answer)
        for one in approvals:
            self._answered(one, people[one.id], answers[one.id])
            is_awaited = (one.environment_id, approval_channel(one.id)) in awaited
            if one.status == "WAITING":
                is_watched = (
                    one.timer_at is not None or (one.expires_at or one.remind_at or one.escalate_at) is None
                )
                self._hold(is_watched, "I5", "nothing looks at an approval when it is time", one)
                self._hold(one.news == "[]" or not is_awaited, "I7", "a run was not told its news", one)
                continue
            end = (one.status, one.ended_at)
            before = self._decided.setdefault(one.id, end)
            self._hold(before == end, "I7", "an approval ended twice", before, one)
            self._hold(not is_awaited, "I7", "somebody waits for an approval that has ended", one)

    def _answered(self, one: Approval, people: list[ApprovalPerson], answers: list[ApprovalAnswer]) -> None:
        """It stands as was answered: by as many as must, by nobody who is not asked."""
        may = {person.person for person in people if person.delegated_to is None}
        said = {answer.person for answer in answers}
        self._hold(said <= may - {one.requested_by}, "I7", "who may not answer did", one, answers)
        approvals = sum(answer.decision == "approve" for answer in answers)
        rejections = len(answers) - approvals
        can = len(may) - rejections >= one.quorum
        if one.status == "APPROVED":
            self._hold(approvals == one.quorum, "I7", "approved by too few or too many", one, answers)
        elif one.status == "REJECTED":
            self._hold(not can, "I7", "rejected too early", one, answers)
        elif one.status == "WAITING":
            self._hold(approvals < one.quorum and can, "I7", "decided, and still waits", one, answers)
        elif one.status == "EXPIRED":
            is_due = one.expires_at is not None and one.expires_at <= (one.ended_at or 0)
            self._hold(is_due, "I9", "expired early", one)
