"""Connectors: what a class under `Connector` comes to, what is refused, and what `io.<name>` is."""

from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from mainspring import Client, PayloadInvalid, io
from mainspring.connectors import Connector, action
from mainspring.errors import DefinitionError, UnknownConnector
from mainspring.sdk.context import current_scope
from sdk.stand_ins import in_run

SECRET = "xoxb-1"


class Sent(BaseModel):
    ts: str


class OddError(Exception):
    """Says what it knows in a way of its own."""

    def __init__(self, inner: dict[str, str]) -> None:
        super().__init__()
        self.inner = inner

    def __str__(self) -> str:
        return f"refused: {self.inner['token']}"


class Slack(Connector, id="slack", name="Slack", version="1.0.0"):
    class Config(BaseModel):
        token: SecretStr
        retries: int = 0

    @action(name="Post", retry=5, timeout="10 seconds")
    async def post_message(self, channel: str, copy: bool = False, json: list[int] | None = None) -> Sent:
        return Sent(ts=f"{channel} {copy} {json}")

    @action
    def broken(self) -> Sent:
        return {"t": 1}  # type: ignore[return-value]  # which is what is tried

    @action
    async def refused(self, how: str) -> None:
        token = self.config.token.get_secret_value()
        if how == "odd":
            raise OddError({"token": token})
        if how == "quoted":
            Sent.model_validate({"ts": [token]})
        error = ConnectionError(f"the token {token} is over")
        error.add_note(f"with {token}")
        raise error from ValueError(token)

    async def helps(self) -> None:
        """No action."""


def slack() -> Slack:
    return Slack(token=SECRET)


@pytest.fixture
async def runtime() -> Any:
    with in_run() as runtime:
        scope = current_scope.get()
        assert scope is not None
        scope.connectors = {"slack": slack()}
        yield runtime


async def test_an_action_is_a_task_that_says_what_it_is(runtime: Any) -> None:
    sent = await io.slack.post_message("tell", channel="#ops", json=["1"])
    assert sent == Sent(ts="#ops False [1]")
    (call,) = runtime.calls
    assert (call.key, call.name, call.icon, call.timeout) == ("tell", "Post", "slack", 10_000_000)
    assert (call.retry.policy.max_attempts, call.params) == (5, {"channel": "#ops", "json": ["1"]})
    assert call.properties == {"connector": "Slack 1.0.0", "action": "slack.post_message"}
    assert dir(io.slack) == ["broken", "post_message", "refused"]


async def test_called_by_itself_an_action_is_a_method() -> None:
    assert (await slack().post_message("#a")).ts == "#a False None"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "slack.post_message does not fit: `channel`: Field required"),
        ({"channel": "#a", "json": [1, "x"]}, r"slack.post_message does not fit: `json\[1\]`"),
        ({"channel": "#a", "chanel": 1}, "slack.post_message does not fit: `chanel`: Extra"),
    ],
)
async def test_input_that_does_not_fit_names_the_field(runtime: Any, given: Any, told: str) -> None:
    with pytest.raises(PayloadInvalid, match=told):
        await io.slack.post_message("tell", **given)


async def test_output_that_does_not_fit_names_the_field(runtime: Any) -> None:
    with pytest.raises(PayloadInvalid, match=r"the output of slack.broken does not fit: `ts`"):
        await io.slack.broken("tell")


@pytest.mark.parametrize(
    ("how", "kind"), [("plain", ConnectionError), ("odd", RuntimeError), ("quoted", RuntimeError)]
)
async def test_a_secret_is_in_no_error(runtime: Any, how: str, kind: type[Exception]) -> None:
    with pytest.raises(kind) as raised:
        await io.slack.refused("tell", how=how)
    error: BaseException | None = raised.value
    while error is not None:
        assert SECRET not in f"{error} {error!r} {getattr(error, '__notes__', '')}"
        error = error.__cause__ or error.__context__


def test_the_config_is_checked_when_it_is_given() -> None:
    with pytest.raises(DefinitionError, match=r"config of connector 'slack' does not fit: `token`: Field"):
        Slack()
    with pytest.raises(DefinitionError, match="`retries`: Input should be a valid integer") as raised:
        Slack(token=SECRET, retries="many")
    assert SECRET not in str(raised.value)
    assert SECRET not in f"{slack()} {slack().config}"


async def test_names_that_nobody_has_say_what_is_near(runtime: Any) -> None:
    with pytest.raises(UnknownConnector, match="'slak'; did you mean 'slack'"):
        _ = io.slak
    with pytest.raises(AttributeError, match="'run_tsk'; did you mean 'run_task'"):
        _ = io.run_tsk
    with pytest.raises(UnknownConnector, match="no action 'post'; did you mean 'post_message'"):
        io.slack.post  # noqa: B018 -- to ask is what is tried
    with pytest.raises(DefinitionError, match="0 arguments without a name"):
        await io.slack.post_message(channel="#a")
    assert not hasattr(io, "_nothing")


def test_outside_of_runs_io_has_no_connectors() -> None:
    assert not hasattr(io, "slack")
    with pytest.raises(UnknownConnector, match="outside of runs"):
        _ = io.slack


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"store": slack()}, "would hide io.store"),
        ({"run_task": slack()}, "would hide io.run_task"),
        ({"my-slack": slack()}, "cannot be called as io.<name>"),
        ({"class": slack()}, "cannot be called as io.<name>"),
        ({"_slack": slack()}, "cannot be called as io.<name>"),
        ({"slack": Slack}, "is Slack, which is no connector"),
        ({"slack": 3}, "is 3, which is no connector"),
        ([slack()], "Give them by name"),
    ],
)
def test_what_is_no_connector_is_refused_where_it_is_given(given: Any, told: str) -> None:
    with pytest.raises(DefinitionError, match=told):
        Client("shop", connectors=given)
    client = Client("shop")
    with pytest.raises(DefinitionError, match=told):
        client.job(id="a", connectors=given)(lambda: None)
    assert not client.registered


def test_a_jobs_connectors_go_over_its_clients() -> None:
    ours, own, other = slack(), slack(), slack()
    client = Client("shop", connectors={"slack": ours, "other": other})
    job = client.job(id="a", connectors={"slack": own})(lambda: None)
    assert job.connectors == {"slack": own, "other": other}


def test_a_class_that_says_too_little_is_refused() -> None:
    with pytest.raises(DefinitionError, match="has the id ''"):
        type("Nameless", (Connector,), {})
    with pytest.raises(DefinitionError, match="is called 'config'"):

        class Odd(Connector, id="odd"):
            @action
            def config(self) -> None: ...

    with pytest.raises(DefinitionError, match=r"the action odd.post takes '\*\*more"):

        class Spread(Connector, id="odd"):
            @action
            def post(self, **more: int) -> None: ...

    with pytest.raises(DefinitionError, match=r"'to' of the action odd.post is not defined"):

        class Unknown(Connector, id="odd"):
            @action
            def post(self, to: "Nobody") -> None: ...  # type: ignore[name-defined] # noqa: F821

    class Bare(Connector, id="bare"): ...

    with pytest.raises(DefinitionError, match="has no class `Config`"):
        Bare(token="x")


def test_a_class_below_has_the_actions_above() -> None:
    class More(Slack):
        @action
        def also(self) -> None: ...

    assert (More.id, More.version) == ("slack", "1.0.0")
    assert set(More(token="x").actions) == {"also", "broken", "post_message", "refused"}
