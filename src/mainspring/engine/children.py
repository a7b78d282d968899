"""Runs that concern other runs: those that wait for their end, and children that are cancelled with their parent.

A wait for several runs keeps a row per run that has not ended; the last one to go resolves it, so that the
waiting run wakes once however many there were.
"""

from collections.abc import Iterable

from mainspring.clock import Instant
from mainspring.codec import decode
from mainspring.engine.batch import Batch, EndedRun
from mainspring.engine.cancels import cancel_ends_at, clean_up, jobs_with_hook
from mainspring.engine.counts import count_ended
from mainspring.engine.runs import cancel_note, cancel_now
from mainspring.engine.shown import failure_json, run_result_json
from mainspring.engine.singletons import lead_on
from mainspring.engine.waits import NewWait, Resolution, resolve
from mainspring.model.failures import Failure
from mainspring.model.runs import FAILURES, FINAL_RUN_STATUSES, Run
from mainspring.model.waits import Wait, run_channel
from mainspring.storage.shapes import RUN, WAIT


# ── waits for runs ───────────────────────────────────────────────────────────────────────────────────
def check_run_waits(batch: Batch, new_waits: list[NewWait]) -> None:
    """Resolves waits for runs that have ended already. Call after the rows of the waits are written."""
    single = [new for new in new_waits if new.wait.kind == "run"]
    several = [new for new in new_waits if new.wait.kind == "runs"]
    if not single and not several:
        return
    _await_several(batch, several)
    targets = {target for new in (*single, *several) for target in new.target_run_ids}
    rows = batch.tx.rows("runs_to_await", ids=sorted(targets))
    is_open = {
        (environment_id, run_id)
        for run_id, environment_id, status in rows
        if status not in FINAL_RUN_STATUSES
    }
    answered = []
    for new in (*single, *several):
        environment_id = new.wait.environment_id
        if not any((environment_id, target) in is_open for target in new.target_run_ids):
            answered.append((new.wait, new.target_run_ids))
    _drop(batch, several, is_open)
    _answer(batch, answered)


def _await_several(batch: Batch, new_waits: list[NewWait]) -> None:
    for new in new_waits:
        for target in new.target_run_ids:
            row = {"run_id": new.wait.run_id, "task_key": new.wait.task_key, "target_run_id": target}
            batch.later("insert_awaited_run", row)
    batch.flush()


def _drop(batch: Batch, new_waits: list[NewWait], is_open: set[tuple[str, str]]) -> None:
    """The rows of runs that ended before they were waited for, or that are not there."""
    for new in new_waits:
        for target in new.target_run_ids:
            if (new.wait.environment_id, target) not in is_open:
                row = {"run_id": new.wait.run_id, "task_key": new.wait.task_key, "target_run_id": target}
                batch.later("delete_awaited_run", row)
    batch.flush()


def _answer(batch: Batch, answered: list[tuple[Wait, tuple[str, ...]]]) -> None:
    """Resolves waits all of whose runs have ended, with what these came to."""
    if not answered:
        return
    ids = sorted({target for _, targets in answered for target in targets})
    runs = {(run.environment_id, run.id): run for run in RUN.values(batch.tx.rows("runs_by_ids", ids=ids))}
    resolutions = []
    for wait, targets in answered:
        results = [_result(target, runs.get((wait.environment_id, target))) for target in targets]
        resolutions.append(_resolution(batch, wait, results))
    resolve(batch, resolutions)


def _result(run_id: str, run: Run | None) -> str:
    if run is None:
        missing = Failure("NotFound", f"there is no run '{run_id}' in this environment", "not_found")
        return run_result_json(run_id, "FAILED", None, failure_json(missing))
    return run_result_json(run.id, run.status, run.output, run.failure)


def _resolution(batch: Batch, wait: Wait, results: list[str]) -> Resolution:
    if wait.kind == "run":
        return Resolution(wait, output=results[0])
    output = "[" + ",".join(results) + "]"
    limit = batch.limits.max_body_bytes
    if len(output) <= limit // 4 or len(output.encode()) <= limit:
        return Resolution(wait, output=output)
    message = (
        f"the results of {len(results)} runs come to more than {limit} bytes (max_body_bytes). "
        "Let each return less: an id or a path of what it made."
    )
    return Resolution(wait, failure=Failure("TooLarge", message, "too_large", task_key=wait.task_key))


# ── runs that ended ──────────────────────────────────────────────────────────────────────────────────
def settle_ended(batch: Batch) -> None:
    """Runs that ended in this batch: their open tasks and waits end with them, who waits for them is told, and
    what a cancelled one started is cancelled with it."""
    while batch.ended:
        ended, batch.ended = batch.ended, []
        batch.flush()
        ids = [run.run_id for run in ended]
        with batch.tx.together():
            batch.tx.run("delete_waits_of_runs", run_ids=ids)
            batch.tx.run("close_tasks", run_ids=ids, now=batch.now)
            count_ended(batch, ids)
        outputs = _results(ended)
        awaited = batch.awaited(ids)
        shown = [("runs_by_ids", {"ids": awaited})] if awaited else []
        *single, several = batch.tx.ask(
            *shown,
            *(
                ("waits_on_channels", {"environment_id": environment_id, "channels": sorted(said)})
                for environment_id, said in outputs.items()
            ),
            ("waits_for_several", {"target_run_ids": ids}),
        )
        if awaited:
            _show(batch, RUN.values(single.pop(0)))
        for said, rows in zip(outputs.values(), single, strict=True):
            _tell_single(batch, said, WAIT.values(rows))
        _tell_several(batch, ids, WAIT.values(several))
        lead_on(batch, [run_id for run_id in ids if run_id not in batch.unfollowed])
        stopped = [run.run_id for run in ended if run.takes_children]
        if stopped:
            _cancel_children(batch, stopped)


def _show(batch: Batch, runs: list[Run]) -> None:
    """Who waits for these in this process need not look, where the row of a run is all that there is to see of it."""
    for run in runs:
        if run.event_id is None and run.debounce_key is None and run.status not in FAILURES:
            batch.wake.ended[run.id] = run


def _results(ended: Iterable[EndedRun]) -> dict[str, dict[str, str]]:
    """By environment: what is said on the channels of the runs that ended."""
    by_environment: dict[str, dict[str, str]] = {}
    for run in ended:
        output = run_result_json(run.run_id, run.status, run.output, run.failure)
        by_environment.setdefault(run.environment_id, {})[run_channel(run.run_id)] = output
    return by_environment


def _tell_single(batch: Batch, said: dict[str, str], waits: list[Wait]) -> None:
    resolve(batch, [Resolution(wait, output=said[wait.channel or ""]) for wait in waits])


def _tell_several(batch: Batch, ids: list[str], waits: list[Wait]) -> None:
    """The waiting runs are held before their rows are taken away: of two servers that end the last two runs of a
    wait, the second sees what the first has done."""
    with batch.tx.together():
        batch.tx.run("delete_awaited_runs", target_run_ids=ids)
    if waits:
        run_ids = sorted({wait.run_id for wait in waits})
        done = {(row[0], row[1]) for row in batch.tx.rows("answered_waits", run_ids=run_ids)}
        _answer(
            batch,
            [(w, tuple(decode(w.filter or "[]"))) for w in waits if (w.run_id, w.task_key) in done],
        )


def _cancel_children(batch: Batch, parent_run_ids: list[str]) -> None:
    """Those that nobody holds end at once, and their children after them, unless a hook of theirs is due; holders of
    the others are asked."""
    running: dict[bool, list[str]] = {False: [], True: []}
    rows = batch.tx.rows("open_children", parent_run_ids=parent_run_ids)
    hooked = jobs_with_hook(batch, {(row[1], row[8]) for row in rows})
    for (
        run_id,
        environment_id,
        status,
        lease,
        queue,
        key,
        slot,
        parent_id,
        job_id,
        has_begun,
        is_asked,
    ) in rows:
        if slot:
            batch.touch(environment_id, queue, key)
        has_hook = bool(has_begun) and (environment_id, job_id) in hooked
        if status == "RUNNING":
            running[has_hook].append(run_id)
        elif not has_hook:
            cancel_now(batch, (environment_id, run_id, lease), reason=None, by=parent_id)
        elif not is_asked:
            clean_up(batch, (environment_id, run_id, lease), batch.now, note=(None, parent_id))
    for has_hook, ids in running.items():
        _ask_to_stop(batch, ids, cancel_ends_at(batch, batch.now, has_hook=has_hook))


def _ask_to_stop(batch: Batch, run_ids: list[str], timer_at: Instant) -> None:
    if not run_ids:
        return
    asked = batch.tx.rows("request_cancels", ids=run_ids, now=batch.now, timer_at=timer_at)
    for run_id, environment_id, worker_id, parent_id in asked:
        batch.record((environment_id, run_id), "CANCEL_REQUESTED", data=cancel_note(None, parent_id))
        batch.wake.attention.add(worker_id)
    if asked:
        batch.wake.at(timer_at)
