"""Approvals over HTTP with a key: listed, shown, answered, handed on, refused clearly."""

from server.asked import ask
from stage import Stage

APPROVALS = "/api/v1/approvals"
SCHEMA = {
    "type": "object",
    "properties": {"amount": {"type": "integer", "maximum": 500}},
    "required": ["amount"],
}
NO_KEY = {"headers": {"Authorization": ""}}


async def test_an_approval_is_shown_and_answered(stage: Stage) -> None:
    id = await ask(stage, schema=SCHEMA, to=["ann@shop.com", "bob@shop.com"], requested_by="frank@shop.com")
    path = f"{APPROVALS}/{id}"
    shown = await stage.ask("GET", path)
    assert (shown["status"], shown["title"], shown["show"]) == (
        "WAITING",
        "Refund A-1?",
        {"total": "40.00 EUR"},
    )
    assert [one["person"] for one in shown["people"]] == ["ann@shop.com", "bob@shop.com"]
    assert (shown["schema"], shown["revision"], shown["earlier"], shown["answers"]) == (SCHEMA, 1, [], [])
    (wait,) = (await stage.ask("GET", f"/api/v1/runs/{shown['run_id']}"))["waiting_for"]
    assert (wait["target_id"], wait["message"]) == (id, "waits for people: Refund A-1?")

    wrong = await stage.refused(
        422, "POST", path, {"decision": "approve", "by": "ann@shop.com", "form": {"amount": 501}}
    )
    assert [one["path"] for one in wrong["errors"]] == ["amount"]
    await stage.refused(422, "POST", path, {"decision": "approve", "by": "ann@shop.com"})
    for other in ("eve@shop.com", "frank@shop.com"):
        await stage.refused(403, "POST", path, {"decision": "reject", "by": other})
    assert await stage.ask("GET", path) == shown

    body = {"decision": "approve", "by": "ann@shop.com", "form": {"amount": 40}, "comment": "Fine."}
    once = {"headers": {"Idempotency-Key": "a"}}
    done = await stage.ask("POST", path, body, **once)
    assert done["status"] == "APPROVED"
    (answer,) = done["answers"]
    assert (answer["by"], answer["decision"], answer["form"]) == ("ann@shop.com", "approve", {"amount": 40})
    assert (answer["comment"], answer["via"], answer["from"]) == ("Fine.", "api", "127.0.0.1")
    assert await stage.ask("POST", path, body, **once) == done
    problem = await stage.refused(409, "POST", path, {"decision": "reject", "by": "bob@shop.com"})
    assert "ann@shop.com" in problem["detail"]
    assert await stage.ask("GET", path) == done


async def test_approvals_are_listed_by_what_they_show(stage: Stage) -> None:
    first = await ask(stage, to=["ann@shop.com"])
    second = await ask(stage, to=["bob@shop.com"])
    await stage.ask("POST", f"{APPROVALS}/{second}", {"decision": "reject", "by": "bob@shop.com"})

    async def listed(**params: str) -> list[str]:
        return [one["id"] for one in (await stage.ask("GET", APPROVALS, params=params))["data"]]

    assert await listed() == [second, first]
    assert await listed(status="WAITING") == [first]
    assert await listed(to="bob@shop.com") == [second]
    assert await listed(tag="none") == []
    assert await listed(run="run_nope") == []
    (page,) = [await stage.ask("GET", APPROVALS, params={"limit": 1})]
    assert page["next_cursor"]
    assert await listed(cursor=page["next_cursor"]) == [first]


async def test_it_is_handed_on_and_each_has_a_link(stage: Stage) -> None:
    id = await ask(stage, to=["ann@shop.com"], requested_by="frank@shop.com")
    path = f"{APPROVALS}/{id}"
    done = await stage.ask("POST", f"{path}/delegate", {"by": "ann@shop.com", "to": "carol@shop.com"})
    assert [(one["person"], one["from"], one["delegated_to"]) for one in done["people"]] == [
        ("ann@shop.com", None, "carol@shop.com"),
        ("carol@shop.com", "ann@shop.com", None),
    ]
    await stage.refused(403, "POST", path, {"decision": "approve", "by": "ann@shop.com"})
    await stage.refused(403, "POST", f"{path}/delegate", {"by": "carol@shop.com", "to": "frank@shop.com"})
    links = (await stage.ask("GET", f"{path}/links"))["data"]
    assert [one["person"] for one in links] == ["carol@shop.com"]
    assert links[0]["url"].startswith(f"http://127.0.0.1:2020/approvals/{id}/")
    assert (await stage.ask("POST", path, {"decision": "approve", "by": "carol@shop.com"}))[
        "status"
    ] == "APPROVED"


async def test_whoever_asked_for_it_does_not_answer_where_anybody_may(stage: Stage) -> None:
    id = await ask(stage, requested_by="frank@shop.com")
    path = f"{APPROVALS}/{id}"
    for body in ({"by": "frank@shop.com"}, {"by": " Frank@Shop.com"}, {}):
        problem = await stage.refused(403, "POST", path, {"decision": "approve", **body})
        assert problem["code"] == "not_asked"
    done = await stage.ask("POST", path, {"decision": "approve", "by": "eve@shop.com"})
    assert (done["status"], done["answers"][0]["by"]) == ("APPROVED", "eve@shop.com")


async def test_what_is_wrong_is_named(stage: Stage) -> None:
    id = await ask(stage, to=["ann@shop.com"])
    for body in (
        {"decision": "perhaps"},
        {},
        {"decision": "approve", "by": ""},
        {"decision": "approve", "what": 1},
        {"decision": "approve", "by": "ann@shop.com", "comment": "x" * 10_001},
    ):
        await stage.refused(400, "POST", f"{APPROVALS}/{id}", body)
    await stage.refused(400, "POST", f"{APPROVALS}/{id}/delegate", {"by": "a", "to": "a"})
    await stage.refused(400, "GET", APPROVALS, params={"status": "DONE"})
    await stage.refused(404, "GET", f"{APPROVALS}/apr_nope")
    await stage.refused(404, "GET", f"{APPROVALS}/apr_nope/links")
    await stage.refused(404, "POST", f"{APPROVALS}/apr_nope", {"decision": "reject", "by": "a"})
    for path in (APPROVALS, f"{APPROVALS}/{id}", f"{APPROVALS}/{id}/links"):
        await stage.refused(401, "GET", path, **NO_KEY)
    await stage.refused(401, "POST", f"{APPROVALS}/{id}", {"decision": "reject"}, **NO_KEY)
