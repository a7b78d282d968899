"""The fan-out example, for real: many children, one that fails, and a kill of everything while the parent waits."""

from collections.abc import Callable
from typing import Any

from processes import Dev


def shops(*orders: list[int]) -> dict[str, Any]:
    return {"shops": [{"name": f"shop-{n}", "orders": one} for n, one in enumerate(orders)]}


def test_a_report_adds_up_its_children_and_names_the_one_that_failed(dev: Callable[[], Dev]) -> None:
    platform = dev()
    run_id = platform.send("report.wanted", shops([10, 20], [-1], [30]))["runs"][0]["id"]
    run = platform.finished(run_id)
    assert run["status"] == "SUCCESS", run["error"]
    assert run["output"] == {"revenue": 60, "failed": ["shop-1"]}

    children = platform.read("runs", "--job", "count-shop")["data"]
    assert {child["parent_run_id"] for child in children} == {run_id}
    assert sorted(child["status"] for child in children) == ["FAILED", "SUCCESS", "SUCCESS"]


def test_a_parent_killed_while_it_waits_counts_each_shop_once(dev: Callable[[], Dev]) -> None:
    platform = dev()
    run_id = platform.send("report.wanted", shops(*[[n] for n in range(40)]))["runs"][0]["id"]
    platform.output.wait_for(rf"{run_id[-4:]} .*wait:count-shop")
    platform.kill_everything()

    again = dev()
    assert again.finished(run_id)["output"] == {"revenue": sum(range(40)), "failed": []}
    children = again.read("runs", "--job", "count-shop", "--limit", "100")["data"]
    assert len(children) == 40
