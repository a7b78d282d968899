"""Circuit breakers as people write them, and `client.breakers`: what the server knows of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from mainspring.duration import Duration, parse_duration
from mainspring.errors import DefinitionError
from mainspring.model.breakers import BreakerSpec, check_breaker
from mainspring.sdk.api import Api, Listing, segment
from mainspring.sdk.events import read_instant
from mainspring.sdk.json_text import encode


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    """Holds tasks back while what they call is down: `io.run_task("charge", charge, breaker=gateway)`.

    All tasks of an environment that give one of this `name` share it. After `failures` in a row, of whichever runs, it
    opens: attempts that would begin wait, and their runs hold no slot. `reset` later one attempt is let through; when
    it succeeds the breaker closes and all go on, when it fails it stays open for another `reset`. Failures that the
    task's `retry` does not retry (bad input) do not count. Raises `DefinitionError`, `InvalidDuration`.
    """

    name: str
    failures: int = 5
    reset: Duration = "1 minute"
    #: The same as the server knows it.
    spec: BreakerSpec = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_breaker(self.name, self.failures)
        reset = parse_duration(self.reset)
        if reset == 0:
            raise DefinitionError(
                f"the CircuitBreaker '{self.name}' has reset={self.reset!r:.80}",
                mend='Give the span after which it lets one attempt through: "1 minute".',
            )
        object.__setattr__(self, "spec", BreakerSpec(self.name, self.failures, reset))


def check_given(breaker: Any, what: str) -> CircuitBreaker | None:
    """`breaker=` as it was given; `DefinitionError` when it is none."""
    if breaker is None or isinstance(breaker, CircuitBreaker):
        return breaker
    raise DefinitionError(f"{what} has breaker={breaker!r:.80}", mend='Give a CircuitBreaker("name").')


# ── on the server ────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class ShownBreaker:
    """A breaker on the server. `shown` is all that the API said."""

    name: str
    state: Literal["closed", "open", "half-open"]
    #: Failures in a row, and after how many it opens.
    failed: int
    failures: int
    #: Tasks that it holds.
    held: int
    opened_at: datetime | None
    #: When one attempt is let through; None while it is open: not before it is reset.
    probe_at: datetime | None
    shown: Mapping[str, Any]


def _read(shown: Mapping[str, Any]) -> ShownBreaker:
    return ShownBreaker(
        shown["name"],
        shown["state"],
        shown["failed"],
        shown["failures"],
        shown["held"],
        read_instant(shown["opened_at"]),
        read_instant(shown["probe_at"]),
        shown,
    )


class Breakers:
    """`client.breakers`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self) -> Listing[ShownBreaker]:
        """All that a task has used, by name."""
        return Listing(self._api, "/breakers", {}, _read)

    async def retrieve(self, name: str) -> ShownBreaker:
        """The breaker; `NotFound` when no task has used one of that name."""
        return _read(await self._api.call("GET", f"/breakers/{segment(name)}"))

    async def reset(self, name: str) -> ShownBreaker:
        """Close it: all that it holds go on."""
        return _read(await self._api.call("POST", f"/breakers/{segment(name)}/reset"))

    async def open(
        self, name: str, *, timeout: Duration | None = None, by: str | None = None
    ) -> ShownBreaker:
        """Open it by hand: no further attempt begins; those that have begun go on.

        After `timeout` one attempt is let through; without, it stays open until it is reset. `by` is shown to
        whoever asks why. Raises `NotFound`.
        """
        said = {"by": by, "timeout": None if timeout is None else parse_duration(timeout) / 1_000_000}
        body = encode({key: value for key, value in said.items() if value is not None}, what="body")
        return _read(await self._api.call("POST", f"/breakers/{segment(name)}/open", body=body))
