"""The engine's face: waiting for runs, limits, watchers, keys."""

import asyncio
import hashlib

import pytest

from engine.items import broke, done, job, parked, setting, sleep
from engine.live import Live
from mainspring.clock import SECOND
from mainspring.engine import ends
from mainspring.engine.accounts import authenticate, hash_key
from mainspring.errors import NotFound, TooLarge
from mainspring.ids import new_id
from mainspring.model.events import EventDraft
from mainspring.model.protocol import Item, LogWritten, RunCancelConfirmed, RunChanged, RunDraft


# ── waiting for a run ────────────────────────────────────────────────────────────────────────────────
async def test_whoever_waits_for_a_run_is_told_of_its_end(live: Live) -> None:
    puppet = await live.worker(job("bill"))
    run_id = await live.call("bill")
    waiters = [asyncio.ensure_future(live.engine.wait_run(live.env, run_id, 60 * SECOND)) for _ in range(3)]
    await live.settle()
    run = await puppet.take_one()
    await puppet.report(run, sleep("nap", 5), parked("nap"))
    await live.settle()
    assert not any(waiter.done() for waiter in waiters), "a run that waits has not ended"
    await live.advance(5)
    await live.until("PENDING", run_id)
    await puppet.report(await puppet.take_one(), done("7"))
    assert [view.run.output for view in await asyncio.gather(*waiters)] == ["7"] * 3
    assert len(live.engine.ends) == 0


@pytest.mark.parametrize(
    "ending", [done("7"), broke(), RunCancelConfirmed()], ids=["done", "broke", "cancelled"]
)
@pytest.mark.parametrize("how", ["called", "by event"])
async def test_who_is_told_of_an_end_sees_what_a_look_would_show(live: Live, ending: Item, how: str) -> None:
    """The row comes with the news, without a look of its own: as it was committed."""
    puppet = await live.worker(job("bill", "paid"))
    if how == "called":
        await live.call("bill", tags=("a",))
    else:
        await live.engine.send_events(live.env, (EventDraft(new_id("evt"), "paid", "{}"),))
    run = await puppet.take_one()
    waiter = asyncio.ensure_future(live.engine.wait_run(live.env, run.run_id, 60 * SECOND))
    elsewhere = asyncio.ensure_future(live.engine.wait_run("env_other", run.run_id, 60 * SECOND))
    several = asyncio.ensure_future(live.engine.wait_runs(live.env, [run.run_id], 60 * SECOND))
    await live.settle()
    shown = RunChanged(tags='["b"]', metadata='{"m":1}', progress='{"current":3}')
    await puppet.report(run, shown, ending)
    assert [await waiter] == await several == [await live.engine.find_run(live.env, run.run_id)]
    with pytest.raises(NotFound):
        await elsewhere


async def test_a_run_that_has_ended_is_answered_at_once(live: Live) -> None:
    puppet = await live.worker(job("bill"))
    run_id = await live.call("bill")
    await puppet.report(await puppet.take_one(), broke())
    assert (await live.engine.wait_run(live.env, run_id, 60 * SECOND)).run.status == "FAILED"


async def test_a_call_that_came_twice_knows_of_the_end_in_between(live: Live) -> None:
    """The second answer makes nobody wait for an end that was told before it."""
    puppet = await live.worker(job("bill"))
    draft = RunDraft("run_twice", "bill", "{}")
    await live.engine.trigger_runs(live.env, (draft,))
    await puppet.report(await puppet.take_one(), done("7"))
    await live.engine.wait_run(live.env, draft.run_id, 60 * SECOND)
    await live.engine.trigger_runs(live.env, (draft,))
    assert (await live.engine.wait_run(live.env, draft.run_id, 60 * SECOND)).run.output == "7"
    (view,) = await live.engine.wait_runs(live.env, [draft.run_id], 60 * SECOND)
    assert view.run.output == "7"


async def test_only_so_many_runs_are_known_to_be_open(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those beyond are looked at, and answered all the same."""
    monkeypatch.setattr(ends, "MOST_UNENDED", 1)
    puppet = await live.worker(job("bill"))
    older, newer = await live.call("bill"), await live.call("bill")
    assert not live.engine.ends.are_to_come(live.env, [older])
    assert live.engine.ends.are_to_come(live.env, [newer])
    await puppet.report(await puppet.take_one(), done("7"))
    assert (await live.engine.wait_run(live.env, older, 60 * SECOND)).run.output == "7"


async def test_waiting_ends_with_its_time(live: Live) -> None:
    await live.worker(job("bill"))
    run_id = await live.call("bill")
    assert (await live.engine.wait_run(live.env, run_id, 0)).run.status == "PENDING"
    waiter = asyncio.ensure_future(live.engine.wait_run(live.env, run_id, 5 * SECOND))
    await live.settle()
    await live.advance(4)
    assert not waiter.done()
    await live.advance(1)
    assert (await waiter).run.status == "PENDING"
    assert len(live.engine.ends) == 0


async def test_a_doubtful_commit_does_not_end_the_waiting(live: Live) -> None:
    """Everybody looks again; who has nothing to see waits on."""
    puppet = await live.worker(job("bill"))
    run_id = await live.call("bill")
    run = await puppet.take_one()
    waiter = asyncio.ensure_future(live.engine.wait_run(live.env, run_id, 60 * SECOND))
    await live.settle()
    live.database.fails_before_commit = True
    await asyncio.gather(live.send("x"), return_exceptions=True)
    live.database.fails_before_commit = False
    await live.settle()
    live.database.fails_after_commit = True
    await asyncio.gather(puppet.report(run, done("7")), return_exceptions=True)
    live.database.fails_after_commit = False
    assert (await waiter).run.output == "7"


async def test_giving_up_the_waiting_leaves_nothing_behind(live: Live) -> None:
    await live.worker(job("bill"))
    run_id = await live.call("bill")
    waiter = asyncio.ensure_future(live.engine.wait_run(live.env, run_id, 60 * SECOND))
    await live.settle()
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    assert len(live.engine.ends) == 0
    with pytest.raises(NotFound):
        await live.engine.wait_run(live.env, "run_nope", SECOND)
    with pytest.raises(NotFound):
        await live.engine.wait_run("env_other", run_id, SECOND)


# ── watching ─────────────────────────────────────────────────────────────────────────────────────────
async def test_watchers_hear_of_runs_whose_account_grew(live: Live) -> None:
    heard: asyncio.Queue[set[str]] = asyncio.Queue()
    puppet = await live.worker(job("bill"))
    with live.engine.watching(heard.put_nowait):
        run_id = await live.call("bill")
        assert await heard.get() == {run_id}
        run = await puppet.take_one()
        assert await heard.get() == {run_id}
        for item in (LogWritten(1, 0, "INFO", "hello"), done()):
            await puppet.report(run, item)
            assert await heard.get() == {run_id}
    with live.engine.watching(asyncio.Queue[set[str]]().put_nowait):
        await live.call("bill")
        await live.settle()
    assert heard.empty()


# ── limits ───────────────────────────────────────────────────────────────────────────────────────────
async def test_a_payload_past_the_limit_is_refused_with_its_size(live: Live) -> None:
    await live.worker(job("bill", "order"))
    fits, too_large = '"' + "é" * (512 * 1024 - 1) + '"', '"' + "é" * (512 * 1024) + '"'
    assert len((await live.send("order", fits)).runs) == 1
    with pytest.raises(TooLarge, match="max_payload_bytes") as caught:
        await live.send("order", too_large)
    assert (caught.value.size, caught.value.limit) == (1_048_578, 1_048_576)
    with pytest.raises(TooLarge, match="'bill'"):
        await live.engine.trigger_runs(live.env, (RunDraft(new_id("run"), "bill", too_large),))
    with pytest.raises(TooLarge, match="'k'"):
        await live.engine.use_store(live.env, setting("k", too_large))


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────
async def test_the_dev_environment_is_made_once_and_its_keys_are_hashes(live: Live) -> None:
    assert await live.engine.ensure_dev_environment("key") == live.env
    assert await live.engine.ensure_dev_environment("another key") == live.env
    now = live.clock.now()
    for key in ("key", "another key"):
        holder = await live.engine.read(authenticate, hash_key(key), now)
        assert holder is not None
        assert (holder.environment_id, holder.project, holder.environment) == (live.env, "default", "dev")
    assert await live.engine.read(authenticate, hash_key("wrong"), now) is None
    assert hash_key("key") == hashlib.sha256(b"key").hexdigest()


async def test_reads_go_beside_the_committer(live: Live) -> None:
    def fail(tx: object) -> None:
        raise LookupError("the question itself")

    with pytest.raises(LookupError):
        await live.engine.read(fail)
    await live.send("still here")
