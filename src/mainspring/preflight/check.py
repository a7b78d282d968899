"""An app against an environment: its open runs are fetched page by page, and each is led over the app's code."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from mainspring.model.streams import Streamed
from mainspring.preflight import definitions
from mainspring.preflight.findings import Difference, Report, Versions
from mainspring.preflight.histories import History, read_history
from mainspring.preflight.judge import ReachedOut, TooLate, Untold, judge
from mainspring.sdk.client import Client
from mainspring.sdk.door import API, Door
from mainspring.worker.rehearsal import Scene

#: Runs on a page; rehearsals under way at once.
_PAGE = 100
_AT_ONCE = 50
#: A job whose function was at work for too long in so many runs is not tried in more.
_MOST_LATE = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be checked. `patience`: seconds for plain code of a body."""

    job: str | None = None
    tag: str | None = None
    limit: int | None = None
    with_bodies: bool = True
    patience: float = 5.0


async def check(
    client: Client,
    door: Door,
    wanted: Wanted,
    report: Report,
    told: Callable[[int], None] = lambda count: None,
) -> None:
    """Every open run that is wanted, against the client's jobs; what is found goes into `report`, as it is found.
    `told` hears how many are done so far. Raises what the door raises.
    """
    await _Check(client, door, wanted, report, told).run()


class _Check:
    def __init__(
        self, client: Client, door: Door, wanted: Wanted, report: Report, told: Callable[[int], None]
    ) -> None:
        self._jobs = client.registered
        self._client = client
        self._door = door
        self._wanted = wanted
        self._told = told
        self._report = report
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._late = Counter[str]()

    async def run(self) -> None:
        workers = await self._everything("/workers")
        self._others = definitions.of_other_apps(workers, list(self._jobs))
        await self._check_definitions(definitions.of_this_app(workers, list(self._jobs)))
        door = self._client._api._door
        self._client.use_door(_NoDoor())
        try:
            async with aclosing(self._pages()) as pages:
                async for page in pages:
                    await asyncio.gather(*(self._check_run(shown) for shown in page))
                    self._told(self._report.checked)
        finally:
            self._client.use_door(door)

    # ── what is fetched ──────────────────────────────────────────────────────────────────────────────
    async def _get(self, path: str, **params: Any) -> Any:
        return await self._door.call("GET", API + path, params=params)

    async def _everything(self, path: str) -> list[Any]:
        data: list[Any] = (await self._get(path))["data"]
        return data

    async def _pages(self) -> AsyncGenerator[list[Any], None]:
        """The next page is on its way while one is checked."""
        wanted, left = self._wanted, self._wanted.limit
        fetching: asyncio.Task[Any] | None = asyncio.create_task(self._page(None))
        try:
            while fetching is not None:
                page = await fetching
                rows, cursor = page["data"], page["next_cursor"]
                if left is not None:
                    self._report.is_cut = len(rows) > left or (len(rows) == left and cursor is not None)
                    rows = rows[:left]
                    left -= len(rows)
                is_last = cursor is None or (wanted.limit is not None and left == 0)
                fetching = None if is_last else asyncio.create_task(self._page(cursor))
                yield rows
        finally:
            if fetching is not None:
                fetching.cancel()

    async def _page(self, cursor: str | None) -> Any:
        return await self._get(
            "/checkpoints", job=self._wanted.job, tag=self._wanted.tag, limit=_PAGE, cursor=cursor
        )

    # ── what is checked ──────────────────────────────────────────────────────────────────────────────
    async def _check_definitions(self, replaced: frozenset[str]) -> None:
        for shown in await self._everything("/jobs"):
            job_id = shown["id"]
            if job_id not in replaced or self._wanted.job not in (None, job_id):
                continue
            job = self._jobs.get(job_id)
            for difference in definitions.changes_of_job(shown, None if job is None else job.spec()):
                self._report.add(job_id, None, difference)

    async def _check_run(self, shown: Mapping[str, Any]) -> None:
        async with self._room:
            history = read_history(shown, self._client.sealing)
            job = self._jobs.get(history.claimed.job_id)
            if job is None and history.claimed.job_id in self._others:
                return  # another app's
            if job is not None and history.pinned_version not in (None, job.version):
                self._report.bound += 1
                return
            self._report.checked += 1
            try:
                self._note(history, await self._difference(history))
            except Untold as reason:
                self._report.cannot_tell(history.claimed.job_id, history.run_id, str(reason))

    async def _difference(self, history: History) -> Difference | None:
        job = self._jobs.get(history.claimed.job_id)
        if job is None:
            return definitions.job_removed(history.claimed.job_id, list(self._jobs))
        scene = Scene(history.project, history.environment, self._wanted.patience)
        with_bodies = self._wanted.with_bodies
        if with_bodies and self._late[job.id] >= _MOST_LATE:
            raise TooLate(self._wanted.patience)
        try:
            found = await judge(history, job, scene, with_bodies=with_bodies)
        except TooLate:
            self._late[job.id] += 1
            raise
        if found is None and history.status == "PENDING":
            return definitions.changed_queue(history.queue, job.spec())
        return found

    def _note(self, history: History, found: Difference | None) -> None:
        report, run_id = self._report, history.run_id
        if found is None:
            report.fits += 1
            if history.drift is not None and self._wanted.with_bodies:
                report.resumable.append(run_id)
            return
        if history.drift is not None and found.kind != "job_removed":
            found = Difference("still_drifted", f"they had stopped before: {history.drift}", found.task)
        job = self._jobs.get(history.claimed.job_id)
        versions = None if job is None else Versions(history.claimed.job_version, job.version)
        report.add(history.claimed.job_id, run_id, found, versions)


class _NoDoor:
    """The way to the platform for code that is only rehearsed: there is none."""

    async def call(self, method: str, path: str, **_: Any) -> Any:
        raise ReachedOut(f"{method} {path}")

    async def stream(self, path: str, **_: Any) -> AsyncGenerator[Streamed, None]:
        raise ReachedOut(path)
        yield

    async def aclose(self) -> None: ...
