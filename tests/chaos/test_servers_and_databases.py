"""Rows about server copies, PostgreSQL and its connections, and a disk without room: real processes, one fault each."""

import os
import subprocess
import tempfile
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

import postgres
from chaos.place import Place, placed
from chaos.way import Way

#: Seconds: the figures of the rows.
ERROR_WINDOW = 5.0
HEALS_WITHIN = 10.0

APP = """
from mainspring import IO, Client, event_trigger

client = Client("rows")


@client.job(id="order", trigger=event_trigger("order.created"))
async def order(payload: dict[str, str], io: IO) -> str:
    await io.run_task("charge", lambda: None)
    await io.wait_for_event("paid", name="order.paid", id=payload["id"])
    return "shipped"
"""


@pytest.fixture
def own() -> Iterator[postgres.OwnServer]:
    postgres.require_programs()
    own = postgres.OwnServer(recovery_init_sync_method="syncfs")
    yield own
    own.remove()


def send(place: Place, name: str, correlation: str, **payload: Any) -> Any:
    body = {"name": name, "payload": {"id": correlation, **payload}, "id": correlation}
    return place.ask("POST", "/api/v1/events", {**body, "idempotency_key": f"{name}-{correlation}"})


def waiting(place: Place, correlation: str) -> str:
    """An order that waits for its payment."""
    (run,) = place.until(lambda: send(place, "order.created", correlation))["runs"]
    place.until(lambda: place.run(run["id"])["status"] == "WAITING")
    return str(run["id"])


def test_the_kill_of_one_of_two_server_copies_is_a_short_window(
    own: postgres.OwnServer, tmp_path: Path
) -> None:
    with own.database() as database, placed(tmp_path, APP, database, servers=2) as place:
        run_id = waiting(place, "a")
        place.servers[0].kill()
        began = time.monotonic()
        for n in range(20):  # each connection goes to the next copy
            place.until(lambda n=n: send(place, "order.created", f"b-{n}"), ERROR_WINDOW)  # type: ignore[misc]
        assert time.monotonic() - began < 20 * ERROR_WINDOW
        place.until(lambda: send(place, "order.paid", "a"))
        assert place.ended(run_id)["output"] == "shipped"


def test_postgresql_killed_again_while_it_recovers_is_outlived(
    own: postgres.OwnServer, tmp_path: Path
) -> None:
    with own.database() as database, placed(tmp_path, APP, database) as place:
        run_id = waiting(place, "a")
        own.kill()
        for _ in range(3):
            own.launch_until_it_recovers()
            own.kill()
        own.start()
        place.until(lambda: send(place, "order.paid", "a"), HEALS_WITHIN)
        assert place.ended(run_id)["output"] == "shipped"
        assert [one.starts for one in (*place.servers, *place.workers)] == [1, 1]


def test_connections_to_postgresql_that_are_reset_are_made_anew(
    own: postgres.OwnServer, tmp_path: Path
) -> None:
    """Also in the midst of what is written: connections break while events come in."""
    with own.database() as database, Way(own.port) as way:
        through = urlsplit(database)._replace(netloc=f"postgres@127.0.0.1:{way.port}").geturl()
        with placed(tmp_path, APP, through) as place:
            runs = []
            for n in range(30):
                if n % 3 == 0:
                    way.reset()
                (run,) = place.until(lambda n=n: send(place, "order.created", f"a-{n}"), HEALS_WITHIN)["runs"]  # type: ignore[misc]
                runs.append(run["id"])
                place.until(lambda n=n: send(place, "order.paid", f"a-{n}"), HEALS_WITHIN)  # type: ignore[misc]
            assert [place.ended(run_id)["output"] for run_id in runs] == ["shipped"] * 30
            assert len(set(runs)) == 30
            assert place.servers[0].starts == 1


# ── a disk without room ──────────────────────────────────────────────────────────────────────────────
@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of its own, where this account may mount one."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "none", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no disk of its own can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Until not a byte is left."""
    filling = disk / "filling"
    out = os.open(filling, os.O_WRONLY | os.O_CREAT)
    try:
        with suppress(OSError):
            while os.write(out, b"x" * 4096):
                pass
    finally:
        os.close(out)
    return filling


def test_a_full_disk_under_sqlite_is_a_clean_error_and_ends_with_it(tmp_path: Path) -> None:
    with small_disk(tmp_path, "12m") as disk, placed(tmp_path, APP, f"sqlite:///{disk / 'kept.db'}") as place:
        outlives_a_full_disk(place, disk)


def test_a_full_disk_under_postgresql_is_a_clean_error_and_ends_with_it(
    own: postgres.OwnServer, tmp_path: Path
) -> None:
    for folder in (tmp_path, *tmp_path.parents):  # PostgreSQL comes there as another user
        if folder == Path(tempfile.gettempdir()):
            break
        folder.chmod(0o755)
    with small_disk(tmp_path, "64m") as disk:
        place_of_tables = disk / "tables"
        place_of_tables.mkdir()
        postgres.give(place_of_tables)
        with psycopg.connect(own.url, autocommit=True) as connection:
            connection.execute(f"create tablespace small location '{place_of_tables}'")  # type: ignore[call-overload]
            connection.execute("create database small tablespace small")
        with placed(tmp_path, APP, own.url_of("small")) as place:
            outlives_a_full_disk(place, disk)
        with psycopg.connect(own.url, autocommit=True) as connection:
            connection.execute("drop database small with (force)")
            connection.execute("drop tablespace small")


def outlives_a_full_disk(place: Place, disk: Path) -> None:
    run_id = waiting(place, "a")
    filling = fill(disk)
    big = "x" * 100_000
    refused = None
    for n in range(40):  # pages that are half empty take a little more
        try:
            send(place, "order.created", f"big-{n}", text=f"{n}{big}")
        except urllib.error.HTTPError as error:
            refused = error
            break
    assert refused is not None, "the disk was not full"
    assert (refused.code, b'"database_unavailable"' in refused.read()) == (503, True)
    assert place.run(run_id)["status"] == "WAITING", "what was kept can be read"
    filling.unlink()
    place.until(lambda: send(place, "order.paid", "a"), HEALS_WITHIN)
    assert place.ended(run_id)["output"] == "shipped"
    again = place.until(lambda: send(place, "order.created", f"big-{n}", text=f"{n}{big}"))
    assert len(again["runs"]) == 1
    assert [one.starts for one in (*place.servers, *place.workers)] == [1, 1]
