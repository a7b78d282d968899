"""Jobs over HTTP: shown with trigger and state, triggered, switched off and on."""

from typing import Any

import pytest

from mainspring.clock import SECOND, to_iso
from mainspring.model.jobs import JobSpec, TriggerSpec
from mainspring.server.shapes.jobs import in_words
from stage import NAMED, Stage, job

JOBS = "/api/v1/jobs"
TRIGGER = f"{JOBS}/greet/trigger"


async def test_a_job_is_shown_whole(stage: Stage) -> None:
    await stage.work(job("greet", "hello", schema=NAMED, max_duration=90 * SECOND, tags=("a",)))
    shown = await stage.ask("GET", f"{JOBS}/greet")
    assert shown == {
        "id": "greet",
        "name": "Greet",
        "version": "1.0.0",
        "description": None,
        "enabled": True,
        "served": True,
        "trigger": "on event hello",
        "triggers": [
            {
                "kind": "event",
                "events": ["hello"],
                "filter": None,
                "source": None,
                "examples": [],
                "debounce": None,
                "batch": None,
                "cron": None,
                "timezone": None,
                "every": None,
                "catch_up": "none",
                "overlap": "allow",
                "dynamic_schedule": None,
            }
        ],
        "payload_schema": NAMED,
        "output_schema": None,
        "retry": {"max_attempts": 3, "min_delay": 1.0, "max_delay": 60.0, "factor": 2.0, "jitter": True},
        "queue": None,
        "concurrency": None,
        "rate_limit": None,
        "max_duration": 90.0,
        "ttl": None,
        "pin_version": False,
        "tags": ["a"],
        "log_level": None,
        "hooks": [],
        "updated_at": to_iso(stage.clock.now()),
        "versions": [
            {
                "version": "1.0.0",
                "registered_at": to_iso(stage.clock.now()),
                "seen_at": to_iso(stage.clock.now()),
                "workers": ["puppet"],
            }
        ],
        "counts": {},
        "last_runs": [],
        "next_run_at": None,
    }
    assert (await stage.ask("GET", JOBS)) == {"data": [shown], "next_cursor": None}


async def test_a_job_counts_its_runs(stage: Stage) -> None:
    await stage.work(job("greet", "hello"))
    runs = [(await stage.ask("POST", TRIGGER))["id"] for _ in range(3)]
    await stage.ask("POST", f"/api/v1/runs/{runs[0]}/cancel")
    shown = await stage.ask("GET", f"{JOBS}/greet")
    assert shown["counts"] == {"CANCELLED": 1, "PENDING": 2}
    assert [run["id"] for run in shown["last_runs"]] == runs[::-1]


def test_triggers_are_said_in_words() -> None:
    assert in_words(()) == "by call"
    assert in_words((TriggerSpec("invoke"),)) == "by call"
    assert in_words((TriggerSpec("event", ("a", "b")),)) == "on event a or b"
    filtered = TriggerSpec("event", ("a",), filter={"n": [1]}, source="shop")
    assert in_words((filtered, TriggerSpec("invoke"))) == "on event a from shop (filtered)"
    nightly = TriggerSpec("cron", cron="@daily", timezone="Europe/Paris")
    often = TriggerSpec("interval", every=300 * SECOND)
    assert in_words((nightly, often)) == "at 00:00 every day (Europe/Paris), every 5m"


# ── triggered ────────────────────────────────────────────────────────────────────────────────────────
async def test_a_trigger_answers_with_the_run(stage: Stage) -> None:
    await stage.work(job("greet"))
    run = await stage.ask("POST", TRIGGER, {"payload": {"who": "Ada"}, "tags": ["vip"], "metadata": {"a": 1}})
    assert run["status"] == "PENDING"
    assert run["payload"] == {"who": "Ada"}
    assert (run["tags"], run["metadata"]) == (["vip"], {"a": 1})
    shown = await stage.ask("GET", f"/api/v1/runs/{run['id']}")
    assert {**shown, "pending_reason": None, "is_new": True} == run
    assert shown["pending_reason"]["code"] == "waiting_for_slot"


async def test_no_body_is_an_empty_payload(stage: Stage) -> None:
    await stage.work(job("greet"))
    assert (await stage.ask("POST", TRIGGER))["payload"] == {}


async def test_options_reach_the_run(stage: Stage) -> None:
    await stage.work(job("greet"), job("slow"))
    options = {"queue": "slow", "concurrency_key": "c", "priority": 5, "max_attempts": 7, "is_test": True}
    run = await stage.ask("POST", TRIGGER, {"delay": "1m", **options})
    assert {name: run[name] for name in options} == options
    assert run["available_at"] == to_iso(stage.clock.now() + 60 * SECOND)
    assert run["pending_reason"]["code"] == "delayed"
    assert run["pending_reason"]["until"] == run["available_at"]


async def test_an_idempotency_key_answers_with_the_first_run(stage: Stage) -> None:
    worker = await stage.work(job("greet"))
    first = await stage.ask("POST", TRIGGER, {"payload": 1, "idempotency_key": "k"})
    await worker.claim_one()
    again = await stage.ask("POST", TRIGGER, {"payload": 2}, headers={"Idempotency-Key": "k"})
    assert again["id"] == first["id"]
    assert again["payload"] == 1
    assert again["status"] == "RUNNING"


async def test_a_payload_the_schema_refuses_is_named(stage: Stage) -> None:
    await stage.work(job("greet", schema=NAMED))
    problem = await stage.refused(422, "POST", TRIGGER, {"payload": {"who": 1}})
    assert problem["code"] == "payload_invalid"
    assert problem["errors"][0]["path"] == "who"
    assert "greet" in problem["detail"]


BAD_TRIGGERS: list[tuple[Any, str]] = [
    ({"payload": {}, "delya": 1}, "delya"),
    ({"delay": "soon"}, "delay"),
    ({"ttl": []}, "ttl"),
    ({"priority": "high"}, "priority"),
    ({"max_attempts": 0}, "max_attempts"),
    ({"tags": "vip"}, "tags"),
    ({"tags": ["a", 3]}, "tags[1]"),
    ({"metadata": []}, "metadata"),
    ({"is_test": "yes"}, "is_test"),
]


@pytest.mark.parametrize(("body", "path"), BAD_TRIGGERS)
async def test_a_wrong_option_is_named(stage: Stage, body: Any, path: str) -> None:
    await stage.work(job("greet"))
    problem = await stage.refused(400, "POST", TRIGGER, body)
    assert problem["errors"][0]["path"].startswith(path)


async def test_a_payload_over_the_limit_names_the_setting(stage: Stage) -> None:
    await stage.work(job("greet"))
    payload = "x" * stage.platform.settings.max_payload_bytes
    problem = await stage.refused(413, "POST", TRIGGER, {"payload": payload})
    assert problem["setting"] == "max_payload_bytes"


async def test_an_unknown_job_is_not_found(stage: Stage) -> None:
    for method, path in (("GET", ""), ("POST", "/trigger"), ("POST", "/enable"), ("POST", "/disable")):
        problem = await stage.refused(404, method, f"{JOBS}/nope{path}")
        assert problem["code"] == "not_found"
        assert "nope" in problem["detail"]


# ── off and on ───────────────────────────────────────────────────────────────────────────────────────
async def test_a_disabled_job_starts_nothing_until_enabled(stage: Stage) -> None:
    await stage.work(job("greet", "hello"))
    assert (await stage.ask("POST", f"{JOBS}/greet/disable"))["enabled"] is False
    assert (await stage.send("hello"))["runs"] == []
    assert (await stage.refused(409, "POST", TRIGGER))["code"] == "conflict"
    assert (await stage.ask("POST", f"{JOBS}/greet/enable"))["enabled"] is True
    assert len((await stage.send("hello"))["runs"]) == 1


async def test_a_job_disabled_in_code_says_so(stage: Stage) -> None:
    await stage.work(JobSpec("greet", "Greet", "1", (TriggerSpec("event", ("hello",)),), enabled=False))
    assert (await stage.ask("GET", f"{JOBS}/greet"))["enabled"] is False
