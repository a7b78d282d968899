"""Fake connectors: what a test says that they answer, what they were asked, and what is told when a name is wrong."""

from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from mainspring import IO, Client, PayloadInvalid, SyncIO, TaskFailed
from mainspring import io as ambient
from mainspring.connectors import Connector, action
from mainspring.errors import DefinitionError, UnknownConnector
from mainspring.testing import CrashBreaks, Environment, FakeIO, crash_everywhere


class Sent(BaseModel):
    ts: str


class Slack(Connector, id="slack", name="Slack"):
    class Config(BaseModel):
        token: SecretStr

    really: list[str] = []  # noqa: RUF012 -- of all

    @action(retry=2)
    async def post_message(self, channel: str, text: str = "hi") -> Sent:
        self.really.append(channel)
        return Sent(ts="real")

    @action
    def read(self) -> str:
        return "real"


slack = Slack(token="xoxb")
client = Client("shop", connectors={"slack": slack})


@client.job(id="tell")
async def tell(payload: list[str], io: IO) -> list[str]:
    sent: list[Sent] = [await io.slack.post_message("tell", channel=one) for one in payload]
    return [one.ts for one in sent]


@client.job(id="plain")
def plain(io: SyncIO) -> str:
    return f"{io.slack.read('read')} {ambient.slack.read('again')}"


@pytest.fixture(autouse=True)
def nothing_is_real() -> Any:
    Slack.really.clear()
    yield
    assert tell.connectors["slack"] is slack, "it was not given back"


async def test_a_value_a_list_and_a_function(mainspring: Environment) -> None:
    fake = mainspring.connector("slack").returns(post_message={"ts": "1"})
    run = await mainspring.trigger(tell, ["#a", "#b"])
    assert run.output == ["1", "1"]
    assert [(one.action, one.input, one.key, one.run_id) for one in fake.calls] == [
        ("post_message", {"channel": "#a", "text": "hi"}, "tell", run.id),
        ("post_message", {"channel": "#b", "text": "hi"}, "tell#2", run.id),
    ]
    assert fake.calls[0].idempotency_key == f"{run.id}/tell"
    fake.returns(post_message=[{"ts": "2"}, Sent(ts="3")])
    assert (await mainspring.trigger(tell, ["#a", "#b"])).output == ["2", "3"]
    late = await mainspring.trigger(tell, ["#a"])
    assert "was called 3 times and has 2 answers" in str(late.error)

    async def echo(channel: str, text: str) -> dict[str, str]:
        return {"ts": channel + text}

    fake.returns(post_message=echo)
    assert (await mainspring.trigger(tell, ["#a"])).output == ["#ahi"]
    assert Slack.really == []


async def test_errors_come_first_and_the_retry_is_the_actions(mainspring: Environment) -> None:
    fake = mainspring.connector("slack").returns(post_message={"ts": "1"})
    fake.raises(post_message=ConnectionError("down"), times=3)
    lost = await mainspring.trigger(tell, ["#a"])
    await mainspring.advance("1 minute")
    assert (lost.tasks["tell"].status, lost.tasks["tell"].attempts) == ("FAILED", 2)
    run = await mainspring.trigger(tell, ["#a"])
    await mainspring.advance("1 minute")
    assert (run.output, run.tasks["tell"].attempts, len(fake.calls)) == (["1"], 2, 4)


async def test_without_a_word_no_real_action_is_called(mainspring: Environment) -> None:
    run = await mainspring.trigger(tell, ["#a"])
    assert run.status == "FAILED"
    assert 'mainspring.connector("slack").returns(post_message=...)' in str(run.error)
    assert Slack.really == []
    mainspring.connector("slack").real()
    assert (await mainspring.trigger(tell, ["#a"])).output == ["real"]
    assert Slack.really == ["#a"]


def test_a_plain_def_and_a_plain_test(mainspring: Environment) -> None:
    mainspring.connector("slack").returns(read=["one", "two"])
    assert mainspring.sync.trigger(plain).output == "one two"


async def test_names_and_answers_that_do_not_fit(mainspring: Environment) -> None:
    mainspring.use(client)
    fake = mainspring.connector("slack")
    with pytest.raises(DefinitionError, match="no action 'post'; did you mean 'post_message'"):
        fake.returns(post={"ts": "1"})
    fake._answers.clear()
    with pytest.raises(PayloadInvalid, match=r"the output of slack.post_message does not fit: `ts`"):
        fake.returns(post_message={"t": 1})
    fake._answers.clear()
    with pytest.raises(DefinitionError, match="Give an exception"):
        fake.raises(post_message="down")  # type: ignore[arg-type]  # which is what is tried
    fake.returns(post_message=lambda channel, text: {"t": channel})
    run = await mainspring.trigger(tell, ["#a"])
    assert "the output of slack.post_message does not fit: `ts`" in str(run.error)


async def test_a_name_that_is_only_known_later_is_told_then(mainspring: Environment) -> None:
    mainspring.connector("slack").returns(post={"ts": "1"})
    with pytest.raises(DefinitionError, match="no action 'post'; did you mean 'post_message'"):
        await mainspring.trigger(tell, ["#a"])


@pytest.mark.filterwarnings(
    "ignore:Exception in thread mainspring-:pytest.PytestUnhandledThreadExceptionWarning"
)
async def test_a_fake_for_nobody_is_told_at_the_end() -> None:
    with pytest.raises(AssertionError, match="no job of the test has such a connector; did you mean 'slack'"):
        async with Environment(client) as mainspring:
            mainspring.connector("slak").returns(read="x")
    with pytest.raises(AssertionError, match="came 0 times, and not 2 as planned"):
        async with Environment(client) as mainspring:
            mainspring.connector("slack").raises(read=ConnectionError(), times=2)


async def test_crashes_and_schedules_are_played_with_the_fakes(mainspring: Environment) -> None:
    fake = mainspring.connector("slack").returns(post_message=[{"ts": "1"}, {"ts": "2"}, {"ts": "2"}])
    with pytest.raises(CrashBreaks, match="task 'tell'"):
        await mainspring.crash_everywhere(tell, ["#a", "#b"], effects=fake.calls)
    fake.returns(post_message={"ts": "1"})
    report = await mainspring.crash_everywhere(
        tell, ["#a"], effects=lambda: len({one.idempotency_key for one in fake.calls})
    )
    assert [one.task for one in report.repeated] == ["tell"]
    await mainspring.explore(tell, ["#a"], seeds=10)
    assert Slack.really == []


async def test_a_play_by_itself_calls_nothing_real() -> None:
    with pytest.raises(AssertionError, match="even without a crash"):
        await crash_everywhere(tell, ["#a"])
    assert Slack.really == []


# ── one function by itself ───────────────────────────────────────────────────────────────────────────
async def test_fake_io_answers_by_action_or_by_key() -> None:
    io = FakeIO(connectors=client.connectors)
    fake = io.connector("slack").returns(post_message={"ts": "1"})
    assert await tell.fn(["#a"], io) == ["1"]
    assert (fake.calls[0].input, io.keys) == ({"channel": "#a", "text": "hi"}, ["tell"])
    assert await tell.fn(["#a"], FakeIO({"tell": {"ts": "2"}}, connectors=client.connectors)) == ["2"]
    with pytest.raises(TaskFailed, match=r'io.connector\("slack"\).returns\(post_message'):
        await tell.fn(["#a"], FakeIO(connectors=client.connectors))


async def test_fake_io_knows_the_connectors_of_a_whole_job() -> None:
    io = FakeIO()
    io.connector("slack").returns(read="x")
    assert await io.run(plain) == "x x"


async def test_fake_io_may_know_no_connector_at_all() -> None:
    io = FakeIO()
    io.connector("slack").returns(read="x")
    assert await io.slack.read("key") == "x"
    with pytest.raises(UnknownConnector, match="'slak'; did you mean 'slack'"):
        _ = io.slak


def test_fake_io_blocks_for_a_plain_def() -> None:
    io: Any = FakeIO(connectors=client.connectors)
    io.connector("slack").returns(read="x")
    assert io.slack.read("key") == "x"
