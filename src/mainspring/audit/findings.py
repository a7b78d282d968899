"""What the auditor may find: each rule once, with the invariant it guards and what a repair would do."""

from dataclasses import dataclass
from typing import Literal

Invariant = Literal["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I11", "I12"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is looked at. Invariants are those of the design: docs/concepts/durability.md."""

    id: str
    invariant: Invariant
    #: What `--repair` does about it; for a rule that is not mended, what a person can do.
    mend: str
    #: The repair can lose and repeat nothing, so it may be made without asking.
    is_mended: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule does not hold."""

    rule: Rule
    message: str
    environment_id: str | None = None
    run_id: str | None = None
    task_key: str | None = None
    event_id: str | None = None
    #: The group of failures.
    error_id: str | None = None

    def __str__(self) -> str:
        place = [self.run_id or self.event_id, self.task_key]
        return f"{self.rule.invariant} {self.rule.id}: {' '.join(p for p in place if p)}: {self.message}"


_REPLAY = "Not mended: look at the run's history, then cancel or replay the run."
_RESTORE = "Not mended: rows are missing. Restore them from a backup, or take the loss."

# ── runs ─────────────────────────────────────────────────────────────────────────────────────────────
LEASE_WITHOUT_HOLDER = Rule(
    "lease-without-holder",
    "I4",
    "Puts the run back at the head of its queue, to go on from its last checkpoint.",
    is_mended=True,
)
HELD_BUT_NOT_RUNNING = Rule("held-but-not-running", "I4", "Takes the holder off the run.", is_mended=True)
NEVER_STARTS = Rule("never-starts", "I5", "Makes the run claimable.", is_mended=True)
READY_BUT_NOT_PENDING = Rule(
    "ready-but-not-pending", "I4", "Takes the run out of the ready set.", is_mended=True
)
HELD_FOR_NOTHING = Rule(
    "held-for-nothing", "I5", "Makes the run claimable: its queue has no limits any more.", is_mended=True
)
BEHIND_NOBODY = Rule(
    "behind-nobody", "I5", "Not mended: cancel the run, and start or replay it; the first of them leads."
)
SLOT_NOT_FREED = Rule(
    "slot-not-freed",
    "I6",
    "Takes the slot off the run and gives it to the next of the queue.",
    is_mended=True,
)
ADMITTED_OVER_LIMIT = Rule(
    "admitted-over-limit", "I6", "Puts the run back into the line of its queue.", is_mended=True
)
KEY_PASSED_OVER = Rule("key-passed-over", "I5", "Gives its concurrency key turns again.", is_mended=True)
LINE_STANDS_STILL = Rule("line-stands-still", "I5", "Gives the free slots to who is next.", is_mended=True)
SLOT_RAN_TWICE = Rule("slot-ran-twice", "I8", "Not mended: cancel the run that is too many.")
WAITS_FOR_NOTHING = Rule(
    "waits-for-nothing",
    "I5",
    "Wakes the run: it goes on from its last checkpoint.",
    is_mended=True,
)
DEADLINE_UNWATCHED = Rule("deadline-unwatched", "I5", "Sets the run's timer to its deadline.", is_mended=True)
END_NOT_CLEAN = Rule("end-not-clean", "I5", "Takes the timer off the ended run.", is_mended=True)
END_CONTRADICTS = Rule("end-contradicts", "I2", _REPLAY)
CHILD_OUTLIVES_CANCEL = Rule(
    "child-outlives-cancel", "I5", "Cancels the child, as its parent was.", is_mended=True
)
PARENT_MISSING = Rule("parent-missing", "I1", _RESTORE)
CROSSED_ENVIRONMENTS = Rule(
    "crossed-environments", "I12", "Not mended: find out who wrote it, and whose data it shows."
)

# ── tasks and waits ──────────────────────────────────────────────────────────────────────────────────
OPEN_AFTER_END = Rule(
    "open-after-end",
    "I5",
    "Closes the tasks and waits that an ended run left open.",
    is_mended=True,
)
TASK_CONTRADICTS = Rule("task-contradicts", "I2", _REPLAY)
WAIT_MISSING = Rule(
    "wait-missing", "I5", "Registers the wait again, as the history tells of it.", is_mended=True
)
WAIT_UNKNOWN = Rule(
    "wait-unknown",
    "I5",
    "Not mended: what would have resolved the wait is not known any more. Cancel or replay the run.",
)
WAIT_LEFT_OVER = Rule(
    "wait-left-over", "I7", "Removes the wait: its task has its outcome already.", is_mended=True
)
WAIT_NOT_ANSWERED = Rule(
    "wait-not-answered",
    "I7",
    "Resolves the wait with the result of the run, or runs, it waits for.",
    is_mended=True,
)
EVENT_NOT_HEARD = Rule(
    "event-not-heard", "I7", "Resolves the wait with the oldest event that fits.", is_mended=True
)
BREAKER_UNWATCHED = Rule(
    "breaker-unwatched", "I5", "Wakes the task: it asks its breaker again.", is_mended=True
)
TOKEN_NOT_HEARD = Rule(
    "token-not-heard",
    "I7",
    "Resolves the wait with what the token came to; a token that is not there is told as such.",
    is_mended=True,
)
TOKEN_UNWATCHED = Rule("token-unwatched", "I5", "Sets the token's timer to its expiry.", is_mended=True)
APPROVAL_NOT_HEARD = Rule(
    "approval-not-heard",
    "I7",
    "Resolves the wait with what the approval came to, or with whom its run is to tell.",
    is_mended=True,
)
APPROVAL_UNWATCHED = Rule(
    "approval-unwatched", "I5", "Sets the approval's timer to the time that comes next.", is_mended=True
)
KEPT_DIFFERS = Rule("kept-differs", "I2", _REPLAY)
EVENT_CROSSED = Rule("event-crossed", "I7", _REPLAY)

# ── history ──────────────────────────────────────────────────────────────────────────────────────────
HISTORY_GAP = Rule("history-gap", "I2", "Not mended: what happened there cannot be known. The run goes on.")
HISTORY_ILLEGAL = Rule("history-illegal", "I4", _REPLAY)
HISTORY_CONTRADICTS = Rule("history-contradicts", "I2", _REPLAY)
COMPLETED_TWICE = Rule("completed-twice", "I2", _REPLAY)
EFFECT_REPEATED = Rule("effect-repeated", "I2", _REPLAY)
RESOLVED_TWICE = Rule("resolved-twice", "I7", _REPLAY)

# ── events ───────────────────────────────────────────────────────────────────────────────────────────
EVENT_WITHOUT_RUN = Rule(
    "event-without-run",
    "I1",
    "Not mended: whether its work was done elsewhere is not known. `mainspring trigger JOB` starts the run.",
)
EVENT_RAN_TWICE = Rule("event-ran-twice", "I1", "Not mended: cancel the run that is too many.")
EVENT_CONTRADICTS = Rule("event-contradicts", "I1", "Not mended: look at the event and the runs it started.")
EVENT_LEFT_OUT = Rule(
    "event-left-out",
    "I1",
    "Not mended: compare the run's payload with its events (`mainspring events list --run RUN`), then replay it.",
)
EVENT_MISSING = Rule("event-missing", "I1", _RESTORE)

# ── rows without their run ───────────────────────────────────────────────────────────────────────────
WAIT_WITHOUT_RUN = Rule(
    "wait-without-run", "I7", "Removes the wait: there is no run that it could wake.", is_mended=True
)
RUN_MISSING = Rule("run-missing", "I1", _RESTORE)

# ── counts ───────────────────────────────────────────────────────────────────────────────────────────
COUNT_DIFFERS = Rule(
    "count-differs",
    "I2",
    "Counts the ended runs of the environment anew; servers wait until it is done.",
    is_mended=True,
)

ERROR_DIFFERS = Rule(
    "error-differs",
    "I2",
    "Counts the runs of the error anew; of one that is not there a server makes it again from its runs.",
    is_mended=True,
)

# ── what clients saw ─────────────────────────────────────────────────────────────────────────────────
_ASK = "Not mended: something that was confirmed does not hold."
CONFIRMED_LOST = Rule("confirmed-lost", "I1", _ASK)
REFUSED_KEPT = Rule("refused-kept", "I11", "Not mended: something that was refused was kept all the same.")
ANSWERS_DIFFER = Rule("answers-differ", "I11", "Not mended: one request had two different answers.")
LEASE_GRANTED_TWICE = Rule("lease-granted-twice", "I4", "Not mended: two workers were told they hold a run.")
STALE_WRITE_KEPT = Rule("stale-write-kept", "I4", "Not mended: a worker without the lease wrote to a run.")
OUTCOME_CHANGED = Rule("outcome-changed", "I2", "Not mended: an outcome is not what a client was told.")
DONE_AGAIN = Rule("done-again", "I2", "Not mended: a task's body ran after its completion was confirmed.")
CHECKPOINT_WITHHELD = Rule(
    "checkpoint-withheld", "I2", "Not mended: a worker was not given a task that had finished before."
)
NOT_FINISHED = Rule("not-finished", "I5", "Not mended: find out what the run stands for.")
