"""Row "worker cut off from server, half-open sockets" and row "worker frozen 60 s, then thawed", with real sockets."""

import signal
import time
from pathlib import Path

from chaos.place import Place, placed

#: Seconds: the figure of the row.
NOTICED_WITHIN = 10.0

APP = """
import asyncio
import json
import os
import time

from mainspring import IO, Client, ctx

client = Client("rows")


def note(what):
    out = os.open(os.environ["EFFECTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    line = {"what": what, "run_id": ctx.run.id, "pid": os.getpid(), "at": time.monotonic()}
    os.write(out, json.dumps(line).encode() + b"\\n")
    os.close(out)


@client.job(id="quick")
async def quick(io: IO) -> str:
    await io.run_task("work", note, "work")
    return "done"


async def work(seconds):
    note("begun")
    await asyncio.sleep(seconds)
    note("done")
    return os.getpid()


@client.job(id="slow")
async def slow(payload: float, io: IO) -> int:
    pid = await io.run_task("work", work, payload)
    note("after")
    return pid
"""


def database_in(folder: Path) -> str:
    return f"sqlite:///{folder / 'kept.db'}"


def has_beaten(place: Place) -> bool:
    """Whether the worker's connections are all there: that of its heartbeats is the last."""
    (worker,) = place.ask("GET", "/api/v1/workers")["data"]
    return bool(worker["heartbeat_at"] > worker["registered_at"])


def took(place: Place, run_id: str, began: float) -> float:
    place.ended(run_id)
    return time.monotonic() - began


def test_a_worker_whose_open_connections_go_dead_takes_work_again(tmp_path: Path) -> None:
    """Nobody says goodbye: the claim it holds open is heard by nobody, on both sides of it."""
    with placed(tmp_path, APP, database_in(tmp_path)) as place:
        place.ended(place.trigger("quick"))
        place.until(lambda: has_beaten(place))
        place.way.swallow()
        began = time.monotonic()
        run_id = place.trigger("quick")
        assert took(place, run_id, began) <= NOTICED_WITHIN
        assert place.kinds(run_id).count("TASK_COMPLETED") == 1


def test_a_worker_whose_results_go_nowhere_sends_them_again(tmp_path: Path) -> None:
    with placed(tmp_path, APP, database_in(tmp_path)) as place:
        place.until(lambda: has_beaten(place))
        run_id = place.trigger("slow", 1.0)
        place.until(lambda: [one for one in place.effects() if one["what"] == "begun"])
        place.way.swallow()
        assert took(place, run_id, time.monotonic()) <= NOTICED_WITHIN + 1.0
        assert place.kinds(run_id).count("TASK_COMPLETED") == 1


def test_the_run_of_a_worker_that_is_cut_off_goes_on_elsewhere_and_it_comes_back(tmp_path: Path) -> None:
    with placed(tmp_path, APP, database_in(tmp_path), workers=1) as place:
        (cut_off,) = place.workers
        run_id = place.trigger("slow", 8.0)
        place.until(lambda: place.effects())
        place.way.swallow(also_new=True)
        cut_off_at = time.monotonic()
        place.until(lambda: "the leases are over" in cut_off.text(), NOTICED_WITHIN)
        place.way.mend()
        ended = place.ended(run_id)
        assert time.monotonic() - cut_off_at < 3 * NOTICED_WITHIN
        assert (ended["status"], ended["output"]) == ("SUCCESS", cut_off.pid)
        assert place.kinds(run_id).count("TASK_COMPLETED") == 1
        assert cut_off.starts == 1, "it came back by itself"


def test_a_worker_frozen_beyond_its_lease_writes_nothing_once_thawed(tmp_path: Path) -> None:
    with placed(tmp_path, APP, database_in(tmp_path), workers=2) as place:
        run_id = place.trigger("slow", 1.0)
        (begun,) = place.until(lambda: place.effects())
        (frozen,) = [one for one in place.workers if one.pid == begun["pid"]]
        frozen.send_signal(signal.SIGSTOP)
        try:
            ended = place.ended(run_id)
        finally:
            frozen.send_signal(signal.SIGCONT)
        (other,) = [one.pid for one in place.workers if one is not frozen]
        assert ended["output"] == other
        place.until(
            lambda: (
                [one for one in place.effects() if one["pid"] == frozen.pid and one["what"] != "begun"]
                or "registers again" in frozen.text()
            )
        )
        place.until(lambda: frozen.text().count("ready") == 2)
        assert place.run(run_id) == ended
        assert place.kinds(run_id).count("TASK_COMPLETED") == 1
        after = [one["pid"] for one in place.effects() if one["what"] == "after"]
        assert after == [other], "code after the task ran where the task was not kept (I3)"
        assert frozen.starts == 1
