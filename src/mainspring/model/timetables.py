"""When a schedule is due: cron expressions in a time zone, and intervals. Pure rules; slots are instants.

A fixed time of day exists once a day whatever the clocks do: where they go forward over it, its slot is the first
moment after the gap; where they go back, the first of the two. Expressions whose minutes or hours begin with a star
count real time: they go on through both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from mainspring.clock import SECOND, Instant, from_datetime, to_datetime
from mainspring.duration import MAX_DURATION, format_duration
from mainspring.errors import InvalidTrigger

SHORTEST_INTERVAL = SECOND
LONGEST_EXPRESSION = 256

_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_FIELDS = {
    "second": "0-59",
    "minute": "0-59",
    "hour": "0-23",
    "day-of-month": "1-31, L for the last day, LW for the last weekday",
    "month": "1-12 or JAN-DEC",
    "day-of-week": "0-7 or SUN-SAT, MON#1 for the first Monday, 5L for the last Friday",
}
_ORDER = "minute hour day-of-month month day-of-week, with seconds in front if there are six fields"
#: Any moment will do to try an expression.
_SOME_DAY = datetime(2026, 1, 1)


@dataclass(frozen=True, slots=True)
class Timetable:
    """Either `cron` with its `timezone`, or `every` (microseconds) counted from `anchor`."""

    cron: str | None = None
    timezone: str = "UTC"
    every: int | None = None
    anchor: Instant = 0

    def after(self, instant: Instant) -> Instant | None:
        """The first slot later than `instant`; None when the calendar has no more."""
        return _after(self, instant)

    def slots(self, after: Instant) -> Iterator[Instant]:
        """The slots later than an instant, in order, for as long as the calendar lasts."""
        if self.every is not None:
            return _intervals(self.every, self.anchor, after)
        return _cron_slots(self.cron or "", self.timezone, after)

    def latest(self, after: Instant, until: Instant) -> Instant | None:
        """The last slot later than `after` that is not later than `until`."""
        span = 60 * SECOND
        while True:  # from ever further back, so that a dense timetable is not told from its beginning
            begin = max(after, until - span)
            found = None
            for slot in self.slots(begin):
                if slot > until:
                    break
                found = slot
            if found is not None or begin == after:
                return found
            span *= 8

    def in_words(self) -> str:
        """As a person says it: "At 09:00 on Monday through Friday (Europe/Paris)"."""
        if self.every is not None:
            return f"Every {format_duration(self.every)}"
        return f"{CronSim(check_cron(self.cron or ''), _SOME_DAY).explain()} ({self.timezone})"


@lru_cache(maxsize=4096)
def _after(timetable: Timetable, instant: Instant) -> Instant | None:
    """Thousands of schedules are due at one midnight; those with the same timetable share the reckoning."""
    return next(timetable.slots(instant), None)


@lru_cache(maxsize=4096)
def upcoming(timetable: Timetable, after: Instant, count: int = 5) -> tuple[Instant, ...]:
    """The next slots after an instant. Schedules that share a timetable share the answer."""
    return tuple(islice(timetable.slots(after), count))


# ── checked ──────────────────────────────────────────────────────────────────────────────────────────
def check_cron(text: str) -> str:
    """The expression as it is kept: five or six fields. `InvalidTrigger` names the field that is wrong."""
    if not isinstance(text, str):
        raise InvalidTrigger(
            f"a {type(text).__name__} is no cron expression", mend='Write "0 9 * * MON-FRI".'
        )
    shown = repr(text[:LONGEST_EXPRESSION])
    clean = text.strip().lower()
    expression = _NICKNAMES.get(clean, " ".join(clean.upper().split()))
    if clean.startswith("@") and clean not in _NICKNAMES:
        raise InvalidTrigger(f"{shown} is no cron expression", mend=f"There are {', '.join(_NICKNAMES)}.")
    count = len(expression.split())
    if count not in (5, 6) or len(expression) > LONGEST_EXPRESSION:
        raise InvalidTrigger(
            f"the cron expression {shown} has {count} fields, not 5 or 6", mend=f"Write {_ORDER}."
        )
    try:
        CronSim(expression, _SOME_DAY)
    except CronSimError as error:
        raise _explained(expression, shown, str(error)) from None
    if Timetable(expression).after(from_datetime(_SOME_DAY.replace(tzinfo=UTC))) is None:
        raise _impossible(shown)
    return expression


def _explained(expression: str, shown: str, reason: str) -> InvalidTrigger:
    fields = expression.split()
    name = reason.removeprefix("Bad ")
    if name not in _FIELDS:
        return InvalidTrigger(f"{shown} is no cron expression: {reason}", mend=f"Write {_ORDER}.")
    value = fields[list(_FIELDS).index(name) - (len(_FIELDS) - len(fields))]
    if name == "day-of-month":
        try:
            CronSim(" ".join([*fields[:-2], "*", fields[-1]]), _SOME_DAY)
            return _impossible(shown)  # the day is one, but in none of these months
        except CronSimError:
            pass
    return InvalidTrigger(
        f"the {name} of the cron expression {shown} is '{value}'", mend=f"It takes * or {_FIELDS[name]}."
    )


def _impossible(shown: str) -> InvalidTrigger:
    return InvalidTrigger(
        f"the cron expression {shown} names a date that never comes",
        mend="Choose a day that the month has; L is its last.",
    )


def check_timezone(name: str) -> str:
    """The name of a zone of the tz database. `InvalidTrigger` says what may have been meant."""
    if isinstance(name, str) and _zone(name) is not None:
        return name
    known = {zone.lower(): zone for zone in available_timezones()}
    wanted = str(name)[:64].lower().replace(" ", "_")
    cities = {zone.rsplit("/", 1)[-1]: known[zone] for zone in known}
    meant = [known[zone] for zone in get_close_matches(wanted, known, n=1, cutoff=0.8)]
    meant += [cities[city] for city in get_close_matches(wanted.rsplit("/", 1)[-1], cities, n=1, cutoff=0.75)]
    mend = f"Did you mean '{meant[0]}'?" if meant else "Use a name like 'Europe/Paris' or 'UTC'."
    raise InvalidTrigger(f"there is no time zone {str(name)[:64]!r}", mend=mend)


def check_every(span: int) -> int:
    """Microseconds. `InvalidTrigger` for less than a second."""
    if not SHORTEST_INTERVAL <= span <= MAX_DURATION:
        raise InvalidTrigger(
            f"{format_duration(span)} is no interval for a schedule", mend="Use one second or more."
        )
    return span


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not there; no name; a folder of names
        return None


# ── slots ────────────────────────────────────────────────────────────────────────────────────────────
def _intervals(every: int, anchor: Instant, after: Instant) -> Iterator[Instant]:
    number = max(1, (after - anchor) // every + 1)
    while True:
        yield anchor + number * every
        number += 1


def _cron_slots(cron: str, timezone: str, after: Instant) -> Iterator[Instant]:
    zone = _zone(timezone) or UTC
    begin = to_datetime(after).astimezone(zone)
    minutes, hours = cron.split()[-5:-3]
    counts_real_time = minutes.startswith("*") or hours.startswith("*")
    moments = CronSim(cron, begin if counts_real_time else begin.replace(tzinfo=None))
    try:
        for moment in moments:
            slot = from_datetime(moment if counts_real_time else _on_the_wall(moment, zone))
            # In an hour that comes twice the wall's clock says what was before.
            if slot > after:
                after = slot
                yield slot
    except (OverflowError, ValueError):  # the calendar ends with the year 9999
        return


def _on_the_wall(moment: datetime, zone: tzinfo) -> datetime:
    """The first instant at which a clock on a wall of the zone says this, or has passed over it."""
    found = moment.replace(tzinfo=zone, fold=0)
    if found.astimezone(UTC).astimezone(found.tzinfo).replace(tzinfo=None) == moment:
        return found
    minute = moment.replace(second=0)
    while True:
        minute += timedelta(minutes=1)
        found = minute.replace(tzinfo=zone, fold=0)
        if found.astimezone(UTC).astimezone(found.tzinfo).replace(tzinfo=None) == minute:
            return found
