"""What comes by the clock: the nightly report with a child per region, the digest that goes to customers, reminders."""

from datetime import datetime

from pydantic import BaseModel

from mainspring import IO, ScheduledTick, cron_trigger
from mainspring.demo.client import client
from mainspring.demo.luck import luck, troubles, work
from mainspring.demo.orders import Email, send_email

REGIONS = ("north", "east", "south", "west", "online")


class RegionDay(BaseModel):
    region: str
    day: str


async def query_sales(region: str, day: str) -> list[int]:
    await work(3, 25, region, day)
    if region == "south" and "no sales in the south" in troubles:
        return []
    return [round(20 + luck(region, day, hour) * 400) for hour in range(24)]


def best_hour(sales: list[int]) -> int:
    return sales.index(max(sales))


@client.job(id="count-region", name="Count region", version="1.2.0", tags=["reports"])
async def count_region(wanted: RegionDay, io: IO) -> dict[str, object]:
    """A region's day."""
    sales = await io.run_task("query-sales", query_sales, wanted.region, wanted.day)
    return {"region": wanted.region, "revenue": sum(sales), "best_hour": best_hour(sales)}


@client.job(
    id="nightly-report",
    name="Nightly report",
    version="1.6.0",
    trigger=cron_trigger("30 2 * * *", timezone="Europe/Berlin", catch_up="last"),
    tags=["reports"],
)
async def nightly_report(tick: ScheduledTick, io: IO) -> dict[str, object]:
    """Yesterday, region by region, as a report for the morning."""
    day = f"{tick.timestamp:%Y-%m-%d}"
    results = await count_region.batch_trigger_and_wait(
        [RegionDay(region=region, day=day) for region in REGIONS], tags=["reports"]
    )
    failed = [region for region, result in zip(REGIONS, results, strict=True) if not result.ok]
    if failed:
        io.logger.error("regions are missing", regions=failed)
    counted = [result.unwrap() for result in results if result.ok]
    revenue = sum(int(str(one["revenue"])) for one in counted)
    print(f"report of {day}: {revenue:,} EUR")
    await io.run_task("write-report", write_report, day)
    return {"day": day, "revenue": revenue, "regions": len(counted), "missing": failed}


async def write_report(day: str) -> str:
    await work(2, 8, day, "report")
    return f"reports/{day}.pdf"


@client.job(
    id="send-digest",
    name="Send digest",
    version="2.2.0",
    trigger=cron_trigger("0 8 * * MON-FRI", timezone="Europe/Paris"),
    tags=["mail"],
)
async def send_digest(tick: ScheduledTick, io: IO) -> dict[str, int]:
    """The morning's mail to all who want it."""
    readers = await io.run_task("readers", readers_of, tick.timestamp)
    await send_email.batch_trigger(
        [Email(to=reader, template="digest", values={"day": f"{tick.timestamp:%A}"}) for reader in readers],
        tags=["digest"],
    )
    return {"sent": len(readers)}


async def readers_of(day: datetime) -> list[str]:
    await work(0.2, 1, day)
    return [f"reader{number}@example.org" for number in range(1, 19)]
