"""What happens in the shop over some days: customers, the warehouse, the desk that answers, troubles, a deploy."""

import contextlib
from typing import Any

from mainspring.clock import DAY, HOUR, MINUTE, Instant, to_datetime
from mainspring.demo import goods
from mainspring.demo.client import client
from mainspring.demo.luck import troubles
from mainspring.demo.money import LedgerExport, export_ledger
from mainspring.demo.orders import Email, send_email
from mainspring.demo.research import Question, research_supplier
from mainspring.demo.stock import CatalogueImport, import_catalogue
from mainspring.demo.world import World
from mainspring.engine.commands import EndWorkers
from mainspring.errors import EventRejected

#: Customers an hour of the day, in parts.
_BUSY = (1, 1, 1, 1, 1, 2, 4, 7, 9, 10, 10, 11, 12, 10, 9, 9, 10, 12, 14, 15, 12, 8, 4, 2)
#: What the older deploy had.
OLDER = {"fulfil-order": "3.1.0", "issue-invoice": "1.13.2", "send-email": "1.8.1"}
#: What an order's runs and its mail come to.
RUNS_PER_ORDER = 4.2


class Story:
    """From `begins` to `ends`, with so many orders."""

    def __init__(self, world: World, begins: Instant, ends: Instant, orders: int) -> None:
        self.world, self.begins, self.ends = world, begins, ends
        self.orders = orders
        self.chance = world.random

    def tell(self) -> None:
        """Plans everything."""
        tell = self.world.tell
        times = sorted(self._moment() for _ in range(self.orders))
        for number, at in enumerate(times):
            tell(self._customer(20_100 + number, at))
        tell(self._deploy())
        tell(self._desk())
        tell(self._editor())
        tell(self._return(max(self.begins, self.ends - 40 * HOUR)))
        span = self.ends - self.begins
        tell(self._outage("gateway is down", self.begins + span * 6 // 10, 40 * MINUTE))
        tell(self._outage("carrier is down", self.begins + span * 3 // 10, 25 * MINUTE))
        tell(self._outage("the warehouse is slow", self.begins + span * 7 // 10, 100 * MINUTE))
        tell(self._outage("no sales in the south", self.ends - 30 * HOUR, DAY))
        tell(self._quiet_mail(self.begins + span * 4 // 10))
        tell(self._cleaning_up(self.begins + span * 6 // 10 + 70 * MINUTE))
        for day in range(round(span / DAY) or 1):
            self._tell_day(self.begins + day * DAY, day)

    def _tell_day(self, at: Instant, day: int) -> None:
        tell = self.world.tell
        for _ in range(6):
            tell(self._catalogue_editor(at + self.chance.randrange(DAY)))
        tell(self._others(at + self.chance.randrange(DAY)))
        rows = (500, 120, 60)[day % 3]
        tell(self._import(at + 9 * HOUR, goods.SUPPLIERS[day % 6], rows))
        tell(self._research(at + 11 * HOUR, goods.TOPICS[day % 6]))
        tell(self._export(at + 7 * HOUR, f"2026-{9 - day % 6:02}"))

    def _moment(self) -> Instant:
        """When somebody buys: by day; and now, whatever the hour, so that what is new is of all kinds."""
        if self.chance.random() < 0.12:
            return self.ends - self.chance.randrange(3 * HOUR)
        while True:
            at = self.begins + self.chance.randrange(self.ends - self.begins)
            if self.chance.random() * max(_BUSY) < _BUSY[to_datetime(at).hour]:
                return at

    # ── customers and the warehouse ──────────────────────────────────────────────────────────────────
    async def _customer(self, number: int, at: Instant) -> None:
        chance = self.chance
        await self.world.sleep_until(at)
        bought = goods.order(chance, number)
        if chance.random() < 0.02:
            bought["total"] = 0
        try:
            event = await client.send_event("order.created", bought, source="shop")
        except EventRejected:
            return
        await self.world.clock.sleep(chance.randint(20, 160) * MINUTE)
        fate = chance.random()
        if fate < 0.025:
            await client.runs.cancel(event.runs[0].id, reason="the customer changed their mind")
        elif fate > 0.04:  # others lie on a shelf where nobody looks
            by = chance.choice(goods.PACKERS)
            picked = {"by": by, "box": chance.choice("SML")}
            await client.send_event("parcel.picked", picked, id=bought["order_id"], source="warehouse")
        if chance.random() < 0.07:
            await self.world.clock.sleep(chance.randint(5, 30) * HOUR)
            await client.send_event("refund.requested", goods.refund(chance, bought), source="shop")

    async def _return(self, at: Instant) -> None:
        """One parcel that came damaged, early enough for the desk: the shortest world has an answer, too."""
        await self.world.sleep_until(at)
        bought = goods.order(self.chance, 20_099)
        refund = {**goods.refund(self.chance, bought), "amount": 64.5, "reason": "damaged"}
        await client.send_event("refund.requested", refund, source="shop")

    async def _others(self, at: Instant) -> None:
        """Events that nobody listens to, and one that is refused."""
        await self.world.sleep_until(at)
        reader = goods.customer(self.chance)
        await client.send_event("newsletter.subscribed", {"email": reader["email"]}, source="website")
        await client.send_event("page.viewed", {"path": "/sale", "seconds": self.chance.randint(3, 90)})
        await client.send_event("order.paid", {"order_id": "TW-00000", "amount": 0.5}, source="till")
        with contextlib.suppress(EventRejected):
            too_much = {"order_id": "TW-20003", "amount": 9_000}
            await client.send_event("refund.requested", too_much, source="shop")
        email = Email(to=reader["email"], template="cart-reminder", values={"pieces": 2})
        await send_email.trigger(email, delay="4 hours", tags=["reminder"])

    async def _catalogue_editor(self, at: Instant) -> None:
        await self.world.sleep_until(at)
        for sku, _, _ in self.chance.sample(goods.PRODUCTS, 5):
            await client.send_event("product.updated", {"sku": sku, "fields": ["price"]}, source="catalogue")
            await self.world.clock.sleep(self.chance.randint(3, 15) * MINUTE // 60)

    # ── what is started by hand ──────────────────────────────────────────────────────────────────────
    async def _import(self, at: Instant, supplier: str, rows: int) -> None:
        await self.world.sleep_until(at)
        wanted = CatalogueImport(supplier=supplier, rows=rows)
        await import_catalogue.trigger(wanted, tags=["monthly"], metadata={"asked_by": "Selma"})

    async def _research(self, at: Instant, topic: str) -> None:
        await self.world.sleep_until(at)
        await research_supplier.trigger(Question(topic=topic, depth=self.chance.randint(3, 7)))

    async def _export(self, at: Instant, month: str) -> None:
        await self.world.sleep_until(at)
        await export_ledger.trigger(LedgerExport(month=month), priority=1)

    # ── people who answer ────────────────────────────────────────────────────────────────────────────
    async def _desk(self) -> None:
        """Looks at refunds twice an hour by day, until the last evening."""
        while self.world.clock.now() < self.ends - 9 * HOUR:
            await self.world.clock.sleep(25 * MINUTE)
            if 7 <= to_datetime(self.world.clock.now()).hour < 18:
                await self._answer()

    async def _answer(self) -> None:
        for approval in [one async for one in client.approvals.list(status="WAITING")]:
            answered = {one.by for one in approval.answers}
            for person in approval.people:
                if person.person in answered or self.chance.random() < 0.9:
                    continue
                form = {"amount": approval.show["amount"], "goods": self.chance.choice(("send back", "keep"))}
                is_doubtful = approval.show["reason"] == "changed mind"
                if is_doubtful and self.chance.random() < 0.6:
                    comment = "The photo shows another product."
                    await client.approvals.answer(approval, "reject", by=person.person, comment=comment)
                else:
                    await client.approvals.answer(approval, "approve", by=person.person, form=form)
                break

    async def _editor(self) -> None:
        """Reads drafts once a day."""
        while self.world.clock.now() < self.ends - 8 * HOUR:
            await self.world.clock.sleep(8 * HOUR)
            for token in [one async for one in client.tokens.list(status="WAITING", tag="editor")]:
                verdict = {"ok": True, "note": "Shorter, and with a table."}
                await client.tokens.complete(token, verdict, by="Agnes Holm")

    # ── troubles ─────────────────────────────────────────────────────────────────────────────────────
    async def _outage(self, trouble: str, at: Instant, span: int) -> None:
        await self.world.sleep_until(at)
        troubles.add(trouble)
        await self.world.clock.sleep(span)
        troubles.discard(trouble)

    async def _quiet_mail(self, at: Instant) -> None:
        """Somebody pauses the mail; reminders that would come too late are not sent."""
        await self.world.sleep_until(at)
        await client.queues.pause("mail", by="Jonas Brandt")
        for _ in range(9):
            email = Email(to=goods.customer(self.chance)["email"], template="cart-reminder", values={})
            await send_email.trigger(email, ttl="1 hour", tags=["reminder"])
            await self.world.clock.sleep(self.chance.randint(2, 9) * MINUTE)
        await self.world.clock.sleep(90 * MINUTE)
        await client.queues.resume("mail")

    async def _cleaning_up(self, at: Instant) -> None:
        """After the gateway's outage orders that failed are begun again."""
        await self.world.sleep_until(at)
        failed = [run async for run in client.runs.list(status="FAILED", job_id="fulfil-order")]
        for run in failed[:8]:
            await client.runs.replay(run.id)

    async def _deploy(self) -> None:
        """Two workers of the older app, of which one dies; then those of the present one."""
        world = self.world
        troubles.add("no rate for CH")
        first, second = world.hire("shop-eu-1", OLDER), world.hire("shop-eu-2", OLDER)
        await world.sleep_until(self.begins + (self.ends - self.begins) // 3)
        await self._killed(first)
        third = world.hire("shop-eu-1", OLDER)
        await world.sleep_until(self.begins + (self.ends - self.begins) // 2)
        world.hire("dev")
        await world.clock.sleep(MINUTE)
        troubles.discard("no rate for CH")
        for crew in (second, third):
            await world.let_go(crew)

    async def _killed(self, crew: Any) -> None:
        crew.node.kill()
        self.world.crews.remove(crew)
        server = self.world.server
        await server.engine.end_workers(
            EndWorkers(
                "exited",
                environment_id=server.environment_id,
                worker_id=crew.worker.worker_id,
                blames=True,
                fault="SIGKILL (out of memory?)",
            )
        )
