"""Small writes go out joined, in order, whole, and at once when nothing follows."""

import asyncio
from typing import Any, cast

import pytest

from mainspring.server.joined import JoinedWrites


class Paper:
    """A transport that keeps what is done to it."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.done.append("closed")

    def abort(self) -> None:
        self.done.append("aborted")

    def is_closing(self) -> bool:
        return False


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def joined(paper: Paper) -> JoinedWrites:
    return JoinedWrites(cast(asyncio.Transport, paper))


async def test_a_head_goes_out_with_its_body(paper: Paper, joined: JoinedWrites) -> None:
    for part in (b"head", b"body", b"more"):
        joined.write(part)
    assert paper.done == [b"headbody"]
    await asyncio.sleep(0)
    assert paper.done == [b"headbody", b"more"]


async def test_what_nothing_follows_goes_out_in_this_turn(paper: Paper, joined: JoinedWrites) -> None:
    joined.write(b"alone")
    await asyncio.sleep(0)
    assert paper.done == [b"alone"]
    joined.write(b"again")
    await asyncio.sleep(0)
    assert paper.done == [b"alone", b"again"]


async def test_closing_sends_what_was_written_and_aborting_drops_it(
    paper: Paper, joined: JoinedWrites
) -> None:
    joined.write(b"last")
    joined.close()
    joined.write(b"lost")
    joined.abort()
    await asyncio.sleep(0)
    assert paper.done == [b"last", "closed", "aborted"]
    assert not joined.is_closing()
