"""Who took an event that waited for it: an event may start no run and yet have been heard."""

from dataclasses import replace

from mainspring.engine.views import EventView, TakerOfEvent
from mainspring.storage.database import Transaction

#: Of each event so many are told: one event may wake a hundred thousand runs.
MOST_TAKERS = 20
#: After the id of every run.
_LAST_ID = "s"


def with_takers(tx: Transaction, views: list[EventView]) -> list[EventView]:
    """The same with the waits that took them, found by one statement."""
    ids = [view.event.id for view in views if view.event.delivered_at is not None]
    if not ids:
        return views
    takers: dict[str, list[TakerOfEvent]] = {}
    for event_id, *taker in tx.rows("takers_of_events", ids=ids, most=MOST_TAKERS, last=_LAST_ID):
        takers.setdefault(event_id, []).append(TakerOfEvent(*taker))
    return [_with(view, takers.get(view.event.id, [])) for view in views]


def _with(view: EventView, takers: list[TakerOfEvent]) -> EventView:
    return replace(view, takers=tuple(takers[:MOST_TAKERS]), has_more_takers=len(takers) > MOST_TAKERS)
