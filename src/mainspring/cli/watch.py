"""Which saved files mean that the app should be reloaded, and the waiting for them."""

from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch

#: Settings that the worker reads when it starts.
_SETTINGS = {".env", "mainspring.toml", "pyproject.toml"}
#: Several files saved at once are one reload (milliseconds).
_DEBOUNCE = 200


class AppFiles(DefaultFilter):
    """Python files and settings, outside virtual environments, caches and the data directory."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(ignore_paths=[data_dir.resolve()])

    def __call__(self, change: Change, path: str) -> bool:
        name = Path(path).name
        return (name.endswith(".py") or name in _SETTINGS) and super().__call__(change, path)


def root_of(app: str) -> Path:
    """The folder to watch: of `shop/app.py` its own, of `shop.app:client` the working directory."""
    path = Path(app.split(":")[0])
    return path.resolve().parent if path.suffix == ".py" else Path.cwd()


async def saves(app: str, data_dir: Path) -> AsyncIterator[list[str]]:
    """The names of the files that were saved, each time some were."""
    root = root_of(app)
    async for changes in awatch(root, watch_filter=AppFiles(data_dir), debounce=_DEBOUNCE, step=50):
        yield sorted({str(Path(path).relative_to(root)) for _, path in changes})
