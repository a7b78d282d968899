"""`client.sync`: the blocking verbs of a client, over its rooms."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from mainspring.duration import Duration
from mainspring.sdk.approvals import Approvals
from mainspring.sdk.breakers import Breakers
from mainspring.sdk.bridge import wait_for
from mainspring.sdk.error_groups import Errors
from mainspring.sdk.events import Event, EventMessage, Events
from mainspring.sdk.jobs import Jobs
from mainspring.sdk.logs import Logs
from mainspring.sdk.queues import Queues
from mainspring.sdk.runs import Runs
from mainspring.sdk.schedules import Schedules
from mainspring.sdk.store import Store
from mainspring.sdk.sync import SyncBreakers, SyncEvents, SyncJobs, SyncQueues, SyncRuns, SyncStore
from mainspring.sdk.sync_approvals import SyncApprovals
from mainspring.sdk.sync_errors import SyncErrors
from mainspring.sdk.sync_logs import SyncLogs
from mainspring.sdk.sync_schedules import SyncSchedules
from mainspring.sdk.sync_tokens import SyncTokens
from mainspring.sdk.sync_workers import SyncWorkers
from mainspring.sdk.tokens import Tokens
from mainspring.sdk.workers import Workers


class Verbs(Protocol):
    """The client, as far as it is called here."""

    runs: Runs
    jobs: Jobs
    logs: Logs
    queues: Queues
    breakers: Breakers
    workers: Workers
    events: Events
    tokens: Tokens
    approvals: Approvals
    errors: Errors
    store: Store
    schedules: Schedules

    async def send_event(
        self,
        name: str,
        payload: Any = None,
        *,
        id: str | None = None,
        idempotency_key: str | None = None,
        deliver_at: datetime | str | None = None,
        delay: Duration | None = None,
        source: str | None = None,
        context: Any = None,
    ) -> Event[Any]: ...

    async def send_events(self, events: Sequence[EventMessage]) -> list[Event[Any]]: ...


class SyncClient:
    """`client.sync`."""

    def __init__(self, client: Verbs) -> None:
        self._client = client
        self.runs: SyncRuns = SyncRuns(client.runs)
        self.jobs: SyncJobs = SyncJobs(client.jobs)
        self.logs: SyncLogs = SyncLogs(client.logs)
        self.queues: SyncQueues = SyncQueues(client.queues)
        self.breakers: SyncBreakers = SyncBreakers(client.breakers)
        self.workers: SyncWorkers = SyncWorkers(client.workers)
        self.events: SyncEvents = SyncEvents(client.events)
        self.tokens: SyncTokens = SyncTokens(client.tokens)
        self.approvals: SyncApprovals = SyncApprovals(client.approvals)
        self.errors: SyncErrors = SyncErrors(client.errors)
        self.store: SyncStore = SyncStore(client.store)
        self.schedules: SyncSchedules = SyncSchedules(client.schedules)

    def send_event(
        self,
        name: str,
        payload: Any = None,
        *,
        id: str | None = None,
        idempotency_key: str | None = None,
        deliver_at: datetime | str | None = None,
        delay: Duration | None = None,
        source: str | None = None,
        context: Any = None,
    ) -> Event[Any]:
        """As `client.send_event`."""
        sending = self._client.send_event(
            name,
            payload,
            id=id,
            idempotency_key=idempotency_key,
            deliver_at=deliver_at,
            delay=delay,
            source=source,
            context=context,
        )
        return wait_for(sending, "client.sync.send_event")

    def send_events(self, events: Sequence[EventMessage]) -> list[Event[Any]]:
        """As `client.send_events`."""
        return wait_for(self._client.send_events(events), "client.sync.send_events")

    def cancel_event(self, event_id: str) -> Event[Any]:
        """As `client.cancel_event`."""
        return self.events.cancel(event_id)
