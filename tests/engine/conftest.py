"""A fresh world for every test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from engine.live import Live, living
from engine.world import World


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


@pytest.fixture
async def live() -> AsyncIterator[Live]:
    async with living() as live:
        yield live
