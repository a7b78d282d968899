"""Tokens: made once, completed once from anywhere, expired in time; all who wait for one are told."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import BaseModel

from mainspring import (
    IO,
    AESGCMCodec,
    Client,
    Conflict,
    DefinitionError,
    NotFound,
    PayloadInvalid,
    SyncIO,
    Token,
    WaitTimeout,
)
from mainspring.clock import MINUTE
from scenarios.world import World


class Verdict(BaseModel):
    ok: bool


async def post(world: World, url: str, body: str = "null") -> Any:
    """One POST to the URL of a token; the key that the door sends along is not looked at."""
    return await world.door.call("POST", urlsplit(url).path, body=body)


def urls(world: World) -> list[str]:
    """What the jobs here handed out."""
    return [effect for effect in world.effects if effect.startswith("http")]


async def test_a_token_is_completed_once(world: World) -> None:
    @world.client.job(id="asks")
    async def asks(io: IO) -> list[object]:
        token = await io.create_token("review", timeout="1 week", tags=["review"])
        await io.run_task("mail", lambda: world.effects.append(token.url or ""))
        verdict = await io.wait_for_token(token, schema=Verdict, key="verdict")
        await io.wait("after", "1 hour")
        again = await io.wait_for_token(token.id)
        return [verdict.ok, again, token.tags, token.status]

    await world.start()
    run = await world.trigger(asks)
    await world.until(run, "WAITING", waiting_for="verdict")
    await world.crash()
    (url,) = urls(world)
    shown = await world.door.call("GET", urlsplit(url).path)
    assert (shown["status"], shown["completed_at"]) == ("WAITING", None)
    (listed,) = [token async for token in world.client.tokens.list(tag="review", status="WAITING")]
    assert (listed.run_id, listed.url) == (run.id, None)

    done = await post(world, url, '{"ok": true}')
    assert (done["id"], done["status"]) == (listed.id, "COMPLETED")
    with pytest.raises(Conflict, match=r"was completed at .*, with its URL"):
        await post(world, url, '{"ok": false}')
    with pytest.raises(Conflict, match="was completed at"):
        await world.client.tokens.complete(listed, {"ok": False}, by="Eve")

    assert await world.output(run) == [True, {"ok": True}, ["review"], "WAITING"]
    assert len(urls(world)) == 1
    kept = await world.client.tokens.retrieve(listed.id)
    assert (kept.status, kept.output, kept.completed_via) == ("COMPLETED", {"ok": True}, "url")
    (entry,) = [
        e for e in await world.history(run) if e["task"] == "verdict" and e["kind"] == "WAIT_RESOLVED"
    ]
    assert (entry["data"]["token"], entry["data"]["via"]) == (listed.id, "url")
    assert (await world.kinds(run, "review")).count("TASK_COMPLETED") == 1


async def test_a_forged_url_opens_nothing(world: World) -> None:
    await world.start()
    token = await world.client.tokens.create()
    assert token.url is not None
    other = await world.client.tokens.create()
    secret = token.url.rpartition("/")[2]
    forged = f"/api/v1/tokens/{other.id}/callback/{secret}"
    for path in (forged, urlsplit(token.url).path[:-1], f"/api/v1/tokens/tok_nope/callback/{secret}"):
        for method in ("GET", "POST"):
            with pytest.raises(NotFound, match="no token"):
                await world.door.call(method, path)
    assert len(secret) >= 40
    assert {one.status async for one in world.client.tokens.list()} == {"WAITING"}


async def test_a_token_from_outside_is_waited_for_by_many(world: World) -> None:
    @world.client.job(id="waits")
    async def waits(payload: str, io: IO) -> Any:
        return await io.wait_for_token(payload)

    @world.client.job(id="plain")
    def plain(payload: str, io: SyncIO) -> bool:
        return io.wait_for_token(payload, schema=Verdict).ok

    await world.start()
    token = await world.client.tokens.create(idempotency_key="release-42", tags=["release"])
    same = await world.client.tokens.create(idempotency_key="release-42", timeout="1 second")
    assert (same.id, same.url, same.expires_at) == (token.id, token.url, None)
    assert (token.is_cached, same.is_cached) == (False, True)
    runs = [await world.trigger(job, token.id) for job in (waits, waits, plain)]
    for run in runs:
        await world.until(run, "WAITING", waiting_for="wait_for_token")
    done = await world.client.tokens.complete(token, {"ok": True}, by="Ada")
    assert (done.completed_by, done.completed_via) == ("Ada", "api")
    runs.append(await world.trigger(waits, token.id))  # completed before it is waited for

    assert [await world.output(run) for run in runs] == [{"ok": True}, {"ok": True}, True, {"ok": True}]
    for run in runs:
        (entry,) = [e for e in await world.history(run) if e["kind"] == "WAIT_RESOLVED"]
        assert entry["data"]["by"] == "Ada"


async def test_an_idempotency_key_ends_with_its_ttl(world: World) -> None:
    await world.start()
    first = await world.client.tokens.create(idempotency_key="k", idempotency_key_ttl="1 hour")
    await world.advance("59 minutes")
    assert (await world.client.tokens.create(idempotency_key="k")).id == first.id
    await world.advance("1 minute")
    assert (await world.client.tokens.create(idempotency_key="k")).id != first.id


async def test_a_token_expires(world: World) -> None:
    @world.client.job(id="asks")
    async def asks(io: IO) -> list[object]:
        token = await io.create_token("review", timeout="10 minutes")
        await io.run_task("mail", lambda: world.effects.append(token.url or ""))
        try:
            await io.wait_for_token(token, key="verdict")
        except WaitTimeout as error:
            return [error.wait_key, isinstance(error, TimeoutError), "expired" in str(error)]
        return ["completed"]

    await world.start()
    began = world.clock.now()
    run = await world.trigger(asks)
    await world.until(run, "WAITING", waiting_for="verdict")

    assert await world.output(run) == ["verdict", True, True]
    assert world.clock.now() - began == 10 * MINUTE
    with pytest.raises(Conflict, match="expired at"):
        await post(world, urls(world)[0])
    (token,) = [one async for one in world.client.tokens.list(status="EXPIRED")]
    with pytest.raises(Conflict, match="expired at"):
        await world.client.tokens.complete(token, 1)
    late = await world.trigger(asks)
    await world.until(late, "WAITING", waiting_for="verdict")
    await world.client.runs.cancel(late.id)
    assert await post(world, urls(world)[-1], "1")  # nobody waits any more, and it is told no more
    await late.refresh()
    assert late.status == "CANCELLED"


async def test_a_token_is_one_of_several_waits(world: World) -> None:
    @world.client.job(id="raced")
    async def raced(io: IO) -> list[object]:
        yes, no = await asyncio.gather(io.create_token("yes"), io.create_token("no"))
        await io.run_task("mail", lambda: world.effects.extend([yes.url or "", no.url or ""]))
        first = await io.wait_for_any(
            yes=io.wait_for_token(yes, key="wait-yes"),
            no=io.wait_for_token(no, key="wait-no"),
            late=io.wait("late", "3 days"),
        )
        await io.wait("after", "1 hour")
        with pytest.raises(WaitTimeout):
            await io.wait_for_token(yes, timeout="1 hour", key="once more")
        return [first.key, first.value]

    await world.start()
    run = await world.trigger(raced)
    await world.until(run, "WAITING", waiting_for="late")
    await post(world, urls(world)[1], '"too dear"')

    assert await world.output(run) == ["no", "too dear"]
    tasks = await world.tasks(run)
    assert (tasks["wait-yes"]["status"], tasks["wait-no"]["status"]) == ("CANCELLED", "SUCCESS")


async def test_what_does_not_fit_is_refused_with_its_reason(world: World) -> None:
    @world.client.job(id="strict")
    async def strict(payload: str, io: IO) -> list[str]:
        said = []
        with pytest.raises(DefinitionError, match="Give a Token, or its id"):
            await io.wait_for_token("release-42")
        with pytest.raises(DefinitionError, match="tags"):
            await io.create_token("bad", tags="review")
        try:
            await io.wait_for_token("tok_nope", key="nobody's")
        except NotFound as error:
            said.append(str(error))
        try:
            await io.wait_for_token(payload, schema=Verdict, key="verdict")
        except PayloadInvalid as error:
            said.append(str(error))
        return said

    await world.start()
    token: Token = await world.client.tokens.create()
    await world.client.tokens.complete(token, {"ok": "perhaps"})
    missing, unfit = await world.output(await world.trigger(strict, token.id))
    assert "no token 'tok_nope'" in missing
    assert "ok" in unfit


async def test_the_server_sees_neither_url_nor_answer_of_a_sealed_client(world: World) -> None:
    client = Client("sealed", codec=AESGCMCodec([b"k" * 32]))

    @client.job(id="asks")
    async def asks(io: IO) -> Any:
        token = await io.create_token("review")
        await io.run_task("mail", lambda: world.effects.append(token.url or ""))
        return [await io.wait_for_token(token, key="verdict"), token.url]

    await world.start(workers=0)
    await world.start_worker(client)
    client.use_door(world.server.door())
    run = await client.runs.retrieve((await asks.trigger()).id)
    await world.until(run, "WAITING", waiting_for="verdict")
    (url,) = urls(world)
    tasks = await world.door.call("GET", f"/api/v1/runs/{run.id}/tasks")
    assert url.rpartition("/")[2] not in str(tasks)
    (token,) = [one async for one in client.tokens.list()]
    await client.tokens.complete(token, {"word": "c4n4ry"})
    assert await run.result() == [{"word": "c4n4ry"}, url]
    assert (await client.tokens.retrieve(token.id)).output == {"word": "c4n4ry"}
    assert "c4n4ry" not in str(await world.door.call("GET", f"/api/v1/tokens/{token.id}"))
