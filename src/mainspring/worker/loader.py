"""From a reference like `app:client` or `app.py` to the client it names, with errors a newcomer can act on."""

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from mainspring.errors import AppLoadError, AppNotFound
from mainspring.sdk.client import Client
from mainspring.worker.failures import traceback_of

#: Files looked for, in this order, when no app is named.
USUAL_PLACES = ("app.py", "main.py", "jobs.py", "app/__init__.py", "app/main.py", "src/app.py", "src/main.py")
#: Names that win when a module has several clients.
_USUAL_NAMES = ("client", "app", "mainspring")


def load_client(ref: str, folder: Path | None = None) -> Client:
    """The client that `ref` names: `app:client`, `app.py`, `app.py:client`, `pkg.module`.

    Modules are looked for in `folder` (the current one), paths are relative to it. Raises AppNotFound, and
    AppLoadError with the user's frames when importing the app raises.
    """
    folder = (folder or Path.cwd()).resolve()
    place, _, name = _split(ref)
    root, module_name = _locate(place, folder)
    for path in (str(folder), str(root)):
        if path not in sys.path:
            sys.path.insert(0, path)
    module = _import(module_name, ref)
    return _named(module, name, ref) if name else _only_client(module, ref)


def find_app(folder: Path | None = None) -> str:
    """A reference of the app in `folder`, found at one of the usual places. Raises AppNotFound."""
    folder = folder or Path.cwd()
    for place in USUAL_PLACES:
        path = folder / place
        if path.is_file() and "mainspring" in path.read_text(encoding="utf-8", errors="replace"):
            return place
    raise AppNotFound(f"no app was found in {folder} (looked for {', '.join(USUAL_PLACES)})")


def _split(ref: str) -> tuple[str, str, str]:
    """Place and name; a Windows drive's colon is not the separator."""
    head, colon, tail = ref.rpartition(":")
    if not colon or "/" in tail or "\\" in tail or (len(head) == 1 and head.isalpha()):
        return ref, "", ""
    if not head or not tail:
        raise AppNotFound(f"'{ref}' is not a reference of an app")
    return head, colon, tail


def _locate(place: str, folder: Path) -> tuple[Path, str]:
    """The folder to import from, and the module's full name."""
    looks_like_path = place.endswith(".py") or "/" in place or "\\" in place
    if not looks_like_path:
        return folder, place
    path = (folder / place).resolve()
    if path.is_dir() and (path / "__init__.py").is_file():
        path = path / "__init__.py"
    if not path.is_file():
        raise AppNotFound(f"there is no file {place} in {folder}")
    parts = [] if path.name == "__init__.py" else [path.stem]
    root = path.parent
    while (root / "__init__.py").is_file() and root.parent != root:
        parts.insert(0, root.name)
        root = root.parent
    return root, ".".join(parts)


def _import(name: str, ref: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name == missing or name.startswith(missing + "."):
            raise AppNotFound(f"there is no module '{missing}' (the app was given as '{ref}')") from None
        raise _load_error(ref, error) from None
    except (Exception, SystemExit) as error:
        raise _load_error(ref, error) from None


def _load_error(ref: str, error: BaseException) -> AppLoadError:
    shown = traceback_of(error) or "".join(traceback.format_exception_only(error))
    return AppLoadError(f"importing '{ref}' raised {type(error).__name__}: {error}", traceback=shown)


def _named(module: ModuleType, name: str, ref: str) -> Client:
    found: object = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if isinstance(found, Client):
        return found
    others = ", ".join(sorted(_clients(module)))
    hint = f"; it has: {others}" if others else "; it has no client at all"
    if found is None:
        raise AppNotFound(f"the module '{module.__name__}' has no '{name}'{hint}")
    raise AppNotFound(f"'{name}' in '{module.__name__}' is a {type(found).__name__}, not a Client{hint}")


def _only_client(module: ModuleType, ref: str) -> Client:
    clients = _clients(module)
    for name in _USUAL_NAMES:
        if name in clients:
            return clients[name]
    if len({id(client) for client in clients.values()}) == 1:
        return next(iter(clients.values()))
    if not clients:
        raise AppNotFound(f"'{ref}' has no Client", mend='Make one: client = Client("shop").')
    names = ", ".join(sorted(clients))
    raise AppNotFound(f"'{ref}' has several clients: {names}", mend=f"Name one, like {ref}:{min(clients)}.")


def _clients(module: ModuleType) -> dict[str, Client]:
    return {name: value for name, value in vars(module).items() if isinstance(value, Client)}
