"""The part of the API that the dashboard's client is generated from.

`PYTHONPATH=tests python -m dashboard.contract` writes it anew.
"""

import json
from pathlib import Path
from typing import Any, cast

from mainspring.server.app import create_app
from mainspring.server.call import Services

PLACE = Path(__file__).parents[2] / "web" / "openapi.json"


def contract() -> str:
    """All routes below /api/v1 and the shapes they name, without their descriptions."""
    described = create_app(cast(Services, None)).openapi()
    paths = {path: route for path, route in described["paths"].items() if path.startswith("/api/v1/")}
    shapes = described["components"]["schemas"]
    needed = _named(paths, shapes)
    kept = {
        "openapi": described["openapi"],
        "info": described["info"],
        "paths": paths,
        "components": {"schemas": {name: shapes[name] for name in needed}},
    }
    return json.dumps(_plain(kept), indent=1, sort_keys=True) + "\n"


def _named(value: Any, shapes: dict[str, Any]) -> set[str]:
    """The shapes that `value` refers to, and those that they do."""
    found: set[str] = set()
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            name = str(one.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                left.append(shapes[name])
            left += one.values()
        elif isinstance(one, list):
            left += one
    return found


def _plain(value: Any) -> Any:
    """Without what is written for readers: a reworded sentence changes no client."""
    if isinstance(value, dict):
        said = {"description", "summary", "example", "examples"}
        return {
            name: _plain(each)
            for name, each in value.items()
            if not (name in said and isinstance(each, str | list))
        }
    return [_plain(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    PLACE.write_text(contract())
