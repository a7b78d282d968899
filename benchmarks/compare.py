"""The same workloads on Mainspring and its peers, on this machine, one after the other: a table and a graph.

    python benchmarks/compare.py [--rounds 3] [--only dbos-sqlite --only mainspring-embedded-sqlite] [--scale 0.2]

Each peer gets a virtual environment of its own under benchmarks/.environments. Results go to
benchmarks/results/. Nothing else should run on the machine meanwhile.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import services
from chart import chart

from mainspring.bench.limits import noise

HERE = Path(__file__).parent
ENVIRONMENTS, RESULTS = HERE / ".environments", HERE / "results"

Figures = dict[tuple[str, str], tuple[float, str]]


@dataclass(frozen=True)
class System:
    """One measured system: what its environment needs, and the command line that measures it."""

    name: str
    packages: tuple[str, ...]
    command: Callable[[Path, ExitStack], list[str]]


# ── ours ─────────────────────────────────────────────────────────────────────────────────────────────
def _ours(shape: str, *, is_postgres: bool) -> Callable[[Path, ExitStack], list[str]]:
    def command(python: Path, stack: ExitStack) -> list[str]:
        line = [sys.executable, "-m", "mainspring", "bench", "--json", "--shape", shape]
        return [*line, "--database-url", stack.enter_context(services.postgres())] if is_postgres else line

    return command


# ── peers ────────────────────────────────────────────────────────────────────────────────────────────
def _dbos_sqlite(python: Path, stack: ExitStack) -> list[str]:
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    return [str(python), "dbos_peer.py", f"sqlite:///{folder}/dbos.sqlite"]


def _on_postgres(script: str) -> Callable[[Path, ExitStack], list[str]]:
    return lambda python, stack: [str(python), script, stack.enter_context(services.postgres())]


def _celery(python: Path, stack: ExitStack) -> list[str]:
    return [str(python), "celery_peer.py", stack.enter_context(services.redis())]


def _restate(python: Path, stack: ExitStack) -> list[str]:
    folder = ENVIRONMENTS / "restate-server"
    program = folder / "node_modules/.bin/restate-server"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "@restatedev/restate-server"], cwd=folder, check=True)
    ingress, admin = stack.enter_context(services.restate(program))
    return [str(python), "restate_peer.py", ingress, admin, str(services.free_port())]


SYSTEMS = (
    System("mainspring-embedded-sqlite", (), _ours("embedded", is_postgres=False)),
    System("mainspring-embedded-postgres", (), _ours("embedded", is_postgres=True)),
    System("mainspring-apart-sqlite", (), _ours("apart", is_postgres=False)),
    System("mainspring-apart-postgres", (), _ours("apart", is_postgres=True)),
    System("dbos-sqlite", ("dbos",), _dbos_sqlite),
    System("dbos-postgres", ("dbos",), _on_postgres("dbos_peer.py")),
    System("celery-redis", ("celery[redis]",), _celery),
    System("procrastinate-postgres", ("procrastinate",), _on_postgres("procrastinate_peer.py")),
    System("restate", ("restate-sdk[serde]", "hypercorn", "aiohttp"), _restate),
)


# ── measuring ────────────────────────────────────────────────────────────────────────────────────────
def environment_of(system: System) -> Path:
    """The Python that the system is measured with."""
    if not system.packages:
        return Path(sys.executable)
    folder = ENVIRONMENTS / system.packages[0].partition("[")[0]
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *system.packages], check=True)
    return python


def measured(system: System, scale: float) -> Figures:
    """One round. Raises what its script ended with."""
    python = environment_of(system)
    with ExitStack() as stack:
        command = system.command(python, stack)
        if not system.packages and scale < 1:
            command.append("--quick")
        done = subprocess.run(
            command,
            cwd=HERE / "peers",
            env={**os.environ, "BENCH_SCALE": str(scale)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return {(f["workload"], _short(f["name"])): (f["value"], f["unit"]) for f in _figures(done.stdout)}


def rounds_of(systems: Sequence[System], rounds: int, scale: float) -> dict[str, Figures]:
    """The medians of every system. One round after the other, so that a noisy quarter of an hour hits all of them."""
    every: dict[str, list[Figures]] = {system.name: [] for system in systems}
    for number in range(rounds):
        for system in systems:
            began = time.monotonic()
            every[system.name].append(measured(system, scale) | _noise())
            print(f"round {number + 1}: {system.name}, {time.monotonic() - began:.0f} s", file=sys.stderr)
    return {name: _medians(some) for name, some in every.items()}


def _medians(rounds: list[Figures]) -> Figures:
    units = {key: unit for one in rounds for key, (_, unit) in one.items()}
    return {key: (median(one[key][0] for one in rounds if key in one), unit) for key, unit in units.items()}


def _noise() -> Figures:
    """Of the machine, right after a system was measured."""
    return {(figure.workload, figure.name): (figure.value, figure.unit) for figure in noise()}


def _figures(text: str) -> Iterator[dict[str, object]]:
    if '"figures"' in text:
        yield from json.loads(text)["figures"]
        return
    yield from (json.loads(line) for line in text.splitlines() if line.startswith("{"))


def _short(name: object) -> str:
    """Sizes differ between us and the slower peers; what is measured is the same."""
    for same in ("a task, one run", "a parent with", "tasks"):
        if str(name).startswith(same):
            return same
    return str(name)


def table(results: Mapping[str, Figures]) -> str:
    """Markdown: a row a figure, a column a system."""
    rows = sorted({key for figures in results.values() for key in figures})
    lines = ["| | " + " | ".join(results) + " |", "| --- |" + " ---: |" * len(results)]
    for key in rows:
        unit = next(figures[key][1] for figures in results.values() if key in figures)
        cells = [f"{figures[key][0]:,.2f}" if key in figures else "" for figures in results.values()]
        lines.append(f"| {key[0]} {key[1]} ({unit}) | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--scale", type=float, default=1.0)
    options.add_argument("--only", action="append", choices=[system.name for system in SYSTEMS])
    options.add_argument(
        "--prepare", action="store_true", help="make the peers' environments, measure nothing"
    )
    asked = options.parse_args()
    systems = [system for system in SYSTEMS if not asked.only or system.name in asked.only]
    for system in systems:
        environment_of(system)
    if asked.prepare:
        return
    results = rounds_of(systems, asked.rounds, asked.scale)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "table.md").write_text(table(results))
    for (workload, name), unit in {k: u for r in results.values() for k, (_, u) in r.items()}.items():
        shown = {
            system: figures[workload, name][0]
            for system, figures in results.items()
            if (workload, name) in figures
        }
        if workload != "limit" and len(shown) > 1:
            slug = f"{workload}-{name}".lower().replace(",", "").replace(" ", "-")
            (RESULTS / f"{slug}.svg").write_text(chart(f"{workload} {name}", unit, shown))
    print(table(results))


if __name__ == "__main__":
    main()
