"""Queues as people declare them: what reaches the server, and what is refused at once."""

from typing import Any

import pytest

from mainspring import Client, Concurrency, InvalidQueue, Queue
from mainspring.clock import MINUTE, SECOND
from mainspring.model.queues import QueueLimits, Rate, key_of, parse_rate


async def nothing() -> None: ...


def declared(**options: Any) -> Any:
    return Client("shop").define_job(id="mail", run=nothing, **options).spec()


def test_a_queue_is_told_to_the_server() -> None:
    spec = declared(
        queue=Queue("post", concurrency=10, rate="100/minute", key_rate="5 per 10 seconds burst 2"),
        concurrency=Concurrency(per_key=1, key="customer.id"),
    )
    assert (spec.queue, spec.concurrency_key) == ("post", "customer.id")
    assert spec.limits == QueueLimits(10, 1, Rate(100, MINUTE), Rate(5, 10 * SECOND, 2))
    assert declared().limits is None
    assert declared(concurrency=5).limits == QueueLimits(5)
    assert declared(queue=Queue(rate="1/s")).queue_name == "mail"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"concurrency": 0}, "concurrency of job 'mail' is 0"),
        ({"concurrency": -1}, "is -1"),
        ({"concurrency": True}, "is True"),
        ({"concurrency": "5"}, "is '5'"),
        ({"concurrency": Concurrency(per_key=0)}, "per_key of job 'mail' is 0"),
        ({"queue": 7}, "the queue of job 'mail' is 7"),
        ({"queue": " "}, "no name for the queue"),
        ({"queue": Queue("q", rate="often")}, "'often' is no rate"),
        ({"queue": Queue("q", rate="0/minute")}, "allows nothing"),
        ({"queue": Queue("q", rate="5/fortnight")}, "is no rate"),
        ({"queue": Queue("q", weights={"a": 0})}, "the weight of key 'a'"),
        ({"queue": Queue("q", concurrency=1), "concurrency": 2}, "says concurrency twice: 1 and 2"),
        ({"concurrency": Concurrency(1, key="a..b")}, "the key of job 'mail'"),
        ({"concurrency": Concurrency(1, key="payload.shop")}, 'begin inside the payload: "shop"'),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidQueue, match=message):
        declared(**options)


def test_one_queue_is_declared_in_one_way() -> None:
    client = Client("shop")
    client.define_job(id="a", run=nothing, queue=Queue("post", concurrency=1))
    client.define_job(id="b", run=nothing, queue="post")
    client.define_job(id="c", run=nothing, queue=Queue("post", concurrency=1))
    with pytest.raises(InvalidQueue, match=r"'post' is declared in two ways: at .*test_queues.py:\d+ and at"):
        client.define_job(id="d", run=nothing, queue=Queue("post", concurrency=2))


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100/minute", Rate(100, MINUTE)),
        ("1 / s", Rate(1, SECOND)),
        ("5 per 10 seconds", Rate(5, 10 * SECOND)),
        ("60/1h burst 10", Rate(60, 60 * MINUTE, 10)),
    ],
)
def test_rates_are_read(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate
    assert parse_rate(str(rate)) == rate


def test_a_rate_never_allows_more_than_it_says() -> None:
    rate, spent, started = Rate(7, MINUTE, burst=3), 0, []
    for now in range(0, 10 * MINUTE, SECOND):
        count = rate.allows(spent, now, 100)
        spent = rate.spend(spent, now, count) if count else spent
        started += [now] * count
    for begin in started:
        assert sum(begin <= at < begin + MINUTE for at in started) <= 7 + 3
    assert 69 <= len(started) <= 73


def test_a_key_is_found_in_the_payload() -> None:
    assert key_of("customer.id", {"customer": {"id": 7}}) == "7"
    assert key_of("customer", {"customer": "ada"}) == "ada"
    assert key_of("vip", {"vip": True}) == "true"
    for payload in ({}, None, [], {"customer": None}, {"customer": {"id": {}}}, {"customer": {"id": ""}}):
        assert key_of("customer.id", payload) is None
