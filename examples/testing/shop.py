"""A shop whose jobs charge, wait, ask people and count what is left. The tests beside it use all of the test kit."""

from pydantic import BaseModel

from mainspring import IO, Client, SyncIO, cron_trigger, ctx
from mainspring.connectors import Connector, action
from mainspring.errors import ApprovalRejected


class Chat(Connector, id="chat"):
    """Where the shop's people talk."""

    @action
    async def post_message(self, channel: str, text: str) -> dict[str, str]:
        """Speaks to the service; never called in a test."""
        raise NotImplementedError


client = Client("shop", connectors={"chat": Chat()})


class Order(BaseModel):
    id: str
    amount: int


class Refund(BaseModel):
    amount: int


class Bank:
    """A fake of what the shop talks to. It charges once per key, as a good payment service does."""

    def __init__(self) -> None:
        self.charges: dict[str, int] = {}

    async def charge(self, amount: int) -> str:
        self.charges.setdefault(ctx.idempotency_key, amount)
        return "charged"


bank = Bank()


@client.on("order.created")
async def fulfil(order: Order, io: IO) -> str:
    await io.run_task("charge", bank.charge, order.amount, retry=5)
    io.logger.info("charged", amount=order.amount)
    await io.wait("cool-off", "7 days")
    shipped = await io.wait_for_event("shipped", name="parcel.shipped", id=order.id, timeout="30 days")
    return str(shipped.payload["tracking"])


@client.job(id="refund")
async def refund(order: Order, io: IO) -> int:
    try:
        filled = await io.wait_for_approval("ok", schema=Refund, show=order, timeout="2 days")
    except ApprovalRejected:
        return 0
    return filled.amount


@client.job(id="call-back")
def call_back(io: SyncIO) -> str:
    token = io.create_token("phone")
    return str(io.wait_for_token(token, timeout="1 hour"))


@client.job(id="sell")
async def sell(io: IO) -> int:
    return int(await io.store.update("stock", lambda left: left - 1, default=10))


@client.job(id="tell")
async def tell(order: Order, io: IO) -> str:
    sent = await io.chat.post_message("tell-ops", channel="#ops", text=f"{order.id} is late")
    return str(sent["ts"])


@client.job(id="report", trigger=cron_trigger("0 9 * * MON"))
async def report(io: IO) -> str:
    return io.now().isoformat()
