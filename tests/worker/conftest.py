"""A client and a scripted backend for each test."""

import pytest

from mainspring import Client
from worker.scripted import ScriptedBackend


@pytest.fixture
def client() -> Client:
    return Client("test")


@pytest.fixture
async def backend() -> ScriptedBackend:
    return ScriptedBackend()
