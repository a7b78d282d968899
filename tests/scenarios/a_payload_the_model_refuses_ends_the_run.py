"""What the JSON Schema cannot tell the model in the worker does: the run ends without retry, the path named."""

from pydantic import BaseModel, field_validator

from mainspring import IO
from scenarios.world import World


class Item(BaseModel):
    sku: str

    @field_validator("sku")
    @classmethod
    def _known(cls, sku: str) -> str:
        if not sku.startswith("S-"):
            raise ValueError("no such sku")
        return sku


class Basket(BaseModel):
    items: list[Item]


async def test_a_payload_the_model_refuses_ends_the_run(world: World) -> None:
    @world.client.job(id="pack", retry=5)
    async def pack(payload: Basket) -> int:
        world.effects.append("packed")
        return len(payload.items)

    await world.start()
    run = await world.trigger(pack, {"items": [{"sku": "S-1"}, {"sku": "X-2"}]})
    error = await world.failure(run)

    assert error.code == "payload_invalid"
    assert error.path == "items[1].sku"
    assert "no such sku" in error.message
    assert run.attempt == 1
    assert world.effects == []


async def test_an_event_that_does_not_fit_the_waits_schema_fails_the_run(world: World) -> None:
    @world.client.job(id="asks", retry=5)
    async def asks(io: IO) -> str:
        event = await io.wait_for_event("item", name="item", schema=Item)
        return event.payload.sku

    await world.start()
    run = await world.trigger(asks)
    await world.until(run, "WAITING")
    await world.send("item", {"sku": "X-2"})
    error = await world.failure(run)

    assert (error.code, error.path, run.attempt) == ("payload_invalid", "sku", 1)
