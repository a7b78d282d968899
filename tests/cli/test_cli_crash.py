"""kill -9 of everything, again and again, with forty runs in flight: all of them finish, nothing is kept twice."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from processes import Dev

APP = """
import asyncio

from mainspring import IO, Client, event_trigger

client = Client("crash")


async def work(number: int) -> int:
    await asyncio.sleep(0.25)
    return number


@client.job(id="steady", trigger=event_trigger("work.wanted"))
async def steady(payload: dict[str, int], io: IO) -> int:
    total = 0
    for number in range(10):
        total += await io.run_task(f"work-{number}", work, number)
    await io.wait("rest", "200ms")
    return total
"""

RUNS = 40
KILLS = 4


def test_forty_runs_survive_four_kills_of_everything(tmp_path: Path, launch: Callable[..., Dev]) -> None:
    (tmp_path / "app.py").write_text(APP)
    dev = launch(tmp_path).wait_until_ready()
    events = {"events": [{"name": "work.wanted", "payload": {"number": n}} for n in range(RUNS)]}
    status, sent = dev.request("POST", "/api/v1/events/batch", events)
    assert status == 200
    run_ids = [event["runs"][0]["id"] for event in sent["data"]]

    for _ in range(KILLS):
        # In the middle of things: some task has just finished.
        dev.output.wait_for(r"✔ work-", after=len(dev.output.lines))
        dev.kill_everything()
        dev = launch(tmp_path).wait_until_ready()

    for run_id in run_ids:
        run = dev.finished(run_id)
        assert (run["status"], run["output"]) == ("SUCCESS", 45), run["error"]
        _, history = dev.request("GET", f"/api/v1/runs/{run_id}/history?limit=200")
        completed = Counter(entry["task"] for entry in history["data"] if entry["kind"] == "TASK_COMPLETED")
        assert set(completed.values()) == {1}
        assert len([key for key in completed if key.startswith("work-")]) == 10
