"""An idempotency key answers with its run for as long as was asked, within one run if that was asked, until reset."""

from mainspring import IO
from scenarios.world import World


async def test_an_idempotency_key_ends(world: World) -> None:
    @world.client.job(id="bill")
    async def bill(payload: int) -> int:
        return payload

    @world.client.job(id="close")
    async def close(payload: int, io: IO) -> list[str]:
        first = await bill.trigger(payload, idempotency_key="all", idempotency_key_scope="run")
        again = await bill.trigger(payload, idempotency_key="all", idempotency_key_scope="run")
        return [first.id, again.id]

    await world.start()
    short = await bill.trigger(1, idempotency_key="short", idempotency_key_ttl="1 hour")
    long = await bill.trigger(1, idempotency_key="long")
    await world.advance("2 hours")
    await world.crash()

    assert (await bill.trigger(2, idempotency_key="short")).id != short.id
    assert (await bill.trigger(2, idempotency_key="long")).id == long.id
    assert await world.client.runs.reset_key("bill", "long")
    assert (await bill.trigger(2, idempotency_key="long")).id != long.id
    ids = [await world.output(await close.trigger(n)) for n in (1, 2)]
    assert [one == two for one, two in ids] == [True, True]
    assert ids[0] != ids[1]
