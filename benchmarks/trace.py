"""Scrolls the trace of a run with many tasks in a real browser, and counts the frames.

    python benchmarks/trace.py --tasks 20000

It fills a SQLite database of its own, starts `mainspring dev` on it, asks for the trace twenty times (with gzip), opens
the page of the run in Debian's chromium, and scrolls from the first row to the last for some seconds.
"""

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

from mainspring.bench.bulk import Load, fill

KEY = "tr_dev_benchmark"
APP = 'from mainspring import Client\n\nclient = Client("bench")\n'
#: Scrolls a little with each frame, and tells how long each took (ms).
SCROLL = """seconds => new Promise(done => {
  const grid = document.querySelector("[role=treegrid]");
  const end = grid.scrollHeight - grid.clientHeight, frames = [];
  const began = performance.now();
  let last = began;
  const frame = now => {
    frames.push(now - last);
    last = now;
    grid.scrollTop = end * Math.min(1, (now - began) / (seconds * 1000));
    if (now - began < seconds * 1000) requestAnimationFrame(frame); else done(frames.slice(1));
  };
  requestAnimationFrame(frame);
})"""


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--tasks", type=int, default=20_000)
    options.add_argument("--port", type=int, default=2399)
    options.add_argument("--seconds", type=float, default=8)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/trace.db"
        fill(url, Load(1, asked.tasks, 0, 0, is_told=False), lambda runs: None)
        (Path(folder) / "app.py").write_text(APP)
        command = [*(sys.executable, "-m", "mainspring", "dev", "app.py"), "--database-url", url]
        server = subprocess.Popen(
            [*command, "--port", str(asked.port)],
            cwd=folder,
            env={**os.environ, "MAINSPRING_API_KEY": KEY},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None
            for line in server.stdout:
                if "Ready" in line:
                    break
            base = f"http://127.0.0.1:{asked.port}"
            run_id = json.loads(_get(f"{base}/api/v1/runs?limit=1"))["data"][0]["id"]
            print(
                json.dumps({**_answers(f"{base}/api/v1/runs/{run_id}/trace"), **_frames(base, run_id, asked)})
            )
        finally:
            server.terminate()
            server.wait()


def _get(url: str) -> bytes:
    request = urllib.request.Request(
        url, headers={"Authorization": f"Bearer {KEY}", "Accept-Encoding": "gzip"}
    )
    with urllib.request.urlopen(request) as answer:
        body: bytes = answer.read()
        return gzip.decompress(body) if answer.headers.get("content-encoding") == "gzip" else body


def _answers(url: str) -> dict[str, float]:
    took = []
    for _ in range(20):
        began = time.perf_counter()
        _get(url)
        took.append((time.perf_counter() - began) * 1_000)
    return {"trace_ms_p50": round(statistics.median(took), 1), "trace_ms_max": round(max(took), 1)}


def _frames(base: str, run_id: str, asked: argparse.Namespace) -> dict[str, float]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        began = time.perf_counter()
        page.goto(f"{base}/runs/{run_id}")
        page.wait_for_selector(".trace .row")
        shown = (time.perf_counter() - began) * 1_000
        # Tasks of one name are one row until it is opened.
        for fold in page.get_by_label("Unfold").all():
            fold.click()
        frames: list[float] = page.evaluate(SCROLL, asked.seconds)
        rows = page.get_by_role("row").count()
        count = int(page.get_by_role("treegrid").get_attribute("aria-rowcount") or 0)
        browser.close()
    return {
        "rows": count,
        "rows_in_document": rows,
        "first_row_ms": round(shown),
        "fps": round(1_000 / statistics.fmean(frames), 1),
        "frame_ms_p95": round(sorted(frames)[int(len(frames) * 0.95)], 1),
        "frame_ms_max": round(max(frames), 1),
    }


if __name__ == "__main__":
    main()
