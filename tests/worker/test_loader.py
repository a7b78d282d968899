"""From a reference to a client, and what a newcomer reads when that fails."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mainspring import Client
from mainspring.errors import AppLoadError, AppNotFound
from mainspring.worker.loader import find_app, load_client

APP = """
from mainspring import Client
client = Client("shop")

@client.job(id="hello")
async def hello():
    ...
"""


@pytest.fixture(autouse=True)
def fresh_imports() -> Iterator[None]:
    modules, path = set(sys.modules), list(sys.path)
    yield
    for name in set(sys.modules) - modules:
        del sys.modules[name]
    sys.path[:] = path


def write(folder: Path, name: str, text: str = APP) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    "ref", ["shop_app", "shop_app:client", "shop_app.py", "shop_app.py:client", "./shop_app.py"]
)
def test_an_app_is_found_by_module_or_path(tmp_path: Path, ref: str) -> None:
    write(tmp_path, "shop_app.py")
    client = load_client(ref, tmp_path)
    assert isinstance(client, Client)
    assert list(client.registered) == ["hello"]


@pytest.mark.parametrize(
    "ref", ["shop_pkg.jobs", "shop_pkg/jobs.py", "shop_pkg/jobs.py:client", "src/shop_pkg/jobs.py"]
)
def test_a_module_of_a_package_is_imported_as_such(tmp_path: Path, ref: str) -> None:
    folder = tmp_path / "src" if ref.startswith("src") else tmp_path
    write(folder, "shop_pkg/__init__.py", "NAME = 'shop'")
    write(folder, "shop_pkg/jobs.py", "from . import NAME\n" + APP.replace('"shop"', "NAME"))
    assert load_client(ref, tmp_path).name == "shop"


def test_a_package_may_hold_the_client_itself(tmp_path: Path) -> None:
    write(tmp_path, "shop_pkg2/__init__.py")
    assert load_client("shop_pkg2", tmp_path).name == "shop"
    assert load_client("shop_pkg2/", tmp_path).name == "shop"


def test_one_of_several_clients_must_be_named(tmp_path: Path) -> None:
    write(tmp_path, "many_app.py", 'from mainspring import Client\nb = Client("b")\na = Client("a")\n')
    with pytest.raises(AppNotFound, match=r"several clients: a, b.*many_app\.py:a"):
        load_client("many_app.py", tmp_path)
    assert load_client("many_app.py:b", tmp_path).name == "b"


@pytest.mark.parametrize(
    ("ref", "says"),
    [
        ("nowhere_app.py", "there is no file nowhere_app.py in "),
        ("nowhere_app", "there is no module 'nowhere_app'"),
        ("nowhere_app.jobs:client", "there is no module 'nowhere_app'"),
        ("shop_app2:other", "the module 'shop_app2' has no 'other'; it has: client"),
        ("shop_app2:hello", "'hello' in 'shop_app2' is a Job, not a Client; it has: client"),
        ("shop_app2:", "'shop_app2:' is not a reference of an app"),
        ("empty_app", "'empty_app' has no Client"),
    ],
)
def test_what_is_not_there_is_said(tmp_path: Path, ref: str, says: str) -> None:
    write(tmp_path, "shop_app2.py")
    write(tmp_path, "empty_app.py", "")
    with pytest.raises(AppNotFound) as found:
        load_client(ref, tmp_path)
    assert says in str(found.value)


@pytest.mark.parametrize(
    ("text", "says", "shows"),
    [
        ("def f():\n    return 1 / 0\nf()", "ZeroDivisionError", "in f"),
        ("import no_such_package_at_all", "ModuleNotFoundError", "import no_such_package_at_all"),
        ("def f(:\n", "SyntaxError", "def f(:"),
        ("import sys\nsys.exit('bye')", "SystemExit", "sys.exit"),
        (APP + APP.split("\n\n", 1)[1], "DuplicateJob", '@client.job(id="hello")'),
    ],
)
def test_an_app_that_raises_shows_the_users_frames_alone(
    tmp_path: Path, text: str, says: str, shows: str
) -> None:
    write(tmp_path, "broken_app.py", text)
    with pytest.raises(AppLoadError) as found:
        load_client("broken_app.py", tmp_path)
    assert says in str(found.value)
    assert shows in found.value.traceback
    assert "importlib" not in found.value.traceback
    assert "src/mainspring/" not in found.value.traceback


def test_an_app_is_found_at_the_usual_places(tmp_path: Path) -> None:
    with pytest.raises(AppNotFound, match=r"app\.py"):
        find_app(tmp_path)
    write(tmp_path, "main.py")
    assert find_app(tmp_path) == "main.py"
    write(tmp_path, "app.py", "print('something else')")
    assert find_app(tmp_path) == "main.py"
