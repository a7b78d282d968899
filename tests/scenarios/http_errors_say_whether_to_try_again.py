"""What an HTTP library raises decides: a refusal is final, a `Retry-After` is honoured, other failures are retried."""

import httpx2
import pytest

from mainspring import IO, Retry, ctx
from mainspring.clock import SECOND, Instant
from scenarios.world import World

SOON = Retry(max_attempts=3, min_delay="1s", factor=1, jitter=False)


def answer(status: int, **headers: str) -> httpx2.HTTPStatusError:
    request = httpx2.Request("POST", "https://payments.example/charge")
    response = httpx2.Response(status, headers=headers, request=request)
    return httpx2.HTTPStatusError(f"{status}", request=request, response=response)


async def attempts(world: World, error: Exception) -> tuple[list[Instant], str]:
    """When a task was tried that passes on its second attempt, if it gets one; and how its run ended."""
    tried: list[Instant] = []

    async def charge() -> None:
        tried.append(world.clock.now())
        if ctx.attempt.number == 1:
            raise error

    @world.client.job(id="charges")
    async def charges(io: IO) -> None:
        await io.run_task("charge", charge, retry=SOON)

    await world.start()
    run = await world.finish(await world.trigger(charges))
    return [at - tried[0] for at in tried], run.status


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_a_refusal_is_final(world: World, status: int) -> None:
    assert await attempts(world, answer(status)) == ([0], "FAILED")


@pytest.mark.parametrize("status", [429, 503])
async def test_a_time_to_come_back_is_honoured(world: World, status: int) -> None:
    busy = answer(status, **{"Retry-After": "4"})
    assert await attempts(world, busy) == ([0, 4 * SECOND], "SUCCESS")


@pytest.mark.parametrize("status", [408, 500, 502])
async def test_other_failures_are_retried(world: World, status: int) -> None:
    assert await attempts(world, answer(status)) == ([0, SECOND], "SUCCESS")
