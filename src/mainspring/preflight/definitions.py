"""Jobs as they are registered against those of the app: what is gone, and what would not be started any more."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mainspring.model.jobs import JobSpec, TriggerSpec
from mainspring.model.timetables import Timetable
from mainspring.preflight.findings import Difference, listed

#: A job or worker as the API shows it.
Shown = Mapping[str, Any]


def changes_of_job(registered: Shown, spec: JobSpec | None) -> Iterator[Difference]:
    """Between a job that live workers have and the app's, without looking at its runs."""
    triggers = spec.triggers if spec is not None else ()
    mine = {name for trigger in triggers for name in trigger.events}
    theirs = [name for trigger in registered["triggers"] for name in trigger["events"]]
    gone = [name for name in dict.fromkeys(theirs) if name not in mine]
    if gone:
        yield Difference("trigger_removed", f"no run of it is started by the event {listed(gone)} any more")
    kinds = {trigger.kind for trigger in triggers}
    lost = [one for one in registered["triggers"] if one["kind"] in ("cron", "interval")]
    if lost and not kinds & {"cron", "interval"}:
        yield Difference("trigger_removed", f"its schedule is gone ({registered['trigger']})")


def changed_queue(queue: str, spec: JobSpec) -> Difference | None:
    """Of a run that has not begun and stands in another queue than new ones will."""
    if queue == spec.queue_name:
        return None
    message = f"runs that wait stand in the queue '{queue}', new ones go to '{spec.queue_name}'"
    return Difference("queue_changed", message, queue)


def job_removed(job_id: str, job_ids: Sequence[str]) -> Difference:
    """Of a run whose job the app has not."""
    has = listed(sorted(job_ids)) if job_ids else "none"
    return Difference("job_removed", f"the app defines no job '{job_id}' (it has {has}); nobody would go on")


def of_other_apps(workers: Sequence[Shown], job_ids: Sequence[str]) -> frozenset[str]:
    """Jobs that live workers of other apps have: workers that share no job with this one."""
    mine = set(job_ids)
    others = (set(one["jobs"]) for one in workers if one["status"] == "ALIVE")
    return frozenset().union(*(jobs for jobs in others if not jobs & mine))


def of_this_app(workers: Sequence[Shown], job_ids: Sequence[str]) -> frozenset[str]:
    """Jobs that live workers have which share a job with the app: most likely those that it replaces."""
    mine = set(job_ids)
    theirs = (set(one["jobs"]) for one in workers if one["status"] == "ALIVE")
    return frozenset().union(*(jobs for jobs in theirs if jobs & mine))


def defined(spec: JobSpec) -> dict[str, Any]:
    """What the app says of a job, for people and programs."""
    return {
        "id": spec.id,
        "name": spec.name,
        "version": spec.version,
        "trigger": ", ".join(_words(trigger) for trigger in spec.triggers) or "by call",
        "queue": spec.queue_name,
        "pin_version": spec.pin_version,
        "payload_schema": spec.payload_schema,
    }


def _words(trigger: TriggerSpec) -> str:
    if trigger.events:
        return f"on event {' or '.join(trigger.events)}"
    if trigger.kind in ("cron", "interval"):
        return Timetable(trigger.cron, trigger.timezone or "UTC", trigger.every).in_words()
    return "by call" if trigger.dynamic is None else f"at times registered with {trigger.dynamic}"
