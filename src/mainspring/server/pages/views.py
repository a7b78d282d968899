"""What the page of an approval is drawn from: plain facts, read out of what the engine keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mainspring.clock import Instant

Outcome = Literal["WAITING", "APPROVED", "REJECTED", "EXPIRED", "CANCELLED"]


@dataclass(frozen=True, slots=True)
class Said:
    """One answer."""

    by: str | None
    decision: Literal["approve", "reject"]
    at: Instant
    comment: str | None = None
    #: The form's value; None: there was none.
    form: Any = None
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One of those who are asked."""

    person: str
    #: To whom they handed it, from whom they have it, and whether they were asked because others did not answer.
    gave_to: str | None = None
    has_from: str | None = None
    is_escalation: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """An earlier approval of the same matter."""

    revision: int
    outcome: Outcome
    show: Any
    answers: Sequence[Said] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One approval, as one person with a link sees it."""

    id: str
    title: str
    run_id: str
    status: Outcome
    show: Any
    created_at: Instant
    expires_at: Instant | None
    ended_at: Instant | None
    now: Instant
    #: Whose link it is; None: anybody's.
    person: str | None
    people: Sequence[Asked] = ()
    answers: Sequence[Said] = ()
    quorum: int = 1
    revision: int = 1
    requested_by: str | None = None
    earlier: Sequence[Round] = ()

    @property
    def mine(self) -> Said | None:
        """The answer of whoever looks at it."""
        return next((one for one in self.answers if self.person is not None and one.by == self.person), None)

    @property
    def me(self) -> Asked | None:
        return next((one for one in self.people if one.person == self.person), None)

    @property
    def approvals(self) -> int:
        return sum(one.decision == "approve" for one in self.answers)
