"""The rule over slots of schedules (I8): each starts one run. Servers that both start one do so at about the same time,
so what is remembered of those before is bounded."""

from collections.abc import Iterator

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding
from mainspring.codec import decode
from mainspring.model.schedules import SLOT_KEYS
from mainspring.storage.database import Transaction

#: So many slots are remembered.
_MOST = 20_000


class Slots:
    """Sees the runs of schedules in the order of their ids."""

    def __init__(self) -> None:
        #: By environment, schedule and slot: the run that it started. In the order they were seen.
        self._started: dict[tuple[str, str, str], str] = {}

    def check(self, tx: Transaction, run_ids: list[str]) -> Iterator[Finding]:
        """Second runs of a slot among these."""
        rows = tx.rows("audit_slots", ids=run_ids) if run_ids else []
        for run_id, environment_id, schedule_id, key, payload in rows:
            if not (key or "").startswith(SLOT_KEYS):
                continue  # started by hand
            slot = (environment_id, schedule_id, str(decode(payload)["timestamp"]))
            first = self._started.setdefault(slot, run_id)
            if first != run_id:
                message = f"the slot {slot[2]} of schedule '{schedule_id}' had started {first}"
                yield Finding(rules.SLOT_RAN_TWICE, message, environment_id, run_id)
            while len(self._started) > _MOST:
                del self._started[next(iter(self._started))]
