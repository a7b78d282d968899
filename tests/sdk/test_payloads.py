"""Payloads: the schema is the annotation; the worker checks with the model itself and names the path."""

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from mainspring import IO, Client, Context, event_trigger
from mainspring.errors import DefinitionError, InvalidSchema, MalformedJson, PayloadInvalid
from mainspring.sdk.ambient import io
from mainspring.sdk.job import Job
from sdk.stand_ins import a_context


class Line(BaseModel):
    sku: str
    count: int = 1


class Order(BaseModel):
    id: str
    lines: list[Line] = []


@dataclass
class Point:
    x: int
    y: int = 0


class Person(TypedDict):
    name: str


async def call(job: Job[..., Any, Any], payload: str) -> Any:
    return await job.call(payload, io, a_context())


async def test_the_annotation_is_the_schema() -> None:
    @Client("shop").job(id="fulfil")
    async def fulfil(payload: Order) -> Any:
        return payload

    schema = fulfil.spec().payload_schema
    assert schema is not None
    assert schema["required"] == ["id"]
    assert await call(fulfil, '{"id": "o-1", "lines": [{"sku": "a"}]}') == Order(
        id="o-1", lines=[Line(sku="a")]
    )


async def test_a_payload_that_does_not_fit_is_refused_with_every_path() -> None:
    @Client("shop").job(id="fulfil")
    async def fulfil(payload: Order) -> None: ...

    with pytest.raises(PayloadInvalid) as caught:
        await call(fulfil, '{"lines": [{"sku": "a"}, {"sku": 3, "count": "x"}]}')
    assert [error["path"] for error in caught.value.errors] == ["id", "lines[1].sku", "lines[1].count"]
    assert "the payload of job 'fulfil' does not fit: `id`: Field required (and 2 more)" in str(caught.value)


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (Point, '{"x": 1}', Point(1)),
        (Person, '{"name": "Ada"}', {"name": "Ada"}),
        (list[int], "[1, 2]", [1, 2]),
        (dict[str, Any], '{"a": [1]}', {"a": [1]}),
        (Annotated[int, Field(gt=1)], "2", 2),
        (Order | None, "null", None),
        (Any, '{"x": 1}', {"x": 1}),
    ],
)
async def test_any_pydantic_type_will_do(annotation: Any, text: str, value: Any) -> None:
    async def job(payload: Any) -> Any:
        return payload

    job.__annotations__["payload"] = annotation
    assert await call(Client("shop").define_job(id="any", run=job), text) == value


async def test_a_model_defined_in_a_function_is_found() -> None:
    class Local(BaseModel):
        n: int

    client = Client("shop")
    namespace: dict[str, Any] = {}
    code = (
        "from __future__ import annotations\n"
        "def make(client, Hidden):\n"
        "    @client.job(id='local')\n"
        "    async def local(payload: Hidden) -> Hidden:\n"
        "        return payload\n"
        "    return local\n"
    )
    exec(compile(code, "user_app.py", "exec"), namespace)
    job = namespace["make"](client, Local)
    assert await call(job, '{"n": 1}') == Local(n=1)


def test_an_annotation_that_is_not_there_is_refused() -> None:
    async def job(payload: "Missing") -> None: ...  # type: ignore[name-defined] # noqa: F821

    with pytest.raises(InvalidSchema, match="annotated with 'Missing', which is not defined there"):
        Client("shop").define_job(id="missing", run=job)


async def test_names_that_only_type_checkers_see_are_enough_for_io_and_ctx() -> None:
    async def job(door: "elsewhere.IO", where: "Context", payload: int = 3) -> Any:  # type: ignore[name-defined] # noqa: F821
        return door is io and where is not None and payload

    job.__annotations__["where"] = "Context"
    assert await call(Client("shop").define_job(id="seen", run=job), "7") == 7


def test_what_is_no_data_is_refused_as_a_payload() -> None:
    class Socket: ...

    with pytest.raises(InvalidSchema, match="the payload of job 'sock' is annotated with `Socket`"):

        @Client("shop").job(id="sock")
        async def sock(payload: Socket) -> None: ...


async def test_a_json_schema_dict_checks_and_documents() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}

    @Client("shop").job(id="dict", schema=schema)
    async def job(payload) -> Any:  # type: ignore[no-untyped-def]
        return payload

    assert job.spec().payload_schema == schema
    assert await call(job, '{"n": 1}') == {"n": 1}
    with pytest.raises(PayloadInvalid) as caught:
        await call(job, '{"n": "x"}')
    assert caught.value.errors == [{"path": "n", "message": '"x" is not of type "integer"'}]


async def test_a_schema_that_differs_from_the_annotation_is_checked_too() -> None:
    @Client("shop").job(id="both", schema=Order)
    async def job(payload: dict[str, Any]) -> Any:
        return payload

    assert (job.spec().payload_schema or {})["title"] == "Order"
    assert await call(job, '{"id": "o-1", "more": 1}') == {"id": "o-1", "more": 1}
    with pytest.raises(PayloadInvalid, match="`id`"):
        await call(job, "{}")


async def test_a_triggers_schema_counts_where_the_job_says_nothing() -> None:
    @Client("shop").job(id="triggered", trigger=event_trigger("a", schema=Point))
    async def job(payload) -> Any:  # type: ignore[no-untyped-def]
        return payload

    assert await call(job, '{"x": 4}') == Point(4)
    with pytest.raises(InvalidSchema, match="different schemas"):
        Client("shop").define_job(
            id="two", trigger=[event_trigger("a", schema=Point), event_trigger("b", schema=Order)], run=job.fn
        )


async def test_a_job_without_a_payload_takes_anything() -> None:
    @Client("shop").job(id="none")
    async def job() -> str:
        return "done"

    assert job.spec().payload_schema is None
    assert await call(job, '{"any": "thing"}') == "done"


async def test_arguments_come_by_name_or_annotation_in_any_order() -> None:
    @Client("shop").job(id="order")
    async def job(where: Context, payload: int, /, door: IO, *, flag: bool = False) -> Any:
        return (where.job.id, payload, door is io, flag)

    assert await call(job, "5") == ("fulfil", 5, True, False)

    @Client("shop").job(id="left")
    async def left(io, order: Point, ctx):  # type: ignore[no-untyped-def]
        return (order, ctx.run.id)

    assert await call(left, '{"x": 1}') == (Point(1), "run_1")


def test_a_parameter_that_nothing_is_known_for_is_refused() -> None:
    async def job(payload: int, other: int) -> None: ...

    with pytest.raises(DefinitionError, match="job 'extra' has a parameter 'other'"):
        Client("shop").define_job(id="extra", run=job)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(DefinitionError, match="instead of a function"):
        Client("shop").define_job(id="x", run=3)  # type: ignore[call-overload]


async def test_malformed_json_is_no_payload() -> None:
    @Client("shop").job(id="plain")
    async def job(payload: Any) -> None: ...

    with pytest.raises(MalformedJson):
        await call(job, "{")


async def test_hooks_take_what_they_name() -> None:
    seen: list[Any] = []

    async def when_done(output: Any, ctx: Context) -> None:
        seen.append((output, ctx.run.id))

    def when_failed(error: Exception, payload: Point) -> None:
        seen.append((str(error), payload))

    @Client("shop").job(id="hooked", on_success=when_done, on_failure=when_failed)
    async def job(payload: Point) -> None: ...

    async def called(name: Any, payload: str, **values: Any) -> None:
        (hook,) = job.hooks_for(name)
        await hook.call({"payload": job.hook_payload(payload), "ctx": a_context(), **values})

    await called("on_success", '{"x": 1}', output=42)
    await called("on_failure", '{"x": 1}', error=ValueError("no"))
    await called("on_failure", '{"x": "bad"}', error=PayloadInvalid("no"))
    assert seen[:2] == [(42, "run_1"), ("no", Point(1))]
    assert seen[2][1] == {"x": "bad"}


def test_the_output_is_documented_too() -> None:
    @Client("shop").job(id="out")
    async def job() -> Point: ...  # type: ignore[empty-body]

    assert (job.spec().output_schema or {})["required"] == ["x"]
