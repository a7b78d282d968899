"""Debounced calls: those that come while a run of their key is still put off join it, and start none."""

from collections.abc import Iterable
from dataclasses import replace

from mainspring.clock import to_iso
from mainspring.engine.batch import Batch
from mainspring.model.protocol import RunDraft
from mainspring.model.runs import Run
from mainspring.storage.database import Question
from mainspring.storage.shapes import RUN

#: Runs that are still put off, by job and debounce key.
Windows = dict[tuple[str, str], Run]


def held_back(draft: RunDraft) -> RunDraft:
    """The draft with the delay that its debounce asks for."""
    return draft if draft.debounce is None else replace(draft, delay=draft.debounce.delay)


def find_windows(batch: Batch, environment_id: str, drafts: Iterable[RunDraft]) -> tuple[Windows, Windows]:
    """The open windows that drafts may join, held for it; and runs that these very calls joined before, by job and
    the calls' idempotency keys."""
    asked = [draft for draft in drafts if draft.debounce is not None]
    if not asked:
        return {}, {}
    place = {"environment_id": environment_id, "job_ids": sorted({draft.job_id for draft in asked})}
    windows, calls = (
        sorted({d.debounce.key for d in asked if d.debounce}),
        [d.idempotency_key or "" for d in asked],
    )
    questions: list[Question] = [
        ("debounced_runs", {**place, "keys": windows}),
        ("joined_runs", {**place, "keys": calls}),
    ]
    open_rows, joined_rows = batch.tx.ask(*questions)
    found = {(run.job_id, run.debounce_key or ""): run for run in RUN.values(open_rows)}
    joined = [(row[0], RUN.value(row[1:])) for row in joined_rows]
    return found, {(run.job_id, key): run for key, run in joined}


def joined_run(batch: Batch, windows: Windows, draft: RunDraft) -> Run | None:
    """The run that the draft joins, as it is from now on; None when it opens a window of its own."""
    asked = draft.debounce
    run = None if asked is None else windows.get((draft.job_id, asked.key))
    if asked is None or run is None:
        return None
    at = batch.now + asked.delay
    if run.debounce_until is not None:
        at = max(batch.now, min(at, run.debounce_until))
    expires_at = None if run.expires_at is None else run.expires_at + at - run.available_at
    run = replace(run, available_at=at, expires_at=expires_at, timer_at=at)
    if asked.mode == "trailing":
        most = draft.max_attempts or run.max_attempts
        run = replace(run, payload=draft.payload, metadata=draft.metadata, max_attempts=most)
    return run


def join_all(batch: Batch, joins: Iterable[tuple[Run, RunDraft]]) -> None:
    """Gathers what calls change of the runs that they joined."""
    for run, draft in joins:
        _join(batch, run, draft)


def _join(batch: Batch, run: Run, draft: RunDraft) -> None:
    batch.later("put_off_run", run)
    batch.record((run.environment_id, run.id), "RUN_DEBOUNCED", data={"until": to_iso(run.available_at)})
    batch.wake.at(run.available_at)
    if draft.idempotency_key is not None:
        row = {"environment_id": run.environment_id, "job_id": run.job_id, "run_id": run.id}
        batch.later("insert_joined_call", {**row, "idempotency_key": draft.idempotency_key})
