"""`init`: what it writes works, and it overwrites nothing."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from processes import Dev, clean_environment, run_cli
from sites import Site


def test_it_writes_an_app_that_works_at_once(tmp_path: Path, launch: Callable[..., Dev]) -> None:
    done = run_cli("init", "shop", "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "mainspring dev" in done.stderr
    folder = tmp_path / "shop"

    key = re.fullmatch(r"MAINSPRING_API_KEY=(tr_[a-z]+_[a-zA-Z0-9]+)\n", (folder / ".env").read_text())
    assert key is not None
    assert ".env" in (folder / ".gitignore").read_text().split()
    assert (folder / ".env").stat().st_mode & 0o077 == 0

    dev = launch(folder)
    dev.output.wait_for(r"Registered job: hello")
    dev.wait_until_ready()
    sent = dev.cli("send", "hello.world", '{"who": "Ada"}', "--wait")
    assert sent.returncode == 0, sent.stderr
    assert "Hello, Ada!" in sent.stderr


def test_the_test_it_writes_passes(tmp_path: Path) -> None:
    run_cli("init", "--yes", "--name", "My Shop", cwd=tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert 'Client("my-shop")' in (tmp_path / "app.py").read_text()
    assert 'name = "my-shop"' in (tmp_path / "pyproject.toml").read_text()


def test_it_refuses_to_overwrite_and_then_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("mine = True\n")
    done = run_cli("init", "--yes", cwd=tmp_path)
    assert done.returncode == 5
    assert "app.py already exists" in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]
    assert (tmp_path / "app.py").read_text() == "mine = True\n"


def test_what_is_there_is_kept_and_added_to(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SECRET=1")
    (tmp_path / ".gitignore").write_text("*.log\n.env\n")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'mine'\n")
    done = run_cli("init", "--yes", "--json", cwd=tmp_path)
    assert done.returncode == 0
    did = {Path(file["path"]).name: file["did"] for file in json.loads(done.stdout)["files"]}
    assert did == {
        "app.py": "wrote",
        "test_app.py": "wrote",
        ".env": "extended",
        ".gitignore": "extended",
        "pyproject.toml": "kept",
    }
    assert (tmp_path / ".env").read_text().startswith("SECRET=1\nMAINSPRING_API_KEY=tr_dev_")
    assert (tmp_path / ".gitignore").read_text().split().count(".env") == 1


def test_a_key_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MAINSPRING_API_KEY=tr_dev_mine\n")
    run_cli("init", "--yes", cwd=tmp_path)
    assert (tmp_path / ".env").read_text() == "MAINSPRING_API_KEY=tr_dev_mine\n"


def test_an_unknown_framework_is_a_usage_error(tmp_path: Path) -> None:
    done = run_cli("init", "--yes", "--framework", "rails", cwd=tmp_path)
    assert done.returncode == 2
    assert "plain" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("framework", "arguments"),
    [
        ("fastapi", ["-m", "uvicorn", "app:app"]),
        ("flask", ["-m", "flask", "run"]),
        ("django", ["manage.py", "runserver", "--noreload"]),
    ],
)
def test_the_app_of_every_framework_works_at_once(
    framework: str, arguments: list[str], tmp_path: Path, launch: Callable[..., Dev]
) -> None:
    done = run_cli("init", "--yes", "--framework", framework, "--name", "shop", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f'"mainspring", "{framework}"' in (tmp_path / "pyproject.toml").read_text()
    assert ("mainspring dev" in done.stderr) is (framework != "fastapi")

    url = "" if framework == "fastapi" else launch(tmp_path).wait_until_ready().url
    site = Site.start(tmp_path, arguments, MAINSPRING_API_URL=url)
    try:
        status, answer = site.request("POST", "/hello", {"who": "Ada"})
        assert status == 200, answer
        assert site.until(f"/runs/{answer['run']}", "status", "SUCCESS")["output"] == {
            "greeting": "Hello, Ada!"
        }
    finally:
        site.close()

    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    assert tested.returncode == 0, tested.stdout
