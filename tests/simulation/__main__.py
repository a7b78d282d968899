"""`make simulate`: plays seeds in as many processes as there are cores, and shrinks what it finds."""

import argparse
import concurrent.futures
import os
import sys
import time
import warnings

from mainspring.testing.plays.shrink import shrunk
from simulation.plan import plan_of
from simulation.simulation import Outcome, play

#: Texts are hashed by chance unless this is fixed, and with them the order of sets.
_HASH_SEED = "0"
_CHUNK = 25


def main() -> int:
    if os.environ.get("PYTHONHASHSEED") != _HASH_SEED:
        environment = {**os.environ, "PYTHONHASHSEED": _HASH_SEED}
        os.execve(sys.executable, [sys.executable, "-m", "simulation", *sys.argv[1:]], environment)
    warnings.simplefilter("ignore")  # of coroutines that were killed before they began
    options = _options()
    if options.seed is not None:
        keep = [int(one) for one in options.keep.split(",") if one] if options.keep is not None else None
        return _one(options.seed, keep)
    return _many(range(options.begin, options.begin + options.seeds), options.processes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("--seeds", type=int, default=2_000)
    parser.add_argument("--begin", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--keep")
    return parser.parse_args()


def _many(seeds: range, processes: int) -> int:
    began, failed, commits, played = time.monotonic(), [], 0, 0
    chunks = [seeds[i : i + _CHUNK] for i in range(0, len(seeds), _CHUNK)]
    with concurrent.futures.ProcessPoolExecutor(processes) as pool:
        for outcomes in pool.map(_chunk, chunks):
            commits += sum(outcome.commits for outcome in outcomes)
            played += len(outcomes)
            if played % 1_000 == 0:
                print(f"{played:,} seeds in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            for outcome in outcomes:
                if outcome.error is not None:
                    failed.append(outcome.seed)
                    print(f"{outcome.error[:600]}\n{command(outcome.seed)}", flush=True)
    spent = time.monotonic() - began
    print(f"{len(seeds):,} seeds, {commits:,} commits, {spent:.0f} s: {len(failed)} broke a law")
    for seed in failed[:3]:
        _shrink(seed)
    return 1 if failed else 0


def _chunk(seeds: range) -> list[Outcome]:
    return [play(seed) for seed in seeds]


def _one(seed: int, keep: list[int] | None) -> int:
    plan, outcome = plan_of(seed), play(seed, keep)
    for index, entry in enumerate(plan):
        if keep is None or index in keep:
            print(f"{index:3} {entry}")
    print(
        outcome.error or f"every law held: {outcome.commits} commits, {outcome.runs} runs, {outcome.digest}"
    )
    if outcome.error is not None and keep is None:
        _shrink(seed)
    return 0 if outcome.error is None else 1


def _shrink(seed: int) -> None:
    plan = plan_of(seed)
    kept = shrunk(list(range(len(plan))), lambda keep: play(seed, keep).error is not None)
    print(f"{len(kept)} of {len(plan)} entries are enough:")
    for index in kept:
        print(f"{index:3} {plan[index]}")
    print(command(seed, kept), flush=True)


def command(seed: int, keep: list[int] | None = None) -> str:
    """The line that repeats it."""
    return f"make simulate SEED={seed}" + ("" if keep is None else f" KEEP={','.join(map(str, keep))}")


if __name__ == "__main__":
    sys.exit(main())
