"""Versions of jobs side by side: which there are, which worker leaves runs to newer ones, and what a run is bound to.

A run of a job with `pin_version` is bound to the version of the worker that it is first given to; one that was started
with a version, or repinned, to that. Only workers that have the version are given it: they claim by the name of the
job and by that of their version of it, so that runs whose version nobody has are never looked at.

The version that was registered last is the job's current one. Workers that have another version of a job that is
bound take no more fresh runs of it, or the old version would never be done.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from mainspring.codec import decode, encode
from mainspring.engine.batch import Batch
from mainspring.engine.jobs import no_such_job, spec_from_text, spec_to_text
from mainspring.errors import BadRequest, MainspringError
from mainspring.model.jobs import JobSpec
from mainspring.model.protocol import RunDraft
from mainspring.model.runs import Run, claim_name
from mainspring.model.workers import ALL_JOBS, versions_of
from mainspring.storage.shapes import WORKER

#: Versions that are named in a message, the newest of them.
_MOST_NAMED = 5


# ── registered ───────────────────────────────────────────────────────────────────────────────────────
def save_versions(batch: Batch, environment_id: str, specs: Iterable[JobSpec]) -> None:
    """Keeps what a worker has of each job, beside what others have of it."""
    place = {"environment_id": environment_id, "now": batch.now}
    rows = [
        {**place, "job_id": spec.id, "version": spec.version, "spec": spec_to_text(spec)} for spec in specs
    ]
    batch.tx.run_many("save_job_version", rows)


def supersede(batch: Batch, environment_id: str, specs: Iterable[JobSpec]) -> None:
    """These versions are the current ones from now on: who binds runs to others takes no fresh ones any more, and who
    has these takes them again. Call when the jobs are saved, so that of two servers the second sees the first."""
    current = {spec.id: spec.version for spec in specs}
    for row in batch.tx.rows("live_workers_of", environment_id=environment_id, name=None):
        worker = WORKER.value(row)
        before = set(decode(worker.superseded))
        if ALL_JOBS in before:
            continue
        versions = versions_of(worker.versions)
        pinning = before | set(decode(worker.pinning))
        ours = {job_id for job_id in pinning if job_id in current and versions.get(job_id) == current[job_id]}
        theirs = {job_id for job_id in pinning if job_id in current} - ours
        after = (before | theirs) - ours
        if after != before:
            text = encode(sorted(after), what="jobs")
            batch.tx.run("supersede_worker", id=worker.id, superseded=text)


def take_on(run: Run, versions: str, pinning: str) -> bool:
    """Notes on a run that a worker is given which version of its job has it, and binds it where the worker's code says
    so; whether that is new. `versions`, `pinning`: of the worker's row."""
    version = versions_of(versions).get(run.job_id, run.job_version)
    binds = run.pinned_version is None and f'"{run.job_id}"' in pinning
    if version == run.job_version and not binds:
        return False
    run.job_version = version
    run.pinned_version = version if binds else run.pinned_version
    return True


# ── asked for ────────────────────────────────────────────────────────────────────────────────────────
def find_versions(batch: Batch, environment_id: str, job_ids: Iterable[str]) -> dict[str, dict[str, JobSpec]]:
    """Of each job the versions there are, the one that was registered last first."""
    found: dict[str, dict[str, JobSpec]] = {}
    rows = batch.tx.rows("versions_of_jobs", environment_id=environment_id, job_ids=sorted(set(job_ids)))
    for job_id, version, text, *_ in rows:
        found.setdefault(job_id, {})[version] = spec_from_text(text)
    return found


def with_versions(
    batch: Batch, environment_id: str, drafts: Iterable[RunDraft], jobs: dict[str, tuple[JobSpec, bool]]
) -> None:
    """Adds all versions of the jobs of which drafts ask for one, by what workers ask for them by."""
    asked = {draft.job_id for draft in drafts if draft.version is not None}
    if not asked:
        return
    for job_id, versions in find_versions(batch, environment_id, asked).items():
        _, enabled = jobs.get(job_id, (None, False))
        jobs.update({claim_name(job_id, version): (spec, enabled) for version, spec in versions.items()})


def job_of(
    draft: RunDraft, jobs: Mapping[str, tuple[JobSpec, bool]]
) -> tuple[JobSpec, bool] | MainspringError:
    """The job of a draft, as the version it asks for has it, or why there is none."""
    job = jobs.get(claim_name(draft.job_id, draft.version))
    if job is not None:
        return job
    if draft.version is None or draft.job_id not in jobs:
        return no_such_job(draft.job_id)
    head = claim_name(draft.job_id, "")
    return no_such_version(
        draft.job_id, draft.version, [name.removeprefix(head) for name in jobs if name.startswith(head)]
    )


def no_such_version(job_id: str, version: str, known: Iterable[str]) -> BadRequest:
    names = list(known)
    near = get_close_matches(version, names, n=1)
    message = f"the job '{job_id}' has no version {version[:80]!r}; it has {_named(names)}"
    return BadRequest(
        message,
        mend=f"Did you mean '{near[0]}'?" if near else "Start a worker that has it, or name one of these.",
        errors=[{"path": "version", "message": message}],
    )


def _named(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else shown or "none"
