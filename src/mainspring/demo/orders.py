"""Orders: from the event to the parcel, with stock, payment, invoice, carrier and mail."""

from typing import Literal

from pydantic import BaseModel, Field

from mainspring import IO, Retry, event_trigger
from mainspring import ctx as here
from mainspring.demo.client import carrier, client, mail
from mainspring.demo.luck import luck, troubles, work
from mainspring.demo.money import Charge, charge_payment


class Customer(BaseModel):
    id: str
    name: str
    email: str
    tier: Literal["new", "regular", "gold"] = "regular"


class Line(BaseModel):
    sku: str
    name: str
    quantity: int = Field(ge=1)
    price: float = Field(gt=0, description="Per piece, in EUR.")


class Order(BaseModel):
    order_id: str = Field(pattern=r"^TW-\d{5}$", examples=["TW-20417"])
    customer: Customer
    lines: list[Line] = Field(min_length=1)
    total: float = Field(gt=0, description="In EUR, shipping included.")
    country: str = Field(min_length=2, max_length=2, description="Where it goes, like DE.")
    gift_note: str | None = None


class OutOfStock(Exception):
    """The warehouse has fewer pieces than the order asks for."""


class CarrierUnavailable(Exception):
    """The carrier's API did not answer."""


async def reserve_stock(order_id: str, lines: list[Line]) -> dict[str, int]:
    """Puts the pieces aside; what is not there cannot be sold."""
    await work(0.08, 1.2, order_id, "reserve")
    for line in lines:
        if luck(order_id, line.sku, "stock") < 0.012:
            raise OutOfStock(f"{line.name} ({line.sku}): {line.quantity} wanted, {line.quantity - 1} left")
    return {line.sku: line.quantity for line in lines}


async def book_carrier(order_id: str, country: str) -> dict[str, str]:
    """Asks the carrier for a label."""
    attempt = here.attempt.number
    await work(0.3, 4.0, order_id, "label", attempt)
    if "carrier is down" in troubles or luck(order_id, "carrier", attempt) < 0.04:
        raise CarrierUnavailable(f"POST /v2/labels: 503 Service Unavailable (order {order_id})")
    return {
        "carrier": "northline" if country in ("DE", "NL", "DK") else "meridian",
        "label": f"LB{order_id[3:]}",
    }


@client.job(
    id="fulfil-order",
    name="Fulfil order",
    version="3.2.0",
    tags=["orders"],
    trigger=event_trigger(
        "order.created",
        examples=[
            {
                "order_id": "TW-20417",
                "customer": {
                    "id": "c-118",
                    "name": "Ines Albrecht",
                    "email": "ines@example.org",
                    "tier": "gold",
                },
                "lines": [{"sku": "KET-09", "name": "Copper kettle", "quantity": 1, "price": 89.0}],
                "total": 94.9,
                "country": "DE",
            }
        ],
    ),
)
async def fulfil_order(order: Order, io: IO) -> dict[str, object]:
    """Reserve, charge, pack, ship, tell."""
    io.tags.add(order.country.lower(), order.customer.tier)
    io.metadata.set("customer", order.customer.name)
    await io.progress(0, 5, "reserving stock")
    await io.run_task(
        "reserve-stock", reserve_stock, order.order_id, order.lines, retry=Retry(give_up_on=OutOfStock)
    )

    await io.progress(1, 5, "charging")
    receipt = await charge_payment.trigger_and_wait(
        Charge(order_id=order.order_id, customer_id=order.customer.id, amount=order.total),
        tags=["orders"],
    )
    await io.send_event(
        "tell-paid",
        "order.paid",
        {
            "order_id": order.order_id,
            "amount": order.total,
            "country": order.country,
            "email": order.customer.email,
        },
        id=order.order_id,
    )

    await io.progress(2, 5, "waiting for the warehouse")
    io.logger.info(
        "handed to the warehouse", order=order.order_id, pieces=sum(x.quantity for x in order.lines)
    )
    picked = await io.wait_for_event("picked", name="parcel.picked", id=order.order_id, timeout="36 hours")

    label = await ship(order, io)
    return {
        "order": order.order_id,
        "status": "shipped",
        "packed_by": picked.payload["by"],
        **receipt,
        **label,
    }


async def ship(order: Order, io: IO) -> dict[str, str]:
    """A label from the carrier, and a mail to the customer."""
    await io.progress(3, 5, "booking the carrier")
    label = await io.run_task(
        "book-carrier",
        book_carrier,
        order.order_id,
        order.country,
        breaker=carrier,
        retry=Retry(max_attempts=6, min_delay="2s", max_delay="1 minute"),
        properties={"country": order.country},
    )
    await io.progress(4, 5, "telling the customer")
    await send_email.trigger(
        Email(to=order.customer.email, template="order-shipped", values={"order": order.order_id, **label}),
        idempotency_key=f"shipped-{order.order_id}",
    )
    await io.progress(5, 5, "shipped")
    io.logger.info("shipped", order=order.order_id, **label)
    return label


class Email(BaseModel):
    to: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    template: Literal["order-shipped", "invoice", "digest", "cart-reminder", "refund-made"]
    values: dict[str, object] = {}


class MailRefused(Exception):
    """The mail server did not take it."""


async def deliver(to: str, template: str) -> str:
    attempt = here.attempt.number
    await work(0.1, 1.8, to, template, attempt)
    if luck(to, template, "mail", attempt) < 0.05:
        raise MailRefused(f"451 4.7.1 {to}: greylisted, try again later")
    return f"<{luck(to, template, attempt):.10f}@mail.tidewater.example>"


@client.job(id="send-email", name="Send e-mail", version="1.8.2", queue=mail, tags=["mail"], ttl="6 hours")
async def send_email(email: Email, io: IO) -> dict[str, str]:
    """One mail, from its template."""
    io.tags.add(email.template)
    await io.run_task("render", render, email.template, email.values)
    patient = Retry(max_attempts=4, min_delay="5s")
    message_id = await io.run_task("deliver", deliver, email.to, email.template, retry=patient)
    return {"to": email.to, "message_id": message_id}


async def render(template: str, values: dict[str, object]) -> int:
    """The length of what was made of it."""
    await work(0.01, 0.08, template, values)
    return 1_800 + round(luck(template, values) * 4_000)
