"""What a run shows of itself while it goes on: progress, metadata, tags.

Changes ride along with the run's next commit; nothing waits for them. They may be awaited like all of `io`.
On replay, changes made before the point where the run stood are not made again.
"""

from collections.abc import Generator
from typing import Any

from mainspring.errors import DefinitionError
from mainspring.sdk.context import require_scope
from mainspring.sdk.json_text import decode, encode
from mainspring.sdk.options import as_tags


class Done:
    """Already so: awaiting it returns at once."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()


DONE = Done()


def show_progress(current: float, total: float | None, message: str | None) -> Done:
    """`{"current", "total", "message"}` on the run."""
    for name, value in (("current", current), ("total", total)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise DefinitionError(f"io.progress got {value!r:.80} as {name}", mend="Give a number.")
    runtime = require_scope("io.progress").runtime
    runtime.change(progress={"current": current, "total": total, "message": message})
    return DONE


class Metadata:
    """`io.metadata`: a JSON object on the run."""

    def set(self, key: str, value: Any) -> Done:
        """Set one field. The value is kept as JSON: later changes to the object do not show."""
        return self._put("set", key, value)

    def increment(self, key: str, by: float = 1) -> Done:
        """Add to a number; a missing one counts as 0."""
        old = self.get(key, 0)
        if isinstance(old, bool) or not isinstance(old, int | float):
            raise DefinitionError(
                f"io.metadata.increment({key!r}) met {old!r:.80}",
                mend="Increment only numbers; set() starts anew.",
            )
        return self._put("increment", key, old + by)

    def append(self, key: str, value: Any) -> Done:
        """Add to the end of a list; a missing one counts as empty."""
        old = self.get(key, [])
        if not isinstance(old, list):
            raise DefinitionError(
                f"io.metadata.append({key!r}) met {old!r:.80}",
                mend="Append only to lists; set() starts anew.",
            )
        return self._put("append", key, [*old, value])

    def get(self, key: str, default: Any = None) -> Any:
        """A field as it stands now."""
        return require_scope("io.metadata").runtime.metadata().get(key, default)

    def _put(self, verb: str, key: str, value: Any) -> Done:
        call = f"io.metadata.{verb}({key!r:.80})"
        runtime = require_scope("io.metadata").runtime
        if not isinstance(key, str) or not key:
            raise DefinitionError(f"{call} got no key", mend="A key is a text.")
        kept = decode(encode(value, what=f"the value of {call}"))
        runtime.change(metadata={**runtime.metadata(), key: kept})
        return DONE


class Tags:
    """`io.tags`: short texts to find the run by."""

    def add(self, *tags: str) -> Done:
        """Add tags; those it has already stay once."""
        runtime = require_scope("io.tags").runtime
        added = as_tags(tags, "the run")
        runtime.change(tags=list(dict.fromkeys([*runtime.tags(), *added])))
        return DONE

    def get(self) -> list[str]:
        """The tags as they stand now."""
        return list(require_scope("io.tags").runtime.tags())
