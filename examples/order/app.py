"""An order from its event to its parcel: a task that is retried, a wait, an approval, the store, live progress.

Kill its worker (or everything) with -9 wherever you like: the order goes on from its last finished task.
"""

from pydantic import BaseModel, Field

from mainspring import IO, Client, Context, Retry, WaitTimeout, event_trigger
from mainspring import ctx as current

client = Client("order")

#: Orders of this much or more wait for a person.
NEEDS_APPROVAL = 1_000


class Order(BaseModel):
    id: str
    amount: int = Field(gt=0, description="In cents.")
    currency: str = "usd"


class Approval(BaseModel):
    approved: bool
    by: str = "someone"


class GatewayBusyError(Exception):
    """The payment gateway asks to come back later."""


def charge(order_id: str, amount: int) -> dict[str, str | int]:
    """Stands for a payment gateway that is busy twice and answers the third time."""
    if current.attempt.number < 3:
        raise GatewayBusyError(f"busy, try again (attempt {current.attempt.number})")
    return {"charge": f"ch_{order_id}", "amount": amount}


@client.job(id="fulfil-order", name="Fulfil order", trigger=event_trigger("order.created"))
async def fulfil(payload: Order, io: IO, ctx: Context) -> dict[str, object]:
    io.tags.add(payload.currency)
    io.metadata.set("order", payload.id)

    await io.progress(1, 4, "charging")
    receipt = await io.run_task(
        "charge",
        charge,
        payload.id,
        payload.amount,
        retry=Retry(max_attempts=5, min_delay="500ms", max_delay="2s"),
    )

    await io.progress(2, 4, "cooling off")
    await io.wait("cool-off", "3 seconds")

    await io.progress(3, 4, "approval")
    if payload.amount >= NEEDS_APPROVAL and not await is_approved(payload, io):
        return {"order": payload.id, "status": "refused", "charge": receipt["charge"]}

    number = await io.store.update("orders-shipped", lambda shipped: shipped + 1, default=0)
    await io.send_event("tell-shipped", "order.shipped", {"id": payload.id, "number": number})
    await io.progress(4, 4, "shipped")
    io.logger.info("order shipped", order=payload.id, number=number, run=ctx.run.id)
    return {"order": payload.id, "status": "shipped", "charge": receipt["charge"], "number": number}


async def is_approved(order: Order, io: IO) -> bool:
    """A person's decision about this very order; none within ten minutes is a no."""
    io.logger.info("waiting for approval", order=order.id, amount=order.amount)
    try:
        event = await io.wait_for_event(
            "approval", name="order.approved", id=order.id, schema=Approval, timeout="10 minutes"
        )
    except WaitTimeout:
        io.logger.warning("nobody decided in time", order=order.id)
        return False
    io.logger.info("decided", approved=event.payload.approved, by=event.payload.by)
    return event.payload.approved


class Shipped(BaseModel):
    id: str
    number: int


@client.job(id="thank-customer", name="Thank the customer", trigger=event_trigger("order.shipped"))
async def thank(payload: Shipped, io: IO) -> str:
    io.logger.info("thank you", order=payload.id)
    return f"Order {payload.id} is on its way. It is our number {payload.number}."
