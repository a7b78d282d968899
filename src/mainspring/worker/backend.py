"""The seam between a worker and the engine: in process or over HTTP, the worker cannot tell which."""

from typing import Protocol

from mainspring.model.protocol import (
    ClaimAnswer,
    ClaimRequest,
    CommitAnswer,
    CommitRequest,
    Farewell,
    Heartbeat,
    HeartbeatAnswer,
    Registered,
    Registration,
)


class Backend(Protocol):
    """The worker protocol. Every call may be sent again with the same content after a lost answer.

    Each raises `ServerUnavailable` when no answer came (send it again), and other `MainspringError`s when
    sending it again would not help (wrong key, protocol mismatch).
    """

    async def register(self, registration: Registration) -> Registered: ...

    async def claim(self, request: ClaimRequest) -> ClaimAnswer:
        """Long poll: answers when there are runs or notices, or after `request.wait`."""
        ...

    async def commit(self, request: CommitRequest) -> CommitAnswer: ...

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        """Blocking: called from the lease keeper's own thread, so a blocked event loop keeps its leases."""
        ...

    async def farewell(self, farewell: Farewell) -> None: ...

    async def aclose(self) -> None: ...
