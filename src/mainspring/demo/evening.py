"""The last hours before now: what the world leaves open, so that every page has something to act on."""

from mainspring.clock import HOUR, MINUTE, SECOND
from mainspring.demo import goods
from mainspring.demo.client import client
from mainspring.demo.money import LedgerExport, export_ledger
from mainspring.demo.orders import Email, send_email
from mainspring.demo.research import Question, research_supplier
from mainspring.demo.stock import CatalogueImport, import_catalogue
from mainspring.demo.story import Story
from mainspring.demo.world import World


class Evening:
    """Told beside the story."""

    def __init__(self, story: Story) -> None:
        self.story, self.world, self.ends = story, story.world, story.ends

    def tell(self) -> None:
        tell = self.world.tell
        tell(self._refunds())
        tell(self._exports())
        tell(self._long_runs())
        tell(self._carrier())
        tell(self._later())

    async def _refunds(self) -> None:
        """Some that nobody has answered yet; of a large one, one of two has."""
        chance, world = self.story.chance, self.world
        await world.sleep_until(self.ends - 5 * HOUR)
        for number, hours in enumerate((5.0, 3.2, 1.1, 0.3)):
            await world.sleep_until(self.ends - round(hours * HOUR))
            asked = goods.refund(chance, goods.order(chance, 20_050 + number))
            if number == 1:
                asked |= {"amount": 426.0, "reason": "damaged"}
            await client.send_event("refund.requested", asked, source="shop")
        large = next(
            one for one in [one async for one in client.approvals.list(status="WAITING")] if one.quorum == 2
        )
        await client.approvals.answer(
            large,
            "approve",
            by="mara@tidewater.example",
            form={"amount": 426.0, "goods": "keep", "note": "We are sorry about the broken glass."},
            comment="The photo is clear.",
        )

    async def _exports(self) -> None:
        """One at a time: the others wait for it."""
        await self.world.sleep_until(self.ends - 6 * MINUTE)
        for month in ("2026-10", "2026-09", "2026-08", "2026-07"):
            await export_ledger.trigger(LedgerExport(month=month, format="datev"))
            await self.world.clock.sleep(20 * SECOND)

    async def _long_runs(self) -> None:
        await self.world.sleep_until(self.ends - 7 * HOUR)
        await research_supplier.trigger(Question(topic="Kilns that run on hydrogen", depth=5))
        await self.world.sleep_until(self.ends - 3 * HOUR)
        mistake = await import_catalogue.trigger(CatalogueImport(supplier="lumen-works"), tags=["monthly"])
        await self.world.clock.sleep(80 * SECOND)
        await client.runs.cancel(mistake.id, reason="last month's file")
        await self.world.sleep_until(self.ends - 5 * MINUTE)
        await research_supplier.trigger(Question(topic="Ropes and nets from the sea", depth=8))
        await self.world.sleep_until(self.ends - 95 * SECOND)
        await import_catalogue.trigger(
            CatalogueImport(supplier="northwood-oak"), tags=["monthly"], metadata={"asked_by": "Selma"}
        )

    async def _carrier(self) -> None:
        """An operator holds calls of the carrier back, who said that they would be away."""
        await self.world.sleep_until(self.ends - 70 * MINUTE)
        await client.breakers.open("carrier-api", timeout="6 hours", by="Helen Voss")

    async def _later(self) -> None:
        chance = self.story.chance
        await self.world.sleep_until(self.ends - 40 * MINUTE)
        for hours in (2, 5, 20):
            email = Email(
                to=goods.customer(chance)["email"], template="cart-reminder", values={"pieces": hours}
            )
            await send_email.trigger(email, delay=f"{hours} hours", tags=["reminder"])
        sale = {"sku": "RUG-03", "fields": ["price", "badge"]}
        await client.send_event("product.updated", sale, delay="9 hours", source="catalogue")


async def beat(world: World) -> None:
    """The workers say that they are alive."""
    for crew in world.crews:
        await crew.backend.beat(crew.worker.snapshot(None))
