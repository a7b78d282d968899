"""Repinning: a person lets another version of its job go on with a run, where the one it is bound to is gone."""

from mainspring.engine.batch import Batch
from mainspring.engine.commands import RepinRun
from mainspring.engine.runs import find_run
from mainspring.engine.versions import find_versions, no_such_version
from mainspring.errors import Conflict, MainspringError
from mainspring.model.runs import FINAL_RUN_STATUSES, Run


def repin_run(batch: Batch, command: RepinRun) -> Run | MainspringError:
    """Binds a run to another version of its job, or to none, from when a worker is given it next."""
    run = find_run(batch, command.environment_id, command.run_id)
    if isinstance(run, MainspringError):
        return run
    if run.status in FINAL_RUN_STATUSES:
        return Conflict(
            f"the run '{run.id}' has ended: {run.status}", mend="`mainspring runs replay` starts a fresh one."
        )
    known = find_versions(batch, run.environment_id, [run.job_id]).get(run.job_id, {})
    if command.version is not None and command.version not in known:
        return no_such_version(run.job_id, command.version, known)
    if command.version == run.pinned_version:
        return run
    batch.tx.run("repin_run", id=run.id, version=command.version)
    said = {"version": command.version, "before": run.pinned_version}
    batch.record((run.environment_id, run.id), "RUN_REPINNED", data=said)
    run.pinned_version = command.version
    if run.is_ready:
        batch.wake.ready.add(run.environment_id)
    batch.shared.add((run.environment_id, run.queue))
    batch.touch(run.environment_id, run.queue, run.concurrency_key)
    batch.flush()
    return run
