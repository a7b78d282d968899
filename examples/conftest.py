"""The examples' own tests run them for real: `mainspring dev` on a free port, events, results."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from processes import Dev


@pytest.fixture
def dev(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Dev]]:
    """Starts the example that the test stands in; its data is in a folder of the test's own."""
    app = request.path.parent / "app.py"
    started: list[Dev] = []

    def start() -> Dev:
        running = Dev.start(tmp_path, str(app))
        started.append(running)
        return running.wait_until_ready()

    yield start
    for running in started:
        running.close()
