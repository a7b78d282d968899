"""What a worker of someone else's making may say: nothing that the database could not keep or nobody could read."""

from typing import Any

import pytest
from pydantic_core import to_json

from mainspring.errors import MainspringError
from mainspring.model.events import EventDraft
from mainspring.model.failures import Failure
from mainspring.model.protocol import (
    ClaimRequest,
    EventsSent,
    Item,
    LogWritten,
    RunAttemptFailed,
    RunChanged,
    RunDraft,
    RunsTriggered,
    RunSucceeded,
    StoreUsed,
    StreamAppended,
    TaskAttemptFailed,
    TaskStarted,
    TaskSucceeded,
    WaitStarted,
)
from mainspring.model.store import StoreOperation
from mainspring.model.tasks import TaskLabel
from mainspring.model.waits import WaitSpec
from stage import PuppetWorker, Stage, job

TASK = TaskLabel("a", "task", "A")
BIG = f'"{"x" * (1 << 20)}"'
DEEP = "[" * 10_000 + "]" * 10_000


def sends(name: str = "go", payload: str = "{}", **options: Any) -> EventsSent:
    return EventsSent(TASK, (EventDraft("evt_1", name, payload, **options),), 1)


def triggers(**options: Any) -> RunsTriggered:
    return RunsTriggered(
        TASK, (RunDraft(**{"run_id": "run_1", "job_id": "greet", "payload": "{}", **options}),), 1
    )


def stores(key: str = "k", value: str = "1") -> StoreUsed:
    return StoreUsed(TASK, StoreOperation("set", "environment", "", key, value), 1)


REFUSED: list[tuple[Item, str, str]] = [
    (sends("go\nc-1"), "invalid_text", "events[0].name"),
    (sends(correlation_id="a\x1fb"), "invalid_text", "events[0].correlation_id"),
    (sends(payload=BIG), "too_large", "events[0].payload"),
    (sends(payload="{"), "bad_request", "events[0].payload"),
    (sends(payload='"\\u0000"'), "bad_request", "events[0].payload"),
    (sends(delay=2**70), "bad_request", "events[0].delay"),
    (triggers(payload=DEEP), "bad_request", "runs[0].payload"),
    (triggers(tags=("fine", "b\td")), "invalid_text", "runs[0].tags[1]"),
    (stores("k" * 3_000), "bad_request", "operation.key"),
    (stores(value=BIG), "too_large", "operation.value"),
    (stores(value='"\\ud800"'), "bad_request", "operation.value"),
    (TaskSucceeded(TASK, 1, 0, BIG, 1), "too_large", "output"),
    (TaskSucceeded(TASK, 1, 0, "nonsense", 1), "bad_request", "output"),
    (TaskStarted(TaskLabel("a\nb", "task", "A"), 1), "invalid_text", "task.key"),
    (TaskStarted(TaskLabel("ä" * 1_100, "task", "A"), 1), "bad_request", "task.key"),
    (TaskAttemptFailed(TASK, 1, 0, Failure("E", "m"), retry_in=-(2**70)), "bad_request", "retry_in"),
    (WaitStarted(TASK, WaitSpec("event", event_name="go\nc-1")), "invalid_text", "wait.event_name"),
    (WaitStarted(TASK, WaitSpec("event", event_name="go", filter="[1]")), "bad_request", "wait.filter"),
    (RunChanged(tags='{"a": 1}'), "bad_request", "tags"),
    (RunChanged(metadata="[]"), "bad_request", "metadata"),
    (StreamAppended("s", '{"a"', 1), "bad_request", "chunk"),
    (LogWritten(1, 0, "INFO", "m", fields="]"), "bad_request", "fields"),
    (RunSucceeded(BIG), "too_large", "output"),
    (RunSucceeded(DEEP), "bad_request", "output"),
]


async def held(stage: Stage) -> tuple[PuppetWorker, Any]:
    worker = await stage.work(job("greet"))
    await stage.ask("POST", "/api/v1/jobs/greet/trigger")
    return worker, await worker.claim_one()


@pytest.mark.parametrize(("item", "code", "place"), REFUSED, ids=lambda value: None)
async def test_it_is_refused_with_its_place_and_the_run_can_be_ended(
    stage: Stage, item: Item, code: str, place: str
) -> None:
    worker, run = await held(stage)
    with pytest.raises(MainspringError) as caught:
        await worker.report(run, TaskStarted(TASK, 1), item)
    assert caught.value.code == code
    assert f"reports[0].items[1].{place} " in str(caught.value)
    answer = await worker.report(run, RunAttemptFailed(Failure("E", str(caught.value)), 0))
    assert answer.reports[0].status == "ok"
    shown = await stage.ask("GET", f"/api/v1/runs/{run.run_id}")
    assert (shown["status"], shown["error"]["type"]) == ("FAILED", "E")


async def test_texts_for_people_are_cut(stage: Stage) -> None:
    worker, run = await held(stage)
    text = "x" * (8 << 20)
    failure = Failure(text, text, traceback=text, path=text)
    await worker.report(
        run,
        LogWritten(1, 0, "INFO", text),
        TaskAttemptFailed(TASK, 1, 0, failure, position=1),
        RunAttemptFailed(failure, 0),
    )
    for what in ("", "/tasks", "/logs", "/history"):
        shown = await stage.ask("GET", f"/api/v1/runs/{run.run_id}{what}")
        assert len(to_json(shown)) < 1 << 20, what


async def test_numbers_that_no_column_holds_are_refused_everywhere(stage: Stage) -> None:
    worker = await stage.work(job("greet"))
    with pytest.raises(MainspringError, match="claim_seq"):
        await worker.backend.claim(ClaimRequest(worker.id, 2**70, 1, wait=0))


async def test_what_is_unusual_and_fine_passes(stage: Stage) -> None:
    worker, run = await held(stage)
    answer = await worker.report(
        run,
        TaskSucceeded(TaskLabel("schön\u00a0und/gut#2", "task", "Ä"), 1, 0, '"a\\nb \\\\u0000"', 1),
        sends("größe.geändert", '{"deep":' * 100 + "1" + "}" * 100, correlation_id="Ω"),
        WaitStarted(
            TaskLabel("w", "event_wait", "w"), WaitSpec("event", event_name="go", filter='{"a":[1]}')
        ),
        RunChanged(tags='["a"]', metadata='{"a":1}', progress="0.5"),
    )
    assert answer.reports[0].status == "ok"
