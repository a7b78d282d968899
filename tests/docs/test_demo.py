"""`make demo`, as the Makefile runs it."""

import subprocess
import sys
from pathlib import Path

from doc_pages import ROOT
from ports import free_port
from processes import PATIENCE, clean_environment


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


def test_make_demo_runs_it() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert "examples/demo.py" in makefile
    assert "\ndemo:" in makefile
    assert "\ntest:" in makefile
