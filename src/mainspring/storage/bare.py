"""What SQLite alone does on this disk: the limit that `mainspring bench` holds its figures against."""

import sqlite3
import time
from pathlib import Path


def commits_per_second(path: Path, rows: int, commits: int) -> float:
    """Commits/s of `rows` small rows each at full durability, into a file that is made for it."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("create table facts (id integer primary key, fact text not null)")
        facts = [("a fact of some forty characters, no more",)] * rows
        began = time.perf_counter()
        for _ in range(commits):
            connection.execute("begin immediate")
            connection.executemany("insert into facts (fact) values (?)", facts)
            connection.execute("commit")
        return commits / (time.perf_counter() - began)
    finally:
        connection.close()
