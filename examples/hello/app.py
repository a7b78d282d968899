"""The smallest app: an event starts a job, the job runs one durable task."""

from pydantic import BaseModel

from mainspring import IO, Client, event_trigger

client = Client("hello")


class Hello(BaseModel):
    who: str = "world"


def compose(who: str) -> str:
    return f"Hello, {who}!"


@client.job(id="hello", name="Say hello", trigger=event_trigger("hello.world"))
async def hello(payload: Hello, io: IO) -> dict[str, str]:
    greeting = await io.run_task("compose", compose, payload.who)
    io.logger.info(greeting, who=payload.who)
    return {"greeting": greeting}
