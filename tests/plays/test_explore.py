"""`explore`: planted mistakes are found within few seeds, told in words, and repeated by one line, in any process."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mainspring.errors import DefinitionError
from mainspring.testing import BrokenSchedule, Ending, Environment, Outside, explore
from plays import shop

TESTS = Path(__file__).parent.parent
LOST_UPDATE = [
    "run 1 reads 'stock': nothing",
    "run 2 reads 'stock': nothing",
    "run 2 writes 'stock': 9",
    "run 2 ends: 9",
    "run 1 writes 'stock': 9",
    "run 1 ends: 9",
]


async def test_a_lost_update_is_found_and_told_in_as_few_words_as_it_takes() -> None:
    with pytest.raises(BrokenSchedule) as caught:
        await explore(shop.sell, {}, seeds=1_000)
    broken = caught.value
    assert broken.problem == "the runs came to 9, 9, instead of 9, 8"
    assert broken.story == LOST_UPDATE
    assert broken.schedule.count("=> 2") == 1
    assert f"await mainspring.explore(sell, {{}}, seed={broken.seed}, schedule='{broken.schedule}')" in str(
        broken
    )


async def test_the_line_that_repeats_it_does() -> None:
    with pytest.raises(BrokenSchedule) as found:
        await explore(shop.sell, {}, seeds=1_000)
    with pytest.raises(BrokenSchedule) as again:
        await explore(shop.sell, {}, seed=found.value.seed, schedule=found.value.schedule)
    assert again.value.story == found.value.story
    with pytest.raises(BrokenSchedule) as whole:
        await explore(shop.sell, {}, seed=found.value.seed)
    assert whole.value.schedule == found.value.schedule


_ELSEWHERE = """
import asyncio
from mainspring.testing import BrokenSchedule, explore
from plays import shop
for seed in range(0, 30, 5):
    try:
        asyncio.run(explore(shop.sell, {}, runs=3, seed=seed))
    except BrokenSchedule as broken:
        print(seed, broken.schedule, broken.story)
"""


def test_a_seed_is_the_same_schedule_in_every_process() -> None:
    told = []
    for number in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", _ELSEWHERE],
            env={**os.environ, "PYTHONPATH": str(TESTS), "PYTHONHASHSEED": number},
            capture_output=True,
            text=True,
            check=True,
        )
        told.append(done.stdout)
    assert told[0] == told[1]
    assert told[0].count("\n") > 1


async def test_an_atomic_update_holds() -> None:
    found = await explore(shop.sell_well, {}, seeds=100, runs=3)
    assert found.seeds == 100
    assert found.schedules > 50
    assert "every one held" in found.text


async def test_a_lost_update_in_memory_is_found_by_an_invariant() -> None:
    def counted() -> bool:
        return shop.shared["n"] == 2

    with pytest.raises(BrokenSchedule, match=re.escape("the invariant counted() does not hold")) as caught:
        await explore(shop.remember, {}, invariant=counted, reset=shop.reset, without=("crash",))
    assert caught.value.story[:4] == [
        "'add' of run 1 begins",
        "'add' of run 2 begins",
        "'add' of run 2 is done",
        "run 2 ends: null",
    ]


async def test_a_double_charge_is_found_here_too() -> None:
    with pytest.raises(BrokenSchedule, match="task 'charge' had its effect 3 times, and twice when"):
        await explore(
            shop.fulfil, {"id": "o-1"}, runs=2, drive=shop.pay, effects=shop.charges, reset=shop.reset
        )


async def test_an_invariant_is_shown_where_it_ended() -> None:
    def sold(ending: Ending) -> None:
        assert ending.store["stock"] == 8, f"{ending.store['stock']} left"
        assert [run.status for run in ending.runs] == ["SUCCESS", "SUCCESS"]

    await explore(shop.sell_well, {}, seeds=20, invariant=sold)
    with pytest.raises(BrokenSchedule, match=re.escape("the invariant sold() does not hold: 9 left")):
        await explore(shop.sell, {}, invariant=sold, same_output=False)


async def test_events_come_late_and_twice() -> None:
    async def drive(outside: Outside) -> None:
        await outside.send_event("payment.made", {"amount": 5})

    def counted_once(ending: Ending) -> bool:
        return ending.store["paid"] == 1

    with pytest.raises(BrokenSchedule) as caught:
        await explore(shop.ledger, runs=0, drive=drive, invariant=counted_once)
    assert caught.value.schedule == "0/payment.made.asked=twice"
    await explore(shop.ledger, runs=0, drive=drive, invariant=counted_once, without=("twice",))


async def test_tasks_fail_and_are_tried_again() -> None:
    def never_failed(ending: Ending) -> bool:
        return not any("fails" in line for line in ending.story)

    with pytest.raises(BrokenSchedule) as caught:
        await explore(shop.fails, runs=1, invariant=never_failed)
    assert caught.value.story == [
        "'one' of run 1 begins",
        "'one' of run 1 fails",
        "'one' of run 1 begins",
        "'one' of run 1 is done",
        "run 1 ends: 1",
    ]


async def test_outputs_that_differ_by_themselves_are_not_compared() -> None:
    found = await explore(shop.differs, seeds=5)
    assert "differs by itself" in found.text


async def test_what_does_not_hold_without_any_mischief_is_said_at_once() -> None:
    with pytest.raises(BrokenSchedule, match="does not hold even when its runs go one after the other"):
        await explore(shop.sell_well, {}, invariant=lambda: False)
    with pytest.raises(BrokenSchedule, match="waits for 'never', and nobody ends that"):
        await explore(shop.hangs)
    with pytest.raises(BrokenSchedule, match=re.escape("run 1 is FAILED (no more of these)")):
        await explore(shop.gives_up)
    await explore(shop.gives_up, seeds=3, ends="FAILED")


async def test_a_schedule_that_is_none_is_refused() -> None:
    with pytest.raises(DefinitionError, match="is no part of a schedule"):
        await explore(shop.sell, {}, schedule="run 2 first")


async def test_tasks_of_one_run_come_back_in_another_order() -> None:
    def in_order(ending: Ending) -> bool:
        return ending.runs[0].output == ["a", "b"]

    await explore(
        shop.beside, runs=1, invariant=in_order, same_output=False, without=("slow", "crash", "fail")
    )
    with pytest.raises(BrokenSchedule) as caught:
        await explore(shop.beside, runs=1, invariant=in_order, same_output=False, without=("crash", "fail"))
    assert caught.value.schedule == "1/a.ran=slow"


async def test_the_fixture_has_both(mainspring: Environment) -> None:
    run = await mainspring.trigger(shop.sell_well, {})
    assert run.output == 9
    with pytest.raises(BrokenSchedule):
        await mainspring.explore(shop.sell, {})
    report = await mainspring.crash_everywhere("plain")
    assert report.problems == {}
    assert (await mainspring.trigger(shop.sell_well, {})).output == 8, "nothing of this was changed there"
