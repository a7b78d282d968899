"""What this machine allows at all: the figures that ours are held against."""

import os
import tempfile
import time
from pathlib import Path

from mainspring.bench.figures import Figure, at_percent
from mainspring.storage.bare import commits_per_second

_FSYNCS, _COMMITS = 300, 300
_ROWS_PER_COMMIT = 100


def limits(folder: Path) -> list[Figure]:
    """Disk and SQLite, each alone, in a fresh folder beside the one that is measured."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        return [*fsyncs(Path(own)), *sqlite_commits(Path(own)), *noise()]


def fsyncs(folder: Path) -> list[Figure]:
    """Appending 4 KiB and having them on the disk."""
    spans = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(_FSYNCS):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            spans.append(1000 * (time.perf_counter() - began))
    return [Figure("limit", f"fsync, p{p}", at_percent(spans, p), "ms") for p in (50, 99)]


def sqlite_commits(folder: Path) -> list[Figure]:
    """Small rows into SQLite at full durability, alone and a hundred to a commit."""
    alone = commits_per_second(folder / "alone.db", 1, _COMMITS)
    many = _ROWS_PER_COMMIT * commits_per_second(folder / "many.db", _ROWS_PER_COMMIT, _COMMITS)
    return [
        Figure("limit", "SQLite commits of one row", alone, "rows/s", "higher"),
        Figure("limit", f"SQLite commits of {_ROWS_PER_COMMIT} rows", many, "rows/s", "higher"),
    ]


def noise() -> list[Figure]:
    """How much slower the slowest of equal pieces of work is than the median: 1.0 on a quiet machine."""
    spans = []
    for _ in range(200):
        began = time.perf_counter()
        sum(range(50_000))
        spans.append(time.perf_counter() - began)
    return [
        Figure(
            "limit", "noise: p99 over p50 of equal work", at_percent(spans, 99) / at_percent(spans, 50), "x"
        )
    ]
