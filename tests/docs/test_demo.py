"""`make demo`, as the Makefile runs it."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from doc_pages import ROOT
from mainspring.dashboard.pages import BUILT
from ports import free_port
from processes import PATIENCE, Output, clean_environment


def test_the_demo_follows_an_order_to_its_end_and_stops(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo.py"), "--once", "--port", str(free_port())],
        cwd=tmp_path,
        env=clean_environment(CI="true"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "http://127.0.0.1:" in done.stdout
    assert done.stdout.count("busy, try again") == 2
    assert "waits until" in done.stdout
    assert '"status": "shipped"' in done.stdout
    assert "Registered job: fulfil-order" in done.stdout
    assert "Registered job: hello" in done.stdout


def test_the_demo_says_where_the_dashboard_is_and_it_is_there(tmp_path: Path) -> None:
    if not (BUILT / "index.html").exists() and not os.environ.get("CI"):
        pytest.skip("the dashboard was not built here")
    demo = subprocess.Popen(
        [sys.executable, str(ROOT / "examples" / "demo.py"), "--port", str(free_port())],
        cwd=tmp_path,
        env=clean_environment(CI="true"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert demo.stdout is not None
    try:
        url = Output(demo.stdout).wait_for(r"(http://127\.0\.0\.1:\d+) in a browser is its dashboard")[1]
        document = _read(url)
        named = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', document)
        assert len(named) >= 2
        assert all(_read(f"{url}/{name}") for name in named)
    finally:
        demo.send_signal(signal.SIGINT)
        assert demo.wait(PATIENCE) == 0


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        assert answer.status == 200
        return str(answer.read().decode())


def test_make_demo_runs_it() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert "examples/demo.py" in makefile
    assert "\ndemo:" in makefile
    assert "\ntest:" in makefile
