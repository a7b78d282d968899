"""The engine's spans, in microseconds: how long silence may last before it means something."""

from dataclasses import dataclass

SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Timing:
    #: How often a worker beats.
    heartbeat_every: int = 3 * SECOND
    #: A worker not heard of for this long has lost its leases.
    lease_timeout: int = 10 * SECOND
    #: How often the workers are looked over.
    sweep_every: int = 2 * SECOND
    #: How often while a heartbeat is missing.
    listen_every: int = SECOND // 2
    #: A worker that beats but has taken no work and reported no progress for this long is passed over.
    deaf_after: int = 90 * SECOND
    #: How long a running run may take to stop after it was asked to.
    cancel_grace: int = 30 * SECOND
    #: How long the `on_cancel` hooks of a cancelled run may take beyond that, a free worker included; and `on_failure`
    #: of one that ended without its code.
    cancel_hooks: int = 60 * SECOND
    #: A timer loop never sleeps longer without comparing the clock, so that a jump of it is noticed.
    longest_nap: int = 1 * SECOND
