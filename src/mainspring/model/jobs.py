"""A job as the server knows it: what a worker registers. The server never sees the function."""

from dataclasses import dataclass, field
from typing import Any, Literal

from mainspring.errors import InvalidTrigger
from mainspring.model.joining import EventBatch, EventDebounce
from mainspring.model.queues import QueueLimits, Rate
from mainspring.model.retry import RetryPolicy

TriggerKind = Literal["event", "invoke", "cron", "interval", "dynamic"]
#: What becomes of slots that were missed, nobody being there.
CatchUp = Literal["none", "last", "all"]
#: What becomes of a slot that comes while a run of the same schedule is still under way.
Overlap = Literal["allow", "skip", "cancel", "queue"]
#: What becomes of a start while a run of the job is alive: it is answered with that one, takes its place, or waits.
SingletonMode = Literal["skip", "cancel", "queue"]


@dataclass(frozen=True, slots=True)
class TriggerSpec:
    """What starts a job, as data that can be stored and shown."""

    kind: TriggerKind
    #: Names of the events it listens for (kind "event").
    events: tuple[str, ...] = ()
    filter: dict[str, Any] | None = None
    source: str | None = None
    examples: tuple[dict[str, Any], ...] = ()
    #: What makes one run of several events (kind "event").
    debounce: EventDebounce | None = None
    batch: EventBatch | None = None
    #: The expression and its zone (kind "cron").
    cron: str | None = None
    timezone: str | None = None
    #: Microseconds (kind "interval").
    every: int | None = None
    catch_up: CatchUp = "none"
    #: Runs are spread over this span after their slot, in microseconds.
    jitter: int | None = None
    overlap: Overlap = "allow"
    #: The id of the schedules that are registered at run time (kind "dynamic").
    dynamic: str | None = None


@dataclass(frozen=True, slots=True)
class StartLimit:
    """How often a job may start; more than that is refused."""

    rate: Rate
    #: Where in the payload a key is found that has a rate of its own; None: all starts together.
    key: str | None = None


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A registered job. Spans are microseconds."""

    id: str
    name: str
    version: str
    triggers: tuple[TriggerSpec, ...] = ()
    #: JSON Schema of the payload; None accepts anything.
    payload_schema: dict[str, Any] | None = None
    output_schema: dict[str, Any] | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    #: The queue its runs stand in; None: one of its own, named after it.
    queue: str | None = None
    #: What it declares of that queue; None: nothing.
    limits: QueueLimits | None = None
    #: Where in the payload a run's concurrency key is found: "customer.id".
    concurrency_key: str | None = None
    #: Whether one run is alive at a time; and where in the payload that is found of which there is one: "customer.id".
    singleton: SingletonMode | None = None
    singleton_key: str | None = None
    start_limit: StartLimit | None = None
    max_duration: int | None = None
    ttl: int | None = None
    enabled: bool = True
    tags: tuple[str, ...] = ()
    log_level: str | None = None
    pin_version: bool = False
    description: str | None = None
    #: Names of the hooks that are called around its runs.
    hooks: tuple[str, ...] = ()

    @property
    def takes_lists(self) -> bool:
        """Its payload is a list: events gather for it."""
        return any(trigger.batch is not None for trigger in self.triggers)

    @property
    def queue_name(self) -> str:
        return self.queue or self.id


def check_singleton(spec: JobSpec, trigger: TriggerSpec) -> None:
    """Raises `InvalidTrigger` where events would join one run anyway."""
    if spec.singleton is not None and (trigger.debounce is not None or trigger.batch is not None):
        raise InvalidTrigger(
            f"the job '{spec.id}' is a singleton, and the events of its trigger join one run by themselves",
            mend="Leave out singleton=, or debounce= and batch= of the trigger.",
        )
