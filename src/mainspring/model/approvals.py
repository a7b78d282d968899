"""An approval: a question of a run to people, each of whom approves or rejects it once."""

from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant
from mainspring.model.tasks import TaskLabel
from mainspring.model.tokens import TokenCreated

ApprovalStatus = Literal["WAITING", "APPROVED", "REJECTED", "EXPIRED", "CANCELLED"]
Decision = Literal["approve", "reject"]
#: How somebody may answer: with an API key, which vouches for who they are, or with their link.
ApprovalDoor = Literal["api", "link"]
_ASK = ": ask"
#: Why somebody is asked: from the beginning, because the others did not answer, or in place of another.
AskedAs = Literal["asked", "escalation", "delegated"]
#: Why somebody is told of an approval.
NoticeKind = Literal["asked", "reminder", "escalation", "delegated"]


@dataclass(frozen=True, slots=True)
class ApprovalDraft:
    """What is asked for. The id is made by the worker, so that asking again is harmless. Spans in microseconds."""

    approval_id: str
    title: str
    #: JSON text of what people are shown; a client with a codec has encrypted it. None: nothing.
    show: str | None
    #: JSON text of the JSON Schema of the form; None: there is none.
    form_schema: str | None
    #: Who is asked; empty: anybody.
    people: tuple[str, ...]
    #: So many must approve.
    quorum: int
    #: May not answer, and nobody may hand it to them.
    requested_by: str | None
    #: Ends it after this span; None: never.
    timeout: int | None
    #: Approvals of the run with the same one are rounds of one matter.
    correlation: str
    tags: tuple[str, ...]
    #: Where people reach the server: what their links begin with.
    base_url: str
    #: The run tells people by itself, and is woken when there is somebody to be told.
    tells: bool
    #: 256 random bits as hex: signs the links of the environment from now on, if it has no key yet. The engine has
    #: no chance of its own, and whoever makes drafts may answer for anybody anyway.
    spare_key: str
    #: Whoever has not answered is reminded each time this span has passed; None: nobody is.
    remind_every: int | None = None
    #: These are asked too if it is not decided after this span.
    escalate_after: int | None = None
    escalate_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """Said by a worker: `io.wait_for_approval`, kept in this very transaction. Output: its id and links."""

    task: TaskLabel
    draft: ApprovalDraft
    position: int
    kind: Literal["approval_asked"] = "approval_asked"


#: What a run says to ask the world outside.
Asked = TokenCreated | ApprovalAsked


@dataclass(frozen=True, slots=True)
class Approval:
    """One row of `approvals`. Instants in microseconds since the epoch; `show`, `form_schema`, `tags` are JSON text."""

    id: str
    environment_id: str
    run_id: str
    #: The key of the wait.
    task_key: str
    title: str
    show: str | None
    #: Digest of title, `show` and form: what whoever answered had before them.
    digest: str
    form_schema: str | None
    quorum: int
    requested_by: str | None
    correlation: str
    revision: int
    tags: str
    base_url: str
    tells: bool
    #: JSON array of those whom the run is still to tell: {"kind", "person", "url"}.
    news: str
    #: Attempts that were refused and stand in the history.
    refusals: int
    status: ApprovalStatus
    created_at: Instant
    expires_at: Instant | None
    #: Whoever has not answered is reminded after this span, next at this instant.
    remind_every: int | None
    remind_at: Instant | None
    #: Then these are asked too (JSON array). None: nobody, or they are.
    escalate_at: Instant | None
    escalate_to: str | None
    #: When the engine must look at it. None once it has ended.
    timer_at: Instant | None
    ended_at: Instant | None


@dataclass(frozen=True, slots=True)
class ApprovalPerson:
    """One row of `approval_people`: one who is asked."""

    approval_id: str
    person: str
    #: From 1, in the order in which they came to be asked.
    number: int
    kind: AskedAs
    asked_at: Instant
    from_person: str | None
    #: To whom they handed it: they cannot answer any more.
    delegated_to: str | None


@dataclass(frozen=True, slots=True)
class ApprovalAnswer:
    """One row of `approval_answers`: what one person answered."""

    approval_id: str
    #: "" of an answer whose sender did not say who they are.
    person: str
    #: From 1: the last one decides.
    number: int
    decision: Decision
    #: JSON text.
    form: str | None
    comment: str | None
    via: ApprovalDoor
    #: The network address it came from, as the server saw it.
    origin: str | None
    #: Of the request: sent again, it is told of its success again.
    request_key: str | None
    digest: str
    answered_at: Instant


def ask_key(key: str) -> str:
    """The key of the task that asks, before the wait called `key`."""
    return f"{key}{_ASK}"


def wait_key(key: str) -> str:
    """The key of the wait that follows the task that asks: `ask_key` undone, also in the keys of tasks within tasks
    and of repeated ones."""
    head, asks, rest = key.rpartition(_ASK)
    return head + rest if asks else key


def approval_channel(approval_id: str) -> str:
    """The channel on which the news of an approval are announced."""
    return f"approval:{approval_id}"


def same_person(one: str | None, other: str | None) -> bool:
    """Whether two names are one person: however they are written, nobody may approve what they asked for."""
    return one is not None and other is not None and one.strip().casefold() == other.strip().casefold()
