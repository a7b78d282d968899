"""One recorded run in a file: the database at several stops on its way, and where it came to in the end.

The first line says what it is; each other line is a row, with the stops at which it looked like that.
"""

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from replay.rows import Tables, kinds_of

RECORDINGS = Path(__file__).parent / "recordings"
_ROOT = Path(__file__).parents[2]


@dataclass
class Recording:
    version: str
    schema: int
    #: What was played; see `PLAYS` and `ends.py`.
    name: str
    #: Microseconds since the epoch, by stop.
    clocks: list[int] = field(default_factory=list)
    #: Where it came to, by run; what user code did.
    ending: dict[str, Any] = field(default_factory=dict)
    doings: list[tuple[str, int]] = field(default_factory=list)
    stops: list[Tables] = field(default_factory=list)

    @property
    def kinds(self) -> set[str]:
        """What the stops have of all that can be."""
        return {kind for tables in self.stops for kind in kinds_of(tables)}

    def stop(self, tables: Tables, now: int) -> None:
        """One more. Where its workers were is nobody's business."""
        for worker in tables["workers"]:
            worker |= {"hostname": "recorder", "pid": 1}
        self.stops.append(tables)
        self.clocks.append(now)

    def write(self) -> Path:
        """Into its place; what was there is written anew."""
        path = RECORDINGS / self.version / f"{self.name}.ndjson"
        path.parent.mkdir(parents=True, exist_ok=True)
        head = asdict(self)
        del head["stops"]
        lines = [_text(head), *(_text(line) for line in self._rows())]
        path.write_text("".join(f"{_without_this_machine(line)}\n" for line in lines), encoding="utf-8")
        return path

    def _rows(self) -> list[dict[str, Any]]:
        """Each row once, however many stops it outlives."""
        lines: dict[str, dict[str, Any]] = {}
        for number, tables in enumerate(self.stops):
            for table, rows in tables.items():
                for row in rows:
                    line = lines.setdefault(_text([table, row]), {"table": table, "stops": [], "row": row})
                    line["stops"].append(number)
        return list(lines.values())

    @classmethod
    def read(cls, path: Path) -> "Recording":
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        made = cls(**json.loads(head))
        made.stops = [{} for _ in made.clocks]
        for line in map(json.loads, lines):
            for number in line["stops"]:
                made.stops[number].setdefault(line["table"], []).append(line["row"])
        for tables in made.stops:
            for name in ("history", "tasks", "waits", "runs"):
                tables.setdefault(name, [])
        return made


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _without_this_machine(line: str) -> str:
    """Paths in tracebacks."""
    for place, name in ((str(_ROOT), "."), (sys.base_prefix, "python")):
        line = line.replace(place, name)
    return line
