"""When schedules are due: against slots worked out by hand, above all where clocks change."""

from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.clock import DAY, HOUR, MINUTE, SECOND, from_iso, to_iso
from mainspring.errors import InvalidTrigger
from mainspring.model.timetables import Timetable, check_cron, check_every, check_timezone, upcoming

#: Zone, expression, from when on, and the slots as they were worked out with a calendar. All in UTC.
CLOCK_CHANGES = [
    # New York goes forward on 8 March at 02:00 (07:00Z), back on 1 November at 02:00 (06:00Z).
    ("America/New_York", "30 2 * * *", "03-07T00:00", ["03-07T07:30", "03-08T07:00", "03-09T06:30"]),
    ("America/New_York", "0 30 2 * * *", "03-07T00:00", ["03-07T07:30", "03-08T07:00", "03-09T06:30"]),
    ("America/New_York", "15,45 2 * * *", "03-07T12:00", ["03-08T07:00", "03-09T06:15", "03-09T06:45"]),
    ("America/New_York", "30 2,3 * * *", "03-07T12:00", ["03-08T07:00", "03-08T07:30", "03-09T06:30"]),
    ("America/New_York", "30 1 * * *", "10-31T00:00", ["10-31T05:30", "11-01T05:30", "11-02T06:30"]),
    ("America/New_York", "0 30 1 * * *", "10-31T00:00", ["10-31T05:30", "11-01T05:30", "11-02T06:30"]),
    ("America/New_York", "30 1 * * *", "11-01T06:10", ["11-02T06:30", "11-03T06:30"]),
    ("America/New_York", "0 9 * * *", "03-07T00:00", ["03-07T14:00", "03-08T13:00"]),
    ("America/New_York", "*/30 * * * *", "03-08T06:00", ["03-08T06:30", "03-08T07:00", "03-08T07:30"]),
    ("America/New_York", "*/30 * * * *", "11-01T05:00", ["11-01T05:30", "11-01T06:00", "11-01T06:30"]),
    ("America/New_York", "0 * * * *", "11-01T04:30", ["11-01T05:00", "11-01T06:00", "11-01T07:00"]),
    # London goes forward on 29 March at 01:00 (01:00Z), back on 25 October at 02:00 (01:00Z).
    ("Europe/London", "15 1 * * *", "03-28T00:00", ["03-28T01:15", "03-29T01:00", "03-30T00:15"]),
    ("Europe/London", "30 1 * * *", "10-24T00:00", ["10-24T00:30", "10-25T00:30", "10-26T01:30"]),
    # Sydney goes forward on 4 October at 02:00 (16:00Z the day before), back on 5 April at 03:00 (16:00Z).
    ("Australia/Sydney", "30 2 * * *", "10-02T12:00", ["10-02T16:30", "10-03T16:00", "10-04T15:30"]),
    ("Australia/Sydney", "30 2 * * *", "04-03T12:00", ["04-03T15:30", "04-04T15:30", "04-05T16:30"]),
    # Lord Howe changes by half an hour: on 4 October at 02:00 (15:30Z), on 5 April at 02:00 (15:00Z).
    ("Australia/Lord_Howe", "15 2 * * *", "10-02T12:00", ["10-02T15:45", "10-03T15:30", "10-04T15:15"]),
    ("Australia/Lord_Howe", "45 1 * * *", "04-03T12:00", ["04-03T14:45", "04-04T14:45", "04-05T15:15"]),
    ("Australia/Lord_Howe", "*/15 * * * *", "04-04T14:40", ["04-04T14:45", "04-04T15:00", "04-04T15:15"]),
]


def told(cron: str, zone: str, after: str, count: int) -> list[str]:
    slots = upcoming(Timetable(check_cron(cron), zone), from_iso(f"2026-{after}Z"), count)
    return [to_iso(slot)[5:16] for slot in slots]


@pytest.mark.parametrize(("zone", "cron", "after", "expected"), CLOCK_CHANGES)
def test_clocks_that_change_neither_lose_a_slot_nor_double_it(
    zone: str, cron: str, after: str, expected: list[str]
) -> None:
    assert told(cron, zone, after, len(expected)) == expected


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("@hourly", ["01-01T01:00", "01-01T02:00"]),
        ("@daily", ["01-02T00:00", "01-03T00:00"]),
        ("@weekly", ["01-04T00:00", "01-11T00:00"]),
        ("@monthly", ["02-01T00:00", "03-01T00:00"]),
        ("0 9 * * mon-fri", ["01-01T09:00", "01-02T09:00", "01-05T09:00"]),
        ("0 0 L * *", ["01-31T00:00", "02-28T00:00"]),
        ("0 0 * * MON#1", ["01-05T00:00", "02-02T00:00"]),
        ("0 0 * * 5L", ["01-30T00:00", "02-27T00:00"]),
        ("30 0 9 * * *", ["01-01T09:00", "01-02T09:00"]),
    ],
)
def test_expressions(cron: str, expected: list[str]) -> None:
    assert told(cron, "UTC", "01-01T00:00", len(expected)) == expected


def test_intervals_are_counted_from_their_anchor() -> None:
    table = Timetable(every=5 * MINUTE, anchor=7)
    assert upcoming(table, 7, 2) == (7 + 5 * MINUTE, 7 + 10 * MINUTE)
    assert table.after(7 + 5 * MINUTE) == 7 + 10 * MINUTE
    assert table.after(-HOUR) == 7 + 5 * MINUTE, "nothing is due before the first interval is over"


@given(
    st.sampled_from(
        ["*/7 * * * *", "30 1 * * *", "15,45 2,3 * * *", "0 */2 * * *", "10 30 2 * * *", "0 0 L * *"]
    ),
    st.sampled_from(["America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Santiago", "UTC"]),
    st.integers(from_iso("2025-01-01T00:00Z"), from_iso("2027-12-31T00:00Z")),
)
def test_wherever_one_begins_the_slots_are_the_same(cron: str, zone: str, after: int) -> None:
    table = Timetable(cron, zone)
    slots = list(islice(table.slots(after), 30))
    assert all(one < other for one, other in pairwise([after, *slots]))
    for one, other in pairwise(slots):
        assert table.after(one) == other
        assert table.after(other - 1) == other
        assert table.latest(after, other) == other


def test_the_last_slot_is_found_without_telling_all() -> None:
    secondly = Timetable("* * * * * *")
    year = from_iso("2027-01-01T00:00Z")
    assert secondly.latest(year - 365 * DAY, year) == year
    assert Timetable("0 0 1 1 *").latest(year - 20 * DAY, year - DAY) is None
    assert Timetable("0 0 1 1 *").latest(year - 400 * DAY, year - DAY) == year - 365 * DAY


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (Timetable("0 9 * * MON-FRI", "Europe/Paris"), "At 09:00 on Monday through Friday (Europe/Paris)"),
        (Timetable("*/10 * * * * *"), "Every 10th second of every minute (UTC)"),
        (Timetable(every=5 * MINUTE), "Every 5m"),
    ],
)
def test_in_words(table: Timetable, words: str) -> None:
    assert table.in_words() == words


@pytest.mark.parametrize(
    ("cron", "named", "hint"),
    [
        ("61 * * * *", "the minute ", "0-59"),
        ("0 24 * * *", "the hour ", "0-23"),
        ("60 0 9 * * *", "the second ", "0-59"),
        ("0 0 32 * *", "the day-of-month ", "L for the last day"),
        ("0 0 * 13 *", "the month ", "JAN-DEC"),
        ("0 0 * * MUN", "the day-of-week ", "MON#1"),
        ("0 0 * * MON#6", "'MON#6'", "MON#1"),
        ("*/0 * * * *", "the minute ", "0-59"),
        ("* * *", "3 fields", "minute hour"),
        ("", "0 fields", "minute hour"),
        ("0 0 31 2 *", "never comes", "L is its last"),
        ("0 0 30 2 *", "never comes", "L is its last"),
        ("0 0 31 4,6,9,11 *", "never comes", "L is its last"),
        ("@fortnightly", "'@fortnightly'", "@weekly"),
        ("1 " * 500, "fields", "minute hour"),
    ],
)
def test_a_wrong_expression_names_its_field(cron: str, named: str, hint: str) -> None:
    with pytest.raises(InvalidTrigger) as caught:
        check_cron(cron)
    assert named in caught.value.message
    assert hint in caught.value.mend


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_is_refused(text: str) -> None:
    try:
        cron = check_cron(text)
    except InvalidTrigger:
        return
    assert Timetable(cron).after(0) is not None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Europe/Pari", "'Europe/Paris'"),
        ("europe/paris", "'Europe/Paris'"),
        ("New York", "'America/New_York'"),
        ("../../etc/passwd", "'UTC'"),
        ("", "'UTC'"),
        ("Middle-earth/Shire\0", "'UTC'"),
    ],
)
def test_an_unknown_zone_is_refused_with_what_may_be_meant(name: str, meant: str) -> None:
    with pytest.raises(InvalidTrigger) as caught:
        check_timezone(name)
    assert meant in caught.value.mend


def test_intervals_have_a_least_length() -> None:
    assert check_every(SECOND) == SECOND
    for span in (0, SECOND - 1, -SECOND, 10**18):
        with pytest.raises(InvalidTrigger):
            check_every(span)
