"""Bulk actions over HTTP: listed, newest first, in pages and by status. (What they do is in the scenarios.)"""

from typing import Any

from stage import Stage, job

BULK = "/api/v1/bulk"


async def begin(stage: Stage, tag: str) -> Any:
    asked = {"action": "cancel", "filter": {"tag": tag}}
    return (await stage.ask("POST", "/api/v1/runs/bulk", asked))["id"]


async def test_they_are_listed_newest_first(stage: Stage) -> None:
    await stage.work(job("mail"))
    assert await stage.ask("GET", BULK) == {"data": [], "next_cursor": None}
    begun = [await begin(stage, tag) for tag in ("one", "two", "three")]
    listed = await stage.ask("GET", BULK)
    assert {one["id"] for one in listed["data"]} == set(begun)
    assert [one["created_at"] for one in listed["data"]] == sorted(
        (one["created_at"] for one in listed["data"]), reverse=True
    )
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        page = await stage.ask("GET", f"{BULK}?limit=1{cursor and f'&cursor={cursor}'}")
        found += [one["id"] for one in page["data"]]
        cursor = page["next_cursor"]
    assert found == [one["id"] for one in listed["data"]]


async def test_they_are_found_by_status(stage: Stage) -> None:
    await stage.work(job("mail"))
    bulk = await begin(stage, "none")
    await stage.ask("POST", f"{BULK}/{bulk}/abort")
    shown = await stage.ask("GET", f"{BULK}/{bulk}")
    by_status = {
        status: [one["id"] for one in (await stage.ask("GET", f"{BULK}?status={status}"))["data"]]
        for status in ("RUNNING", "COMPLETED", "ABORTED")
    }
    assert by_status == {status: [bulk] if status == shown["status"] else [] for status in by_status}
    for wrong in ("status=GONE", "cursor=x", f"cursor={'9' * 40}.a"):
        assert (await stage.request("GET", f"{BULK}?{wrong}")).status_code == 400
