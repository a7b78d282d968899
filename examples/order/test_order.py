"""The order example, for real: retries, waits, an approval, the store, and what happens when it is killed."""

from collections.abc import Callable
from typing import Any

from processes import Dev, kill


def task(platform: Dev, run_id: str, key: str) -> Any:
    (found,) = (task for task in platform.read("runs", "get", run_id)["tasks"] if task["key"] == key)
    return found


def test_a_small_order_is_charged_on_the_third_attempt_waits_and_ships(dev: Callable[[], Dev]) -> None:
    platform = dev()
    run_id = platform.send("order.created", {"id": "o-1", "amount": 120})["runs"][0]["id"]
    platform.until(run_id, "WAITING")
    run = platform.finished(run_id)
    assert run["status"] == "SUCCESS", run["error"]
    assert run["output"] == {"order": "o-1", "status": "shipped", "charge": "ch_o-1", "number": 1}
    assert run["tags"] == ["usd"]
    assert run["metadata"] == {"order": "o-1"}

    attempts = task(platform, run_id, "charge")["attempts"]
    assert [(attempt["number"], attempt["status"]) for attempt in attempts] == [
        (1, "FAILED"),
        (2, "FAILED"),
        (3, "SUCCESS"),
    ]
    assert attempts[0]["error"]["type"] == "GatewayBusyError"
    assert "attempt 2" in attempts[1]["error"]["message"]

    told = next(event for event in platform.read("events")["data"] if event["name"] == "order.shipped")
    assert "number 1" in platform.finished(told["runs"][0]["id"])["output"]


def test_large_orders_wait_for_their_own_approval_across_a_kill_of_everything(dev: Callable[[], Dev]) -> None:
    platform = dev()
    runs = {
        order: platform.send("order.created", {"id": order, "amount": 5_000})["runs"][0]["id"]
        for order in ("o-2", "o-3")
    }
    for run_id in runs.values():
        platform.output.wait_for(rf"{run_id[-4:]} .*waits for event 'order.approved'")
    platform.kill_everything()

    again = dev()
    again.send("order.approved", {"approved": False, "by": "Ada"}, id="o-3")
    again.send("order.approved", {"approved": True, "by": "Grace"}, id="o-2")
    shipped, refused = again.finished(runs["o-2"]), again.finished(runs["o-3"])
    assert (shipped["output"]["status"], refused["output"]["status"]) == ("shipped", "refused")
    # Charged before the kill, and not again after it.
    assert len(task(again, runs["o-2"], "charge")["attempts"]) == 3
    decided = [
        line["fields"] for line in again.read_lines("logs", runs["o-2"]) if line["message"] == "decided"
    ]
    assert decided == [{"approved": True, "by": "Grace"}]


def test_a_killed_worker_does_not_charge_twice(dev: Callable[[], Dev]) -> None:
    platform = dev()
    run_id = platform.send("order.created", {"id": "o-4", "amount": 120})["runs"][0]["id"]
    platform.output.wait_for(rf"{run_id[-4:]} .*charge .*ch_o-4")
    kill(platform.worker_pid())
    assert platform.finished(run_id)["output"]["status"] == "shipped"
    assert len(task(platform, run_id, "charge")["attempts"]) == 3
