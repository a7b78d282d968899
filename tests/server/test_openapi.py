"""Every route is in the OpenAPI page and in the reference, and neither knows one that is not there."""

import re
from pathlib import Path
from typing import Any

from starlette.routing import Route

from stage import Stage

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "http-api.md"

#: Not for programs that call the API.
UNDOCUMENTED = {("GET", "/openapi.json")}


def served(stage: Stage) -> set[tuple[str, str]]:
    """(method, path) of all routes of the app."""
    routes = stage.platform.app.routes
    assert all(isinstance(route, Route) for route in routes)
    return {
        (method, route.path.replace(":path", ""))
        for route in routes
        if isinstance(route, Route) and route.include_in_schema
        for method in (route.methods or set()) - {"HEAD"}
    } - UNDOCUMENTED


async def page(stage: Stage) -> Any:
    del stage.http.headers["authorization"]  # whoever writes a client has no key yet
    return await stage.ask("GET", "/openapi.json")


async def test_the_page_has_every_route(stage: Stage) -> None:
    paths = (await page(stage))["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert described == served(stage)


async def test_the_reference_has_every_route(stage: Stage) -> None:
    written = set(re.findall(r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w/{}]+)", REFERENCE.read_text()))
    assert written >= served(stage)
    assert written <= served(stage)


async def test_the_page_is_complete(stage: Stage) -> None:
    described = await page(stage)
    assert described["openapi"].startswith("3.1")
    ids = set()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            ids.add(operation["operationId"])
            assert operation["summary"], where
            assert operation["tags"], where
            content = operation["responses"]["200"]["content"]
            (kind,) = content
            assert kind in ("application/json", "application/x-ndjson", "text/event-stream", "text/html"), (
                where
            )
            assert content[kind]["schema"], where
            assert set(operation["responses"]) == {"200", "default"}, where
            headers = {p["name"] for p in operation["parameters"] if p["in"] == "header"}
            assert "X-Request-Id" in headers
            assert ("Idempotency-Key" in headers) == (method != "get" and path.startswith("/api")), where
            named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path)), where
            assert ("security" in operation) == (not path.endswith(("z", "{secret}", "{signature}"))), where
    assert len(ids) == sum(len(methods) for methods in described["paths"].values())


async def test_no_reference_within_the_page_is_dangling(stage: Stage) -> None:
    described = await page(stage)
    schemas = described["components"]["schemas"]
    references = set(re.findall(r"#/components/schemas/([\w.-]+)", str(described)))
    assert references <= set(schemas)
    assert "HTTPValidationError" not in schemas


async def test_bodies_are_described_with_their_fields(stage: Stage) -> None:
    described = await page(stage)
    schemas = described["components"]["schemas"]
    body = described["paths"]["/api/v1/events"]["post"]["requestBody"]["content"]["application/json"]
    fields = schemas[body["schema"]["$ref"].rpartition("/")[2]]
    assert set(fields["required"]) == {"name", "payload"}
    assert set(fields["properties"]) == {
        "name",
        "payload",
        "id",
        "idempotency_key",
        "deliver_at",
        "delay",
        "source",
        "context",
    }
    assert fields["additionalProperties"] is False
    optional = described["paths"]["/api/v1/jobs/{id}/trigger"]["post"]["requestBody"]
    assert not optional.get("required", False)
