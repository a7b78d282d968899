"""Queues over HTTP: shown with what waits, paused, resumed, limited; why a run waits."""

from dataclasses import replace
from typing import Any

import pytest

from mainspring.model.queues import QueueLimits
from stage import Stage, job

QUEUES = "/api/v1/queues"


async def begin(stage: Stage, **limits: Any) -> list[str]:
    """A limited queue and three runs in it."""
    await stage.work(replace(job("mail"), limits=QueueLimits(**limits)))
    return [(await stage.ask("POST", "/api/v1/jobs/mail/trigger", {"payload": {}}))["id"] for _ in range(3)]


async def test_a_queue_is_shown_whole(stage: Stage) -> None:
    await begin(stage, concurrency=1)
    shown = await stage.ask("GET", f"{QUEUES}/mail")
    assert shown["limits"] == {
        "concurrency": 1,
        "per_key": None,
        "rate": None,
        "key_rate": None,
        "weights": {},
    }
    assert (shown["depth"], shown["admitted"], shown["is_changed"], shown["keys"]) == (3, 1, False, [])
    listed = await stage.ask("GET", QUEUES)
    assert [one["name"] for one in listed["data"]] == ["mail"]


async def test_it_tells_who_has_the_slots_and_who_is_next(stage: Stage) -> None:
    first, second, third = await begin(stage, concurrency=1)
    shown = await stage.ask("GET", f"{QUEUES}/mail")
    assert [one["run_id"] for one in shown["holders"]] == [first]
    assert [one["run_id"] for one in shown["line"]] == [second, third]
    assert shown["line"][0] | {"created_at": ""} == {
        "run_id": second,
        "job_id": "mail",
        "key": None,
        "status": "PENDING",
        "priority": 0,
        "created_at": "",
    }
    assert await pages(stage, "line") == [second, third]
    assert await pages(stage, "holders") == [first]
    why = await stage.ask("GET", f"/api/v1/runs/{second}/why")
    assert why["reason"]["message"] == "queue 'mail' has 1 run, its limit is 1; it is the next"


async def pages(stage: Stage, what: str, more: str = "") -> list[str]:
    """The runs of every page, one a page."""
    found: list[str] = []
    cursor = ""
    while True:
        page = await stage.ask("GET", f"{QUEUES}/mail/{what}?limit=1{more}{cursor}")
        found += [one["run_id"] for one in page["data"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def test_the_line_of_several_keys_is_the_first_of_each(stage: Stage) -> None:
    await stage.work(replace(job("mail"), limits=QueueLimits(concurrency=2, per_key=1)))

    async def start(key: str, **options: Any) -> str:
        said = {"payload": {}, "concurrency_key": key, **options}
        return str((await stage.ask("POST", "/api/v1/jobs/mail/trigger", said))["id"])

    held, b, second, third, c, urgent = [await start(key) for key in "abaabc"[:5]] + [
        await start("a", priority=7)
    ]
    assert await pages(stage, "holders") == [held, b]
    assert await pages(stage, "line") in ([urgent, c], [c, urgent])
    assert await pages(stage, "line", "&key=a") == [urgent, second, third]
    assert await pages(stage, "line", "&key=") == []
    for cursor in ("9" * 30, "1.1", "a.1.run_a", f"{9**30}.1.run_a"):
        answer = await stage.request("GET", f"{QUEUES}/mail/line?key=a&cursor={cursor}")
        assert (answer.status_code, "none of this line" in answer.text) == (400, True)


async def test_limits_are_changed_and_go_back(stage: Stage) -> None:
    await begin(stage, concurrency=1)
    change = {"concurrency": 2, "rate": "5 per 10 seconds burst 9"}
    shown = await stage.ask("PATCH", f"{QUEUES}/mail", change)
    assert (shown["limits"]["concurrency"], shown["limits"]["rate"], shown["admitted"]) == (
        2,
        "5/10s burst 9",
        2,
    )
    assert (shown["is_changed"], shown["declared"]["concurrency"]) == (True, 1)
    lifted = await stage.ask("PATCH", f"{QUEUES}/mail", {"concurrency": None, "rate": None})
    assert (lifted["limits"]["concurrency"], lifted["limits"]["rate"]) == (None, None)
    back = await stage.ask("PATCH", f"{QUEUES}/mail", {"reset": True})
    assert (back["limits"]["concurrency"], back["is_changed"]) == (1, False)


async def test_pause_and_why(stage: Stage) -> None:
    _, second, _ = await begin(stage, concurrency=1)
    why = await stage.ask("GET", f"/api/v1/runs/{second}/why")
    assert (why["reason"]["code"], why["reason"]["limit"], why["reason"]["position"]) == ("queue_limit", 1, 0)
    paused = await stage.ask("POST", f"{QUEUES}/mail/pause", {"by": "Ada"})
    assert (paused["paused_by"], paused["admitted"]) == ("Ada", 0)
    why = await stage.ask("GET", f"/api/v1/runs/{second}/why")
    assert why["reason"]["action"] == "mainspring queues resume mail"
    assert (await stage.ask("POST", f"{QUEUES}/mail/resume"))["paused_at"] is None


async def test_the_environment_has_a_limit(stage: Stage) -> None:
    assert await stage.ask("GET", "/api/v1/limit") == {"max_running": None, "running": 0}
    assert (await stage.ask("PUT", "/api/v1/limit", {"max_running": 5}))["max_running"] == 5


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"concurrency": 0}, 400, "concurrency: is 0: give a whole number from 1"),
        ({"per_key": -2}, 400, "per_key: is -2: give a whole number from 1"),
        ({"rate": "often"}, 400, "rate"),
        ({"weights": {"a": 0}}, 400, "weights.a: is 0: give a whole number from 1 to 1,000"),
        ({"concurency": 2}, 400, "concurency"),
    ],
)
async def test_bad_limits_are_refused(stage: Stage, body: Any, status: int, word: str) -> None:
    await begin(stage)
    answer = await stage.request("PATCH", f"{QUEUES}/mail", body)
    assert answer.status_code == status
    assert word in answer.text


async def test_what_is_not_there_is_not_found(stage: Stage) -> None:
    for method, path in (
        ("GET", ""),
        ("GET", "/line"),
        ("GET", "/holders"),
        ("POST", "/pause"),
        ("POST", "/resume"),
    ):
        answer = await stage.request(method, f"{QUEUES}/none{path}")
        assert (answer.status_code, "no queue 'none'" in answer.text) == (404, True)
    assert (await stage.request("GET", "/api/v1/runs/run_none/why")).status_code == 404
