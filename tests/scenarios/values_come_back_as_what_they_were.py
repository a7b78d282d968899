"""Payloads and outputs come back as the type that is annotated, the same from a checkpoint as at first."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypedDict
from uuid import UUID

from pydantic import BaseModel

from mainspring import IO
from scenarios.world import World


class Order(BaseModel):
    id: str
    amount: Decimal
    due: date


@dataclass
class Charge:
    at: datetime
    took: timedelta
    by: UUID


class Line(TypedDict):
    text: str
    numbers: list[int]


TEXT = "Käse – 𝄞 \u2028 \\ \" ' \x7f é"


async def test_values_come_back_as_what_they_were(world: World) -> None:
    charge = Charge(datetime(2026, 2, 28, 1, 2, 3, 456789, UTC), timedelta(minutes=1), UUID(int=7))

    async def charged() -> Charge:
        return charge

    def ordered(order: Order) -> Order:
        return order.model_copy(update={"amount": order.amount * 2})

    async def line() -> Line:
        return {"text": TEXT, "numbers": [0, -1, 2**53]}

    async def plain() -> Any:
        return {"none": None, "nested": [[], {}, [True, 1.5]], "": "empty key"}

    @world.client.job(id="typed")
    async def typed(payload: Order, io: IO) -> Order:
        world.effects.append(
            [
                payload,
                await io.run_task("charged", charged),
                doubled := await io.run_task("ordered", ordered, payload),
                await io.run_task("line", line),
                await io.run_task("plain", plain),
                await io.run_task("nothing", lambda: None),
            ]
        )
        await io.wait("1 hour")
        return doubled

    await world.start()
    order = Order(id="o-1", amount=Decimal("19.90"), due=date(2026, 3, 1))
    run = await world.trigger(typed, order)
    await world.until(run, "WAITING")
    await world.crash()
    await world.output(run)

    assert len(world.effects) >= 2
    wanted = [
        *(order, charge, order.model_copy(update={"amount": Decimal("39.80")})),
        {"text": TEXT, "numbers": [0, -1, 2**53]},
        {"none": None, "nested": [[], {}, [True, 1.5]], "": "empty key"},
        None,
    ]
    assert all(seen == wanted for seen in world.effects)
    assert await run.result() == wanted[2]
