"""A run of the test, held against code that has changed."""

import json

from mainspring import IO, Client, Job
from mainspring.testing import Environment, replay


def fulfil(key: str) -> Job[..., dict[str, int], object]:
    client = Client("shop")

    @client.job(id="fulfil")
    async def fulfil(payload: dict[str, int], io: IO) -> int:
        charged = await io.run_task(key, int, payload["amount"])
        await io.wait("cool-off", "7 days")
        return charged

    return fulfil


async def test_changed_code_is_held_against_a_run(mainspring: Environment) -> None:
    run = await mainspring.trigger(fulfil("charge"), {"amount": 3})
    assert mainspring.replay(run, fulfil("charge"))
    found = mainspring.replay(run, fulfil("bill"))
    assert (bool(found), found.kind, found.task) == (False, "task_replaced", "charge")

    await mainspring.advance("7 days")
    recorded = json.dumps(run.checkpoints)
    assert run.status == "SUCCESS"
    assert replay(recorded, fulfil("charge"))
    assert not mainspring.replay(recorded, fulfil("bill"))
