"""Starts runs of a job and waits for them: durably inside a run, over the API outside."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from mainspring.clock import SECOND
from mainspring.errors import RunFailed
from mainspring.model.runs import DebounceSpec, RunDraft
from mainspring.model.waits import WaitSpec
from mainspring.sdk.annotations import Restore
from mainspring.sdk.api import Api, segment
from mainspring.sdk.children import RunResult, read_result, result_of_failed
from mainspring.sdk.context import Scope, scope_or_none
from mainspring.sdk.handle import Run
from mainspring.sdk.json_text import encode
from mainspring.sdk.runtime import WaitCall


class Starter:
    """For the runs of one job."""

    def __init__(self, api: Api, job_id: str, restore: Restore | None) -> None:
        self._api = api
        self._job_id = job_id
        self._restore = restore

    async def start(self, drafts: Sequence[RunDraft], *, is_batch: bool) -> list[Run[Any]]:
        """Their handles, in order; all are started, or none."""
        if not drafts:
            return []
        scope = scope_or_none()
        if scope is not None:
            key = f"batch:{self._job_id}" if is_batch else f"trigger:{self._job_id}"
            shown: Sequence[Mapping[str, Any]] = await scope.runtime.trigger_runs(key, drafts)
        elif is_batch:
            body = ",".join(_requests_of(drafts, names_job=True))
            answer = await self._api.call("POST", "/batches", body=f'{{"runs":[{body}]}}', timeout=60)
            shown = answer["runs"]
        elif self._api.near is not None and _GIVEN(drafts[0]) == _NOTHING_GIVEN:
            shown = [await self._api.near.start_run(drafts[0])]
        else:
            (body,) = _requests_of(drafts)
            shown = [await self._api.call("POST", f"/jobs/{segment(self._job_id)}/trigger", body=body)]
        return [Run(self._api, one, self._restore) for one in shown]

    async def results(self, drafts: Sequence[RunDraft], *, is_batch: bool) -> list[RunResult[Any]]:
        """What the runs came to, in order, when the last of them has ended."""
        runs = await self.start(drafts, is_batch=is_batch)
        scope = scope_or_none()
        if scope is None or not runs:
            return [await self._result(run) for run in runs]
        return await self._wait(scope, [run.id for run in runs], is_batch=is_batch)

    async def _wait(self, scope: Scope, run_ids: list[str], *, is_batch: bool) -> list[RunResult[Any]]:
        if is_batch:
            name = f"wait for {len(run_ids)} runs of {self._job_id}"
            spec = WaitSpec("runs", target_run_ids=tuple(run_ids))
        else:
            name = f"wait for {self._job_id}"
            spec = WaitSpec("run", target_run_id=run_ids[0])
        shown = await scope.runtime.wait(WaitCall(f"wait:{self._job_id}", "run_wait", name, spec))
        ended = shown if is_batch else [shown]
        return [read_result(one, self._job_id, self._restore) for one in ended]

    async def _result(self, run: Run[Any]) -> RunResult[Any]:
        try:
            output = await run.result()
        except RunFailed as failed:
            return result_of_failed(failed, self._job_id)
        return RunResult(True, output, None, run.id, run.status, self._job_id)


#: What drafts of one call have in common beside their job, and what it is when nothing was asked for.
_OPTIONS = (
    "metadata",
    "delay",
    "queue",
    "concurrency_key",
    "priority",
    "ttl",
    "tags",
    "max_attempts",
    "idempotency_key_ttl",
    "debounce",
    "version",
)
_SHARED = attrgetter("job_id", *_OPTIONS)
_GIVEN = attrgetter("idempotency_key", *_OPTIONS)
_NOTHING_GIVEN = _GIVEN(RunDraft("", "", ""))


def _requests_of(drafts: Sequence[RunDraft], *, names_job: bool = False) -> list[str]:
    """The drafts as the API takes them; payload and metadata as they were encoded."""
    requests = []
    written, options = None, ""
    for draft in drafts:
        shared = _SHARED(draft)
        if shared != written:  # only the first time, for drafts of one call
            written, options = shared, _options_of(draft, names_job=names_job)
        key = draft.idempotency_key
        own = "" if key is None else f',"idempotency_key":{encode(key, what="idempotency_key")}'
        requests.append(f'{{"payload":{draft.payload}{own}{options}}}')
    return requests


def _options_of(draft: RunDraft, *, names_job: bool) -> str:
    fields: dict[str, Any] = {
        "job_id": draft.job_id if names_job else None,
        "delay": None if draft.delay is None else draft.delay / SECOND,
        "idempotency_key_ttl": None
        if draft.idempotency_key_ttl is None
        else draft.idempotency_key_ttl / SECOND,
        "debounce": None if draft.debounce is None else _debounce_of(draft.debounce),
        "queue": draft.queue,
        "concurrency_key": draft.concurrency_key,
        "priority": draft.priority or None,
        "ttl": None if draft.ttl is None else draft.ttl / SECOND,
        "tags": list(draft.tags) or None,
        "max_attempts": draft.max_attempts,
        "version": draft.version,
    }
    given = [f',"{name}":{encode(value, what=name)}' for name, value in fields.items() if value is not None]
    return f',"metadata":{draft.metadata}{"".join(given)}'


def _debounce_of(debounce: DebounceSpec) -> dict[str, Any]:
    longest = None if debounce.max_delay is None else debounce.max_delay / SECOND
    return {
        "key": debounce.key,
        "delay": debounce.delay / SECOND,
        "mode": debounce.mode,
        "max_delay": longest,
    }
