"""Who has the slots of a queue and who stands in its line, page by page. Decides nothing."""

import re

from mainspring.engine.views import Page, RunInQueue
from mainspring.errors import BadRequest
from mainspring.storage.database import Transaction

#: Before every place of a line: a priority above all, a lane before all, an id before all.
_HEAD = (1 << 62, -1, "")
_PLACE = re.compile(r"(-?[0-9]{1,18})\.([0-9])\.(\w{1,64})")


def holders(
    tx: Transaction, environment_id: str, name: str, limit: int, cursor: str | None
) -> Page[RunInQueue]:
    """The runs that have slots, by id."""
    place = {"environment_id": environment_id, "name": name}
    rows = tx.rows("queue_holders", **place, after=cursor or "", limit=limit + 1)
    runs = [RunInQueue(*row) for row in rows[:limit]]
    return Page(runs, runs[-1].id if len(rows) > limit else None)


def line(
    tx: Transaction, environment_id: str, name: str, key: str | None, limit: int, cursor: str | None
) -> Page[RunInQueue]:
    """The held runs of one key (empty: of those without) in their order. Of no key given: where keys take turns the
    first of each key, in the order of their turns; else the whole line."""
    place = {"environment_id": environment_id, "name": name}
    if key is None:
        passed = _number(cursor)
        rows = tx.rows("queue_heads", **place, limit=limit + 1, passed=passed)
        if rows or passed:
            runs = [RunInQueue(*row) for row in rows[:limit]]
            return Page(runs, str(passed + limit) if len(rows) > limit else None)
    priority, lane, after = _place(cursor)
    asked = {"key": key or "", "priority": priority, "lane": lane, "after": after}
    rows = tx.rows("queue_line", **place, **asked, limit=limit + 1)
    runs = [RunInQueue(*row) for row in rows[:limit]]
    last = runs[-1] if len(rows) > limit else None
    return Page(runs, f"{last.priority}.{last.lane}.{last.id}" if last else None)


def _number(cursor: str | None) -> int:
    """How many keys earlier pages told; 0 also for a cursor of a line without keys."""
    is_number = cursor is not None and cursor.isascii() and cursor.isdigit() and len(cursor) < 10
    return int(cursor or 0) if is_number else 0


def _place(cursor: str | None) -> tuple[int, int, str]:
    if cursor is None:
        return _HEAD
    found = _PLACE.fullmatch(cursor)
    if found is None:
        raise BadRequest("the cursor is none of this line", mend="Take it from `next_cursor`.")
    return int(found[1]), int(found[2]), found[3]
