"""The hello example, for real."""

from collections.abc import Callable

from processes import Dev


def test_an_event_greets_and_a_wrong_one_is_refused_with_the_reason(dev: Callable[[], Dev]) -> None:
    platform = dev()

    ada = platform.send("hello.world", {"who": "Ada"})["runs"][0]["id"]
    nobody = platform.send("hello.world", {})["runs"][0]["id"]
    assert platform.finished(ada)["output"] == {"greeting": "Hello, Ada!"}
    assert platform.finished(nobody)["output"] == {"greeting": "Hello, world!"}

    status, refusal = platform.request(
        "POST", "/api/v1/events", {"name": "hello.world", "payload": {"who": 7}}
    )
    assert status == 422
    assert refusal["rejected"][0]["job_id"] == "hello"
    assert refusal["rejected"][0]["errors"][0]["path"] == "who"
    assert "string" in refusal["rejected"][0]["errors"][0]["message"]
    refused = platform.read("events", "--limit", "1")["data"][0]
    assert refused["rejected"] == refusal["rejected"]

    logs = platform.read_lines("logs", ada)
    assert [(line["level"], line["message"], line["fields"]) for line in logs] == [
        ("INFO", "Hello, Ada!", {"who": "Ada"})
    ]
