"""`SyncIO` is what plain `def` jobs are shown of `io`: the same names, the same arguments."""

import inspect

from mainspring import IO, Client, SyncIO, io
from mainspring.sdk.store import EnvironmentStore
from mainspring.sdk.sync_io import SyncEnvironmentStore


def _names(kind: type, one: object) -> set[str]:
    found = {name for name in dir(kind) if not name.startswith("_")} | set(getattr(one, "__dict__", {}))
    return {name for name in found if not name.startswith("_")}


def test_it_has_the_names_of_io() -> None:
    declared = _names(SyncIO, None) | set(SyncIO.__annotations__)
    assert declared == _names(IO, IO())
    stored = _names(SyncEnvironmentStore, None) | set(SyncEnvironmentStore.__annotations__)
    assert stored == _names(EnvironmentStore, EnvironmentStore())


def test_its_calls_take_what_those_of_io_take() -> None:
    for name in ("send_event", "send_events", "progress", "map", "wait_for_any", "parallel", "now", "uuid"):
        expected, declared = (inspect.signature(getattr(kind, name)).parameters for kind in (IO, SyncIO))
        assert list(declared) == list(expected), name


def test_a_parameter_of_this_type_is_io_whatever_its_name() -> None:
    client = Client("test")

    @client.job(id="plain")
    def plain(tools: SyncIO, payload: str) -> None: ...

    args, kwargs = plain.definition.injection.arguments({"payload": "p", "io": io, "ctx": None})
    assert (args, kwargs) == ([], {"tools": io, "payload": "p"})
