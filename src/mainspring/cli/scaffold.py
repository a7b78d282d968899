"""What `init` writes: the files of a small app that works, and the files around them."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from mainspring.cli.frameworks import Framework
from mainspring.errors import Conflict
from mainspring.server.dev_key import new_key

IGNORED = (".env", ".mainspring/", ".venv/", "__pycache__/")

_PYPROJECT = Template("""[project]
name = "$name"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = [$dependencies]

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


def write(directory: Path, name: str, framework: Framework) -> Written:
    """Write the files of an app into `directory`; Conflict (and nothing written) when one is in the way."""
    files = {directory / path: text for path, text in framework.texts(name).items()}
    in_the_way = [str(path) for path in files if path.exists()]
    if in_the_way:
        raise Conflict(
            f"{' and '.join(in_the_way)} already exist{'s' if len(in_the_way) == 1 else ''}, nothing was written",
            mend="Choose another folder: `mainspring init DIR`.",
        )
    directory.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    done = [("wrote", path) for path in files]
    done += [_dotenv(directory / ".env"), _gitignore(directory / ".gitignore")]
    done.append(_pyproject(directory / "pyproject.toml", name, framework.requires))
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


def _pyproject(path: Path, name: str, requires: Sequence[str]) -> tuple[str, Path]:
    if path.exists():
        return "kept", path
    dependencies = ", ".join(f'"{package}"' for package in ("mainspring", *requires))
    path.write_text(_PYPROJECT.substitute(name=name, dependencies=dependencies), encoding="utf-8")
    return "wrote", path


def _on_new_line(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
