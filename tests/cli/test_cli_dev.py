"""`dev`: what it prints, what it does on save, on a crash, on ctrl-C, and how it refuses to start."""

import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from processes import Dev, clean_environment, kill, run_cli

Launch = Callable[..., Dev]

GREETER = """
from mainspring import IO, Client, event_trigger

client = Client("greeter")


@client.job(id="greet", trigger=event_trigger("greet.wanted"))
async def greet(payload: dict[str, str], io: IO) -> str:
    first = await io.run_task("first", lambda: "once")
    io.logger.info("began", word="WORD")
    event = await io.wait_for_event("go", name="go.on", id=payload["id"])
    return f"WORD {first}"
"""


def app(folder: Path, word: str = "hello", source: str = GREETER) -> None:
    (folder / "app.py").write_text(source.replace("WORD", word))


def test_it_says_where_it_is_and_shows_what_runs_do(tmp_path: Path, launch: Launch) -> None:
    app(tmp_path)
    dev = launch(tmp_path, "app.py")
    assert dev.output.wait_for(r"URL +(\S+)")[1] == dev.url
    key = dev.output.wait_for(r"API key +(\S+)")[1]
    assert re.fullmatch(r"tr_[a-z]+_[a-zA-Z0-9]+", key)
    dev.output.wait_for(r"^Registered job: greet$")
    dev.wait_until_ready()

    run_id = dev.send("greet.wanted", {"id": "a"})["runs"][0]["id"]
    dev.output.wait_for(rf"greet {run_id[-4:]} .*began word=\"hello\"")
    dev.send("go.on", {}, id="a")
    dev.output.wait_for(rf"greet {run_id[-4:]} .*SUCCESS")
    assert "\x1b[" not in dev.output.text(), "colours in a pipe"


def test_a_command_in_another_terminal_needs_no_setup(tmp_path: Path, launch: Launch) -> None:
    app(tmp_path)
    dev = launch(tmp_path).wait_until_ready()
    assert [job["id"] for job in dev.read("jobs")["data"]] == ["greet"]


def test_a_save_reloads_and_runs_in_flight_go_on_with_the_new_code(tmp_path: Path, launch: Launch) -> None:
    app(tmp_path, "old")
    dev = launch(tmp_path).wait_until_ready()
    waiting = dev.send("greet.wanted", {"id": "before"})["runs"][0]["id"]
    dev.until(waiting, "WAITING")

    app(tmp_path, "new")
    dev.output.wait_for(r"Reloaded")
    dev.send("go.on", {}, id="before")
    run = dev.finished(waiting)
    assert (run["status"], run["output"]) == ("SUCCESS", "new once")
    tasks = dev.read("runs", "get", waiting)["tasks"]
    assert [len(task["attempts"]) for task in tasks if task["key"] == "first"] == [1]


def test_broken_code_changes_nothing_until_it_is_mended(tmp_path: Path, launch: Launch) -> None:
    app(tmp_path)
    dev = launch(tmp_path).wait_until_ready()
    pid = dev.worker_pid()
    (tmp_path / "app.py").write_text("import no_such_module_here\n")
    dev.output.wait_for(r"No module named 'no_such_module_here'")
    dev.output.wait_for(r"last good code goes on")
    assert dev.worker_pid() == pid
    run_id = dev.send("greet.wanted", {"id": "b"})["runs"][0]["id"]
    dev.until(run_id, "WAITING")

    app(tmp_path, "mended")
    dev.output.wait_for(r"Reloaded")
    dev.send("go.on", {}, id="b")
    assert dev.finished(run_id)["output"] == "mended once"


def test_a_killed_worker_is_replaced_and_its_runs_go_on(tmp_path: Path, launch: Launch) -> None:
    app(tmp_path)
    dev = launch(tmp_path).wait_until_ready()
    run_id = dev.send("greet.wanted", {"id": "c"})["runs"][0]["id"]
    dev.until(run_id, "WAITING")
    kill(dev.worker_pid())
    dev.output.wait_for(r"was killed by SIGKILL; what it held goes on")
    dev.send("go.on", {}, id="c")
    assert dev.finished(run_id)["status"] == "SUCCESS"


def test_everything_killed_and_started_again_repeats_nothing(tmp_path: Path, launch: Launch) -> None:
    app(tmp_path)
    dev = launch(tmp_path).wait_until_ready()
    run_id = dev.send("greet.wanted", {"id": "d"})["runs"][0]["id"]
    dev.until(run_id, "WAITING")
    dev.kill_everything()

    again = launch(tmp_path, port=dev.port).wait_until_ready()
    again.send("go.on", {}, id="d")
    assert again.finished(run_id)["output"] == "hello once"
    (first,) = (task for task in again.read("runs", "get", run_id)["tasks"] if task["key"] == "first")
    assert [attempt["number"] for attempt in first["attempts"]] == [1]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_clean(sign: int, tmp_path: Path, launch: Launch) -> None:
    app(tmp_path)
    dev = launch(tmp_path).wait_until_ready()
    worker = dev.worker_pid()
    assert dev.stop(sign) == 0
    assert "Traceback" not in dev.output.to_end()
    assert "Stopping" in dev.output.text()
    assert not Path(f"/proc/{worker}").exists()
    assert not (tmp_path / ".mainspring" / "url").exists()


def test_the_worker_ends_when_dev_is_killed(tmp_path: Path, launch: Launch) -> None:
    app(tmp_path)
    dev = launch(tmp_path).wait_until_ready()
    dev.process.kill()
    # The output closes when the last process that holds it has ended: the worker inherits it.
    dev.output.to_end()
    assert not dev.output._thread.is_alive()


def test_its_key_is_made_once_and_is_the_one_of_the_environment_if_set(
    tmp_path: Path, launch: Launch
) -> None:
    app(tmp_path)
    dev = launch(tmp_path).wait_until_ready()
    key = dev.key
    dev.stop()
    assert launch(tmp_path).wait_until_ready().output.wait_for(r"API key +(\S+)")[1] == key
    own = {"MAINSPRING_API_KEY": "tr_dev_mine0123456789"}
    other = launch(tmp_path, "--data-dir", "other", env=own).wait_until_ready()
    assert other.output.wait_for(r"API key +(\S+)")[1] == own["MAINSPRING_API_KEY"]


def test_it_stops_clean_when_the_reader_of_its_output_leaves(tmp_path: Path) -> None:
    app(tmp_path)
    line = f"set -o pipefail; '{sys.executable}' -m mainspring dev --port 0 | head -n 2"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Mainspring")


def test_code_that_no_longer_fits_stops_the_run_until_a_person_resumes_it(
    tmp_path: Path, launch: Launch
) -> None:
    app(tmp_path)
    dev = launch(tmp_path).wait_until_ready()
    run_id = dev.send("greet.wanted", {"id": "f"})["runs"][0]["id"]
    dev.until(run_id, "WAITING")
    app(tmp_path, source=GREETER.replace('io.run_task("first", lambda: "once")', 'io.wait("first", 1)'))
    dev.output.wait_for("Reloaded")
    dev.send("go.on", {}, id="f")
    dev.output.wait_for("no longer fits")
    assert "first" in dev.cli("runs", "get", run_id).stdout

    seen = len(dev.output.lines)
    app(tmp_path, "mended")
    dev.output.wait_for("Reloaded", after=seen)
    assert dev.cli("runs", "resume", run_id).returncode == 0
    assert dev.finished(run_id)["output"] == "mended once"


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────
def refused(folder: Path, *arguments: str, code: int, says: str) -> str:
    """`dev` ends at once with `code` and one line that says so; returns stderr."""
    done = run_cli("dev", *arguments, cwd=folder)
    assert done.returncode == code, done.stderr + done.stdout
    assert re.search(says, done.stderr), done.stderr
    assert "mainspring/" not in done.stderr.replace(".mainspring/", "")
    return done.stderr


def test_a_second_dev_on_the_same_database_is_refused(tmp_path: Path, launch: Launch) -> None:
    app(tmp_path)
    launch(tmp_path).wait_until_ready()
    said = refused(tmp_path, "--port", "0", code=5, says="process is using .*mainspring.db")
    assert said.count("\n") == 1


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    app(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = refused(tmp_path, "--port", port, code=5, says=f"port {port} .*in use.*--port")
    assert said.count("\n") == 1


def test_an_app_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path, "shop.py", "--port", "0", code=3, says=r"shop\.py").count("\n") == 1
    assert refused(tmp_path, "--port", "0", code=3, says=r"no app was found .*app\.py").count("\n") == 1
    (tmp_path / "app.py").write_text("x = 1\n")
    assert refused(tmp_path, "--port", "0", code=3, says=r"app\.py").count("\n") == 1


def test_an_app_that_raises_shows_the_users_own_traceback_only(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import helper\n")
    (tmp_path / "helper.py").write_text("def load():\n    raise RuntimeError('no config')\n\n\nload()\n")
    said = refused(tmp_path, "app.py", "--port", "0", code=1, says="RuntimeError: no config")
    assert "app.py" in said
    assert "helper.py" in said
    assert "importlib" not in said
    assert said.count("Traceback") <= 1


def test_a_syntax_error_is_shown_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("client = (\n")
    assert "app.py" in refused(tmp_path, "app.py", "--port", "0", code=1, says="SyntaxError")


@pytest.mark.parametrize(
    ("name", "source"),
    [
        (
            "DuplicateJob|two jobs|already",
            '@client.job(id="a")\ndef a(): ...\n@client.job(id="a")\ndef b(): ...\n',
        ),
        ("id", '@client.job(id="///")\ndef a(): ...\n'),
        ("trigger", '@client.job(id="a", trigger="order.created")\ndef a(): ...\n'),
    ],
)
def test_a_wrong_definition_is_told_with_its_place(name: str, source: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(f"from mainspring import Client\n\nclient = Client('x')\n\n\n{source}")
    assert 'app.py", line' in refused(tmp_path, "app.py", "--port", "0", code=1, says=name)


def test_a_wrong_database_url_is_refused(tmp_path: Path) -> None:
    app(tmp_path)
    for url in ("mysql://localhost/db", "sqlite:data.db"):
        assert (
            refused(tmp_path, "--port", "0", "--database-url", url, code=2, says="sqlite:///").count("\n")
            == 1
        )


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    app(tmp_path)
    (tmp_path / "notes.db").write_text("these are my notes, " * 100)
    refused(
        tmp_path, "--port", "0", "--database-url", "sqlite:///notes.db", code=6, says="not a usable SQLite"
    )


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    app(tmp_path)
    assert run_cli("db", "upgrade", cwd=tmp_path).returncode == 0
    with sqlite3.connect(tmp_path / ".mainspring" / "mainspring.db") as database:
        table = database.execute("select name from sqlite_master where name like '%migrations%'").fetchone()[
            0
        ]
        database.execute(f"update {table} set number = 9000 where number = (select max(number) from {table})")
    database.close()
    assert refused(tmp_path, "--port", "0", code=5, says="newer version").count("\n") == 1
