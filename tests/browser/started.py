"""Runs that the tests of the pages start."""

from processes import Dev


def trigger(dev: Dev, job: str, payload: object = None) -> str:
    """Starts a run of the job; its id."""
    status, run = dev.request("POST", f"/api/v1/jobs/{job}/trigger", {"payload": payload or {}})
    assert status == 200, run
    return str(run["id"])
