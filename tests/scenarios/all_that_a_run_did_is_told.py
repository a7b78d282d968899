"""History, tasks and trace of a run hold all that it did, in order, through a retry, a wait and a crash."""

from mainspring import IO, Retry, ctx
from scenarios.world import World


async def test_all_that_a_run_did_is_told(world: World) -> None:
    async def flaky() -> str:
        if ctx.attempt.number == 1:
            raise ConnectionError("lost")
        return "ok"

    @world.client.job(id="told")
    async def told(payload: str, io: IO) -> str:
        await io.run_task(
            "flaky", flaky, retry=Retry(min_delay="1s", jitter=False), name="Flaky", icon="bolt",
            params={"who": payload}, properties={"Customer": "Ada"},
        )  # fmt: skip
        await io.wait_for_event("answer", name="answer", id="q")
        await io.store.set("last", payload)
        await io.send_event("tell", "told", {})
        return payload

    await world.start()
    run = await world.trigger(told, "Ada")
    await world.until(run, "RUNNING")
    await world.advance("1s")
    await world.until(run, "WAITING")
    await world.crash()
    answer = await world.send("answer", id="q")
    await world.output(run)

    entries = await world.history(run)
    assert [(entry["kind"], entry["task"]) for entry in entries if entry["kind"] != "TASK_STARTED"] == [
        ("RUN_CREATED", None),
        ("JOB_STARTED", None),
        ("TASK_RETRIED", "flaky"),
        ("TASK_COMPLETED", "flaky"),
        ("WAIT_STARTED", "answer"),
        ("JOB_WAITING", None),
        ("WAIT_RESOLVED", "answer"),
        ("JOB_RESUMED", None),
        ("TASK_COMPLETED", "store.set:last"),
        ("TASK_COMPLETED", "tell"),
        ("JOB_COMPLETED", None),
    ]
    assert [entry["sequence"] for entry in entries] == sorted(entry["sequence"] for entry in entries)
    resolved = next(entry for entry in entries if entry["kind"] == "WAIT_RESOLVED")
    assert resolved["data"] == {"event": answer.event_id}

    tasks = await world.tasks(run)
    assert [task["kind"] for task in tasks.values()] == ["task", "event_wait", "store", "send_event"]
    flaky_task = tasks["flaky"]
    assert (flaky_task["name"], flaky_task["icon"]) == ("Flaky", "bolt")
    assert (flaky_task["params"], flaky_task["properties"]) == ({"who": "Ada"}, {"Customer": "Ada"})
    assert tasks["answer"]["output"]["event_id"] == answer.event_id

    spans = await world.trace(run)
    root = next(span for span in spans if span["parent_id"] is None)
    assert (root["kind"], root["status"]) == ("run", "SUCCESS") or root["name"] == "told"
    assert [span["name"] for span in spans if span["parent_id"] == root["id"]] == [
        task["name"] for task in tasks.values()
    ]
