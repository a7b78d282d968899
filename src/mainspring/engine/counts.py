"""How many runs ended when, and how long they took: counted in the transaction that ends them.

So no run is counted twice or forgotten, whatever dies, and nobody has to look for runs that ended. Counts of a minute
are put together with their neighbours when they are old enough that no chart shows minutes of them; that happens
beside the ends of other runs, so an idle engine does nothing. Two servers add to rows of their own: neither waits.
"""

from collections import Counter
from typing import Any

from mainspring.clock import DAY, HOUR, MINUTE, Instant
from mainspring.engine.batch import Batch

#: Counts of a stretch so long go into one of the next length when that ended so long ago.
LADDER = (
    (MINUTE, 30 * MINUTE, HOUR),
    (30 * MINUTE, 3 * HOUR, DAY),
    (3 * HOUR, 12 * HOUR, 7 * DAY),
    (12 * HOUR, DAY, 31 * DAY),
)
#: How often a server looks whether counts have grown old.
FOLD_EVERY = 5 * MINUTE
#: Rows that one transaction puts together, or a stretch more.
_MOST_ROWS = 500


def count_ended(batch: Batch, run_ids: list[str]) -> None:
    """To be called once for each run, in the transaction that ended it, after its row says so."""
    batch.tx.run("count_ended", ids=run_ids, now=batch.now, part=batch.tally.part)
    batch.has_ends = True


def fold_counts(batch: Batch) -> None:
    """Where runs ended, and it is time: old counts are put together, a portion of them."""
    tally = batch.tally
    # A clock that was set back far must not keep the counts from being put together.
    if batch.has_ends and not tally.fold_at - FOLD_EVERY <= batch.now < tally.fold_at:
        is_done = fold_portion(batch)
        tally.fold_at = batch.now + (FOLD_EVERY if is_done else 0)


def fold_portion(batch: Batch) -> bool:
    """Whether none is left to be put together."""
    left = _MOST_ROWS
    while left > 0:
        oldest = batch.tx.ask(*(("oldest_counts", {"width": width}) for width, _, _ in LADDER))
        due = [
            (width, at, wider)
            for (width, wider, keep), ((at,),) in zip(LADDER, oldest, strict=True)
            if at is not None and at - at % wider + wider + keep <= batch.now
        ]
        if not due:
            return True
        for width, at, wider in due:
            left -= _fold(batch, width, at, wider)
    return False


def _fold(batch: Batch, width: int, at: Instant, wider: int) -> int:
    """One stretch of time into the wider one that it lies in; how many rows it had."""
    taken = batch.tx.rows("take_counts", width=width, at=at)
    sums: Counter[tuple[Any, ...]] = Counter()
    for *key, runs in taken:
        sums[tuple(key)] += runs
    names = ("environment_id", "job_id", "status", "lasted")
    place = {"width": wider, "at": at - at % wider}
    rows = [{**place, **dict(zip(names, key, strict=True)), "runs": sums[key]} for key in sorted(sums)]
    batch.tx.run_many("add_counts", rows)
    return len(taken)
