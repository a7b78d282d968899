"""Events over HTTP: taken in, refused with the reason, kept once, listed, cancelled, sent again."""

from typing import Any

import pytest

from mainspring.clock import SECOND, to_iso
from stage import NAMED, Stage, job

EVENTS = "/api/v1/events"


# ── sending ──────────────────────────────────────────────────────────────────────────────────────────
async def test_an_event_nobody_listens_for_is_kept(stage: Stage) -> None:
    sent = await stage.ask("POST", EVENTS, {"name": "hello.world", "payload": {"who": "Ada"}})
    now = to_iso(stage.clock.now())
    assert sent == {
        "id": sent["event_id"],
        "event_id": sent["event_id"],
        "name": "hello.world",
        "payload": {"who": "Ada"},
        "timestamp": now,
        "source": None,
        "context": None,
        "idempotency_key": None,
        "deliver_at": now,
        "delivered_at": now,
        "cancelled_at": None,
        "is_test": False,
        "runs": [],
        "rejected": [],
        "skipped": [],
        "hint": None,
    }
    assert sent["event_id"].startswith("evt_")
    hint = {"hint": "no job listens for 'hello.world'", "taken_by": []}
    assert (await stage.ask("GET", f"{EVENTS}/{sent['id']}")) == {**sent, **hint}


async def test_every_job_that_listens_gets_a_run(stage: Stage) -> None:
    await stage.work(job("one", "hello"), job("two", "hello"), job("other", "bye"))
    sent = await stage.send("hello")
    assert sorted(run["job_id"] for run in sent["runs"]) == ["one", "two"]
    assert all(run.keys() == {"id", "job_id"} for run in sent["runs"])
    runs = (await stage.ask("GET", "/api/v1/runs"))["data"]
    assert {run["id"] for run in runs} == {run["id"] for run in sent["runs"]}
    shown = await stage.ask("GET", f"{EVENTS}/{sent['id']}")
    assert {run["status"] for run in shown["runs"]} == {"PENDING"}


async def test_all_fields_come_back(stage: Stage) -> None:
    fields = {"id": "o-1", "idempotency_key": "k-1", "source": "shop", "context": {"trace": [1]}}
    sent = await stage.send("order.created", {"amount": 1.5}, **fields)
    assert {name: sent[name] for name in fields} == fields
    assert sent["event_id"].startswith("evt_")


@pytest.mark.parametrize(
    "payload", [{}, [], None, "text", 0, False, 12345678901234567890, 1.0, {"ä€😀": "\t"}]
)
async def test_any_json_is_a_payload(stage: Stage, payload: Any) -> None:
    sent = await stage.ask("POST", EVENTS, {"name": "any", "payload": payload})
    assert sent["payload"] == payload
    assert type(sent["payload"]) is type(payload)


async def test_a_delayed_event_shows_when_it_is_delivered(stage: Stage) -> None:
    sent = await stage.send("later", delay="90 seconds")
    assert sent["deliver_at"] == to_iso(stage.clock.now() + 90 * SECOND)
    assert sent["delivered_at"] is None
    at = to_iso(stage.clock.now() + 5 * SECOND)
    assert (await stage.send("later", deliver_at=at))["deliver_at"] == at
    assert (await stage.send("later", delay=2.5))["deliver_at"] == to_iso(stage.clock.now() + 2_500_000)


@pytest.mark.parametrize("content_type", [None, "application/x-www-form-urlencoded", "text/plain"])
async def test_the_content_type_does_not_matter(stage: Stage, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    sent = await stage.ask("POST", EVENTS, b'{"name": "a", "payload": {}}', headers=headers)
    assert sent["name"] == "a"


# ── refused ──────────────────────────────────────────────────────────────────────────────────────────
BAD_FIELDS: list[tuple[Any, str, str]] = [
    ({"payload": {}}, "name", "required"),
    ({"name": "a"}, "payload", "required"),
    ({"name": "", "payload": {}}, "name", "at least 1"),
    ({"name": "  ", "payload": {}}, "name", "blank"),
    ({"name": "a\nb", "payload": {}}, "name", "one line"),
    ({"name": "a" * 257, "payload": {}}, "name", "at most 256"),
    ({"name": 3, "payload": {}}, "name", "string"),
    ({"name": "a", "payload": {}, "nmae": 1}, "nmae", "no such field"),
    ({"name": "a", "payload": {}, "id": 7}, "id", "string"),
    ({"name": "a", "payload": {}, "id": ""}, "id", "at least 1"),
    ({"name": "a", "payload": {}, "idempotency_key": "k" * 257}, "idempotency_key", "at most 256"),
    ({"name": "a", "payload": {}, "delay": "soon"}, "delay", "not a duration"),
    ({"name": "a", "payload": {}, "delay": -1}, "delay", "negative"),
    ({"name": "a", "payload": {}, "delay": True}, "delay", ""),
    ({"name": "a", "payload": {}, "deliver_at": "2026-01-01T00:00:00"}, "deliver_at", "zone"),
    ({"name": "a", "payload": {}, "deliver_at": "noon"}, "deliver_at", "not a time"),
    ({"name": "a", "payload": {}, "delay": 1, "deliver_at": "2026-01-01T00:00:00Z"}, "", "not both"),
    ([], "", "dictionary"),
    ("text", "", "dictionary"),
]


@pytest.mark.parametrize(("body", "path", "message"), BAD_FIELDS)
async def test_a_wrong_field_is_named(stage: Stage, body: Any, path: str, message: str) -> None:
    problem = await stage.refused(400, "POST", EVENTS, body)
    assert problem["code"] == "bad_request"
    assert problem["errors"][0]["path"].startswith(path)
    assert message in problem["errors"][0]["message"]
    assert path in problem["detail"]
    assert (await stage.ask("GET", EVENTS))["data"] == []


BAD_JSON: list[tuple[bytes, int, str, str]] = [
    (b'{"name": "a",\n "payload": {', 400, "malformed_json", "line 2"),
    (b'{"name": "a", "payload": nope}', 400, "malformed_json", "line 1"),
    (b'{"name": "a", "payload": NaN}', 400, "malformed_json", "line 1"),
    (b'{"name": "a", "payload": {}} trailing', 400, "malformed_json", "line 1"),
    (b'{"name": "a", "payload": "\xff"}', 400, "malformed_json", "UTF-8"),
    (b"[" * 10_000 + b"]" * 10_000, 400, "malformed_json", "200 levels"),
    (b'{"name": "a", "payload": {"b": "\\u0000"}}', 422, "invalid_text", "payload.b"),
    (b'{"name": "a", "payload": "\\ud800"}', 422, "invalid_text", "surrogate"),
]


@pytest.mark.parametrize(("raw", "status", "code", "said"), BAD_JSON)
async def test_bad_json_is_refused_with_its_place(
    stage: Stage, raw: bytes, status: int, code: str, said: str
) -> None:
    problem = await stage.refused(status, "POST", EVENTS, raw)
    assert problem["code"] == code
    assert said in problem["detail"]
    if said.startswith("line"):
        assert problem["line"] == int(said[-1])
        assert problem["column"] > 0


async def test_no_body_names_what_is_missing(stage: Stage) -> None:
    problem = await stage.refused(400, "POST", EVENTS)
    assert [error["path"] for error in problem["errors"]] == ["name", "payload"]


async def test_a_payload_over_the_limit_is_refused_with_size_and_setting(stage: Stage) -> None:
    limit = stage.platform.settings.max_payload_bytes
    problem = await stage.refused(413, "POST", EVENTS, {"name": "a", "payload": "x" * limit})
    assert problem["code"] == "too_large"
    assert (problem["size"], problem["limit"]) == (limit + 2, limit)
    assert problem["setting"] == "max_payload_bytes"
    assert "max_payload_bytes" in problem["detail"]
    assert (await stage.send("a", "x" * (limit - 2)))["name"] == "a"


async def test_a_body_over_the_limit_is_refused_with_size_and_setting(stage: Stage) -> None:
    limit = stage.platform.settings.max_body_bytes
    raw = b'{"name": "a", "payload": "' + b"x" * limit + b'"}'
    problem = await stage.refused(413, "POST", EVENTS, raw)
    assert problem["size"] == len(raw)
    assert problem["setting"] == "max_body_bytes"

    async def chunks() -> Any:  # nothing says how long it will be
        for _ in range(3):
            yield b"x" * (limit // 2)

    problem = await stage.refused(413, "POST", EVENTS, content=chunks())
    assert problem["setting"] == "max_body_bytes"


async def test_the_deepest_payload_that_is_kept_can_be_read_again(stage: Stage) -> None:
    payload: Any = 1
    for _ in range(198):
        payload = [payload]
    sent = await stage.send("deep", payload)
    assert sent["payload"] == payload
    assert (await stage.ask("GET", EVENTS))["data"] == [{**sent, "taken_by": []}]


# ── refused by schemas ───────────────────────────────────────────────────────────────────────────────
async def test_an_event_every_job_refuses_is_answered_422_and_kept(stage: Stage) -> None:
    await stage.work(job("greet", "hello", schema=NAMED))
    problem = await stage.refused(422, "POST", EVENTS, {"name": "hello", "payload": {"who": 7}, "id": "h-1"})
    assert problem["code"] == "event_rejected"
    assert problem["id"] == "h-1"
    assert problem["runs"] == []
    (refusal,) = problem["rejected"]
    assert refusal["job_id"] == "greet"
    assert refusal["errors"][0]["path"] == "who"
    assert problem["errors"] == refusal["errors"]
    for part in ("hello", "greet", "who", refusal["errors"][0]["message"]):
        assert part in problem["detail"]
    (kept,) = (await stage.ask("GET", EVENTS))["data"]
    assert kept["event_id"] == problem["event_id"]
    assert kept["rejected"] == problem["rejected"]


async def test_jobs_that_accept_run_though_another_refuses(stage: Stage) -> None:
    await stage.work(job("strict", "hello", schema=NAMED), job("easy", "hello"))
    sent = await stage.send("hello")
    assert [run["job_id"] for run in sent["runs"]] == ["easy"]
    assert [refusal["job_id"] for refusal in sent["rejected"]] == ["strict"]


# ── sent twice ───────────────────────────────────────────────────────────────────────────────────────
async def test_an_idempotency_key_answers_with_the_first_event(stage: Stage) -> None:
    await stage.work(job("one", "hello"))
    first = await stage.send("hello", {"n": 1}, idempotency_key="k")
    assert await stage.send("hello", {"n": 2}, idempotency_key="k") == first
    assert len((await stage.ask("GET", "/api/v1/runs"))["data"]) == 1


async def test_the_header_is_a_key_where_the_body_has_none(stage: Stage) -> None:
    headers = {"Idempotency-Key": "from-header"}
    body = {"name": "a", "payload": 1}
    first = await stage.ask("POST", EVENTS, body, headers=headers)
    assert first["idempotency_key"] == "from-header"
    assert await stage.ask("POST", EVENTS, body, headers=headers) == first
    own = await stage.ask("POST", EVENTS, {**body, "idempotency_key": "own"}, headers=headers)
    assert own["idempotency_key"] == "own"
    assert own["event_id"] != first["event_id"]


@pytest.mark.parametrize("key", ["", "  ", "k" * 257, "a\tb"])
async def test_a_header_no_event_can_be_kept_under_is_refused(stage: Stage, key: str) -> None:
    problem = await stage.refused(
        400, "POST", EVENTS, {"name": "a", "payload": 1}, headers={"Idempotency-Key": key}
    )
    assert problem["errors"][0]["path"] == "Idempotency-Key"


# ── batches ──────────────────────────────────────────────────────────────────────────────────────────
async def test_a_batch_keeps_its_order(stage: Stage) -> None:
    events = [{"name": "n", "payload": index} for index in range(5)]
    answer = await stage.ask("POST", f"{EVENTS}/batch", {"events": events})
    assert [event["payload"] for event in answer["data"]] == [0, 1, 2, 3, 4]
    assert answer["next_cursor"] is None


async def test_one_bad_event_refuses_the_batch_and_is_named(stage: Stage) -> None:
    events = [{"name": "a", "payload": 1}, {"name": "b", "payload": 1, "dealy": 3}]
    problem = await stage.refused(400, "POST", f"{EVENTS}/batch", {"events": events})
    assert problem["errors"] == [{"path": "events[1].dealy", "message": "there is no such field"}]
    assert (await stage.ask("GET", EVENTS))["data"] == []


async def test_a_batch_that_schemas_refuse_says_so_by_event(stage: Stage) -> None:
    await stage.work(job("greet", "hello", schema=NAMED))
    events = [{"name": "hello", "payload": {}}, {"name": "hello", "payload": {"who": "Ada"}}]
    refused, taken = (await stage.ask("POST", f"{EVENTS}/batch", {"events": events}))["data"]
    assert (len(refused["rejected"]), len(refused["runs"])) == (1, 0)
    assert (len(taken["rejected"]), len(taken["runs"])) == (0, 1)


async def test_a_batch_over_the_limit_names_the_setting(stage: Stage) -> None:
    limit = stage.platform.settings.max_events_per_request
    events = [{"name": "a", "payload": 1}] * (limit + 1)
    problem = await stage.refused(422, "POST", f"{EVENTS}/batch", {"events": events})
    assert problem["code"] == "limit_exceeded"
    assert (problem["limit"], problem["setting"]) == (limit, "max_events_per_request")


async def test_an_empty_batch_is_refused(stage: Stage) -> None:
    problem = await stage.refused(400, "POST", f"{EVENTS}/batch", {"events": []})
    assert problem["errors"][0]["path"] == "events"


async def test_a_batch_sent_twice_under_one_key_is_kept_once(stage: Stage) -> None:
    body = {"events": [{"name": "a", "payload": 1}, {"name": "a", "payload": 2, "idempotency_key": "own"}]}
    headers = {"Idempotency-Key": "k"}
    first = await stage.ask("POST", f"{EVENTS}/batch", body, headers=headers)
    assert [event["idempotency_key"] for event in first["data"]] == ["k/0", "own"]
    assert await stage.ask("POST", f"{EVENTS}/batch", body, headers=headers) == first


# ── read ─────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_list_is_paged_newest_first(stage: Stage) -> None:
    sent = [(await stage.send("n", index))["event_id"] for index in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = await stage.ask("GET", EVENTS, params=params)
        seen += [event["event_id"] for event in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sent[::-1]


async def test_a_list_filters_by_name_and_time(stage: Stage) -> None:
    await stage.send("old")
    stage.clock.advance(3600 * SECOND)
    since = to_iso(stage.clock.now())
    await stage.send("new")
    await stage.send("other")

    async def names(**params: str) -> list[str]:
        return [event["name"] for event in (await stage.ask("GET", EVENTS, params=params))["data"]]

    assert await names(name="new") == ["new"]
    assert await names(since="30m") == ["other", "new"]
    assert await names(since=since) == ["other", "new"]
    assert await names(since="2h") == ["other", "new", "old"]


BAD_QUERIES = [
    ({"limit": "0"}, "limit"),
    ({"limit": "x"}, "limit"),
    ({"limit": "201"}, "limit"),
    ({"nmae": "a"}, "nmae"),
    ({"since": "yesterday"}, "since"),
    ({"since": "2026-01-01T00:00:00"}, "since"),
    ({"cursor": "c" * 2_000}, "cursor"),
]


@pytest.mark.parametrize(("params", "path"), BAD_QUERIES)
async def test_a_bad_filter_is_named(stage: Stage, params: dict[str, str], path: str) -> None:
    problem = await stage.refused(400, "GET", EVENTS, params=params)
    assert problem["errors"][0]["path"] == path


async def test_a_repeated_correlation_id_finds_the_newest(stage: Stage) -> None:
    older = await stage.send("a", 1, id="o/1 ü")
    newer = await stage.send("a", 2, id="o/1 ü")
    assert (await stage.ask("GET", f"{EVENTS}/{older['event_id']}"))["payload"] == 1
    # A slash in an id is written %2F, and then parts no path.
    assert newer["id"] == "o/1 ü"
    await stage.send("b", 3, id="plain")
    assert (await stage.ask("GET", f"{EVENTS}/plain"))["payload"] == 3


async def test_an_unknown_event_is_not_found(stage: Stage) -> None:
    for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/replay")):
        problem = await stage.refused(404, method, f"{EVENTS}/evt_nope{path}")
        assert problem["code"] == "not_found"
        assert "evt_nope" in problem["detail"]


# ── cancelled, sent again ────────────────────────────────────────────────────────────────────────────
async def test_an_event_is_cancelled_before_its_delivery(stage: Stage) -> None:
    sent = await stage.send("later", id="l-1", delay=60)
    cancelled = await stage.ask("POST", f"{EVENTS}/l-1/cancel")
    assert cancelled["event_id"] == sent["event_id"]
    assert cancelled["cancelled_at"] == to_iso(stage.clock.now())
    assert cancelled["delivered_at"] is None


async def test_a_delivered_event_is_not_cancelled(stage: Stage) -> None:
    sent = await stage.send("now")
    assert (await stage.refused(409, "POST", f"{EVENTS}/{sent['id']}/cancel"))["code"] == "conflict"


async def test_an_event_is_sent_again_as_a_new_one(stage: Stage) -> None:
    sent = await stage.send("hello", {"who": "Ada"}, id="h-1", source="shop", idempotency_key="k")
    await stage.work(job("greet", "hello"))
    again = await stage.ask("POST", f"{EVENTS}/{sent['event_id']}/replay", headers={"Idempotency-Key": "r"})
    assert again["event_id"] != sent["event_id"]
    assert [again[name] for name in ("id", "payload", "source")] == ["h-1", {"who": "Ada"}, "shop"]
    assert len(again["runs"]) == 1
    twice = await stage.ask("POST", f"{EVENTS}/{sent['event_id']}/replay", headers={"Idempotency-Key": "r"})
    assert twice["event_id"] == again["event_id"]


async def test_an_event_sent_again_may_be_refused(stage: Stage) -> None:
    sent = await stage.send("hello", {})
    await stage.work(job("greet", "hello", schema=NAMED))
    problem = await stage.refused(422, "POST", f"{EVENTS}/{sent['event_id']}/replay")
    assert problem["code"] == "event_rejected"
