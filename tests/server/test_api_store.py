"""The store over HTTP: each scope apart, versions compared, keys of any shape."""

from typing import Any
from urllib.parse import quote

import pytest

from mainspring.clock import to_iso
from stage import Stage

STORE = "/api/v1/store"


async def test_an_entry_is_written_read_and_deleted(stage: Stage) -> None:
    kept = await stage.ask("PUT", f"{STORE}/last-sync", {"value": {"at": 42}})
    assert kept == {
        "scope": "environment",
        "owner": "",
        "key": "last-sync",
        "value": {"at": 42},
        "version": 1,
    }
    shown = await stage.ask("GET", f"{STORE}/last-sync")
    assert shown == {**kept, "updated_at": to_iso(stage.clock.now())}
    assert await stage.ask("DELETE", f"{STORE}/last-sync") == {"deleted": True}
    assert await stage.ask("DELETE", f"{STORE}/last-sync") == {"deleted": False}
    problem = await stage.refused(404, "GET", f"{STORE}/last-sync")
    assert "last-sync" in problem["detail"]


@pytest.mark.parametrize("value", [None, 0, "", [], {"a": None}])
async def test_any_json_is_a_value(stage: Stage, value: Any) -> None:
    await stage.ask("PUT", f"{STORE}/k", {"value": value})
    assert (await stage.ask("GET", f"{STORE}/k"))["value"] == value


async def test_scopes_are_apart(stage: Stage) -> None:
    places = [
        {},
        {"scope": "job", "owner": "a"},
        {"scope": "job", "owner": "b"},
        {"scope": "run", "owner": "a"},
    ]
    for number, place in enumerate(places):
        await stage.ask("PUT", f"{STORE}/k", {"value": number}, params=place)
    for number, place in enumerate(places):
        assert (await stage.ask("GET", f"{STORE}/k", params=place))["value"] == number
        (only,) = (await stage.ask("GET", STORE, params=place))["data"]
        assert only["value"] == number


async def test_a_write_may_ask_for_a_version(stage: Stage) -> None:
    path = f"{STORE}/k"
    assert (await stage.ask("PUT", path, {"value": 1, "expected_version": 0}))["version"] == 1
    problem = await stage.refused(409, "PUT", path, {"value": 2, "expected_version": 0})
    assert problem["code"] == "conflict"
    assert (await stage.ask("PUT", path, {"value": 2, "expected_version": 1}))["version"] == 2
    await stage.refused(409, "DELETE", path, params={"expected_version": 1})
    assert (await stage.ask("GET", path))["value"] == 2
    assert await stage.ask("DELETE", path, params={"expected_version": 2}) == {"deleted": True}


@pytest.mark.parametrize("key", ["a/b/c", "ü €", "a?b#c", "a..b", "%2F", "batch"])
async def test_keys_may_hold_anything_on_one_line(stage: Stage, key: str) -> None:
    path = f"{STORE}/{quote(key, safe='')}"
    assert (await stage.ask("PUT", path, {"value": 1}))["key"] == key
    assert (await stage.ask("GET", path))["key"] == key


async def test_entries_are_listed_by_key_in_pages(stage: Stage) -> None:
    keys = ["a", "b/1", "b/2", "b/3", "c"]
    for key in reversed(keys):
        await stage.ask("PUT", f"{STORE}/{key}", {"value": key})
    assert [entry["key"] for entry in (await stage.ask("GET", STORE))["data"]] == keys
    page = await stage.ask("GET", STORE, params={"prefix": "b/", "limit": 2})
    assert [entry["key"] for entry in page["data"]] == ["b/1", "b/2"]
    rest = await stage.ask("GET", STORE, params={"prefix": "b/", "cursor": page["next_cursor"]})
    assert [entry["key"] for entry in rest["data"]] == ["b/3"]
    assert rest["next_cursor"] is None


BAD: list[tuple[str, str, Any, dict[str, Any], str]] = [
    ("GET", "", None, {"scope": "planet"}, "scope"),
    ("GET", "", None, {"scope": "job"}, "owner"),
    ("GET", "", None, {"owner": "a"}, "owner"),
    ("GET", "/k", None, {"scpoe": "job"}, "scpoe"),
    ("PUT", "/k", {}, {}, "value"),
    ("PUT", "/k", {"value": 1, "version": 2}, {}, "version"),
    ("PUT", "/k", {"value": 1, "expected_version": -1}, {}, "expected_version"),
    ("PUT", "/k%09k", {"value": 1}, {}, "key"),
    ("PUT", "/%20", {"value": 1}, {}, "key"),
    ("PUT", "/" + "k" * 257, {"value": 1}, {}, "key"),
    ("DELETE", "/k", None, {"expected_version": "x"}, "expected_version"),
]


@pytest.mark.parametrize(("method", "path", "body", "params", "named"), BAD)
async def test_bad_input_is_named(
    stage: Stage, method: str, path: str, body: Any, params: dict[str, Any], named: str
) -> None:
    problem = await stage.refused(400, method, STORE + path, body, params=params)
    assert problem["errors"][0]["path"] == named


async def test_a_value_over_the_limit_names_the_setting(stage: Stage) -> None:
    value = "x" * stage.platform.settings.max_payload_bytes
    problem = await stage.refused(413, "PUT", f"{STORE}/k", {"value": value})
    assert problem["setting"] == "max_payload_bytes"


async def test_a_nul_in_a_value_is_refused_with_its_path(stage: Stage) -> None:
    problem = await stage.refused(422, "PUT", f"{STORE}/k", b'{"value": {"a": ["\\u0000"]}}')
    assert problem["errors"][0]["path"] == "value.a[0]"


async def test_a_write_sent_again_gets_the_first_answer(stage: Stage) -> None:
    path, headers = f"{STORE}/k", {"Idempotency-Key": "mine"}
    body = {"value": 1, "expected_version": 0}
    first = await stage.ask("PUT", path, body, headers=headers)
    await stage.ask("PUT", path, {"value": 2})
    assert await stage.ask("PUT", path, body, headers=headers) == first
    assert (await stage.ask("GET", path))["value"] == 2
    headers = {"Idempotency-Key": "mine too"}
    for _ in range(2):
        assert await stage.ask("DELETE", path, headers=headers) == {"deleted": True}
    assert (await stage.ask("PUT", path, {"value": 3}))["version"] == 3
