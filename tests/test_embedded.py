"""The platform inside the user's own process: the same answers as over HTTP, with no HTTP on the hot paths."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from mainspring import (
    IO,
    Client,
    DefinitionError,
    EventRejected,
    NotFound,
    ServerUnavailable,
    TooLarge,
    event_trigger,
)
from mainspring.client.http import HttpDoor, open_door
from mainspring.errors import BadRequest, DatabaseInUse, MainspringError
from mainspring.sdk.door import Door
from processes import PATIENCE, clean_environment, run_cli


class Order(BaseModel):
    id: str
    amount: int = 1


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """One job on `order.created`, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAINSPRING_API_KEY", "tr_dev_embedded")
    client = Client("shop")

    @client.job(id="fulfil", trigger=event_trigger("order.created"))
    async def fulfil(payload: Order, io: IO) -> str:
        return await io.run_task("charge", lambda: f"charged {payload.id}")

    @client.job(id="patient")
    async def patient(io: IO) -> str:
        return str((await io.wait_for_event("go", name="go")).payload)

    return client


@pytest.fixture
async def shop(client: Client) -> AsyncIterator[Client]:
    async with client.embedded(url="sqlite:///shop.db"):
        yield client


async def test_a_run_finishes_with_its_result_in_the_same_process(shop: Client, tmp_path: Path) -> None:
    event = await shop.send_event("order.created", Order(id="o-1"))
    (started,) = event.runs
    run = await shop.runs.retrieve(started.id)
    assert await run.result(timeout="20s") == "charged o-1"
    assert (tmp_path / "shop.db").exists()


async def test_hot_verbs_use_no_http(shop: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*args: Any, **options: Any) -> Any:
        raise AssertionError("a hot verb went through the HTTP app")

    monkeypatch.setattr(HttpDoor, "call", refuse)
    await shop.send_event("order.created", Order(id="o-1"))
    await shop.send_events([{"name": "order.created", "payload": Order(id="o-2")}])
    run = await shop.job_by_id("fulfil").trigger(Order(id="o-3"))
    assert await run.result(timeout="20s") == "charged o-3"
    with pytest.raises(AssertionError):
        await shop.runs.list()


async def test_every_other_verb_is_there_too(shop: Client) -> None:
    run = await shop.job_by_id("fulfil").trigger(Order(id="o-1"))
    await run.result(timeout="20s")
    assert [one.id async for one in shop.runs.list()] == [run.id]
    await shop.store.set("a/b", [1])
    assert await shop.store.get("a/b") == [1]
    assert (await shop.jobs.retrieve("fulfil")).served


CALLS: list[tuple[str, str, Any, str | None]] = [
    ("POST", "/api/v1/events", None, '{"name": "order.created", "payload": {"id": "o-1"}}'),
    ("POST", "/api/v1/events", None, '{"name": "order.created", "payload": {"id": 7}}'),
    ("POST", "/api/v1/events", None, '{"name": "nobody.listens", "payload": {}, "id": "x", "context": [1]}'),
    ("POST", "/api/v1/events", None, '{"payload": {}, "odd": 1}'),
    ("POST", "/api/v1/events", None, '{"name": '),
    ("POST", "/api/v1/events", None, None),
    ("POST", "/api/v1/events/batch", None, '{"events": [{"name": "order.created", "payload": {"id": 7}}]}'),
    ("POST", "/api/v1/events/batch", None, '{"events": []}'),
    ("POST", "/api/v1/jobs/fulfil/trigger", None, '{"payload": {"id": "o-1"}, "tags": ["a"], "delay": 60}'),
    ("POST", "/api/v1/jobs/fulfil/trigger", None, '{"payload": {"id": []}}'),
    ("POST", "/api/v1/jobs/no-such/trigger", None, "{}"),
    ("POST", "/api/v1/jobs/fulfil/trigger", None, '{"payload": "' + "x" * 1_100_000 + '"}'),
    ("GET", "/api/v1/runs/run_nowhere", None, None),
    ("GET", "/api/v1/runs/run_nowhere", {"wait": 1}, None),
    ("GET", "/api/v1/runs/run_nowhere", {"wait": -1}, None),
    ("GET", "/api/v1/runs/run_nowhere", {"odd": 1}, None),
    ("GET", "/api/v1/runs/run_nowhere/tasks", None, None),
    ("GET", "/api/v1/nowhere", None, None),
]


def _told(error: MainspringError) -> Any:
    return (
        type(error),
        error.status,
        str(error),
        getattr(error, "rejections", None),
        getattr(error, "errors", None),
    )


async def _outcome(door: Door, call: tuple[str, str, Any, str | None]) -> Any:
    method, path, params, body = call
    try:
        return _without_ids(await door.call(method, path, params=params, body=body))
    except MainspringError as error:
        return _told(error)


def _without_ids(shown: Any) -> Any:
    """What differs from one call to the next."""
    moving = {
        "id",
        "event_id",
        "timestamp",
        "created_at",
        "available_at",
        "deliver_at",
        "delivered_at",
        "pending_reason",
    }
    moving |= {"idempotency_key"}
    if isinstance(shown, dict):
        return {name: "..." if name in moving else _without_ids(value) for name, value in shown.items()}
    return [_without_ids(one) for one in shown] if isinstance(shown, list) else shown


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]} {call[1]} {str(call[3])[:60]}")
async def test_answers_and_errors_are_those_of_http(shop: Client, call: Any) -> None:
    inside = shop._api._door
    assert inside is not None
    transport = httpx2.ASGITransport(shop._inside)  # type: ignore[arg-type]
    over_http = open_door("http://shop", "tr_dev_embedded", transport=transport)
    assert await _outcome(inside, call) == await _outcome(over_http, call)
    await over_http.aclose()


async def test_its_errors_are_the_classes_that_people_catch(shop: Client) -> None:
    with pytest.raises(EventRejected) as refused:
        await shop.send_event("order.created", {"id": 7})
    assert refused.value.rejections[0]["job_id"] == "fulfil"
    assert (await shop.events.retrieve(str(refused.value.event_id))).rejected
    with pytest.raises(NotFound):
        await shop.runs.retrieve("run_nowhere")
    with pytest.raises(TooLarge, match="max_payload_bytes"):
        await shop.send_event("big", {"text": "x" * 1_100_000})
    with pytest.raises(BadRequest):
        await shop.send_event("order.created", Order(id="o"), id="x" * 300)


async def test_a_run_goes_on_when_the_process_is_started_again(client: Client) -> None:
    async with client.embedded(url="sqlite:///shop.db"):
        run = await client.job_by_id("patient").trigger()
    async with client.embedded(url="sqlite:///shop.db"):
        await client.send_event("go", "now")
        assert await (await client.runs.retrieve(run.id)).result(timeout="20s") == "now"


async def test_whoever_waits_for_a_run_hears_that_the_platform_stops(client: Client) -> None:
    async with client.embedded(url="sqlite:///shop.db"):
        run = await client.job_by_id("patient").trigger()
        waiting = asyncio.create_task(run.result())
        await asyncio.sleep(0)
    with pytest.raises(ServerUnavailable, match="stopping"):
        await waiting


async def test_workers_of_an_earlier_process_are_ended_at_once(client: Client, tmp_path: Path) -> None:
    async with client.embedded(url="sqlite:///shop.db"):
        pass
    database = sqlite3.connect(tmp_path / "shop.db")
    with database:
        database.execute("update workers set status = 'ALIVE', name = 'embedded'")
    database.close()
    async with client.embedded(url="sqlite:///shop.db"):
        shown = await client._api.call("GET", "/workers")
        assert [worker["status"] for worker in shown["data"] if worker["status"] != "GONE"] == ["ALIVE"]


async def test_calls_come_from_other_event_loops_too(shop: Client) -> None:
    async def send() -> str:
        event = await shop.send_event("order.created", Order(id="o-1"))
        return str(await (await shop.runs.retrieve(event.runs[0].id)).result(timeout="20s"))

    assert await asyncio.to_thread(lambda: asyncio.run(send())) == "charged o-1"


async def test_a_second_embedding_is_refused(shop: Client) -> None:
    with pytest.raises(DefinitionError, match="embedded already"):
        async with shop.embedded():
            pass
    with pytest.raises(DatabaseInUse):
        async with Client("other").embedded(url="sqlite:///shop.db"):
            pass


async def test_a_failed_start_leaves_nothing_behind(client: Client, tmp_path: Path) -> None:
    (tmp_path / "shop.db").write_text("this is no database, however long one looks at it" * 40)
    with pytest.raises(MainspringError):
        async with client.embedded(url="sqlite:///shop.db"):
            pass
    async with client.embedded(url="sqlite:///other.db"):
        await client.send_event("order.created", Order(id="o-1"))


async def test_a_mounted_app_serves_the_api_while_it_is_embedded(client: Client) -> None:
    app = FastAPI(lifespan=client.lifespan)
    app.mount("/mainspring", client.asgi())
    transport = httpx2.ASGITransport(app)
    bearer = {"Authorization": "Bearer tr_dev_embedded"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop.example") as browser:
        early = await browser.get("/mainspring/api/v1/jobs", headers=bearer)
        assert (early.status_code, early.json()["code"]) == (503, "server_unavailable")
        async with app.router.lifespan_context(app):
            jobs = await browser.get("/mainspring/api/v1/jobs", headers=bearer)
            assert [job["id"] for job in jobs.json()["data"]] == ["fulfil", "patient"]
            assert (await browser.get("/mainspring/api/v1/jobs")).status_code == 401
            assert (await browser.get("/mainspring/nowhere", headers=bearer)).status_code == 404
            there = open_door("http://shop.example/mainspring", "tr_dev_embedded", transport=transport)
            sent = await there.call("POST", "/api/v1/events", body='{"name": "a", "payload": 1}')
            assert sent["name"] == "a"
            await there.aclose()


SCRIPT = """
from mainspring import Client, event_trigger

client = Client("script")


@client.job(id="hello", trigger=event_trigger("hello"))
def hello(payload: dict[str, str]) -> str:
    return f"Hello, {payload['who']}!"


client.run(url="sqlite:///script.db", port=0)
"""


def test_a_script_that_runs_its_client_answers_until_it_is_asked_to_stop(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    script = subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert script.stdout is not None
        assert "Mainspring serves script at http://127.0.0.1:" in script.stdout.readline()
        sent = run_cli("send", "hello", '{"who": "Ada"}', "--wait", cwd=tmp_path)
        assert sent.returncode == 0, sent.stderr
        assert "Hello, Ada!" in sent.stderr
        script.terminate()
        assert script.wait(PATIENCE) == 0
    finally:
        script.kill()
        script.wait()


_WITHOUT_THE_API = """
import asyncio, sys
from mainspring import Client, IO
client = Client("shop")

@client.job(id="one")
async def one(io: IO) -> int:
    return await io.run_task("one", lambda: 1)

async def main():
    async with client.embedded(url="sqlite:///shop.db"):
        assert await (await one.trigger()).result() == 1
        assert [await run.result() for run in await one.batch_trigger([None, None])] == [1, 1]
        print("fastapi" in sys.modules)

asyncio.run(main())
"""


def test_who_asks_nothing_of_the_api_does_not_wait_for_its_import(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WITHOUT_THE_API]
    done = subprocess.run(
        command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stdout == "False\n", done.stderr
