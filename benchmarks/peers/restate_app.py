"""The service that `restate_peer.py` measures."""

import time

import restate

service = restate.Service("Bench")


async def one() -> int:
    return 1


@service.handler()
async def many_tasks(ctx: restate.Context, count: int) -> float:
    began = time.monotonic()
    for _ in range(count):
        await ctx.run_typed("one", one)
    return time.monotonic() - began


@service.handler()
async def first_line(ctx: restate.Context, number: int) -> float:
    return time.monotonic()


@service.handler()
async def child(ctx: restate.Context, number: int) -> int:
    return number


@service.handler()
async def parent(ctx: restate.Context, count: int) -> int:
    calls = [ctx.service_call(child, arg=number) for number in range(count)]
    return sum([await call for call in calls])


app = restate.app([service])
