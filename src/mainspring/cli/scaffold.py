"""What `init` writes: a small app that works, its test, and the files around them."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template

from mainspring.errors import Conflict
from mainspring.server.dev_key import new_key

IGNORED = (".env", ".mainspring/", ".venv/", "__pycache__/")

_APP = Template('''"""$name: a Mainspring app. `mainspring dev` runs it and reloads it when you save."""

from mainspring import IO, Client, event_trigger, task
from pydantic import BaseModel

client = Client("$name")


class Hello(BaseModel):
    who: str = "world"


@task(retry=3)
async def compose(who: str) -> str:
    """A durable task: its result is kept, and it is tried up to three times."""
    return f"Hello, {who}!"


@client.job(id="hello", name="Say hello", trigger=event_trigger("hello.world"))
async def hello(payload: Hello, io: IO) -> dict[str, str]:
    greeting = await compose(payload.who)
    await io.wait("1 second")  # costs nothing, and survives a crash
    io.logger.info(greeting, who=payload.who)
    return {"greeting": greeting}
''')

_TEST = '''"""A task is a function like any other outside a run, so it is tested like one."""

import asyncio

from app import Hello, compose


def test_the_greeting_names_who_is_greeted() -> None:
    assert asyncio.run(compose("Ada")) == "Hello, Ada!"


def test_the_payload_has_a_default() -> None:
    assert Hello().who == "world"
'''

_PYPROJECT = Template("""[project]
name = "$name"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["mainspring"]

[dependency-groups]
dev = ["pytest"]
""")


@dataclass(frozen=True, slots=True)
class Written:
    """What happened to each file, in order: ("wrote" | "extended" | "kept", path)."""

    files: tuple[tuple[str, Path], ...]


def slug(name: str) -> str:
    """`name` as a project name: lower case, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "app"


def write(directory: Path, name: str) -> Written:
    """Write the files of a plain app into `directory`; Conflict (and nothing written) when one is in the way."""
    files = {directory / "app.py": _APP.substitute(name=name), directory / "test_app.py": _TEST}
    in_the_way = [str(path) for path in files if path.exists()]
    if in_the_way:
        raise Conflict(
            f"{' and '.join(in_the_way)} already exist{'s' if len(in_the_way) == 1 else ''}, nothing was written",
            mend="Choose another folder: `mainspring init DIR`.",
        )
    directory.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    done = [("wrote", path) for path in files]
    done += [_dotenv(directory / ".env"), _gitignore(directory / ".gitignore")]
    done.append(_pyproject(directory / "pyproject.toml", name))
    return Written(tuple(done))


def _dotenv(path: Path) -> tuple[str, Path]:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if re.search(r"^\s*(export\s+)?MAINSPRING_API_KEY\s*=", before, re.MULTILINE):
        return "kept", path
    # Only its owner may read the file that is made here; the mode of one that is there stays.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(_on_new_line(before) + f"MAINSPRING_API_KEY={new_key()}\n")
    return "extended" if before else "wrote", path


def _gitignore(path: Path) -> tuple[str, Path]:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    missing = [line for line in IGNORED if line not in before.split()]
    if not missing:
        return "kept", path
    path.write_text(_on_new_line(before) + "\n".join(missing) + "\n", encoding="utf-8")
    return "extended" if before else "wrote", path


def _pyproject(path: Path, name: str) -> tuple[str, Path]:
    if path.exists():
        return "kept", path
    path.write_text(_PYPROJECT.substitute(name=name), encoding="utf-8")
    return "wrote", path


def _on_new_line(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
