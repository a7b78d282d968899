"""Documentation as something that runs: pages cut into blocks, blocks executed, output compared.

What a block is for stands behind its fence:

- ``python NAME.py``: the file NAME.py, written into the page's folder; it must compile.
- ``python``: a script, run in the page's folder.
- ``console``: commands after `$ `, run in a shell; the lines below each must appear in its output, in that
  order. `...` stands for anything, also for lines left out. Ids, times and durations may differ.
- ``sh``: a script that must succeed, beside the hello example when the page has started nothing yet.
- ``json``, ``toml``: must parse. ``text``: not run.

`mainspring dev` in a console block starts a real one, which serves the rest of the page.
"""

import json
import os
import re
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from ports import free_port
from processes import PATIENCE, Dev, clean_environment

ROOT = Path(__file__).parents[1]

_FENCE = re.compile(r"^```(\w*) ?(\S*)$(.*?)^```$", re.MULTILINE | re.DOTALL)

#: Commands that change nothing: what they show may take a moment to come about.
LOOKS = ("mainspring runs", "mainspring logs", "mainspring store list")

#: Commands that are not run, and why.
NOT_RUN = {
    "make demo": "has a test of its own, tests/docs/test_demo.py",
    "make test": "is what runs this",
    "git clone": "the clone is where this runs",
    "source": "the environment is the one this runs in",
    "pip install": "it is installed",
}


@dataclass(frozen=True, slots=True)
class Block:
    language: str
    name: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Command:
    line: str
    expected: tuple[str, ...]


def pages() -> list[Path]:
    """README, everything under docs/ and the examples' pages."""
    return [
        ROOT / "README.md",
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "examples").rglob("*.md")),
    ]


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(found[1], found[2], found[3].removeprefix("\n"), text.count("\n", 0, found.start()) + 1)
        for found in _FENCE.finditer(text)
    ]


def commands_of(block: Block) -> list[Command]:
    found: list[tuple[str, list[str]]] = []
    is_continued = False
    for line in block.text.splitlines():
        if is_continued:
            found[-1] = (found[-1][0] + "\n" + line, [])
        elif line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        elif line.strip():
            assert found, f"line {block.line}: output before the first command"
            found[-1][1].append(line)
        is_continued = bool(found) and not found[-1][1] and found[-1][0].endswith("\\")
    return [Command(line, tuple(expected)) for line, expected in found]


@dataclass
class Reader:
    """Someone who follows a page from top to bottom, in a folder of their own."""

    folder: Path
    port: int = field(default_factory=free_port)
    dev: Dev | None = None
    #: What the page asks its reader to set up.
    env: dict[str, str] = field(default_factory=dict)

    def follow(self, block: Block) -> None:
        """Do what the block says."""
        if block.language == "python":
            self._python(block)
        elif block.language == "console":
            for command in commands_of(block):
                self._command(command)
        elif block.language == "sh":
            if self.dev is None:
                self._start_dev([str(ROOT / "examples" / "hello" / "app.py")])
            self._shell(f"set -e\n{block.text}", MAINSPRING_API_KEY=self.dev.key if self.dev else "")
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "toml":
            tomllib.loads(block.text)
        else:
            assert block.language == "text", (
                f"line {block.line}: a block that nothing runs: {block.language!r}"
            )

    def close(self) -> None:
        if self.dev is not None:
            self.dev.close()

    def _python(self, block: Block) -> None:
        compile(block.text, block.name or "script", "exec", dont_inherit=True, flags=0)
        if block.name:
            reloads = self.dev is not None and (self.folder / block.name).exists()
            seen = len(self.dev.output.lines) if self.dev else 0
            (self.folder / block.name).write_text(block.text, encoding="utf-8")
            if reloads and self.dev is not None:
                self.dev.output.wait_for("Reloaded", after=seen)
        else:
            script = self.folder / f"script_{block.line}.py"
            script.write_text(block.text, encoding="utf-8")
            self._shell(f"{sys.executable} {script.name}")

    def _command(self, command: Command) -> None:
        if any(command.line.startswith(words) for words in NOT_RUN):
            return
        if command.line.startswith("cd "):
            self.folder = self.folder / command.line.removeprefix("cd ")
            return
        if command.line.startswith("mainspring dev"):
            said = self._start_dev(command.line.split()[2:])
        else:
            said = self._shell(command.line)
        deadline = time.monotonic() + PATIENCE
        while command.line.startswith(LOOKS) and _missing(command, said) and time.monotonic() < deadline:
            said = self._shell(command.line)  # a reader looks again when what was started is not through yet
        missing = _missing(command, said)
        assert missing is None, (
            f"$ {command.line}\nsaid:\n{said}\nwithout (or not after the line before): {missing}"
        )

    def _start_dev(self, arguments: list[str]) -> str:
        if self.dev is not None:  # pages that start it again have told the reader to kill it
            self.dev.kill_everything()
        inside = [str(ROOT / word) if word.startswith("examples/") else word for word in arguments]
        self.dev = Dev.start(self.folder, *inside, port=self.port).wait_until_ready()
        return self.dev.output.text()

    def _shell(self, line: str, **env: str) -> str:
        line = line.replace(":2020", f":{self.port}")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=clean_environment(
                PATH=path, MAINSPRING_API_URL=f"http://127.0.0.1:{self.port}", **self.env, **env
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert "Traceback" not in done.stdout, f"$ {line}\n{done.stdout}"
        return done.stdout


def _missing(command: Command, said: str) -> str | None:
    """The first expected line that is not there, or not after the one before it."""
    lines = iter([_same(line) for line in said.splitlines()])
    for expected in command.expected:
        pattern = ".*".join(re.escape(part) for part in _same(expected).split("..."))
        if not any(re.fullmatch(pattern, line) for line in lines):
            return expected
    return None


def _same(line: str) -> str:
    """`line` without what differs from run to run."""
    line = re.sub(r"\b(run|evt|wrk)_[0-9A-Z]{26}\b", r"\1_...", line)
    line = re.sub(r"tr_dev_\w+", "tr_dev_...", line)
    line = re.sub(r"\b\d\d:\d\d:\d\d\b", "00:00:00", line)
    line = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", line)
    line = re.sub(r"(\S+ )[0-9A-Z]{4}( [▶✔✘↻⏸│■→!])", r"\1....\2", line)
    line = re.sub(r"\b\d+(\.\d+)?( ?)(µs|ms|s)\b", r"0\2s", line)
    return re.sub(r"\s+", " ", line).strip()
