"""`Debounce`: of many calls that come shortly after one another, one run."""

from dataclasses import dataclass
from typing import Literal

from mainspring.duration import Duration, parse_duration
from mainspring.errors import DefinitionError
from mainspring.model.runs import DebounceSpec


@dataclass(frozen=True, slots=True)
class Debounce:
    """Given with a call: `await index.trigger(page, debounce=Debounce("5 seconds", key=page.id))`.

    The run starts when no call of the job with this `key` came for `delay`, and at most `max_delay` after the first;
    "trailing": with the payload and metadata of the last call, "leading": with those of the first. Raises
    `InvalidDuration` and `DefinitionError`.
    """

    delay: Duration
    key: str
    mode: Literal["trailing", "leading"] = "trailing"
    max_delay: Duration | None = None

    def __post_init__(self) -> None:
        spec = self.spec()
        if not isinstance(self.key, str) or not 1 <= len(self.key) <= 256 or not self.key.isprintable():
            raise DefinitionError(
                f"{self.key!r:.80} is no debounce key", mend="Use 1 to 256 printable characters."
            )
        if self.mode not in ("trailing", "leading"):
            raise DefinitionError(
                f"the debounce mode is {self.mode!r:.80}", mend='Use "trailing" or "leading".'
            )
        if spec.max_delay is not None and spec.max_delay <= spec.delay:
            raise DefinitionError(
                "the max_delay of a debounce is not longer than its delay",
                mend="Make it longer, or leave it out.",
            )

    def spec(self) -> DebounceSpec:
        """As the server is told."""
        longest = None if self.max_delay is None else parse_duration(self.max_delay)
        return DebounceSpec(self.key, parse_duration(self.delay), self.mode, longest)
