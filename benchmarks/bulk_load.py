"""Fills a database as a long time of use would: ended runs with their tasks, and waiting ones, by the million.

    python benchmarks/bulk_load.py postgresql://postgres@127.0.0.1:5432/empty --runs 10000000 --tasks 10 --rows-only
    python benchmarks/bulk_load.py sqlite:////tmp/filled.db --runs 1000000 --waiting 1000000

Never point it at a database that is used: it adds what it says to the environment "dev".
"""

import argparse
import sys
import time

from mainspring.bench.bulk import Load, fill


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("url")
    options.add_argument("--runs", type=int, default=1_000_000)
    options.add_argument("--tasks", type=int, default=10, help="of each run")
    options.add_argument(
        "--waiting", type=int, default=0, help="runs that wait for an event which never comes"
    )
    options.add_argument(
        "--first", type=int, default=0, help="number of the first run, to add to an earlier load"
    )
    options.add_argument("--rows-only", action="store_true", help="runs and tasks without history and logs")
    asked = options.parse_args()
    began = time.monotonic()

    def told(runs: int) -> None:
        if runs % 100_000 == 0:
            print(f"{runs:,} runs after {time.monotonic() - began:,.0f} s", file=sys.stderr)

    load = Load(asked.runs, asked.tasks, asked.waiting, asked.first, is_told=not asked.rows_only)
    print(fill(asked.url, load, told))


if __name__ == "__main__":
    main()
