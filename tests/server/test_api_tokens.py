"""Tokens over HTTP: made, listed, completed with a key or by their URL, refused clearly."""

from urllib.parse import urlsplit

from stage import Stage

TOKENS = "/api/v1/tokens"
NO_KEY = {"headers": {"Authorization": ""}}


async def test_a_token_is_made_shown_and_completed_by_its_url(stage: Stage) -> None:
    made = await stage.ask("POST", TOKENS, {"timeout": "1 hour", "tags": ["refund"]})
    assert made["url"].startswith(f"http://127.0.0.1:2020{TOKENS}/{made['id']}/callback/")
    assert (made["status"], made["is_cached"], made["output"]) == ("WAITING", False, None)
    path = urlsplit(made["url"]).path
    look = await stage.ask("GET", path, **NO_KEY)
    assert (look["status"], "POST JSON" in look["message"]) == ("WAITING", True)
    assert set(look) == {"id", "status", "created_at", "expires_at", "completed_at", "message"}

    await stage.refused(400, "POST", path, b"{not json", **NO_KEY)
    await stage.refused(413, "POST", path, "x" * 2_000_000, **NO_KEY)
    done = await stage.ask("POST", path, {"any": ["json"]}, **NO_KEY)
    assert (done["status"], "output" in done) == ("COMPLETED", False)
    problem = await stage.refused(409, "POST", path, 2, **NO_KEY)
    assert "was completed at" in problem["detail"]
    assert "It was completed" in (await stage.ask("GET", path, **NO_KEY))["message"]

    shown = await stage.ask("GET", f"{TOKENS}/{made['id']}")
    assert (shown["output"], shown["completed_via"]) == ({"any": ["json"]}, "url")
    assert (shown["completed_from"], shown["url"]) == ("127.0.0.1", made["url"])
    (listed,) = (await stage.ask("GET", TOKENS, params={"status": "COMPLETED", "tag": "refund"}))["data"]
    assert listed == shown
    for other in ({"tag": "none"}, {"status": "WAITING"}):
        assert (await stage.ask("GET", TOKENS, params=other))["data"] == []


async def test_a_request_sent_again_is_one_request(stage: Stage) -> None:
    once = {"headers": {"Idempotency-Key": "a"}}
    made = await stage.ask("POST", TOKENS, **once)
    again = await stage.ask("POST", TOKENS, **once)
    assert (again["id"], again["url"], again["is_cached"]) == (made["id"], made["url"], True)
    path = f"{TOKENS}/{made['id']}/complete"
    done = await stage.ask("POST", path, {"output": 1, "by": "Ada"}, **once)
    assert await stage.ask("POST", path, {"output": 1, "by": "Ada"}, **once) == done
    problem = await stage.refused(409, "POST", path, {"output": 1})
    assert "by Ada, with an API key" in problem["detail"]
    assert (await stage.ask("POST", urlsplit((await stage.ask("POST", TOKENS))["url"]).path))["completed_at"]


async def test_pages_go_from_the_newest_to_the_oldest(stage: Stage) -> None:
    ids = [(await stage.ask("POST", TOKENS))["id"] for _ in range(3)]
    first = await stage.ask("GET", TOKENS, params={"limit": 2})
    rest = await stage.ask("GET", TOKENS, params={"limit": 2, "cursor": first["next_cursor"]})
    assert [one["id"] for one in (*first["data"], *rest["data"])] == ids[::-1]
    assert rest["next_cursor"] is None


async def test_what_is_wrong_is_named(stage: Stage) -> None:
    for body in ({"timeout": "soon"}, {"tags": "refund"}, {"idempotency_key_ttl": "1h"}, {"what": 1}):
        await stage.refused(400, "POST", TOKENS, body)
    await stage.refused(404, "GET", f"{TOKENS}/tok_nope")
    await stage.refused(404, "POST", f"{TOKENS}/tok_nope/complete")
    await stage.refused(404, "POST", f"{TOKENS}/tok_nope/callback/none", **NO_KEY)
    await stage.refused(401, "POST", TOKENS, **NO_KEY)
    await stage.refused(400, "GET", TOKENS, params={"status": "DONE"})
