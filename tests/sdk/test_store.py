"""The store: journaled inside runs under derived keys, over the API outside."""

from dataclasses import dataclass
from typing import Any

import pytest

from mainspring import io
from mainspring.errors import DefinitionError, NotFound, PayloadInvalid
from sdk.stand_ins import a_client, in_run


@dataclass
class Cart:
    items: int = 0


async def test_each_scope_has_its_owner_and_its_task_keys() -> None:
    with in_run() as runtime:
        await io.store.set("n", 1)
        await io.store.job.set("n", 2)
        await io.store.run.set("n", 3)
        assert [await io.store.get("n"), await io.store.job.get("n"), await io.store.run.get("n")] == [
            1,
            2,
            3,
        ]
        assert await io.store.has("n")
        assert await io.store.delete("n")
        assert not await io.store.delete("n")
        assert await io.store.get("n", "none") == "none"
    keys = [key for key, _ in runtime.store_calls]
    assert keys[:4] == ["store.set:n", "store.job.set:n", "store.run.set:n", "store.get:n"]
    owners = [(operation.scope, operation.owner) for _, operation in runtime.store_calls[:3]]
    assert owners == [("environment", ""), ("job", "fulfil"), ("run", "run_1")]


async def test_a_type_restores_the_value() -> None:
    with in_run():
        await io.store.set("cart", Cart(2))
        assert await io.store.get("cart") == {"items": 2}
        assert await io.store.get("cart", type=Cart) == Cart(2)
        assert await io.store.get("gone", Cart(9), type=Cart) == Cart(9)
        await io.store.set("cart", {"items": "many"})
        with pytest.raises(PayloadInvalid, match="the store's 'cart' does not fit"):
            await io.store.get("cart", type=Cart)


async def test_update_goes_again_when_someone_wrote_in_between() -> None:
    with in_run() as runtime:
        place = ("environment", "", "n")

        def intrude() -> None:
            runtime.before_set = lambda: None
            runtime.stored[place] = (10, 5)

        runtime.before_set = intrude
        assert await io.store.update("n", lambda n: n + 1, default=0) == 11
        assert runtime.stored[place] == (11, 6)
        assert [operation.verb for _, operation in runtime.store_calls] == ["get", "set", "get", "set"]
        assert [operation.expected_version for _, operation in runtime.store_calls] == [None, 0, None, 5]

        async def add(cart: Cart) -> Cart:
            return Cart(cart.items + 1)

        assert await io.store.update("cart", add, default=Cart(), type=Cart) == Cart(1)
        assert await io.store.update("cart", add, type=Cart) == Cart(2)


@pytest.mark.parametrize("key", ["", " ", "a\nb", "x" * 257, 3])
async def test_a_bad_key_is_refused(key: Any) -> None:
    with in_run() as runtime, pytest.raises(DefinitionError):
        await io.store.get(key)
    assert runtime.store_calls == []


async def test_a_long_key_still_fits_into_a_task_key() -> None:
    with in_run() as runtime:
        await io.store.set("x" * 256, 1)
        await io.store.set("x" * 255 + "y", 1)
    first, second = (key for key, _ in runtime.store_calls)
    assert len(first) < 256
    assert first != second


async def test_outside_runs_it_goes_over_the_api() -> None:
    entry = {"key": "a/b", "value": {"items": 3}, "version": 2}
    client, door = a_client(
        entry,
        entry,
        NotFound("no"),
        NotFound("no"),
        entry,
        {"deleted": True},
        {"data": [entry], "next_cursor": None},
    )
    assert await client.store.get("a/b") == {"items": 3}
    assert await client.store.job("fulfil").get("a/b", type=Cart) == Cart(3)
    assert await client.store.get("gone", 7) == 7
    assert not await client.store.has("gone")
    await client.store.run("run_1").set("a/b", Cart(1))
    assert await client.store.delete("a/b")
    assert [pair async for pair in client.store.list(prefix="a")] == [("a/b", {"items": 3})]
    assert door.asked[0] == ("GET", "/api/v1/store/a%2Fb")
    assert door.params[1] == {"scope": "job", "owner": "fulfil"}
    assert (door.asked[4][0], door.params[4]) == ("PUT", {"scope": "run", "owner": "run_1"})
    assert door.bodies[4] == {"value": {"items": 1}}
    assert door.asked[5][0] == "DELETE"
