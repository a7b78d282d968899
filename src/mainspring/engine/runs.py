"""Runs: started by events and calls, ended once, cancelled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mainspring.clock import Instant
from mainspring.codec import decode, encode
from mainspring.duration import format_duration
from mainspring.engine.batch import Batch, EndedRun
from mainspring.engine.commands import ResumeRun, TriggerRuns
from mainspring.engine.debounce import Windows, find_windows, held_back, join_all, joined_run
from mainspring.engine.handed import hand_over, keep_takers, question_for_takers
from mainspring.engine.jobs import jobs_of, payload_problems
from mainspring.engine.shown import failure_json
from mainspring.engine.singletons import Leaders, Line, find_answered, find_for_drafts, singleton_refusal
from mainspring.engine.standing import remember, standing, standing_refusal
from mainspring.engine.start_limits import StartCount
from mainspring.engine.versions import job_of, with_versions
from mainspring.errors import BadRequest, Conflict, LimitExceeded, MainspringError, NotFound, PayloadInvalid
from mainspring.ids import id_of
from mainspring.model.failures import Failure
from mainspring.model.history import EntryKind
from mainspring.model.jobs import JobSpec
from mainspring.model.protocol import RunDraft
from mainspring.model.queues import FREE, HELD
from mainspring.model.runs import FAILURES, Run, RunStatus, expiry_of, span_after
from mainspring.model.schedules import SLOT_KEYS
from mainspring.storage.database import Question
from mainspring.storage.shapes import QUEUE, RUN

#: Lanes of the ready set, see `Run.lane`.
RESUMED, FRESH, LAST_CHANCE, ALONE = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Origin:
    """What a run comes from; the fields are those of `Run`."""

    event_id: str | None = None
    parent_run_id: str | None = None
    parent_task_key: str | None = None
    replay_of: str | None = None
    replay_from: str | None = None
    schedule_id: str | None = None


#: A call that starts runs, and what these come from.
Call = tuple[TriggerRuns, Origin]

OUTSIDE = Origin()

_END_ENTRIES: dict[RunStatus, EntryKind] = {
    "SUCCESS": "JOB_COMPLETED",
    "FAILED": "JOB_FAILED",
    "CANCELLED": "JOB_CANCELLED",
    "TIMED_OUT": "JOB_TIMED_OUT",
    "EXPIRED": "JOB_EXPIRED",
}


def earliest(*instants: Instant | None) -> Instant | None:
    """The first of some instants, None when there is none."""
    return min((i for i in instants if i is not None), default=None)


#: What every run begins with.
_AT_FIRST: dict[str, Any] = {
    "status": "PENDING",
    "output": None,
    "failure": None,
    "progress": None,
    "attempt": 1,
    "crashes": 0,
    "faults": 0,
    "lease": 0,
    "worker_id": None,
    "claim_seq": 0,
    "lane": FRESH,
    "notices": 0,
    "noticed": 0,
    "started_at": None,
    "finished_at": None,
    "deadline_at": None,
    "cancel_requested_at": None,
}


def new_run(batch: Batch, environment_id: str, spec: JobSpec, draft: RunDraft, origin: Origin) -> Run:
    """The row of a run that starts now or after its delay."""
    available_at = batch.now + (draft.delay or 0)
    expires_at = expiry_of(draft, spec.ttl, batch.now)
    is_due = available_at <= batch.now
    queue, key, is_held = standing(batch, environment_id, spec, draft)
    return Run(
        id=draft.run_id,
        environment_id=environment_id,
        job_id=spec.id,
        job_version=spec.version,
        payload=draft.payload,
        event_id=origin.event_id,
        parent_run_id=origin.parent_run_id,
        parent_task_key=origin.parent_task_key,
        idempotency_key=draft.idempotency_key,
        key_expires_at=span_after(batch.now, draft.idempotency_key_ttl),
        debounce_key=None if draft.debounce is None else draft.debounce.key,
        debounce_until=None if draft.debounce is None else draft.debounce.until(batch.now),
        schedule_id=origin.schedule_id,
        queue=queue,
        concurrency_key=key,
        priority=draft.priority,
        tags=_tags(spec.tags, draft.tags),
        metadata=draft.metadata,
        is_test=draft.is_test,
        max_attempts=draft.max_attempts or spec.retry.max_attempts,
        is_ready=is_due and not is_held,
        created_at=batch.now,
        available_at=available_at,
        expires_at=expires_at,
        max_duration=spec.max_duration,
        replay_of=origin.replay_of,
        replay_from=origin.replay_from,
        timer_at=expires_at if is_due else available_at,
        slot=HELD if is_due and is_held else FREE,
        pinned_version=draft.version,
        singleton_key=draft.singleton_key,
        **_AT_FIRST,
    )


def _tags(*groups: Iterable[str]) -> str:
    tags = [tag for group in groups for tag in group]
    return encode(list(dict.fromkeys(tags)), what="tags") if tags else "[]"


def insert_runs(batch: Batch, runs: list[Run]) -> None:
    """Gathers new runs of one environment; those that a claim waits for begin at once."""
    hand_over(batch, runs)
    for run in runs:
        insert_run(batch, run)


def insert_run(batch: Batch, run: Run) -> None:
    """Gathers a new run, its account's first line and the hint that it may be claimed."""
    is_unknown = run.idempotency_key is None and run.singleton_key is None
    if batch.keeps_arrivals and run.slot and is_unknown:
        batch.arrivals.setdefault((run.environment_id, run.queue), []).append(run)
    else:  # also one that another server may just start: two that wait for each other's queues would be in the way
        batch.later("insert_run", run)
    tag_run(batch, run.id, run.tags)
    said = {
        "event": run.event_id,
        "parent": run.parent_run_id,
        "schedule": run.schedule_id,
        "replay_of": run.replay_of,
        "replay_from": run.replay_from,
    }
    data = {name: value for name, value in said.items() if value is not None}
    batch.record((run.environment_id, run.id), "RUN_CREATED", data=data)
    batch.wake.at(run.timer_at)
    if run.is_ready:
        batch.wake.ready.add(run.environment_id)
    elif run.slot > FREE:
        batch.touch(run.environment_id, run.queue, run.concurrency_key)


def tag_run(batch: Batch, run_id: str, tags: str) -> None:
    """Lets a run be found by its tags (JSON text). Those it loses later keep pointing at it: lists look at the run."""
    if tags != "[]":
        for tag in dict.fromkeys(str(tag) for tag in decode(tags)):
            batch.later("tag_run", {"run_id": run_id, "tag": tag})


# ── started by a call ────────────────────────────────────────────────────────────────────────────────
def trigger_many(batch: Batch, commands: list[TriggerRuns]) -> list[tuple[Run, ...] | MainspringError]:
    """Calls from outside that arrived together."""
    return start_runs(batch, [(command, OUTSIDE) for command in commands])


def start_runs(batch: Batch, calls: Sequence[Call]) -> list[tuple[Run, ...] | MainspringError]:
    """Starts the runs of some calls, each call all or none; drafts that were seen before answer with their runs.

    Jobs and earlier runs are looked up once for all of them.
    """
    by_environment: dict[str, list[RunDraft]] = {}
    for command, _ in calls:
        by_environment.setdefault(command.environment_id, []).extend(command.runs)
    looked_up = {e: _look_up(batch, e, drafts) for e, drafts in by_environment.items()}
    started = [
        _start(batch, command, origin, *looked_up[command.environment_id]) for command, origin in calls
    ]
    batch.flush()
    return started


def _start(
    batch: Batch,
    command: TriggerRuns,
    origin: Origin,
    jobs: dict[str, tuple[JobSpec, bool]],
    known: dict[Any, Run],
    windows: Windows,
    leaders: Leaders,
) -> tuple[Run, ...] | MainspringError:
    if len(command.runs) > batch.limits.max_runs_per_batch:
        return _too_many(len(command.runs), batch.limits.max_runs_per_batch)
    fresh, ours = dict[Any, Run](), dict(windows)
    runs, made, joins = list[Run](), list[Run](), list[tuple[Run, RunDraft]]()
    starts = StartCount(batch, command.environment_id, exempt=origin.replay_of or origin.schedule_id)
    line = Line(batch, leaders)
    for index, draft in enumerate(map(held_back, command.runs)):
        same_call = (draft.job_id, draft.idempotency_key) if draft.idempotency_key else draft.run_id
        run = next((kept[k] for kept in (known, fresh) for k in (draft.run_id, same_call) if k in kept), None)
        if run is None:
            job = job_of(draft, jobs)
            if isinstance(job, MainspringError):
                return job
            refusal = (
                _refusal(job, draft, origin, f"runs[{index}]" if len(command.runs) > 1 else "")
                or standing_refusal(batch, command.environment_id, job[0], draft)
                or singleton_refusal(job[0], draft)
                or starts.refusal(job[0], draft)
            )
            if refusal is not None:
                return refusal
            run = joined_run(batch, ours, draft)
            if run is not None:
                joins.append((run, draft))
            else:
                wanted = new_run(batch, command.environment_id, job[0], draft, origin)
                run = line.join(wanted, job[0])
                made += [run] if run is wanted else []
            if draft.debounce is not None:
                ours[draft.job_id, draft.debounce.key] = run
            fresh[run.id] = fresh[same_call] = run
        runs.append(run)
    starts.keep()
    line.keep()
    known.update(fresh)
    windows.update(ours)
    insert_runs(batch, made)
    join_all(batch, joins)
    _keep_batch(batch, command, runs)
    return tuple(runs)


def _too_many(count: int, limit: int) -> LimitExceeded:
    return LimitExceeded(
        f"{count} runs were to be started at once; the limit is {limit} (max_runs_per_batch)",
        mend="Start them in several batches, or raise that setting.",
        limit=limit,
        setting="max_runs_per_batch",
    )


def batch_id(runs: Iterable[Run]) -> str:
    """The id of a batch is made of its runs: the same call sent again, which finds them, has the same one."""
    return id_of("bat", [run.id for run in runs])


def _keep_batch(batch: Batch, command: TriggerRuns, runs: list[Run]) -> None:
    if not command.is_batch:
        return
    kept = {"environment_id": command.environment_id, "batch_id": batch_id(runs)}
    for number, run in enumerate(runs):
        batch.later("insert_batch_run", {**kept, "number": number, "run_id": run.id})


def _look_up(
    batch: Batch, environment_id: str, drafts: list[RunDraft]
) -> tuple[dict[str, tuple[JobSpec, bool]], dict[Any, Run], Windows, Leaders]:
    """The jobs of some drafts, the runs that were started by them before, and those that they may join."""
    job_ids = sorted({draft.job_id for draft in drafts})
    keys = [draft.idempotency_key for draft in drafts if draft.idempotency_key]
    place = {"environment_id": environment_id}
    questions: list[Question] = [
        ("jobs_by_ids", {**place, "ids": job_ids}),
        ("known_runs", {**place, "ids": [draft.run_id for draft in drafts]}),
    ]
    names = {draft.queue for draft in drafts if draft.queue}
    questions += [("queues_by_names", {**place, "names": sorted(names)})] if names else []
    questions += [("runs_by_keys", {**place, "job_ids": job_ids, "keys": keys})] if keys else []
    takers = question_for_takers(batch, environment_id)
    jobs, *found = batch.tx.ask(*questions, *takers)
    if takers:
        keep_takers(batch, environment_id, found.pop())
    if names:
        remember(batch, QUEUE.values(found.pop(1)))
    windows, joined = find_windows(batch, environment_id, drafts)
    known: dict[Any, Run] = {**joined}
    for run in (run for rows in found for run in RUN.values(rows)):
        known[run.id] = run
        if run.key_expires_at is not None and run.key_expires_at <= batch.now:
            batch.later("forget_key", {"id": run.id})
        elif run.idempotency_key:
            known[(run.job_id, run.idempotency_key)] = run
    found_jobs = jobs_of(batch, environment_id, jobs)
    with_versions(batch, environment_id, drafts, found_jobs)
    known.update(find_answered(batch, environment_id, drafts, found_jobs))
    return found_jobs, known, windows, find_for_drafts(batch, environment_id, drafts, found_jobs)


def _refusal(
    job: tuple[JobSpec, bool], draft: RunDraft, origin: Origin, where: str = ""
) -> MainspringError | None:
    if origin.schedule_id is None and (draft.idempotency_key or "").startswith(SLOT_KEYS):
        return BadRequest(
            f"idempotency keys that begin with '{SLOT_KEYS}' belong to schedules", mend="Use another key."
        )
    if draft.ttl is not None and draft.ttl <= (draft.delay or 0):
        ttl, delay = format_duration(draft.ttl), format_duration(draft.delay or 0)
        return BadRequest(
            f"the ttl of {ttl} is over before the delay of {delay} is, so the run could never start",
            mend="The ttl counts from the call: give one that is longer than the delay.",
        )
    spec, enabled = job
    if not enabled:
        return Conflict(f"the job '{spec.id}' is disabled", mend="Enable it first.")
    problems = payload_problems(spec, decode(draft.payload))
    if problems:
        what = f"the payload of {where}" if where else "the payload"
        prefix = f"{where}.payload" if where else ""
        paths = [".".join(part for part in (prefix, p.path) if part) for p in problems]
        return PayloadInvalid(
            f"{what} does not fit job '{spec.id}': {problems[0].path}: {problems[0].message}",
            errors=[{"path": path, "message": p.message} for path, p in zip(paths, problems, strict=True)],
        )
    return None


# ── ended ────────────────────────────────────────────────────────────────────────────────────────────
def end_run(
    batch: Batch,
    run: tuple[str, str, int],
    status: RunStatus,
    *,
    output: str | None = None,
    failure: Failure | None = None,
    said: Mapping[str, str] | None = None,
    takes_children: bool = False,
) -> None:
    """The end of a run, given as (environment id, run id, lease). `children.settle_ended` tells who
    waits for it, and cancels its children if it was cancelled or takes them with it. `said`: for its account."""
    environment_id, run_id, lease = run
    kept = failure_json(failure) if failure else None
    end = {"status": status, "output": output, "failure": kept, "now": batch.now}
    batch.later("finish_run", {"id": run_id, "lease": lease, **end})
    data: Mapping[str, Any] | None = said
    if failure:
        data = {"message": failure.message, "code": failure.code, "task": failure.task_key}
    batch.record((environment_id, run_id), _END_ENTRIES[status], data=data)
    if status in FAILURES:
        batch.failed.append(run_id)
    takes_children = takes_children or status == "CANCELLED"
    batch.ended.append(EndedRun(run_id, environment_id, status, output, kept, takes_children))
    batch.wake.finished.add(run_id)


# ── resumed by a person ───────────────────────────────────────────────────────────────────
def no_such_run(run_id: str) -> NotFound:
    return NotFound(f"there is no run '{run_id}' in this environment")


def find_run(batch: Batch, environment_id: str, run_id: str) -> Run | NotFound:
    """The run, held for a change; the refusal when this environment has none of that id."""
    row = batch.tx.row("find_run_to_change", environment_id=environment_id, id=run_id)
    return RUN.value(row) if row else no_such_run(run_id)


def cancel_now(batch: Batch, run: tuple[str, str, int], *, reason: str | None, by: str | None) -> None:
    """Ends a run that nobody holds, given as (environment id, run id, lease)."""
    batch.later("note_cancel", {"id": run[1], "reason": reason, "by": by})
    end_run(batch, run, "CANCELLED", said=cancel_note(reason, by))


def cancel_note(reason: str | None, by: str | None) -> dict[str, str]:
    """What the account of a run tells of its cancellation."""
    said = {"reason": reason, "by": by}
    return {name: text for name, text in said.items() if text is not None}


def resume_run(batch: Batch, command: ResumeRun) -> Run | MainspringError:
    """A person lets a run that drifted go on: the changed task is taken as it is kept."""
    run = find_run(batch, command.environment_id, command.run_id)
    if isinstance(run, MainspringError):
        return run
    waits = batch.tx.rows("drift_of_run", run_id=run.id)
    if not waits:
        return Conflict(f"the run '{run.id}' does not wait for a person to let it go on")
    for task_key, text in waits:
        changed = decode(text).get("task_key")
        if changed is not None:
            batch.tx.run("accept_task", run_id=run.id, key=changed)
        batch.later("delete_wait", {"run_id": run.id, "task_key": task_key})
    batch.flush()
    batch.tx.rows("wake_runs", ids=[run.id], now=batch.now)
    batch.wake.ready.add(run.environment_id)
    batch.touch(run.environment_id, run.queue, run.concurrency_key)
    return replace(run, status="PENDING", is_ready=True)
