"""A mend per rule that has one: the engine's own rules, applied to a run that they passed over.

Each mend is called with the run held and the finding just found again, so nothing is done on old news.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mainspring.audit import findings as rules
from mainspring.audit.rows import Case
from mainspring.audit.tasks import waits_for
from mainspring.clock import from_iso
from mainspring.codec import decode
from mainspring.engine.approvals import check_approval_waits
from mainspring.engine.batch import Batch
from mainspring.engine.blame import release_run
from mainspring.engine.cancels import cancel_run
from mainspring.engine.children import check_run_waits
from mainspring.engine.commands import CancelRun
from mainspring.engine.runs import earliest, end_run
from mainspring.engine.tokens import check_token_waits
from mainspring.engine.waits import NewWait, check_new_waits, wake_runs
from mainspring.model.approvals import approval_channel
from mainspring.model.runs import FINAL_RUN_STATUSES, Run
from mainspring.model.tokens import token_channel
from mainspring.model.waits import Wait, event_channel, run_channel
from mainspring.storage.shapes import WAIT


@dataclass(frozen=True, slots=True)
class Patient:
    """A run that is held for its mend."""

    run: Run
    case: Case
    #: The tasks of the findings.
    keys: tuple[str, ...]

    @property
    def leased(self) -> tuple[str, str, int]:
        return (self.run.environment_id, self.run.id, self.run.lease)


Mend = Callable[[Batch, Patient], None]


# ── the run ──────────────────────────────────────────────────────────────────────────────────────────
def _give_back(batch: Batch, patient: Patient) -> None:
    run = patient.run
    reason = {"worker": run.worker_id, "reason": "repaired"}
    batch.record((run.environment_id, run.id), "WORKER_LOST", data=reason)
    if run.cancel_requested_at is not None:
        end_run(batch, patient.leased, "CANCELLED")
    else:
        release_run(batch, patient.leased, (run.crashes, run.faults))


def _tidy(batch: Batch, patient: Patient) -> None:
    run = patient.run
    timer_at = None if run.status in FINAL_RUN_STATUSES else earliest(run.timer_at, run.deadline_at)
    row = {"id": run.id, "lease": run.lease, "status": run.status, "timer_at": timer_at}
    batch.tx.run("repair_run", **row)
    batch.wake.at(timer_at)


def _make_ready(batch: Batch, patient: Patient) -> None:
    """At once, or when its delay is over."""
    run = patient.run
    if run.available_at > batch.now:
        timer_at = earliest(run.available_at, run.deadline_at)
        row = {"id": run.id, "lease": run.lease, "status": run.status, "timer_at": timer_at}
        batch.tx.run("repair_run", **row)
        batch.wake.at(timer_at)
    else:
        batch.later("admit_run", {"id": run.id, "timer_at": earliest(run.expires_at, run.deadline_at)})
        batch.wake.ready.add(run.environment_id)


def _let_go(batch: Batch, patient: Patient) -> None:
    run = patient.run
    batch.tx.run("let_go", environment_id=run.environment_id, name=run.queue)
    batch.wake.ready.add(run.environment_id)


def _wake(batch: Batch, patient: Patient) -> None:
    wake_runs(batch, {patient.run.id})


def _cancel(batch: Batch, patient: Patient) -> None:
    cancel_run(batch, CancelRun(patient.run.environment_id, patient.run.id))


def _close(batch: Batch, patient: Patient) -> None:
    batch.tx.run("delete_waits_of_runs", run_ids=[patient.run.id])
    batch.tx.run("close_tasks", run_ids=[patient.run.id], now=batch.now)


# ── its waits ────────────────────────────────────────────────────────────────────────────────────────
def _waits(batch: Batch, patient: Patient) -> list[Wait]:
    """The open waits of the findings."""
    waits = WAIT.values(batch.tx.rows("waits_of_runs", run_ids=[patient.run.id]))
    return [wait for wait in waits if wait.task_key in patient.keys]


def _register_again(batch: Batch, patient: Patient) -> None:
    """A wait for a time, a run or a token: all there was to it stands in the history."""
    run = patient.run
    for key in patient.keys:
        said = waits_for(patient.case, key)
        due_at = from_iso(said["until"]) if "until" in said else None
        kind, channel = said["kind"], None
        if kind != "time":
            channel = run_channel(said["run"]) if kind == "run" else token_channel(said["token"])
        wait = Wait(run.id, key, run.environment_id, kind, due_at, channel, None, batch.now)  # type: ignore[arg-type]  # one of three literals
        batch.later("insert_wait", wait)
        batch.wake.at(due_at)
        batch.flush()
        if kind == "run":
            check_run_waits(batch, [NewWait(wait, target_run_ids=(said["run"],))])
        check_token_waits(batch, [wait])


def _drop_wait(batch: Batch, patient: Patient) -> None:
    for key in patient.keys:
        batch.later("delete_wait", {"run_id": patient.run.id, "task_key": key})


def _answer(batch: Batch, patient: Patient) -> None:
    """As if the waits were new: what ended before counts."""
    check_run_waits(batch, [NewWait(wait, target_run_ids=_targets(wait)) for wait in _waits(batch, patient)])


def _targets(wait: Wait) -> tuple[str, ...]:
    if wait.kind == "runs":
        return tuple(decode(wait.filter or "[]"))
    return ((wait.channel or "").removeprefix(run_channel("")),)


def _hear(batch: Batch, patient: Patient) -> None:
    """As if the waits were new: the oldest event that fits is theirs."""
    run = patient.case.run
    new = []
    for wait in _waits(batch, patient):
        name, has_id, asked = (wait.channel or "").removeprefix(event_channel("", None)).partition("\n")
        correlation_id = asked if has_id else None
        new.append(NewWait(wait, name, correlation_id, run.heard_from, run.event_id))
    check_new_waits(batch, new)


def _ask_again(batch: Batch, patient: Patient) -> None:
    """Its attempt asks the breaker, which holds it again if it must."""
    for key in patient.keys:
        batch.later("retry_task", {"run_id": patient.run.id, "key": key, "now": batch.now})
        batch.later("delete_wait", {"run_id": patient.run.id, "task_key": key})
    batch.flush()
    wake_runs(batch, {patient.run.id})


def _stand_back(batch: Batch, patient: Patient) -> None:
    batch.tx.run("repair_admitted", id=patient.run.id)


def _look_at_queue(batch: Batch, patient: Patient) -> None:
    """Admission looks at the queue of every run that is repaired."""
    batch.touch(patient.run.environment_id, patient.run.queue, patient.run.concurrency_key)


def _tell_of_tokens(batch: Batch, patient: Patient) -> None:
    """As if the waits were new: a token that ended before counts."""
    check_token_waits(batch, _waits(batch, patient))


def _watch_tokens(batch: Batch, patient: Patient) -> None:
    ids = {(wait.channel or "").removeprefix(token_channel("")) for wait in _waits(batch, patient)}
    batch.tx.run_many("watch_token", [{"id": token_id} for token_id in sorted(ids)])
    batch.wake.at(batch.now)


def _tell_of_approvals(batch: Batch, patient: Patient) -> None:
    """As if the waits were new: what was decided before counts."""
    check_approval_waits(batch, _waits(batch, patient))


def _watch_approvals(batch: Batch, patient: Patient) -> None:
    """The engine looks at each now, and sets its timer."""
    ids = {(wait.channel or "").removeprefix(approval_channel("")) for wait in _waits(batch, patient)}
    batch.tx.run_many("watch_approval_again", [{"id": one, "now": batch.now} for one in sorted(ids)])
    batch.wake.at(batch.now)


#: By the id of the rule.
MENDS: dict[str, Mend] = {
    rules.ADMITTED_OVER_LIMIT.id: _stand_back,
    rules.KEY_PASSED_OVER.id: _look_at_queue,
    rules.LINE_STANDS_STILL.id: _look_at_queue,
    rules.LEASE_WITHOUT_HOLDER.id: _give_back,
    rules.HELD_BUT_NOT_RUNNING.id: _tidy,
    rules.READY_BUT_NOT_PENDING.id: _tidy,
    rules.END_NOT_CLEAN.id: _tidy,
    rules.DEADLINE_UNWATCHED.id: _tidy,
    rules.NEVER_STARTS.id: _make_ready,
    rules.HELD_FOR_NOTHING.id: _let_go,
    rules.SLOT_NOT_FREED.id: _tidy,
    rules.WAITS_FOR_NOTHING.id: _wake,
    rules.CHILD_OUTLIVES_CANCEL.id: _cancel,
    rules.OPEN_AFTER_END.id: _close,
    rules.WAIT_MISSING.id: _register_again,
    rules.WAIT_LEFT_OVER.id: _drop_wait,
    rules.WAIT_NOT_ANSWERED.id: _answer,
    rules.EVENT_NOT_HEARD.id: _hear,
    rules.BREAKER_UNWATCHED.id: _ask_again,
    rules.TOKEN_NOT_HEARD.id: _tell_of_tokens,
    rules.TOKEN_UNWATCHED.id: _watch_tokens,
    rules.APPROVAL_NOT_HEARD.id: _tell_of_approvals,
    rules.APPROVAL_UNWATCHED.id: _watch_approvals,
}
