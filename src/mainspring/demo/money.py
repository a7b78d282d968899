"""Money: charges through the gateway, invoices, refunds that people approve, the ledger's export."""

import logging
from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from mainspring import (
    IO,
    ApprovalNotice,
    ApprovalRejected,
    Concurrency,
    NonRetryable,
    Retry,
    WaitTimeout,
    event_trigger,
)
from mainspring import ctx as here
from mainspring.demo.client import client, exports, gateway, payments
from mainspring.demo.luck import luck, troubles, work

log = logging.getLogger("shop.ledger")
log.setLevel(logging.INFO)


class Charge(BaseModel):
    order_id: str
    customer_id: str
    amount: float = Field(gt=0, description="In EUR.")


class GatewayTimeout(Exception):
    """The payment gateway took too long."""


class CardDeclined(NonRetryable):
    """The bank said no."""


async def capture(order_id: str, amount: float) -> dict[str, object]:
    """Takes the money, or says why not."""
    attempt = here.attempt.number
    await work(0.4, 2.6, order_id, "capture", attempt)
    if "gateway is down" in troubles or luck(order_id, "gateway", attempt) < 0.06:
        raise GatewayTimeout(f"no answer from the gateway within 10 s (capture {amount:.2f} EUR)")
    if luck(order_id, "card") < 0.025:
        raise CardDeclined("insufficient_funds: the card of this customer was declined")
    return {"charge": f"ch_{order_id[3:]}", "amount": amount}


@client.job(
    id="charge-payment",
    name="Charge payment",
    version="2.4.1",
    queue=payments,
    concurrency=Concurrency(key="customer_id"),
    tags=["money"],
)
async def charge_payment(charge: Charge, io: IO) -> dict[str, object]:
    """One charge, made once whatever happens."""
    io.logger.info("charging", order=charge.order_id, amount=charge.amount)
    receipt = await io.run_task(
        "capture",
        capture,
        charge.order_id,
        charge.amount,
        breaker=gateway,
        retry=Retry(max_attempts=5, min_delay="1s", max_delay="30s"),
        properties={"amount": f"{charge.amount:.2f} EUR"},
    )
    io.logger.info("charged", order=charge.order_id, charge=receipt["charge"])
    return receipt


class Paid(BaseModel):
    order_id: str
    amount: float = Field(gt=0)
    country: str
    email: str


#: Of what is sold, by country.
VAT = {
    "DE": 0.19,
    "FR": 0.20,
    "NL": 0.21,
    "AT": 0.20,
    "IT": 0.22,
    "DK": 0.25,
    "ES": 0.21,
    "PT": 0.23,
    "CH": 0.081,
}


async def vat_of(country: str, amount: float) -> float:
    """The tax within a gross amount."""
    await work(0.005, 0.03, country, amount)
    rates = {name: rate for name, rate in VAT.items() if name != "CH" or "no rate for CH" not in troubles}
    rate = rates[country]
    return round(amount - amount / (1 + rate), 2)


async def draw_pdf(number: str) -> dict[str, object]:
    await work(0.5, 3.5, number, "pdf")
    return {"file": f"invoices/{number}.pdf", "bytes": 38_000 + round(luck(number) * 22_000)}


@client.job(
    id="issue-invoice",
    name="Issue invoice",
    version="1.14.0",
    trigger=event_trigger("order.paid", filter={"amount": [{"$gte": 1}]}),
    tags=["money"],
)
async def issue_invoice(paid: Paid, io: IO) -> dict[str, object]:
    """An invoice with its number, its tax and its PDF."""
    number = await io.store.update("invoice-number", lambda last: last + 1, default=58_200)
    name = f"INV-{number}"
    io.tags.add(paid.country.lower())
    tax = await io.run_task("vat", vat_of, paid.country, paid.amount, retry=2)
    made = await io.run_task("draw-pdf", draw_pdf, name, timeout="30 seconds")
    io.logger.info("invoice issued", number=name, amount=paid.amount, tax=tax)
    return {"invoice": name, "order": paid.order_id, "tax": tax, **made}


class RefundRequest(BaseModel):
    order_id: str
    customer: str
    amount: float = Field(gt=0, le=5_000)
    reason: Literal["damaged", "late", "wrong item", "changed mind"]
    photo: str | None = Field(default=None, description="A link to what the customer sent.")


class RefundDecision(BaseModel):
    amount: float = Field(gt=0, le=5_000, description="What the customer gets back, in EUR.")
    goods: Literal["send back", "keep"] = Field(default="send back", description="What becomes of the goods.")
    note: str | None = Field(default=None, max_length=400, description="The customer reads this.")


async def tell_reviewer(notice: ApprovalNotice) -> None:
    """A mail with the link, if this were a real shop."""
    await work(0.1, 0.6, notice.person, notice.title)


async def pay_back(order_id: str, amount: float) -> str:
    await work(0.6, 2.2, order_id, "refund")
    if luck(order_id, "refund") < 0.03:
        raise GatewayTimeout("no answer from the gateway within 10 s (refund)")
    return f"re_{order_id[3:]}"


@client.job(
    id="refund-order",
    name="Refund order",
    version="1.3.0",
    trigger=event_trigger(
        "refund.requested",
        examples=[{"order_id": "TW-20417", "customer": "Ines Albrecht", "amount": 94.9, "reason": "damaged"}],
    ),
    tags=["money", "people"],
)
async def refund_order(asked: RefundRequest, io: IO) -> dict[str, object]:
    """A refund that people look at; of a large one, two."""
    is_large = asked.amount >= 400
    io.metadata.set("customer", asked.customer)
    try:
        decision = await io.wait_for_approval(
            "refund?",
            title=f"Refund {asked.amount:.2f} EUR of order {asked.order_id}?",
            show=asked,
            schema=RefundDecision,
            to=["mara@tidewater.example", "jonas@tidewater.example", "priya@tidewater.example"],
            quorum=2 if is_large else 1,
            timeout="3 days",
            remind_every="1 day",
            escalate_after="30 hours",
            escalate_to=["helen@tidewater.example"],
            notify=tell_reviewer,
            tags=["refund", asked.reason],
        )
    except ApprovalRejected as refused:
        io.logger.warning("refund refused", by=refused.by, comment=refused.comment)
        return {"order": asked.order_id, "status": "refused", "by": refused.by}
    except WaitTimeout:
        io.logger.error("nobody looked at the refund in time", order=asked.order_id)
        raise
    receipt = await io.run_task("pay-back", pay_back, asked.order_id, decision.amount, effect="once")
    io.logger.info("refunded", order=asked.order_id, amount=decision.amount)
    return {"order": asked.order_id, "status": "refunded", "amount": decision.amount, "receipt": receipt}


class LedgerExport(BaseModel):
    month: str = Field(pattern=r"^\d{4}-\d{2}$", examples=["2026-10"])
    format: Literal["csv", "datev", "xlsx"] = "csv"


async def write_part(month: str, part: int) -> int:
    await work(20, 90, month, part)
    log.info("wrote bookings of %s, part %d", month, part)
    return 900 + round(luck(month, part) * 700)


@client.job(
    id="export-ledger", name="Export ledger", version="0.9.3", queue=exports, tags=["money", "export"]
)
async def export_ledger(wanted: LedgerExport, io: IO) -> dict[str, object]:
    """A month's bookings as a file; one export at a time."""
    year, month = map(int, wanted.month.split("-"))
    days = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
    rows = 0
    for part in range(1, days // 3 + 1):
        rows += await io.run_task(f"part-{part:02}", write_part, wanted.month, part)
        await io.progress(part, days // 3, f"{rows:,} bookings")
    return {"file": f"ledger-{wanted.month}.{wanted.format}", "rows": rows}
