"""A web shop with its jobs inside: `uvicorn app:app`, and nothing else to start.

Orders come in by the app's own route. Kill the process at any moment and start it again: they go on.
"""

from fastapi import FastAPI
from pydantic import BaseModel

from mainspring import IO, Client, event_trigger, task

client = Client("shop")
app = FastAPI(lifespan=client.lifespan)
app.mount("/mainspring", client.asgi())


class Order(BaseModel):
    id: str
    amount: int


@task
async def charge(order: Order) -> str:
    return f"charge-{order.id}"


@client.job(id="fulfil-order", trigger=event_trigger("order.created"))
async def fulfil(payload: Order, io: IO) -> dict[str, str]:
    receipt = await charge(payload)
    await io.wait_for_event("paid", name="order.paid", id=payload.id, timeout="7 days")
    return {"receipt": receipt}


@app.post("/orders")
async def create(order: Order) -> dict[str, str]:
    event = await client.send_event("order.created", order, id=order.id, idempotency_key=order.id)
    return {"run": event.runs[0].id}


@app.post("/orders/{id}/paid")
async def paid(id: str) -> dict[str, str]:
    event = await client.send_event("order.paid", {}, id=id)
    return {"event": event.event_id}


@app.get("/runs/{id}")
async def run(id: str) -> dict[str, object]:
    found = await client.runs.retrieve(id)
    return {"status": found.status, "output": found.output}
