"""Circuit breakers over HTTP: shown, opened by hand, reset; why a run waits for one."""

from mainspring.clock import SECOND
from mainspring.model.breakers import BreakerAsked, BreakerSpec
from mainspring.model.protocol import RunParked
from mainspring.model.tasks import TaskLabel
from stage import Stage, job

BREAKERS = "/api/v1/breakers"


def asked(key: str) -> BreakerAsked:
    return BreakerAsked(TaskLabel(key, "task", key), 1, BreakerSpec("the gateway", 3, 60 * SECOND))


async def test_a_breaker_is_shown_opened_and_reset(stage: Stage) -> None:
    assert (await stage.ask("GET", BREAKERS))["data"] == []
    worker = await stage.work(job("pay"))
    run_id = (await stage.ask("POST", "/api/v1/jobs/pay/trigger", {"payload": {}}))["id"]
    run = await worker.claim_one()
    await worker.report(run, asked("a"))
    (shown,) = (await stage.ask("GET", BREAKERS))["data"]
    assert (shown["name"], shown["state"], shown["failures"], shown["reset"]) == (
        "the gateway",
        "closed",
        3,
        60.0,
    )

    opened = await stage.ask("POST", f"{BREAKERS}/the%20gateway/open", {"timeout": "1 hour", "by": "Ada"})
    assert (opened["state"], opened["opened_by"], opened["held"]) == ("open", "Ada", 0)
    await worker.report(run, asked("b"), RunParked(("b",)))
    why = await stage.ask("GET", f"/api/v1/runs/{run_id}/why")
    assert (why["status"], why["reason"]["code"]) == ("WAITING", "breaker_open")
    assert (why["reason"]["until"], why["reason"]["position"]) == (opened["probe_at"], 0)
    shown = await stage.ask("GET", f"{BREAKERS}/the%20gateway")
    assert (shown["held"], shown["first_run_id"]) == (1, run_id)
    tasks = (await stage.ask("GET", f"/api/v1/runs/{run_id}/tasks"))["data"]
    (held,) = [one for one in tasks if one["key"] == "b"]
    assert (held["status"], held["attempts"]) == ("WAITING", [])

    until_reset = await stage.ask("POST", f"{BREAKERS}/the%20gateway/open")
    assert until_reset["probe_at"] is None
    assert "stays open until it is reset" in until_reset["message"]
    assert (await stage.ask("POST", f"{BREAKERS}/the%20gateway/reset"))["state"] == "closed"


async def test_what_is_not_there_and_what_is_no_span(stage: Stage) -> None:
    for method, path in (("GET", ""), ("POST", "/reset"), ("POST", "/open")):
        problem = await stage.refused(404, method, f"{BREAKERS}/nope{path}")
        assert "no breaker 'nope'" in problem["detail"]
    await stage.refused(400, "POST", f"{BREAKERS}/nope/open", {"timeout": "soon"})
