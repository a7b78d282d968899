"""The client: an app's jobs, and the verbs of the API outside runs."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any

from mainspring.duration import Duration
from mainspring.errors import DefinitionError, DuplicateJob, NotFound
from mainspring.model.jobs import JobSpec
from mainspring.sdk.api import Api
from mainspring.sdk.approvals import Approvals
from mainspring.sdk.breakers import Breakers
from mainspring.sdk.connected import Connected, check_connectors
from mainspring.sdk.decorate import JobMaker
from mainspring.sdk.definition import define
from mainspring.sdk.door import Door
from mainspring.sdk.dynamic import DynamicSchedule, check_only_one, dynamic_schedule
from mainspring.sdk.error_groups import Errors
from mainspring.sdk.events import Event, EventMessage, Events, drafts, read_event, request_of
from mainspring.sdk.hooks import HOOK_NAMES, ClientHooks
from mainspring.sdk.io import VERBS
from mainspring.sdk.job import Job
from mainspring.sdk.jobs import Jobs
from mainspring.sdk.logs import Logs
from mainspring.sdk.options import JobOptions
from mainspring.sdk.queues import Queues, check_queues
from mainspring.sdk.runs import Runs
from mainspring.sdk.schedules import Schedules
from mainspring.sdk.sealing import Codec, Sealing
from mainspring.sdk.serving import Serving
from mainspring.sdk.store import Store
from mainspring.sdk.sync_client import SyncClient
from mainspring.sdk.tokens import Tokens
from mainspring.sdk.workers import Workers


class Client(JobMaker, Serving, ClientHooks):
    """An app: its jobs, and its way to the server.

    Key and URL come from MAINSPRING_API_KEY and MAINSPRING_API_URL (or the settings files) unless given.
    Nothing is connected before the first call. With a `codec` payloads, outputs, streams and stored values are
    encrypted before they leave this process. `connectors={"slack": Slack(...)}`: what `io.slack` is in its jobs.
    """

    def __init__(
        self,
        name: str,
        *,
        api_key: str | None = None,
        api_url: str | None = None,
        codec: Codec | None = None,
        connectors: Mapping[str, Connected] | None = None,
    ) -> None:
        if not isinstance(name, str) or not name.strip() or len(name) > 128:
            raise DefinitionError(
                f"{name!r:.80} is no name for a client", mend='Name the app: Client("shop").'
            )
        ClientHooks.__init__(self, f"client '{name}'")
        self.name = name
        self.connectors = check_connectors(connectors, f"client '{name}'", VERBS)
        self.sealing = None if codec is None else Sealing(codec)
        self._api = Api(api_key, api_url, self.sealing)
        self._jobs: dict[str, Job[..., Any, Any]] = {}
        self.runs: Runs = Runs(self._api)
        self.jobs: Jobs = Jobs(self._api)
        self.logs: Logs = Logs(self._api)
        self.queues: Queues = Queues(self._api)
        self.breakers: Breakers = Breakers(self._api)
        self.workers: Workers = Workers(self._api)
        self.events: Events = Events(self._api)
        self.tokens: Tokens = Tokens(self._api)
        self.approvals: Approvals = Approvals(self._api)
        self.errors: Errors = Errors(self._api)
        self.store: Store = Store(self._api)
        self.schedules: Schedules = Schedules(self._api)

    def __repr__(self) -> str:
        return f"<Client {self.name}: {len(self._jobs)} jobs>"

    @property
    def sync(self) -> SyncClient:
        """The same verbs for blocking code (Flask, Django, scripts): `client.sync.send_event(...)` returns the
        event. From any thread; `WrongLoop` where an event loop runs."""
        return SyncClient(self)

    # ── jobs ─────────────────────────────────────────────────────────────────────────────────────────
    def _add(
        self, fn: Callable[..., Any], options: JobOptions, localns: Mapping[str, Any]
    ) -> Job[..., Any, Any]:
        job: Job[..., Any, Any] = Job(fn, define(fn, options, localns), self._api, self)
        own = check_connectors(options.get("connectors"), f"job '{job.id}'", VERBS)
        job.connectors = {**self.connectors, **own}
        other = self._jobs.get(job.id)
        if other is not None:
            raise DuplicateJob(
                f"the id '{job.id}' is taken twice: at {other.definition.place} and at {job.definition.place}"
            )
        dynamic = {t.dynamic: one.id for one in self._jobs.values() for t in one.spec().triggers if t.dynamic}
        check_only_one(job.spec().triggers, dynamic, job.id)
        check_queues(self._jobs, job)
        given: Mapping[str, Any] = options
        for hook in HOOK_NAMES:
            if given.get(hook) is not None:
                job.add_hook(hook, given[hook])
        self._jobs[job.id] = job
        return job

    def dynamic_schedule(self, id: str) -> DynamicSchedule:
        """The trigger of a job that starts at times registered while the app runs: one schedule per tenant, say.

        `reports = client.dynamic_schedule("reports")`, a job with `trigger=reports`, and wherever it is known:
        `await reports.register("acme", cron="0 9 * * *", timezone="Europe/Paris")`. Raises `InvalidTrigger`.
        """
        return dynamic_schedule(self._api, id)

    @property
    def registered(self) -> Mapping[str, Job[..., Any, Any]]:
        """The jobs defined on this client, by id."""
        return dict(self._jobs)

    def job_specs(self) -> tuple[JobSpec, ...]:
        """What a worker registers."""
        return tuple(job.spec() for job in self._jobs.values())

    def job_by_id(self, job_id: str) -> Job[..., Any, Any]:
        """The job; `NotFound` when none of that id is defined here."""
        job = self._jobs.get(job_id)
        if job is None:
            raise NotFound(
                f"client '{self.name}' defines no job '{job_id}'", mend="Deploy a worker that has it."
            )
        return job

    # ── events ───────────────────────────────────────────────────────────────────────────────────────
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
    ) -> Event[Any]:
        """Send an event; it comes back with the runs it started and the jobs that refused it.

        `payload` is anything that JSON can hold, models too ({} when left out). `id` is a correlation id: waits
        can ask for it, it may repeat. `idempotency_key`: a second event with it is not sent, the first comes
        back. `deliver_at` or `delay` hold it back. `source` says where it is from, `context` is free data.
        Raises `EventRejected` when every job that listens refuses the payload.

        Inside a run this is sent again on every replay: use `io.send_event` there.
        """
        message: EventMessage = {
            "name": name,
            "payload": {} if payload is None else payload,
            "id": id,
            "idempotency_key": idempotency_key,
            "deliver_at": deliver_at,
            "delay": delay,
            "source": source,
            "context": context,
        }
        (draft,) = drafts([message])
        return read_event(await self._api.call("POST", "/events", body=request_of(draft)))

    async def send_events(self, events: Sequence[EventMessage]) -> list[Event[Any]]:
        """Send several events in one request, all or none: `[{"name": ..., "payload": ...}, ...]`.

        Each comes back with its runs and refusals, in order; a refusal does not raise here.
        """
        body = ",".join(request_of(draft) for draft in drafts(events))
        answer = await self._api.call("POST", "/events/batch", body=f'{{"events":[{body}]}}')
        return [read_event(shown) for shown in answer["data"]]

    async def cancel_event(self, event_id: str) -> Event[Any]:
        """Cancel a delayed event before it is delivered; `Conflict` afterwards."""
        return await self.events.cancel(event_id)

    # ── the way to the server ────────────────────────────────────────────────────────────────────────
    def use_door(self, door: Door | None) -> None:
        """Reach the API through `door` from now on (tests, embedding); None goes back to HTTP."""
        self._api.use(door)

    async def aclose(self) -> None:
        """Close the connections that this event loop opened. `async with client:` does the same."""
        await self._api.aclose()

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
