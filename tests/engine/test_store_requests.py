"""Writes to the store from outside may be sent again; versions never come back (I11)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import asyncio

from engine.pair import Pair
from engine.world import World
from mainspring.clock import HOUR
from mainspring.engine.commands import StoreResult, UseStore
from mainspring.model.store import StoreOperation


def write(verb: str, value: str | None = None, expected: int | None = None, key: str = "k") -> StoreOperation:
    return StoreOperation(verb, "environment", "", key, value, expected)  # type: ignore[arg-type]


def use(world: World, operation: StoreOperation, request_key: str | None = None) -> StoreResult:
    result: StoreResult = world.do(UseStore(world.env, operation, request_key))
    return result


def test_I11_a_conditional_set_sent_again_gets_the_first_answer(world: World) -> None:
    use(world, write("set", "1"))
    first = use(world, write("set", "2", 1), "mine")
    assert first == StoreResult(True, True, "2", 2)
    assert use(world, write("set", "2", 1), "mine") == first
    assert not use(world, write("set", "2", 1), "another's").ok


def test_I11_a_set_sent_again_does_not_undo_what_came_after_it(world: World) -> None:
    use(world, write("set", "1"), "mine")
    use(world, write("set", "2"), "another's")
    assert use(world, write("set", "1"), "mine") == StoreResult(True, True, "1", 1)
    assert use(world, write("get")) == StoreResult(True, True, "2", 2)


def test_I11_a_deletion_sent_again_says_again_that_there_was_something(world: World) -> None:
    use(world, write("set", "1"))
    assert use(world, write("delete"), "mine").exists
    use(world, write("set", "2"))
    assert use(world, write("delete"), "mine").exists
    assert use(world, write("get")).value == "2"


def test_I11_sent_twice_at_once_it_is_written_once(world: World) -> None:
    again = UseStore(world.env, write("set", "1", 0), "mine")
    assert [result.version for result in world.apply(again, again)] == [1, 1]


def test_a_refused_write_is_tried_anew(world: World) -> None:
    assert not use(world, write("set", "2", 1), "mine").ok
    use(world, write("set", "1"))
    assert use(world, write("set", "2", 1), "mine").ok


def test_a_key_counts_for_its_entry_and_environment_alone(world: World) -> None:
    use(world, write("set", "1"), "mine")
    assert use(world, write("set", "1", key="other"), "mine").version == 1
    other = world.environment("other")
    world.do(UseStore(other, write("set", "9"), "mine"))
    assert world.do(UseStore(other, write("get"))).value == "9"


def test_requests_are_forgotten_after_a_day(world: World) -> None:
    use(world, write("set", "1"), "mine")
    world.clock.shift(25 * HOUR)
    use(world, write("set", "2"), "another's")
    assert use(world, write("set", "3"), "mine").version == 3


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_version_never_comes_back(world: World) -> None:
    for value in ("1", "2"):
        use(world, write("set", value))
    use(world, write("delete"))
    assert use(world, write("set", "3")).version == 3
    assert not use(world, write("set", "4", 2)).ok
    assert use(world, write("set", "first of its key", key="other")).version == 3


def test_a_version_never_comes_back_within_a_batch(world: World) -> None:
    use(world, write("set", "1"))
    commands = [UseStore(world.env, write(*said)) for said in (("delete",), ("set", "2"), ("delete",))]
    world.apply(*commands)
    assert use(world, write("set", "3")).version == 3


async def test_of_two_servers_that_make_an_entry_only_one_may(pair: Pair) -> None:
    """Where there is no row yet there is none to hold."""
    for number in range(30):
        operation = write("set", "1", 0, key=f"k{number}")
        results = await asyncio.gather(
            *(live.engine.use_store(live.env, operation) for live in (pair.a, pair.b))
        )
        assert sorted(result.ok for result in results) == [False, True]


async def test_I11_a_write_sent_to_two_servers_is_written_once(pair: Pair) -> None:
    for number in range(30):
        operation = write("set", "1", 0, key=f"k{number}")
        results = await asyncio.gather(
            *(live.engine.use_store(live.env, operation, request_key="mine") for live in (pair.a, pair.b))
        )
        assert [(result.ok, result.version) for result in results] == [(True, 1), (True, 1)]
