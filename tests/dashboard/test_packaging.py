"""Wheel and sdist have the dashboard in them; without node or a registry they are built and say what they lack."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from doc_pages import ROOT
from mainspring.dashboard.pages import BUILT
from processes import PATIENCE, clean_environment

STATIC = "mainspring/dashboard/static"
needs_build = pytest.mark.skipif(
    not (BUILT / "index.html").exists() and not os.environ.get("CI"),
    reason="the dashboard was not built here",
)


def a_clone(folder: Path, *, is_built: bool) -> Path:
    """What a package is built from."""
    left_out = shutil.ignore_patterns("__pycache__", "node_modules", *(() if is_built else ("static",)))
    for name in ("src", "web"):
        shutil.copytree(ROOT / name, folder / name, ignore=left_out)
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "CHANGELOG.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def build(folder: Path, kind: str, **environment: str) -> tuple[Path, str]:
    """The file that was made, and what was said."""
    out = folder / "out"
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(out)],
        cwd=folder,
        env=clean_environment(**environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=5 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = out.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made, done.stdout + done.stderr


def pages_in(names: list[str]) -> set[str]:
    """The kinds of files that the dashboard has in a package."""
    return {Path(name).suffix for name in names if f"{STATIC}/" in name and Path(name).suffix}


@needs_build
def test_the_wheel_has_the_pages(tmp_path: Path) -> None:
    wheel, said = build(a_clone(tmp_path, is_built=True), "wheel")
    names = zipfile.ZipFile(wheel).namelist()
    assert {".html", ".js", ".css", ".woff2", ".svg"} <= pages_in(names)
    assert f"{STATIC}/index.html" in names
    assert "was not built" not in said
    assert not [name for name in names if name.startswith(("web/", "tests/"))]


@needs_build
def test_an_sdist_makes_the_same_wheel_where_there_is_no_node(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    sdist, _ = build(a_clone(clone, is_built=True), "sdist")
    direct, _ = build(clone, "wheel")
    with tarfile.open(sdist) as packed:
        packed.extractall(tmp_path / "sdist", filter="data")
    (unpacked,) = (tmp_path / "sdist").iterdir()
    wheel, said = build(unpacked, "wheel", PATH=str(tmp_path))
    assert "was not built" not in said
    made, expected = (set(zipfile.ZipFile(one).namelist()) for one in (wheel, direct))
    assert made == expected


def test_without_a_registry_the_package_is_built_and_says_what_it_lacks(tmp_path: Path) -> None:
    """The registry is a port at which nobody listens; whatever npm has kept is not seen."""
    npm = {
        "npm_config_registry": "http://127.0.0.1:9",
        "npm_config_fetch_retries": "0",
        "npm_config_cache": str(tmp_path / "cache"),
    }
    clone = tmp_path / "clone"
    clone.mkdir()
    wheel, said = build(a_clone(clone, is_built=False), "wheel", **npm)
    assert "the dashboard was not built, all else is" in said
    names = zipfile.ZipFile(wheel).namelist()
    assert pages_in(names) == set()
    assert "mainspring/dashboard/pages.py" in names


def test_the_pages_may_be_left_out(tmp_path: Path) -> None:
    wheel, said = build(
        a_clone(tmp_path, is_built=False), "wheel", MAINSPRING_SKIP_WEB="1", PATH=str(tmp_path)
    )
    assert pages_in(zipfile.ZipFile(wheel).namelist()) == set()
    assert "was not built" not in said
