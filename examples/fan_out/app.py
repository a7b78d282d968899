"""A report fans out into one child run per shop, waits for all of them durably, and adds up what came back."""

from pydantic import BaseModel

from mainspring import IO, Client, NonRetryable, event_trigger

client = Client("reports")


class Shop(BaseModel):
    name: str
    orders: list[int]


class ReportWanted(BaseModel):
    shops: list[Shop]


def total(orders: list[int]) -> int:
    if any(order < 0 for order in orders):
        raise NonRetryable(f"an order of {min(orders)} cannot be")
    return sum(orders)


@client.job(id="count-shop")
async def count_shop(payload: Shop, io: IO) -> int:
    await io.wait("collect", "200ms")
    return await io.run_task("total", total, payload.orders)


@client.job(id="report", trigger=event_trigger("report.wanted"))
async def report(payload: ReportWanted, io: IO) -> dict[str, object]:
    results = await count_shop.batch_trigger_and_wait(payload.shops, tags=["report"])
    failed = [shop.name for shop, result in zip(payload.shops, results, strict=True) if not result.ok]
    revenue = sum(result.unwrap() for result in results if result.ok)
    io.logger.info("counted", shops=len(results), failed=failed)
    return {"revenue": revenue, "failed": failed}
