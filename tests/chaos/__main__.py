"""`make chaos`: a thousand runs through the storm, with the figures. RUNS=, SEED= and OUT= (a folder) choose."""

import argparse
import sys
import tempfile
from pathlib import Path

from chaos.storm import Weather, braved
from chaos.verdict import judge

#: Seconds: the promise for a run whose worker was killed.
RECOVERS_WITHIN = 15.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=10.0, help="orders a second")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--resets", type=float, default=0.0, help="connections are reset each so many seconds"
    )
    parser.add_argument("--freeze", type=float, default=60.0, help="a worker and a server do nothing so long")
    parser.add_argument("--out", type=Path, default=None, help="folder for logs and observations")
    given = parser.parse_args()
    folder = given.out or Path(tempfile.mkdtemp(prefix="mainspring-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"Logs and observations: {folder}", flush=True)
    weather = Weather(
        given.runs,
        given.rate,
        seed=given.seed,
        resets_every=given.resets,
        freezes_for=given.freeze,
        patience=1_800,
    )
    with braved(weather, folder, lambda line: print(line, flush=True)) as storm:
        verdict = judge(storm)
    print("\n".join(verdict.lines()))
    if verdict.p99 > RECOVERS_WITHIN:
        verdict.wrong.append(
            f"runs recover in {verdict.p99:.1f} s at p99, promised are {RECOVERS_WITHIN:g} s"
        )
    for line in verdict.wrong:
        print(f"WRONG {line}")
    print("clean" if not verdict.wrong else f"{len(verdict.wrong)} things are wrong")
    return 1 if verdict.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
