"""Stock: suppliers' catalogues imported row by row, counts kept in step, the search index."""

from pydantic import BaseModel, Field

from mainspring import IO, Debounce, Retry, event_trigger, interval_trigger
from mainspring import ctx as here
from mainspring.demo.client import client
from mainspring.demo.luck import luck, troubles, work


class CatalogueImport(BaseModel):
    supplier: str = Field(examples=["harbour-ceramics"])
    rows: int = Field(default=500, ge=1, le=2_000)
    dry_run: bool = False


class RowInvalid(ValueError):
    """A row that cannot be a product."""


async def import_row(supplier: str, number: int) -> str:
    """One product, checked and written."""
    attempt = here.attempt.number
    await work(0.9, 6.0, supplier, number, attempt)
    if luck(supplier, number, "row", attempt) < 0.02:
        raise ConnectionResetError(104, "Connection reset by peer")
    price = luck(supplier, number, "price") * 240 - 0.06
    if price <= 0:
        raise RowInvalid(f"row {number}: price is {price:.2f}, and must be above 0")
    return f"{supplier[:3].upper()}-{number:04}"


@client.job(
    id="import-catalogue",
    name="Import catalogue",
    version="4.0.0",
    tags=["stock", "import"],
    max_duration="2 hours",
)
async def import_catalogue(wanted: CatalogueImport, io: IO) -> dict[str, object]:
    """A supplier's catalogue, ten rows at a time; rows that are wrong are left out and counted."""
    io.tags.add(wanted.supplier)
    numbers = await io.run_task("download", download, wanted.supplier, wanted.rows)
    done, wrong = 0, 0

    async def take(number: int) -> str | None:
        nonlocal done, wrong

        async def write() -> str | None:
            try:
                return await import_row(wanted.supplier, number)
            except RowInvalid as error:
                io.logger.warning(str(error), row=number)
                return None

        again = Retry(max_attempts=4, min_delay="2s")
        sku = await io.run_task(f"row-{number:04}", write, name="import row", retry=again)
        done, wrong = done + 1, wrong + (sku is None)
        if done % 25 == 0:
            await io.progress(done, numbers, f"{done} of {numbers} rows")
        return sku

    kept = [sku for sku in await io.map(take, range(1, numbers + 1), limit=10) if sku]
    io.metadata.set("left_out", wrong)
    await io.run_task("publish", publish, wanted.supplier, len(kept))
    return {"supplier": wanted.supplier, "products": len(kept), "left_out": wrong}


async def download(supplier: str, rows: int) -> int:
    await work(4, 20, supplier, rows)
    return rows


async def publish(supplier: str, products: int) -> None:
    await work(1, 5, supplier, products)


async def count_shelf(warehouse: str, at: str) -> int:
    slow = "the warehouse is slow" in troubles
    await work(200 if slow else 1.5, 260 if slow else 9, warehouse, at)
    if luck(warehouse, at, "count") < 0.02:
        raise TimeoutError(f"{warehouse}: read timed out after 10 s")
    return 1_000 + round(luck(warehouse, at) * 9_000)


@client.job(
    id="sync-inventory",
    name="Sync inventory",
    version="2.0.5",
    trigger=interval_trigger("30 minutes"),
    singleton="skip",
    max_duration="3 minutes",
    tags=["stock"],
)
async def sync_inventory(io: IO) -> dict[str, int]:
    """The counts of all warehouses, side by side."""
    at = f"{io.now():%d %H:%M}"
    places = ("hamburg", "rotterdam", "lyon")
    north, west, south = await io.parallel(
        *(io.run_task(f"count-{place}", count_shelf, place, at, retry=2) for place in places)
    )
    io.logger.debug("counted", hamburg=north, rotterdam=west, lyon=south)
    return {"hamburg": north, "rotterdam": west, "lyon": south}


class ProductChanged(BaseModel):
    sku: str
    fields: list[str] = []


@client.job(
    id="reindex-search",
    name="Reindex search",
    version="1.1.0",
    trigger=event_trigger("product.updated", debounce=Debounce("20 seconds", max_delay="2 minutes")),
    tags=["stock"],
)
async def reindex_search(product: ProductChanged, io: IO) -> int:
    """The index, once after many changes."""
    return await io.run_task("write-index", write_index, product.sku)


async def write_index(sku: str) -> int:
    await work(0.8, 4, sku, "index")
    return 2_000 + round(luck(sku) * 300)
