"""A fresh world for every test."""

from collections.abc import Iterator

import pytest

from engine.world import World


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()
