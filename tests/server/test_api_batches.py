"""Batches over HTTP: many runs by one request, all or none, found again under one id."""

import json

from stage import NAMED, Stage, job

BATCHES = "/api/v1/batches"


async def test_a_batch_starts_its_runs_in_order(stage: Stage) -> None:
    worker = await stage.work(job("greet"), job("part"))
    batch = await stage.ask(
        "POST",
        BATCHES,
        {"runs": [{"job_id": "greet", "payload": {"n": 1}, "tags": ["a"]}, {"job_id": "part"}]},
    )
    assert batch["id"].startswith("bat_")
    assert [run["job_id"] for run in batch["runs"]] == ["greet", "part"]
    assert (batch["counts"], batch["is_final"]) == ({"PENDING": 2}, False)
    first = await stage.ask("GET", f"/api/v1/runs/{batch['runs'][0]['id']}")
    assert (first["payload"], first["tags"]) == ({"n": 1}, ["a"])
    assert len(await worker.claim(slots=10)) == 2


async def test_a_batch_is_found_again_with_how_far_it_is(stage: Stage) -> None:
    await stage.work(job("greet"))
    batch = await stage.ask("POST", BATCHES, {"runs": [{"job_id": "greet"}, {"job_id": "greet"}]})
    first, second = (run["id"] for run in batch["runs"])
    await stage.ask("POST", f"/api/v1/runs/{first}/cancel")
    shown = await stage.ask("GET", f"{BATCHES}/{batch['id']}")
    assert (shown["counts"], shown["is_final"]) == ({"CANCELLED": 1, "PENDING": 1}, False)
    assert [(run["id"], run["status"]) for run in shown["runs"]] == [
        (first, "CANCELLED"),
        (second, "PENDING"),
    ]
    await stage.ask("POST", f"/api/v1/runs/{second}/cancel")
    assert (await stage.ask("GET", f"{BATCHES}/{batch['id']}"))["is_final"]
    await stage.refused(404, "GET", f"{BATCHES}/bat_nope")


async def test_I11_a_batch_sent_again_is_the_same_batch(stage: Stage) -> None:  # noqa: N802 - an invariant's name
    await stage.work(job("greet"))
    body = {"runs": [{"job_id": "greet"}, {"job_id": "greet", "idempotency_key": "mine"}]}
    headers = {"Idempotency-Key": "b-1"}
    once = await stage.ask("POST", BATCHES, body, headers=headers)
    assert await stage.ask("POST", BATCHES, body, headers=headers) == once
    keys = [(await stage.ask("GET", f"/api/v1/runs/{run['id']}"))["idempotency_key"] for run in once["runs"]]
    assert keys == ["b-1/0", "mine"]
    other = await stage.ask("POST", BATCHES, body, headers={"Idempotency-Key": "b-2"})
    assert other["id"] != once["id"]
    assert other["runs"][1] == once["runs"][1]


async def test_a_batch_may_come_line_by_line(stage: Stage) -> None:
    await stage.work(job("greet"))
    lines = [json.dumps({"job_id": "greet", "payload": n}) for n in range(3)]
    headers = {"Content-Type": "application/x-ndjson; charset=utf-8"}
    batch = await stage.ask("POST", BATCHES, ("\n".join(lines) + "\n\n").encode(), headers=headers)
    runs = [await stage.ask("GET", f"/api/v1/runs/{run['id']}") for run in batch["runs"]]
    assert [run["payload"] for run in runs] == [0, 1, 2]
    broken = b'{"job_id": "greet"}\n{"job_id": \n'
    problem = await stage.refused(400, "POST", BATCHES, broken, headers=headers)
    assert "line 2" in problem["detail"]


async def test_one_bad_run_refuses_them_all(stage: Stage) -> None:
    await stage.work(job("greet", schema=NAMED))
    good = {"job_id": "greet", "payload": {"who": "Ada"}}
    problem = await stage.refused(
        422, "POST", BATCHES, {"runs": [good, {"job_id": "greet", "payload": {"who": 7}}]}
    )
    assert problem["errors"][0]["path"] == "runs[1].payload.who"
    await stage.refused(404, "POST", BATCHES, {"runs": [good, {"job_id": "nope"}]})
    problem = await stage.refused(400, "POST", BATCHES, {"runs": [good, {"payload": {}}]})
    assert "runs[1].job_id" in problem["detail"]
    await stage.refused(400, "POST", BATCHES, {"runs": []})
    assert (await stage.ask("GET", "/api/v1/runs"))["data"] == []


async def test_a_batch_over_the_limit_is_refused_with_it(stage: Stage) -> None:
    await stage.work(job("greet"))
    limit = stage.platform.settings.max_runs_per_batch
    runs = [{"job_id": "greet"}] * (limit + 1)
    problem = await stage.refused(422, "POST", BATCHES, {"runs": runs})
    assert (problem["limit"], problem["setting"]) == (limit, "max_runs_per_batch")
    batch = await stage.ask("POST", BATCHES, {"runs": runs[:-1]})
    assert batch["counts"] == {"PENDING": limit}
