"""NUL characters, lone surrogates, endless texts, bottomless nesting: refused or cut at the edge, and the run ends.
Nothing is stuck, and a neighbour in the same worker does not notice."""

from collections.abc import Awaitable, Callable
from typing import Any

from mainspring import IO, Context
from scenarios.world import World

NASTY = "a\x00b\ud800c"
HUGE = "x" * (20 << 20)


def deep(levels: int = 10_000) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


async def _nothing() -> None: ...


async def _give(value: Any) -> Any:
    return value


async def _raise(message: str) -> None:
    raise type("E" + message[:2_000], (ValueError,), {})(message)


async def _nested(io: IO, depth: int) -> None:
    async def inner() -> None:
        await _nested(io, depth - 1)

    if depth:
        await io.run_task("é" * 250, inner)


Case = Callable[[IO, Context], Awaitable[Any]]
CASES: dict[str, Case] = {
    "output NUL": lambda io, ctx: io.run_task("t", _give, NASTY, retry=1),
    "output deep": lambda io, ctx: io.run_task("t", _give, deep(), retry=1),
    "output huge": lambda io, ctx: io.run_task("t", _give, HUGE, retry=1),
    "error NUL": lambda io, ctx: io.run_task("t", _raise, NASTY, retry=1),
    "error huge": lambda io, ctx: io.run_task("t", _raise, HUGE, retry=1),
    "body error huge": lambda io, ctx: _raise(HUGE),
    "body output NUL": lambda io, ctx: _give(NASTY),
    "key": lambda io, ctx: io.run_task(NASTY, _nothing),
    "nested keys": lambda io, ctx: _nested(io, 6),
    "name": lambda io, ctx: io.run_task("t", _nothing, name=NASTY),
    "name huge": lambda io, ctx: io.run_task("t", _nothing, name=HUGE),
    "icon": lambda io, ctx: io.run_task("t", _nothing, icon=NASTY),
    "params": lambda io, ctx: io.run_task("t", _nothing, params={"a": NASTY}),
    "event name": lambda io, ctx: io.send_event("e", {"name": NASTY, "payload": 1}),
    "event newline": lambda io, ctx: io.send_event("e", {"name": "a\nb", "payload": 1}),
    "event id": lambda io, ctx: io.send_event("e", {"name": "e", "id": NASTY, "payload": 1}),
    "event payload": lambda io, ctx: io.send_event("e", {"name": "e", "payload": deep()}),
    "store key": lambda io, ctx: io.store.set(NASTY, 1),
    "store value": lambda io, ctx: io.store.set("k", NASTY),
    "wait name": lambda io, ctx: io.wait_for_event("w", "a\nb"),
}


async def test_every_run_ends_and_can_be_read(world: World) -> None:
    @world.client.job(id="hostile", retry=1)
    async def hostile(payload: str, io: IO, ctx: Context) -> Any:
        return await CASES[payload](io, ctx)

    @world.client.job(id="neighbour")
    async def neighbour(io: IO) -> str:
        await io.wait("1 minute")
        return "unharmed"

    await world.start()
    beside = await world.trigger(neighbour)
    cut = {"name", "name huge", "icon"}
    for case in CASES:
        run = await world.trigger(hostile, case)
        await world.finish(run)
        assert run.status == ("SUCCESS" if case in cut else "FAILED"), (case, run.status, run.error)
        for look in (world.tasks, world.history, world.logs, world.trace):
            assert len(repr(await look(run))) < 1 << 20, case
    assert await world.output(beside) == "unharmed"


async def test_what_a_run_shows_of_itself_is_cut_or_left_out(world: World) -> None:
    @world.client.job(id="hostile", retry=1)
    async def hostile(io: IO, ctx: Context) -> str:
        io.logger.info(NASTY, odd=NASTY)
        io.logger.info(HUGE)
        print(NASTY)
        return "said"

    await world.start()
    run = await world.trigger(hostile)
    assert await world.output(run) == "said"
    lines = await world.logs(run)
    assert len(lines) >= 3
    assert len(repr(lines)) < 1 << 20
