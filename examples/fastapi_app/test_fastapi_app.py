"""The FastAPI example, for real: its own route starts a run, which survives kill -9."""

from pathlib import Path

from sites import Site

HERE = Path(__file__).parent


def test_orders_of_its_own_route_survive_a_kill(tmp_path: Path) -> None:
    site = Site.start(
        tmp_path, ["-m", "uvicorn", "--app-dir", str(HERE), "app:app"], MAINSPRING_API_KEY="tr_dev_example"
    )
    try:
        status, answer = site.request("POST", "/orders", {"id": "o-1", "amount": 300})
        assert status == 200, answer
        path = f"/runs/{answer['run']}"
        site.until(path, "status", "WAITING")

        site = site.crash_and_start_again()
        assert site.request("GET", path)[1]["status"] == "WAITING"
        assert site.request("POST", "/orders/o-1/paid")[0] == 200
        assert site.until(path, "status", "SUCCESS")["output"] == {"receipt": "charge-o-1"}

        api = f"/mainspring/api/v1{path}/tasks"
        assert site.request("GET", api)[0] == 401
        _, tasks = site.request("GET", api, Authorization="Bearer tr_dev_example")
        assert [(task["key"], len(task["attempts"])) for task in tasks["data"]] == [
            ("charge", 1),
            ("paid", 0),
        ]
    finally:
        site.close()
