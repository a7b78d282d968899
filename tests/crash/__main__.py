"""`make crash`: every point of every job, on both databases; or one point again."""

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import product

import postgres
from crash.exhaust import KINDS, play_one, play_part
from crash.jobs import PLAYS
from crash.points import Fault

DATABASES = ("sqlite", "postgres")


def main() -> int:
    """The exit code: 1 where something was wrong."""
    parser = argparse.ArgumentParser("crash", description=__doc__)
    parser.add_argument("--database", choices=DATABASES, help="on this one only")
    parser.add_argument("--job", choices=[play.job_id for play in PLAYS], help="this job only")
    parser.add_argument("--all", action="store_true", help="every call, not a choice of them")
    parser.add_argument("--at", help="one point again, as it was shown: KIND:NUMBER:AGAIN")
    asked = parser.parse_args()
    databases = [asked.database] if asked.database else list(DATABASES)
    if "postgres" in databases:
        os.environ["DATABASE_URL"] = postgres.server().url  # one server for all processes
    jobs = [asked.job] if asked.job else [play.job_id for play in PLAYS]
    if asked.at:
        kind, number, again = asked.at.split(":")
        wrong = play_one(jobs[0], databases[0], Fault(kind, int(number), int(again)))
        print(wrong or "nothing is wrong")
        return bool(wrong)
    return _play(list(product(jobs, databases, [asked.all])))


def _play(parts: list[tuple[str, str, bool]]) -> int:
    began = time.monotonic()
    points: Counter[str] = Counter()
    wrong: list[str] = []
    # Fresh processes: an event loop and a PostgreSQL connection do not survive a fork.
    context, count = multiprocessing.get_context("spawn"), min(os.cpu_count() or 1, len(parts))
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        for (job, database, _), report in zip(parts, pool.map(play_part, parts), strict=True):
            counted = ", ".join(f"{report.points[kind]} {kind}" for kind in KINDS)
            print(f"{job} on {database}: {counted}; {len(report.wrong)} wrong", flush=True)
            points += report.points
            wrong += report.wrong
    total = ", ".join(f"{points[kind]:,} {kind}" for kind in KINDS)
    print(f"{points.total():,} points ({total}) in {time.monotonic() - began:.0f} s, {len(wrong)} wrong")
    for one in wrong[:10]:
        print("", one, sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
