"""Celery on Redis, one worker of two processes. Not durable by default: Redis loses what it has not saved.

It has no durable tasks inside a run: W2 and W4 are chains, a job a task. Argument: the Redis URL.
"""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import figures as f
from celery import Celery, chain, chord

URL = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1].startswith("redis") else sys.argv[-1]
app = Celery("celery_peer", broker=URL, backend=URL)
app.conf.update(task_serializer="json", result_serializer="json", worker_prefetch_multiplier=4)


@app.task(name="one")
def one(*given: object) -> int:
    return 1


@app.task(name="first_line")
def first_line() -> float:
    return time.monotonic()


@app.task(name="total")
def total(numbers: list[int]) -> int:
    return sum(numbers)


def in_flight(runs: int) -> float:
    """As in `figures`, with threads: its `get` blocks."""

    def run(_: int) -> None:
        one.delay().get(timeout=120)

    began = time.monotonic()
    with ThreadPoolExecutor(f.IN_FLIGHT) as pool:
        list(pool.map(run, range(runs)))
    return time.monotonic() - began


def measure() -> None:
    for _ in range(20):
        one.delay().get(timeout=60)
    lines, results = [], []
    for _ in range(f.STARTS):
        began = time.monotonic()
        lines.append(first_line.delay().get(timeout=60) - began)
        results.append(time.monotonic() - began)
    f.spread("W3", "trigger to first line", lines)
    f.spread("W3", "trigger to result", results)
    began = time.monotonic()
    chain(*(one.s() for _ in range(100))).delay().get(timeout=120)
    f.figure("W4", "a task, one run", 1000 * (time.monotonic() - began) / 100, "ms")
    f.figure("W1", "runs, 100 in flight", f.RUNS / in_flight(f.RUNS), "runs/s")
    began = time.monotonic()
    wide = max(10, f.WIDE // 2)
    for chained in [chain(*(one.s() for _ in range(f.TASKS))).delay() for _ in range(wide)]:
        chained.get(timeout=300)
    f.figure("W2", "tasks", wide * f.TASKS / (time.monotonic() - began), "tasks/s")
    began = time.monotonic()
    chord((one.s() for _ in range(f.CHILDREN)), total.s()).delay().get(timeout=300)
    f.figure("W8", f"a parent with {f.CHILDREN} children", time.monotonic() - began, "s")


if __name__ == "__main__":
    worker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import celery_peer; celery_peer.app.worker_main(['worker', '-c', '2', '-l', 'ERROR'])",
            URL,
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        measure()
    finally:
        worker.terminate()
        worker.wait()
