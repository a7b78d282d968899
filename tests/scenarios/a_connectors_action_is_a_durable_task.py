"""An action of a connector is a durable task: retried, kept, shown with its input, and not called again on replay."""

from pydantic import BaseModel, SecretStr

from mainspring import IO, Retry, SyncIO, ctx
from mainspring.connectors import Connector, action
from scenarios.world import World


class Sent(BaseModel):
    ts: str


def a_chat(world: World) -> Connector:
    class Chat(Connector, id="chat", name="Chat", version="1.2.0"):
        class Config(BaseModel):
            token: SecretStr

        @action(name="Post message", retry=Retry(max_attempts=5, min_delay=0, max_delay=0))
        async def post_message(self, channel: str, text: str = "hi") -> Sent:
            world.effects.append((channel, text, ctx.attempt.number, ctx.idempotency_key))
            if ctx.attempt.number < 3:
                raise ConnectionError(f"no answer for {self.config.token.get_secret_value()}")
            return Sent(ts="1")

        @action
        def count(self) -> int:
            return len(world.effects)

    return Chat(token="xoxb-secret")


async def test_a_connectors_action_is_a_durable_task(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="tell", connectors={"chat": a_chat(world)})
    async def tell(io: IO) -> list[str | int]:
        sent = await io.chat.post_message("tell-ops", channel="#ops")
        counted = await io.chat.count("count")
        await io.run_task("between", gate.passed)
        return [type(sent).__name__, sent.ts, counted]

    await world.start()
    run = await world.trigger(tell)
    await gate.reached()
    await world.crash()
    gate.open()

    assert await world.output(run) == ["Sent", "1", 3]
    key = f"{run.id}/tell-ops"
    assert world.effects == [("#ops", "hi", number, key) for number in (1, 2, 3)]
    told = (await world.tasks(run))["tell-ops"]
    assert (told["name"], told["icon"], told["params"]) == ("Post message", "chat", {"channel": "#ops"})
    assert told["properties"] == {"connector": "Chat 1.2.0", "action": "chat.post_message"}
    assert "secret" not in str(await world.history(run))


async def test_in_a_plain_def_it_blocks_and_what_does_not_fit_names_the_field(world: World) -> None:
    @world.client.job(id="tell", connectors={"chat": a_chat(world)}, retry=1)
    def tell(io: SyncIO) -> str:
        sent: Sent = io.chat.post_message("good", channel="#ops")
        io.chat.post_message("bad", channel=3, texd="hi")
        return sent.ts

    await world.start()
    run = await world.trigger(tell)
    error = await world.failure(run)

    assert "the input of chat.post_message does not fit: `channel`" in error.message
    assert len(world.effects) == 3
    assert "secret" not in error.message
