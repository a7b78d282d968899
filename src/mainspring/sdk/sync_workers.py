"""`client.sync.workers`: workers for blocking code."""

from mainspring.sdk.bridge import wait_for
from mainspring.sdk.sync import SyncListing, same
from mainspring.sdk.workers import ShownWorker, Workers


class SyncWorkers:
    """`client.sync.workers`."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    def list(self) -> SyncListing[ShownWorker]:
        """As `client.workers.list`."""
        return SyncListing(self._workers.list(), "client.sync.workers.list", same)

    def retrieve(self, worker_id: str) -> ShownWorker:
        """As `client.workers.retrieve`."""
        return wait_for(self._workers.retrieve(worker_id), "client.sync.workers.retrieve")

    def drain(self, worker_id: str, *, by: str | None = None) -> ShownWorker:
        """As `client.workers.drain`."""
        return wait_for(self._workers.drain(worker_id, by=by), "client.sync.workers.drain")
