"""The pytest plugin: the fixture `mainspring`, an environment of the test's own. The only room that knows pytest.

It is loaded in every test session, so it stands beside the kit and imports it only for a test that asks for it.
"""

import functools
import inspect
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

#: What workers leave behind that a test made die: threads that were ended where they stood.
_KILLED = (
    "ignore:Exception in thread mainspring-(committer|keeper):pytest.PytestUnhandledThreadExceptionWarning"
)

_MARK = "mainspring(*clients, now=None, always_replay=False, slots=10): how the fixture `mainspring` is made"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "mainspring_client", 'client of the fixture `mainspring`, as "shop.app:client"', type="args"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARK)
    _leave_our_asserts(config)


def _leave_our_asserts(config: pytest.Config) -> None:
    """Pytest rewrites the asserts of every module of a package that brings a plugin. There is nothing in it for users,
    each module takes several times as long to load, and Python 3.11 fails at it where the stack is deep."""
    hook: Any = config.pluginmanager.rewrite_hook
    marked: set[str] = getattr(hook, "_must_rewrite", set())
    marked -= {name for name in marked if name.partition(".")[0] == "mainspring"}
    getattr(hook, "_marked_for_rewrite_cache", {}).clear()


@pytest.fixture
def mainspring_clients(request: pytest.FixtureRequest) -> list[Any]:
    """The clients whose jobs the fixture `mainspring` can run. Override it, or set mainspring_client."""
    references = request.config.getini("mainspring_client")
    if not references:
        return []
    # What a test session that uses none of it does not pay for.
    from mainspring.worker.loader import load_client

    return [load_client(reference, request.config.rootpath) for reference in references]


@pytest.fixture
def mainspring(request: pytest.FixtureRequest, mainspring_clients: list[Any]) -> Iterator[Any]:
    """An `Environment`: the real engine and workers, in memory, on a clock of the test's own."""
    # What a test session that uses none of it does not pay for.
    from mainspring.testing.environment import Environment

    mark = request.node.get_closest_marker("mainspring")
    clients, options = ((), {}) if mark is None else (mark.args, mark.kwargs)
    environment = Environment(*mainspring_clients, *clients, **options)
    try:
        yield environment
    finally:
        environment.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and "mainspring" in item.fixturenames:
            item.add_marker(pytest.mark.filterwarnings(_KILLED))
            if inspect.iscoroutinefunction(item.obj):
                item.obj = _closing(item.obj, item)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    called = yield
    environment: Any = pyfuncitem.funcargs.get("mainspring")
    if hasattr(environment, "check_plans") and not environment.is_over:
        environment.check_plans()
    return called


def _closing(test: Callable[..., Any], item: pytest.Function) -> Callable[..., Any]:
    """The test, and then the end of its environment while the event loop still turns."""

    @functools.wraps(test)
    async def run(*args: Any, **fixtures: Any) -> Any:
        environment: Any = item.funcargs["mainspring"]
        try:
            result = await test(*args, **fixtures)
            environment.check_plans()
            return result
        finally:
            environment.close()

    return run
