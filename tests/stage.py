"""A platform for tests of server and client: real engine and database file, a clock turned by hand, no sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from mainspring.client.backend import HttpBackend
from mainspring.clock import FakeClock
from mainspring.ids import new_id
from mainspring.model.jobs import JobSpec, TriggerSpec
from mainspring.model.protocol import (
    ClaimedRun,
    ClaimRequest,
    CommitAnswer,
    CommitRequest,
    Item,
    Registration,
    RunReport,
)
from mainspring.serve import Platform
from mainspring.settings import Settings, load_settings

URL = "http://127.0.0.1:2020"


def settings_in(folder: Path, **flags: object) -> Settings:
    """Settings with their data in `folder`, whatever this machine's environment says."""
    return load_settings({"data_dir": folder / "data", **flags}, env={}, dir=folder)


def job(job_id: str, *events: str, schema: dict[str, Any] | None = None, **options: Any) -> JobSpec:
    """A job that listens for events, or is only called."""
    trigger = TriggerSpec("event", tuple(events)) if events else TriggerSpec("invoke")
    return JobSpec(job_id, job_id.title(), "1.0.0", (trigger,), payload_schema=schema, **options)


#: A schema that wants a name.
NAMED = {
    "type": "object",
    "properties": {"who": {"type": "string"}},
    "required": ["who"],
}


@dataclass
class Stage:
    platform: Platform
    http: httpx2.AsyncClient
    clock: FakeClock

    @property
    def environment_id(self) -> str:
        return self.platform.environment_id

    async def request(self, method: str, path: str, body: Any = None, **options: Any) -> httpx2.Response:
        """One request; `body` as JSON unless it is bytes."""
        if isinstance(body, bytes):
            options["content"] = body
        elif body is not None:
            options["json"] = body
        return await self.http.request(method, path, **options)

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The decoded answer of a request that goes well."""
        response = await self.request(method, path, body, **options)
        assert response.status_code == 200, response.text
        return response.json()

    async def refused(self, status: int, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The problem document of a request that is refused."""
        response = await self.request(method, path, body, **options)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        problem = response.json()
        assert problem["status"] == status
        assert problem["type"].endswith(problem["code"])
        assert problem["detail"].endswith(".")
        assert problem["request_id"] == response.headers["x-request-id"]
        return problem

    async def send(self, name: str, payload: Any = None, **fields: Any) -> Any:
        """An event that goes well."""
        body = {"name": name, "payload": {} if payload is None else payload, **fields}
        return await self.ask("POST", "/api/v1/events", body)

    async def work(self, *jobs: JobSpec, slots: int = 10) -> "PuppetWorker":
        """A worker that has these jobs and does what the test says."""
        backend = HttpBackend(URL, self.platform.api_key, transport=httpx2.ASGITransport(self.platform.app))
        worker = PuppetWorker(backend, new_id("wrk"))
        await backend.register(
            Registration(worker.id, "puppet", "tests", "1", "here", 1, slots, jobs),
        )
        return worker


@dataclass
class PuppetWorker:
    """Speaks the worker protocol over HTTP, one message at a time."""

    backend: HttpBackend
    id: str
    claims: int = 0
    commits: int = 0

    async def claim(self, slots: int = 1) -> tuple[ClaimedRun, ...]:
        """What is ready now, without waiting."""
        self.claims += 1
        answer = await self.backend.claim(ClaimRequest(self.id, self.claims, slots, wait=0))
        return answer.runs

    async def claim_one(self) -> ClaimedRun:
        (run,) = await self.claim()
        return run

    async def report(self, run: ClaimedRun, *items: Item) -> CommitAnswer:
        self.commits += 1
        report = RunReport(run.run_id, run.lease, items)
        return await self.backend.commit(CommitRequest(self.id, self.commits, (report,)))


@asynccontextmanager
async def staged(folder: Path, **flags: object) -> AsyncIterator[Stage]:
    """A started platform and an HTTP client with its key."""
    clock = FakeClock()
    platform = Platform.open(settings_in(folder, **flags), clock=clock, lets_browsers_in=True)
    try:
        await platform.start()
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(platform.app),
            base_url=URL,
            headers={"Authorization": f"Bearer {platform.api_key}"},
        ) as http:
            yield Stage(platform, http, clock)
    finally:
        await platform.stop()
