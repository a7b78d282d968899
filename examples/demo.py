"""`make demo`: the platform, a worker with the examples, one real event followed to the end of its run.

Afterwards it stays up until ctrl-C, or with `--once` stops by itself. Other arguments go to `mainspring dev`.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

APP = Path(__file__).with_name("demo_app.py")
MAINSPRING = (sys.executable, "-m", "mainspring")
IS_WATCHED = sys.stdout.isatty() and not os.environ.get("CI")
ONCE = "--once" in sys.argv[1:]
DEV_ARGUMENTS = [argument for argument in sys.argv[1:] if argument != "--once"]
#: Its commands write to pipes of ours; the colours are for whoever watches.
ENVIRONMENT = {**os.environ, "PYTHONUNBUFFERED": "1"}
if IS_WATCHED and not os.environ.get("NO_COLOR"):
    ENVIRONMENT["FORCE_COLOR"] = "1"


class Platform:
    """`mainspring dev` with the example. Its output is shown, except while a run is being followed."""

    def __init__(self) -> None:
        self.is_muted = False
        self.url = ""
        self._is_ready = threading.Event()
        self.process = subprocess.Popen(
            [*MAINSPRING, "dev", str(APP), *DEV_ARGUMENTS],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # ctrl-C comes to us, and we stop it in order
        )
        self._echo = threading.Thread(target=self._read, daemon=True)
        self._echo.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if not self.is_muted:
                print(line, end="", flush=True)
            if "http://" in line and not self.url:
                self.url = line[line.index("http://") :].strip()
            if "Ready." in line:
                self.is_muted = True
                self._is_ready.set()
        self._is_ready.set()

    def wait_until_ready(self) -> None:
        self._is_ready.wait()
        if not self.is_muted:
            sys.exit(self.process.wait())

    def stop(self) -> int:
        self.is_muted = False
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self._echo.join()
        return self.process.wait()


def mainspring(*arguments: str) -> int:
    """Show a command and run it."""
    shown = " ".join(f"'{word}'" if set(word) & set('{" ') else word for word in arguments)
    print(f"\n$ mainspring {shown}", flush=True)
    return subprocess.run([*MAINSPRING, *arguments], env=ENVIRONMENT, check=False).returncode


def demonstrate() -> int:
    """Send an order, follow it, look at it."""
    order = f"order-{int(time.time())}"
    code = mainspring("send", "order.created", f'{{"id": "{order}", "amount": 120}}', "--wait")
    mainspring("runs", "--limit", "5")
    return code


def main() -> int:
    for ending in (
        signal.SIGTERM,
        getattr(signal, "SIGHUP", signal.SIGTERM),
    ):  # SIGHUP: the terminal was closed
        signal.signal(ending, signal.default_int_handler)
    platform = Platform()
    try:
        platform.wait_until_ready()
        code = demonstrate()
        if ONCE or code:
            return code
        print(
            f"\nThe platform goes on running; {platform.url} in a browser is its dashboard.\n"
            "In another terminal, in this folder:\n"
            f'  curl -X POST {platform.url}/api/v1/events -H "Authorization: Bearer $(cat .mainspring/key)" '
            '-d \'{"name": "hello.world", "payload": {"who": "Ada"}}\'\n'
            '  .venv/bin/mainspring send order.created \'{"id": "o-2", "amount": 5000}\'   # waits for an approval\n'
            "  .venv/bin/mainspring send order.approved '{\"approved\": true}' --id o-2\n"
            "  .venv/bin/mainspring runs\n"
            "ctrl-C stops it.\n",
            flush=True,
        )
        platform.is_muted = False
        return platform.process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        platform.stop()


if __name__ == "__main__":
    sys.exit(main())
