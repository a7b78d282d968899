"""With a codec nothing of payloads, outputs, chunks and stored values is readable outside the client's process."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mainspring import IO, AESGCMCodec, Client, Done, InDoubt, event_trigger
from scenarios.world import World

CANARY = "c4n4ry"
KEY = b"k" * 32


class Order(BaseModel):
    name: str


def sealed_client(world: World, *keys: bytes) -> Client:
    client = Client("sealed", codec=AESGCMCodec(keys or [KEY]))

    @client.job(id="child")
    async def child(payload: Order) -> str:
        return payload.name + "-child"

    @client.job(id="refuse", trigger=event_trigger("refused"), retry=1)
    async def refuse(payload: Order) -> None:
        raise ValueError("no bed is free")

    @client.job(id="order", trigger=event_trigger("ordered"))
    async def order(payload: Order, io: IO) -> dict[str, Any]:
        world.effects.append(payload.name)
        task = await io.run_task("task", lambda: payload.name + "-task")
        await io.store.set("last", payload.name)
        await io.stream.append("words", payload.name)
        await io.send_event("tell", "told", {"name": payload.name})
        heard = await io.wait_for_event("hear", name="answer", schema=Order)
        started = await child.trigger_and_wait(Order(name=payload.name))
        return {
            "task": task,
            "heard": heard.payload.name,
            "child": started,
            "kept": await io.store.get("last"),
        }

    return client


async def test_what_the_client_encrypts_the_server_never_sees(world: World) -> None:
    await world.start(workers=0)
    client = sealed_client(world)
    crew = await world.start_worker(client)
    sent: list[str] = []
    inner = crew.backend._inner

    async def commit(request: Any) -> Any:
        sent.append(str(request))
        return await inner_commit(request)

    inner_commit = inner.commit
    inner.commit = commit  # type: ignore[method-assign]  # what leaves the worker

    event = await client.send_event("ordered", Order(name=CANARY))
    assert event.payload == {"name": CANARY}
    run = await client.runs.retrieve(event.runs[0].id)
    await world.until(run, "WAITING", waiting_for="hear")
    await world.crash_worker()
    await client.send_event("answer", {"name": CANARY + "!"})
    assert await world.output(run) == {
        "task": f"{CANARY}-task",
        "heard": f"{CANARY}!",
        "child": f"{CANARY}-child",
        "kept": CANARY,
    }
    assert set(world.effects) == {CANARY}
    assert await client.store.get("last") == CANARY
    assert [chunk async for chunk in run.stream("words")] == [CANARY]
    refused = await client.send_event("refused", Order(name=CANARY))
    failed = await client.runs.retrieve(refused.runs[0].id)
    await world.until(failed, "FAILED")
    (group,) = (await world.door.call("GET", "/api/v1/errors"))["data"]
    told = (await world.door.call("GET", f"/api/v1/runs/{failed.id}"))["error"]
    assert group["message"] == told["message"] == "no bed is free", (
        "messages are in clear, and nothing besides"
    )

    paths = [
        f"/runs/{run.id}",
        f"/runs/{run.id}/tasks",
        f"/runs/{run.id}/chunks",
        "/runs",
        "/events",
        "/errors",
        f"/errors/{group['id']}",
        "/store",
    ]
    shown = [await world.door.call("GET", f"/api/v1{path}") for path in paths]
    assert CANARY not in json.dumps(shown)
    assert sent
    assert CANARY not in "".join(sent)
    if world.axes.database.startswith("sqlite"):
        folder = Path(world.axes.database.removeprefix("sqlite:///")).parent
        assert all(CANARY.encode() not in file.read_bytes() for file in folder.iterdir() if file.is_file())


async def test_without_its_key_a_run_waits_for_a_person(world: World) -> None:
    await world.start(workers=0)
    old, new = KEY, b"n" * 32
    wrong = await world.start_worker(sealed_client(world, new))
    sender = sealed_client(world, old)
    sender.use_door(world.door)
    event = await sender.send_event("ordered", Order(name=CANARY))
    run = await sender.runs.retrieve(event.runs[0].id)
    await world.until(run, "WAITING")
    (wait,) = run.waiting_for
    assert wait["kind"] == "drift"
    assert "its payload is encrypted" in wait["message"]
    assert world.effects == []

    # Rotation: the new key encrypts, the old one still opens.
    await world.drain(wrong)
    await world.start_worker(sealed_client(world, new, old))
    await world.door.call("POST", f"/api/v1/runs/{run.id}/resume")
    await world.until(run, "WAITING", waiting_for="hear")
    assert world.effects[0] == CANARY


async def test_hooks_and_what_a_person_settles_are_encrypted_too(world: World) -> None:
    client = Client("sealed", codec=AESGCMCodec([KEY]))
    gate = world.gate()

    async def charge() -> str:
        raise InDoubt("no answer")

    @client.job(id="job")
    async def job(payload: str, io: IO) -> str:
        return await io.run_task("charge", charge, effect="once")

    @job.on_success
    async def succeeded(output: str, payload: str) -> None:
        await gate.passed()
        world.effects.append((payload, output))

    await world.start(workers=0)
    await world.start_worker(client)
    run = await job.trigger("the payload")
    await world.until(run, "WAITING")
    await run.settle("charge", Done("the output"))
    await gate.reached()
    await world.crash()
    gate.open()
    assert await world.output(run) == "the output"
    assert world.effects == [("the payload", "the output")]
    shown = await world.tasks(run)
    assert "the output" not in f"{shown['charge']} {shown['#outcome']}"
