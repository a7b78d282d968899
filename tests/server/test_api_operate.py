"""What pages for operating need of the API: schedules seen before, events by source and text, sent again changed."""

import pytest

from stage import Stage, job

TZ = "Europe/Paris"


async def test_a_schedule_is_previewed(stage: Stage) -> None:
    said = await stage.ask("GET", f"/api/v1/schedules/preview?cron=0 9 * * MON-FRI&timezone={TZ}")
    assert said["description"] == "At 09:00 on Monday through Friday (Europe/Paris)"
    assert (len(said["upcoming"]), said["timezone"]) == (5, TZ)
    every = await stage.ask("GET", "/api/v1/schedules/preview?every=15 minutes")
    assert len(every["upcoming"]) == 5
    assert (await stage.ask("GET", "/api/v1/schedules"))["data"] == [], "nothing was registered"


@pytest.mark.parametrize("asked", ["cron=61 * * * *", "cron=* * * * *&timezone=Mars/Base", "every=soon", ""])
async def test_a_preview_says_what_is_wrong(stage: Stage, asked: str) -> None:
    answer = await stage.request("GET", f"/api/v1/schedules/preview?{asked}")
    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]


async def test_events_are_found_by_source_and_text(stage: Stage) -> None:
    for number, source in ((1, "shop"), (2, "till"), (3, "shop")):
        body = {"name": "order", "payload": {"id": f"o_{number}", "note": "100% Ada"}, "source": source}
        await stage.ask("POST", "/api/v1/events", body)

    async def found(query: str) -> list[str]:
        page = await stage.ask("GET", f"/api/v1/events?{query}")
        return [event["payload"]["id"] for event in page["data"]]

    assert await found("source=shop") == ["o_3", "o_1"]
    assert await found("text=O_2") == ["o_2"]
    assert await found("text=o.2") == []
    assert await found("text=100%25 ada&source=till") == ["o_2"]
    assert await found("name=order&text=o_3") == ["o_3"]
    assert await found("text=o%252") == []


async def test_an_event_is_sent_again_with_another_payload(stage: Stage) -> None:
    await stage.work(job("bill", "order"))
    sent = await stage.ask("POST", "/api/v1/events", {"name": "order", "payload": {"amount": 1}})
    path = f"/api/v1/events/{sent['event_id']}/replay"
    assert (await stage.ask("POST", path))["payload"] == {"amount": 1}
    again = await stage.ask("POST", path, {"payload": {"amount": 2}})
    assert (again["payload"], len(again["runs"])) == ({"amount": 2}, 1)
    await stage.refused(400, "POST", path, {"pay": 2})


async def test_a_schedule_says_how_its_last_run_went(stage: Stage) -> None:
    body = {"dynamic_schedule": "reports", "key": "acme", "every": "1 hour"}
    made = await stage.ask("POST", "/api/v1/schedules", body)
    assert made["last_run"] is None
