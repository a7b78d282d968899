"""`crash_everywhere`: every boundary is a place to die, and what is done twice is found and named."""

import pytest

from mainspring.testing import CrashBreaks, crash_everywhere
from plays import shop
from simulation.planted import a_task_completed_twice

ORDER = {"id": "o-1"}


async def test_a_double_charge_is_found_and_its_task_named() -> None:
    with pytest.raises(CrashBreaks) as caught:
        await crash_everywhere(shop.fulfil, ORDER, drive=shop.pay, effects=shop.charges)
    report = caught.value.report
    assert report.problems == {
        "after the function of 'charge' ran, before its commit": (
            "task 'charge' had its effect twice, and once when nothing goes wrong"
        )
    }
    assert "idempotency_key" in str(caught.value)


async def test_without_a_probe_what_ran_twice_is_reported() -> None:
    report = await crash_everywhere(shop.fulfil, ORDER, drive=shop.pay)
    assert [(one.task, one.times, one.has_key) for one in report.repeated] == [
        ("reserve", 2, False),
        ("charge", 2, False),
    ]
    assert "charge (no idempotency key)" in report.text


async def test_every_boundary_is_a_point() -> None:
    report = await crash_everywhere(shop.fulfil, ORDER, drive=shop.pay)
    assert report.points == (
        "when a worker took the run",
        "after the function of 'reserve' ran, before its commit",
        "after 'reserve' was kept",
        "after the function of 'charge' ran, before its commit",
        "after 'charge' was kept",
        "before 'cool-off' was kept",
        "after 'cool-off' was kept",
        "when a worker took the run (time 2)",
        "before 'paid' was kept",
        "after 'paid' was kept",
        "before 'store.set:last' was kept",
        "after 'store.set:last' was kept",
        "before the run's end was kept",
        "after the run's end was kept",
    )


async def test_strict_asks_for_a_key_of_every_task() -> None:
    with pytest.raises(CrashBreaks, match="task 'reserve' ran 2 times, without an idempotency key"):
        await crash_everywhere(shop.fulfil, ORDER, drive=shop.pay, strict=True)
    report = await crash_everywhere(shop.fulfil_well, ORDER, strict=True)
    assert [one.has_key for one in report.repeated] == [True]


async def test_a_service_that_knows_the_key_charges_once() -> None:
    await crash_everywhere(shop.fulfil_well, ORDER, effects=shop.charges, reset=shop.reset)


async def test_a_fake_that_knows_keys_need_not_be_emptied() -> None:
    shop.reset()
    await crash_everywhere(shop.parent, effects=shop.charges)


async def test_an_output_that_differs_by_itself_is_not_compared() -> None:
    report = await crash_everywhere(shop.differs)
    assert not report.is_compared
    assert "differs by itself" in report.text


async def test_a_task_that_is_kept_twice_is_found() -> None:
    with a_task_completed_twice(), pytest.raises(CrashBreaks, match=r"'charge' of run \d was kept 2 times"):
        await crash_everywhere(shop.fulfil_well, ORDER, reset=shop.reset)


async def test_what_may_be_done_once_is_asked_of_a_person() -> None:
    report = await crash_everywhere(shop.fulfil_once, ORDER, effects=lambda: len(shop.charges))
    assert report.in_doubt == ("charge",)
    assert report.repeated == ()


async def test_an_effect_of_the_body_is_told_from_those_of_tasks() -> None:
    with pytest.raises(CrashBreaks, match="the job's body, outside its tasks, had its effect twice"):
        await crash_everywhere(shop.in_the_body, ORDER, effects=shop.charges)


async def test_plain_defs_and_children_crash_too() -> None:
    report = await crash_everywhere(shop.plain)
    assert [one.task for one in report.repeated] == ["first", "second"]
    assert "after 'first/store.get:n' was kept" in report.points
    report = await crash_everywhere(shop.parent, effects=shop.charges, reset=shop.reset)
    assert "after the function of 'charge' ran, before its commit (run 2)" in report.points


async def test_a_job_that_never_ends_says_what_it_waits_for() -> None:
    with pytest.raises(AssertionError, match=r"run 1 \('hangs'\) waits for 'never'.*drive="):
        await crash_everywhere(shop.hangs)


async def test_a_job_that_fails_by_itself_says_so() -> None:
    with pytest.raises(AssertionError, match=r"run 1 is FAILED \(no more of these\)"):
        await crash_everywhere(shop.gives_up)
    await crash_everywhere(shop.gives_up, ends="FAILED")


async def test_processes_of_tasks_and_the_api_are_there() -> None:
    report = await crash_everywhere(shop.isolated, {"n": 4})
    assert [one.task for one in report.repeated] == ["double"]
    await crash_everywhere(shop.asks_around, {"n": 4})


async def test_people_are_asked_once_and_answer_once() -> None:
    report = await crash_everywhere(shop.asks_people, {}, drive=shop.ann)
    assert "after 'review' was kept" in report.points


async def test_the_client_gets_its_door_back() -> None:
    before = shop.client._api._door
    await crash_everywhere(shop.plain)
    assert shop.client._api._door is before
