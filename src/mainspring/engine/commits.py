"""Commits: what workers report, checked against their leases, each exactly once however often it arrives."""

from dataclasses import dataclass, field
from typing import Any

from mainspring.codec import decode, encode
from mainspring.engine.approval_commands import AskApproval
from mainspring.engine.approvals import ask_approval, check_approval_waits
from mainspring.engine.batch import Batch
from mainspring.engine.breakers import concern_breakers, kept_admissions
from mainspring.engine.cancels import stop_cancelled
from mainspring.engine.checkpoints import checkpoint, undelivered
from mainspring.engine.children import check_run_waits, settle_ended
from mainspring.engine.commands import Commit, EventSent, SendEvents, TriggerRuns
from mainspring.engine.events import send_events
from mainspring.engine.leased import LeasedRun
from mainspring.engine.opened import OpenReport, TaskRow, task_row
from mainspring.engine.reports import ENDINGS, apply_items
from mainspring.engine.runs import Origin, start_runs
from mainspring.engine.shown import event_json, failure_json
from mainspring.engine.skips import outcomes_to_text
from mainspring.engine.store import use_store_from_runs
from mainspring.engine.token_commands import CreateToken
from mainspring.engine.tokens import check_token_waits, create_token, token_json
from mainspring.engine.waits import check_new_waits
from mainspring.errors import MainspringError
from mainspring.model.approvals import Asked, wait_key
from mainspring.model.failures import Failure
from mainspring.model.protocol import (
    CommitAnswer,
    EventsSent,
    ItemAnswer,
    ReportAnswer,
    RunCancelConfirmed,
    RunParked,
    RunReport,
    RunsTriggered,
    RunSucceeded,
    StoreUsed,
)
from mainspring.model.runs import RunStatus
from mainspring.model.tasks import TaskLabel
from mainspring.model.tokens import TokenCreated
from mainspring.model.workers import WorkerStatus
from mainspring.storage.database import Question
from mainspring.storage.shapes import TASK

Answer = CommitAnswer | MainspringError
Rows = list[tuple[Any, ...]]

#: After one of these in a report the worker lets go of the run.
_LAST_ITEMS: frozenset[type] = frozenset((RunParked, *ENDINGS))
#: The only status that some of them leave for good.
_ENDS_AS: dict[type, RunStatus] = {RunSucceeded: "SUCCESS", RunCancelConfirmed: "CANCELLED"}


@dataclass(frozen=True, slots=True)
class _Reporter:
    """A worker that reports; the columns of `reporters`, in order."""

    id: str
    environment_id: str
    status: WorkerStatus
    commit_seq: int


@dataclass(slots=True)
class _Opened:
    """One commit on its way: per report either an answer already, or a report being applied."""

    reports: list[ReportAnswer | OpenReport] = field(default_factory=list)


def apply_commits(batch: Batch, commits: list[Commit]) -> list[Answer]:
    """Applies commits; those of one worker that arrived twice in one batch are applied one after the other."""
    answers: list[Answer | None] = [None] * len(commits)
    waiting = list(range(len(commits)))
    while waiting:
        round_: list[int] = []
        rest: list[int] = []
        seen: set[str] = set()
        for index in waiting:
            worker_id = commits[index].request.worker_id
            (rest if worker_id in seen else round_).append(index)
            seen.add(worker_id)
        for index, answer in zip(round_, _apply_round(batch, [commits[i] for i in round_]), strict=True):
            answers[index] = answer
        waiting = rest
    return [answer for answer in answers if answer is not None]


def _apply_round(batch: Batch, commits: list[Commit]) -> list[Answer]:
    reporters, leased = _look_up(batch, commits)
    workers = _workers(batch, reporters)
    leases = {row[0]: LeasedRun(*row) for row in leased}
    tasks: dict[str, dict[str, TaskRow]] = {}
    answers: list[Answer | _Opened] = []
    for commit in commits:
        request = commit.request
        worker = workers.get(request.worker_id)
        if worker is None or worker.status == "GONE" or worker.environment_id != commit.environment_id:
            answers.append(CommitAnswer((), unknown_worker=True))
        elif request.commit_seq <= worker.commit_seq:
            answers.append(_answer_again(batch, commit, leases))
        else:
            batch.later("record_commit", {"id": worker.id, "commit_seq": request.commit_seq})
            answers.append(_open(batch, commit, leases, tasks))
    opened = [r for a in answers if isinstance(a, _Opened) for r in a.reports if isinstance(r, OpenReport)]
    _apply_effects(batch, opened)
    return [_close(batch, answer) if isinstance(answer, _Opened) else answer for answer in answers]


def _look_up(batch: Batch, commits: list[Commit]) -> tuple[Rows, Rows]:
    """The workers that report, and the runs they report on. With these the parents of runs that end are held, all
    in one order: they may be told of it, and another server may hold one of them and wait for one of ours."""
    reports = [report for commit in commits for report in commit.request.reports]
    ids = sorted({report.run_id for report in reports})
    ending = sorted({r.run_id for r in reports if not ENDINGS.isdisjoint(map(type, r.items))})
    questions: list[Question] = [
        ("reporters", {"ids": sorted({commit.request.worker_id for commit in commits})}),
        ("leased_runs", {"ids": ids}),
    ]
    if ending:
        questions.insert(1, ("hold_with_parents", {"ids": ids, "ending": ending}))
    found = batch.tx.ask(*questions)
    return found[0], found[-1]


def _workers(batch: Batch, rows: Rows) -> dict[str, _Reporter]:
    return {row[0]: _Reporter(*row) for row in rows}


def _open(
    batch: Batch,
    commit: Commit,
    leases: dict[str, LeasedRun],
    tasks: dict[str, dict[str, TaskRow]],
) -> _Opened:
    """`tasks` by run and key: a run may be in several reports, a task is kept once."""
    opened = _Opened()
    ended: set[str] = set()
    for report in commit.request.reports:
        run = leases.get(report.run_id)
        if not _holds(run, commit.request.worker_id, report) or run is None or run.id in ended:
            opened.reports.append(ReportAnswer(report.run_id, "lost"))
            continue
        if not _LAST_ITEMS.isdisjoint(map(type, report.items)):
            ended.add(run.id)
            if run.singleton_key is None:
                batch.unfollowed.add(run.id)
            if run.slot:
                batch.touch(run.environment_id, run.queue, run.concurrency_key)
        applied = OpenReport(run, report, tasks.setdefault(run.id, {}))
        apply_items(batch, applied)
        opened.reports.append(applied)
    return opened


def _holds(run: LeasedRun | None, worker_id: str, report: RunReport) -> bool:
    """The fence (I4): only the newest lease, while it lasts, may commit."""
    return (
        run is not None
        and run.status == "RUNNING"
        and run.lease == report.lease
        and run.worker_id == worker_id
    )


# ── effects: events, children, store ─────────────────────────────────────────────────────────────────
def _apply_effects(batch: Batch, reports: list[OpenReport]) -> None:
    """After the rows are written: searches for new waits first, then what the runs themselves send."""
    concern_breakers(batch, reports)
    _save_tasks(batch, reports)
    batch.flush()
    _trigger(batch, [(r, i, item) for r in reports for i, item in r.triggers])
    _put_questions(batch, [(r, i, item) for r in reports for i, item in r.questions])
    new_waits = [new for report in reports for new in report.new_waits]
    check_new_waits(batch, new_waits)
    check_run_waits(batch, new_waits)
    check_token_waits(batch, [new.wait for new in new_waits])
    check_approval_waits(batch, [new.wait for new in new_waits])
    settle_ended(batch)  # runs that ended listen no more
    _send(batch, [(r, i, item) for r in reports for i, item in r.sends])
    _use_store(batch, [(r, i, item) for r in reports for i, item in r.store_uses])
    _save_tasks(batch, reports)
    _park(batch, [report for report in reports if report.parked is not None])
    batch.flush()


def _save_tasks(batch: Batch, reports: list[OpenReport]) -> None:
    """The tasks as the reports leave them, each once."""
    for report in reports:
        for row in report.tasks.values():
            batch.later("save_task" if isinstance(row, dict) else "save_whole_task", row)
        report.tasks.clear()


def _send(batch: Batch, sends: list[tuple[OpenReport, int, EventsSent]]) -> None:
    if not sends:
        return
    commands = [SendEvents(report.run.environment_id, item.events) for report, _, item in sends]
    for (report, index, item), sent in zip(sends, send_events(batch, commands), strict=True):
        output = "[" + ",".join(_sent_json(one) for one in sent) + "]"
        _effect_done(batch, report, index, item.task, item.position, output)


def _sent_json(sent: EventSent) -> str:
    runs = encode([{"id": run.id, "job_id": run.job_id} for run in sent.runs], what="runs")
    rejected = outcomes_to_text(sent.rejections, ())
    return f'{event_json(sent.event)[:-1]},"runs":{runs},"rejected":{rejected}}}'


def _trigger(batch: Batch, triggers: list[tuple[OpenReport, int, RunsTriggered]]) -> None:
    if not triggers:
        return
    calls = [
        (TriggerRuns(report.run.environment_id, item.runs), Origin(None, report.run.id, item.task.key))
        for report, _, item in triggers
    ]
    for (report, index, item), started in zip(triggers, start_runs(batch, calls), strict=True):
        if isinstance(started, MainspringError):
            failure = Failure(type(started).__name__, str(started), started.code, task_key=item.task.key)
            _effect_failed(batch, report, index, item.task, item.position, failure)
        else:
            output = encode([{"id": run.id, "job_id": run.job_id} for run in started], what="runs")
            _effect_done(batch, report, index, item.task, item.position, output)


def _use_store(batch: Batch, uses: list[tuple[OpenReport, int, StoreUsed]]) -> None:
    if not uses:
        return
    operations = [(report.run.environment_id, item.operation) for report, _, item in uses]
    for (report, index, item), result in zip(uses, use_store_from_runs(batch, operations), strict=True):
        output = (
            f'{{"ok":{_flag(result.ok)},"exists":{_flag(result.exists)},'
            f'"value":{result.value or "null"},"version":{result.version}}}'
        )
        _effect_done(batch, report, index, item.task, item.position, output)


def _put_questions(batch: Batch, questions: list[tuple[OpenReport, int, Asked]]) -> None:
    for report, index, item in questions:
        run = report.run
        if isinstance(item, TokenCreated):
            made = create_token(batch, CreateToken(run.environment_id, item.draft, run.id, item.task.key))
            output = token_json(made.token, item.url)
        else:
            output = ask_approval(
                batch, AskApproval(run.environment_id, run.id, wait_key(item.task.key), item.draft)
            )
        _effect_done(batch, report, index, item.task, item.position, output)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _effect_done(
    batch: Batch, report: OpenReport, index: int, label: TaskLabel, position: int, output: str
) -> None:
    row = task_row(batch, report, label, "SUCCESS", 1)
    row.update(output=output, position=position, finished_at=batch.now)
    batch.record(report.who, "TASK_COMPLETED", label.key, 1)
    report.answers.append(ItemAnswer(index, output=output))


def _effect_failed(
    batch: Batch, report: OpenReport, index: int, label: TaskLabel, position: int, failure: Failure
) -> None:
    row = task_row(batch, report, label, "FAILED", 1)
    row.update(failure=failure_json(failure), position=position, finished_at=batch.now)
    batch.record(report.who, "TASK_FAILED", label.key, 1, {"message": failure.message})
    report.answers.append(ItemAnswer(index, failure=failure))


# ── parking ──────────────────────────────────────────────────────────────────────────────────────────
def _park(batch: Batch, reports: list[OpenReport]) -> None:
    """Parks runs, but not one of which a wait has resolved meanwhile: its answer carries the outcome."""
    if not reports:
        return
    batch.flush()
    rows = batch.tx.rows("waits_of_runs", run_ids=sorted({report.run.id for report in reports}))
    unresolved = {(row[0], row[1]) for row in rows}
    for report in reports:
        run, keys = report.run, report.parked.waiting_for if report.parked else ()
        if run.cancel_requested_at is not None:
            stop_cancelled(batch, report.leased, run.job_id, run.cancel_requested_at)
        elif keys and unresolved.issuperset((run.id, key) for key in keys):
            batch.later("park_run", {"id": run.id, "lease": run.lease})
            batch.record(report.who, "JOB_WAITING", data={"for": list(keys)})
        else:
            report.parked = None


def _close(batch: Batch, opened: _Opened) -> CommitAnswer:
    refused = [
        report.run.id
        for report in opened.reports
        if isinstance(report, OpenReport) and report.asked_to_park and report.parked is None
    ]
    resolved = undelivered(batch, refused)
    answers = []
    for report in opened.reports:
        if isinstance(report, OpenReport):
            answers.append(
                ReportAnswer(
                    report.run.id,
                    "ok",
                    tuple(sorted(report.answers, key=_index)) if report.answers else (),
                    resolved.get(report.run.id, ()),
                    parked=report.parked is not None,
                )
            )
        else:
            answers.append(report)
    return CommitAnswer(tuple(answers))


def _index(answer: ItemAnswer) -> int:
    return answer.index


def _asks_to_park(report: RunReport) -> bool:
    return any(isinstance(item, RunParked) for item in report.items)


def _may_have_given_up(run: LeasedRun, report: RunReport) -> bool:
    """Whether it was this report that ended the lease, as far as the run's status can tell."""
    last = next((item for item in report.items if type(item) in _LAST_ITEMS), None)
    if last is None:
        return False
    return run.status == _ENDS_AS.get(type(last), run.status)


# ── redelivery ───────────────────────────────────────────────────────────────────────────────────────
def _answer_again(batch: Batch, commit: Commit, leases: dict[str, LeasedRun]) -> CommitAnswer:
    """A commit that was applied already: the same answer out of what is kept, and nothing is written (I11)."""
    answers = []
    for report in commit.request.reports:
        run = leases.get(report.run_id)
        if run is None or run.lease != report.lease or run.environment_id != commit.environment_id:
            answers.append(ReportAnswer(report.run_id, "lost"))
            continue
        held = _holds(run, commit.request.worker_id, report)
        if not held and not _may_have_given_up(run, report):  # somebody else ended it, before or after
            answers.append(ReportAnswer(report.run_id, "lost"))
            continue
        asked = _asks_to_park(report)
        resolved = undelivered(batch, [run.id]).get(run.id, ()) if asked and held else ()
        items = _kept_answers(batch, report)
        answers.append(ReportAnswer(report.run_id, "ok", items, resolved, parked=asked and not held))
    return CommitAnswer(tuple(answers))


def _kept_answers(batch: Batch, report: RunReport) -> tuple[ItemAnswer, ...]:
    effects = {
        item.task.key: index
        for index, item in enumerate(report.items)
        if isinstance(item, EventsSent | RunsTriggered | StoreUsed | Asked)
    }
    admissions = kept_admissions(batch, report)
    if not effects:
        return tuple(admissions)
    rows = batch.tx.rows("tasks_by_keys", run_id=report.run_id, keys=sorted(effects))
    answers = admissions
    for task in TASK.values(rows):
        kept: dict[str, Any] = {"output": checkpoint(task, batch.now).output}
        if task.failure is not None:
            kept = {"failure": _failure(task.failure)}
        answers.append(ItemAnswer(effects[task.key], **kept))
    return tuple(sorted(answers, key=_index))


def _failure(text: str) -> Failure:
    return Failure(**decode(text))
