"""`client.runs`: runs looked for, and what is done to one by its id, or to many."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, Unpack

from mainspring.duration import Duration
from mainspring.sdk.api import Api, Listing, segment
from mainspring.sdk.bulk import Bulk, start_bulk
from mainspring.sdk.doubt import Done, NotDone
from mainspring.sdk.handle import UNSET, Run
from mainspring.sdk.json_text import encode
from mainspring.sdk.run_filter import RunFilter, filter_params


class Runs:
    """`client.runs`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def retrieve(self, run_id: str) -> Run[Any]:
        """The run; `NotFound` when there is none of that id."""
        return await self._handle(run_id).refresh()

    def list(
        self, *, limit: int | None = None, cursor: str | None = None, **filter: Unpack[RunFilter]
    ) -> Listing[Run[Any]]:
        """Runs, the newest first: `page = await client.runs.list()`, or `async for run in ...` for all.

        Those that pass all that is given: `status=["FAILED", "TIMED_OUT"], job_id=, tag=, since="2h"`, and by what
        is in their payload: `payload={"order_id": "o1"}`. Encrypted payloads cannot be searched.
        """
        params = {**filter_params(filter), "limit": limit, "cursor": cursor}
        return Listing(self._api, "/runs", params, lambda shown: Run(self._api, shown))

    async def cancel(self, run_id: str, *, reason: str | None = None) -> Run[Any]:
        """As `Run.cancel`."""
        return await self._handle(run_id).cancel(reason=reason)

    async def reschedule(
        self, run_id: str, *, delay: Duration | None = None, at: datetime | str | None = None
    ) -> Run[Any]:
        """As `Run.reschedule`."""
        return await self._handle(run_id).reschedule(delay=delay, at=at)

    async def repin(self, run_id: str, version: str | None) -> Run[Any]:
        """As `Run.repin`."""
        return await self._handle(run_id).repin(version)

    async def reset_key(self, job_id: str, idempotency_key: str) -> bool:
        """Let the next call of the job with this key start a fresh run; whether a run had it."""
        body = encode({"key": idempotency_key}, what="the key")
        answer = await self._api.call("POST", f"/jobs/{segment(job_id)}/keys/reset", body=body)
        return bool(answer["reset"])

    async def replay(
        self,
        run_id: str,
        from_task: str | None = None,
        *,
        payload: Any = UNSET,
        idempotency_key: str | None = None,
    ) -> Run[Any]:
        """As `Run.replay`: the handle of the fresh run."""
        return await self._handle(run_id).replay(from_task, payload=payload, idempotency_key=idempotency_key)

    async def settle(
        self, run_id: str, task: str, answer: Done[Any] | NotDone | None = None, *, fail: str | None = None
    ) -> Run[Any]:
        """As `Run.settle`."""
        return await self._handle(run_id).settle(task, answer, fail=fail)

    async def bulk(
        self,
        action: Literal["cancel", "replay"],
        *,
        filter: RunFilter | None = None,
        ids: Sequence[str] | None = None,
        reason: str | None = None,
        from_task: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Bulk:
        """Cancel or replay many runs: those that pass a filter, or those of these ids. It goes on by itself, also
        when this process ends; `await bulk.result()` waits for its end. `dry_run` only counts them.
        """
        return await start_bulk(
            self._api,
            action,
            filter,
            ids,
            idempotency_key=idempotency_key,
            reason=reason,
            from_task=from_task,
            dry_run=dry_run,
        )

    def _handle(self, run_id: str) -> Run[Any]:
        return Run(self._api, {"id": run_id, "job_id": ""})
