"""What pydantic says of a model becomes fields that fit; a schema that makes no sense is no reason to fail."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from processes import Dev

APP = '''
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AnyUrl, BaseModel, Field

from mainspring import IO, Client, invoke_trigger

client = Client("shop")


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Card(BaseModel):
    kind: Literal["card"] = "card"
    last_four: str = Field(min_length=4, max_length=4)


class Bank(BaseModel):
    kind: Literal["bank"] = "bank"
    iban: str


class Address(BaseModel):
    """Where it goes."""

    town: str = Field(examples=["Paris"])
    post_code: str = Field(pattern=r"^[0-9]{5}$")


class Everything(BaseModel):
    name: str = Field(description="As on the door.", examples=["Ada"])
    pieces: int = Field(2, ge=1, le=9)
    weight: float | None = None
    is_gift: bool = False
    colour: Colour = Colour.BLUE
    way: Literal["air", "sea"]
    day: date
    at: datetime
    order: UUID
    mail: str = Field(json_schema_extra={"format": "email"})
    page: AnyUrl
    to: Address
    also: Address | None = None
    lines: list[Address] = []
    counts: dict[str, int] = {}
    pay: Annotated[Card | Bank, Field(discriminator="kind")]
    either: int | str = 1
    rest: Any = None


@client.job(id="everything", trigger=invoke_trigger())
async def everything(payload: Everything, io: IO) -> None: ...


def odd(job_id: str, schema: dict[str, Any]) -> None:
    @client.job(id=job_id, trigger=invoke_trigger(), schema=schema)
    async def job(payload: Any, io: IO) -> None: ...


def nested(depth: int) -> dict[str, Any]:
    if not depth:
        return {"type": "string"}
    return {"type": "object", "properties": {"in": nested(depth - 1)}, "required": ["in"]}


def of(kind: dict[str, Any], *required: str, **defs: Any) -> dict[str, Any]:
    return {"type": "object", "$defs": defs, "properties": {"a": kind}, "required": list(required)}


SELF = {"$ref": "#/$defs/A"}
NODE = {"type": "object", "properties": {"next": SELF}, "required": ["next"]}
odd("recursive", of(SELF, "a", A=NODE))
odd("itself", of(SELF, A=SELF))
odd("choice", of(SELF, A={"anyOf": [SELF, {"type": "string"}]}))
odd("all-of", of(SELF, A={"allOf": [SELF]}))
odd("deep", nested(40))
odd("many", of({"enum": [f"value {n}" for n in range(1_000)]}))
odd("unknown", {**of({"shape": "round"}), "if": {}, "then": True, "x": 1})
odd("elsewhere", {"type": "object", "properties": {"a": {"type": "string"}, "b": {"$ref": "#/properties/a"}}})
'''
ODD = ("recursive", "itself", "choice", "all-of", "deep", "many", "unknown", "elsewhere")


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    folder = tmp_path_factory.mktemp("forms")
    (folder / "app.py").write_text(APP)
    dev = Dev.start(folder, "app.py").wait_until_ready()
    yield dev
    dev.close()


def written(page: Page) -> dict[str, object]:
    """The value of the form, as its other side shows it."""
    page.get_by_role("tab", name="JSON").click()
    value = json.loads(page.get_by_role("textbox", name="Payload").input_value())
    page.get_by_role("tab", name="Form").click()
    return dict(value)


def test_each_kind_of_value_has_its_field(page: Page, dev: Dev) -> None:
    page.goto("/jobs/everything?tab=test")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Ada")
    expect(page.get_by_text("As on the door.")).to_be_visible()
    expect(page.get_by_label("Pieces")).to_have_value("2")
    expect(page.get_by_text("at least 1, at most 9")).to_be_visible()
    expect(page.get_by_label("Day", exact=True)).to_have_attribute("type", "date")
    expect(page.get_by_label("Mail", exact=True)).to_have_attribute("type", "email")
    expect(page.get_by_label("Page", exact=True)).to_have_attribute("type", "url")
    expect(page.get_by_text("like 2026-01-01T09:00:00Z")).to_be_visible()
    expect(page.get_by_text("like ^[0-9]{5}$")).to_be_visible()
    assert page.get_by_label("Colour").locator("option").all_inner_texts() == ["–", "red", "blue"]
    assert page.get_by_label("Way", exact=True).locator("option").all_inner_texts() == ["air", "sea"]

    page.get_by_label("Way", exact=True).select_option("sea")
    page.get_by_label("Weight").fill("1.5")
    page.get_by_label("Is Gift").select_option("yes")
    page.get_by_label("Day").fill("2026-12-24")
    page.get_by_label("Post Code").fill("75001")
    page.get_by_label("Counts").fill('{"a": 1}')
    page.get_by_role("group", name="Lines").get_by_role("button", name="Add one").click()
    page.get_by_role("group", name="Pay").get_by_label("Which").select_option("Bank")
    page.get_by_label("Iban").fill("DE1")
    value = written(page)
    assert value["way"] == "sea"
    assert value["weight"] == 1.5
    assert value["is_gift"] is True
    assert value["day"] == "2026-12-24"
    assert value["to"] == {"town": "Paris", "post_code": "75001"}
    assert value["counts"] == {"a": 1}
    assert value["lines"] == [{"town": "Paris", "post_code": "text"}]
    assert value["pay"] == {"kind": "bank", "iban": "DE1"}
    page.get_by_role("group", name="Lines").get_by_role("button", name="Remove 1").click()
    page.get_by_label("Weight").fill("")
    value = written(page)
    assert value["lines"] == []
    assert value["weight"] is None
    page.get_by_role("button", name="Start a run").click()
    expect(page).to_have_url(re.compile("/runs/run_"))


def test_what_the_server_refuses_stands_beside_its_field(page: Page, dev: Dev) -> None:
    page.goto("/jobs/everything?tab=test")
    page.get_by_label("Pieces").fill("12")
    page.get_by_label("Post Code").fill("none")
    page.get_by_role("button", name="Start a run").click()
    for label in ("Pieces", "Post Code"):
        field = page.locator(".field", has=page.get_by_label(label))
        expect(field.get_by_role("alert")).to_be_visible()
        expect(page.get_by_label(label)).to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize("job", ODD)
def test_an_odd_schema_leaves_a_form_or_json_that_starts_a_run(page: Page, dev: Dev, job: str) -> None:
    page.goto(f"/jobs/{job}?tab=test")
    expect(page.get_by_role("button", name="Start a run")).to_be_visible()
    assert page.locator(".field").count() < 40
    if page.get_by_role("tab", name="JSON").count():
        page.get_by_role("tab", name="JSON").click()
    payload = page.get_by_role("textbox", name="Payload")
    payload.fill("{\n  nope")
    expect(page.get_by_text("line 2, column 3")).to_be_visible()
    payload.fill("{}")
    expect(page.get_by_role("button", name="Start a run")).to_be_enabled()
