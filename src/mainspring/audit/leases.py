"""Rules over leases as workers saw them (I4): one holder each, nothing from before a newer one, nothing withheld."""

from collections.abc import Iterator, Sequence

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding, Rule
from mainspring.audit.kept import Kept
from mainspring.audit.observations import Observation, Op
from mainspring.audit.outcomes import same

Seen = list[Observation]


def check_leases(by_op: dict[Op, Seen], kept: Kept) -> Iterator[Finding]:
    """What contradicts itself about who held which run."""
    grants: dict[str, Seen] = {}
    for one in by_op.get("claim", []):
        if one.outcome == "ok":
            grants.setdefault(one.run_id, []).append(one)
    finishes = [one for one in by_op.get("finish_task", []) if one.outcome == "ok"]
    by_run: dict[str, Seen] = {}
    for one in finishes:
        by_run.setdefault(one.run_id, []).append(one)
    for run_id, claims in grants.items():
        yield from _one_holder(claims, kept)
        for claim in claims:
            yield from _told_all(claim, by_run.get(run_id, []))
            yield from _told_true(claim, kept)
    ends = [one for one in by_op.get("end_run", []) if one.outcome == "ok"]
    yield from _stale([*finishes, *ends], grants)


def _one_holder(claims: Seen, kept: Kept) -> Iterator[Finding]:
    holders: dict[int, str] = {}
    for claim in claims:
        lease, worker_id = claim.answer["lease"], claim.said["worker_id"]
        if holders.setdefault(lease, worker_id) != worker_id:
            message = f"lease {lease} was granted to {holders[lease]} and to {worker_id}"
            yield _about(claim, rules.LEASE_GRANTED_TWICE, message)
        run = kept.runs.get(claim.run_id)
        if run is None or run.lease < lease:
            found = "it is not there" if run is None else f"it counts {run.lease}"
            yield _about(claim, rules.CONFIRMED_LOST, f"lease {lease} of it was granted, but {found}")


def _told_all(claim: Observation, finishes: Seen) -> Iterator[Finding]:
    """Whoever gets a run gets all that was confirmed before (I2)."""
    finished = claim.answer.get("finished")
    if finished is None:
        return
    for one in finishes:
        if one.is_before(claim) and one.task_key not in finished:
            message = f"lease {claim.answer['lease']} was granted without it, though it had finished"
            yield Finding(rules.CHECKPOINT_WITHHELD, message, run_id=claim.run_id, task_key=one.task_key)


def _told_true(claim: Observation, kept: Kept) -> Iterator[Finding]:
    """What a holder was told a task came to is what it came to."""
    for key, output in (claim.answer.get("finished") or {}).items():
        task = kept.tasks.get((claim.run_id, key))
        if task is None or (output is not None and not same(output, task.output)):
            message = "a worker was told another outcome than is kept"
            yield Finding(rules.OUTCOME_CHANGED, message, run_id=claim.run_id, task_key=key)


def _stale(writes: Sequence[Observation], grants: dict[str, Seen]) -> Iterator[Finding]:
    """What was sent under a lease after a newer one was granted must have been refused."""
    for one in writes:
        newer = [
            claim
            for claim in grants.get(one.run_id, ())
            if claim.answer["lease"] > one.said["lease"] and claim.is_before(one)
        ]
        if newer:
            message = (
                f"written under lease {one.said['lease']} after lease {newer[0].answer['lease']} was granted"
            )
            yield _about(one, rules.STALE_WRITE_KEPT, message)


def _about(one: Observation, rule: Rule, message: str) -> Finding:
    return Finding(rule, message, run_id=one.run_id or None, task_key=one.task_key or None)
