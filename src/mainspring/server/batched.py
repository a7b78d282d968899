"""Many runs started at once, over HTTP or in process."""

from collections import Counter

from mainspring.model.runs import FINAL_RUN_STATUSES, Run
from mainspring.server.call import Desk
from mainspring.server.drafts import run_drafts
from mainspring.server.shapes.batches import BatchBody, BatchedRunShape, BatchShape
from mainspring.server.shapes.parts import at


async def start_batch(desk: Desk, body: BatchBody, key: str | None) -> BatchShape:
    """All of its runs, or none; those that an earlier call with the same key started, if any."""
    drafts = run_drafts(desk, body.runs, key)
    batch_id, runs = await desk.engine.trigger_batch(desk.environment_id, drafts)
    return batch_shape(batch_id, runs)


def batch_shape(batch_id: str, runs: "tuple[Run, ...] | list[Run]") -> BatchShape:
    """A batch as the API shows it; it is over when all of its runs are."""
    return BatchShape(
        id=batch_id,
        created_at=at(min(run.created_at for run in runs)) or "",
        is_final=all(run.status in FINAL_RUN_STATUSES for run in runs),
        counts=dict(Counter(run.status for run in runs)),
        runs=[BatchedRunShape(id=run.id, job_id=run.job_id, status=run.status) for run in runs],
    )
