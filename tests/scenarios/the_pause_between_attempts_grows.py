"""`Retry`: each pause is `factor` times the one before, up to `max_delay`; the number counts the first attempt too."""

from itertools import pairwise

import pytest

from mainspring import IO, Retry
from mainspring.clock import SECOND, Instant
from scenarios.world import World


async def pauses(world: World, retry: Retry | int | None, error: type[Exception] = OSError) -> list[float]:
    """Seconds between the attempts of a task that always fails."""
    tried: list[Instant] = []

    async def fails() -> None:
        tried.append(world.clock.now())
        raise error("no")

    @world.client.job(id="fails")
    async def job(io: IO) -> None:
        await io.run_task("fails", fails, retry=retry)

    await world.start()
    await world.failure(await world.trigger(job))
    return [(later - at) / SECOND for at, later in pairwise(tried)]


async def test_the_pause_between_attempts_grows(world: World) -> None:
    retry = Retry(max_attempts=6, min_delay="1s", max_delay="5s", factor=2, jitter=False)
    assert await pauses(world, retry) == [1, 2, 4, 5, 5]


@pytest.mark.parametrize(("retry", "attempts"), [(None, 3), (0, 1), (1, 1), (4, 4)])
async def test_a_number_counts_attempts(world: World, retry: int | None, attempts: int) -> None:
    found = await pauses(world, retry)
    assert len(found) == attempts - 1
    assert all(pause <= 2**n for n, pause in enumerate(found))  # at random up to 1 s, 2 s, 4 s


async def test_only_what_it_names_is_retried(world: World) -> None:
    assert await pauses(world, Retry(max_attempts=5, retry_on=KeyError), OSError) == []
