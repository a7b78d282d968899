"""`bench`: how fast the platform is on this machine, and how far that is from what the machine allows."""

from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from mainspring import loops
from mainspring.cli import options, output
from mainspring.errors import InvalidSetting
from mainspring.settings import load_settings


class ShapeName(StrEnum):
    """The shapes that can be measured."""

    EMBEDDED = "embedded"
    APART = "apart"


def bench(
    shape: Annotated[
        ShapeName, typer.Option("--shape", help="Inside one process, or server and workers apart.")
    ] = ShapeName.EMBEDDED,
    database_url: Annotated[
        str | None,
        typer.Option("--database-url", help="An EMPTY database.", show_default="a fresh SQLite file"),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Workers, with --shape apart.")] = 1,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="W1 to W9; may be repeated.", show_default="W1 to W8")
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Medians of so many.")] = 1,
    runs: Annotated[int, typer.Option("--runs", min=1_000, help="Runs in the database for W9.")] = 1_000_000,
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the work.")] = False,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """Measure this machine: runs and tasks a second, delays, waits, memory.

    Works on fresh data beside yours, in the same folder and so on the same disk, and removes it afterwards.
    """
    # Start-up cost: `--help` needs no server.
    from mainspring.bench.figures import Figure
    from mainspring.bench.measure import NUMBERS, Plan, measure
    from mainspring.bench.report import line, table
    from mainspring.bench.workloads import Sizes

    wanted = frozenset(number.upper() for number in only or ())
    if not wanted <= NUMBERS:
        raise InvalidSetting(
            f"there is no workload {sorted(wanted - NUMBERS)[0]}",
            mend=f"Workloads are {', '.join(sorted(NUMBERS))}.",
            setting="only",
        )
    folder = load_settings({"data_dir": data_dir}).data_dir
    folder.mkdir(parents=True, exist_ok=True)
    sizes = Sizes().quick() if quick else Sizes(listed=runs)
    plan = Plan(shape.value, database_url, workers, sizes, rounds, wanted)

    def told(found: Sequence[Figure]) -> None:
        for figure in found:
            output.say(line(figure))

    measured = loops.run(measure(plan, folder, told))
    if as_json:
        output.document({"shape": plan.shape, "rounds": rounds, "figures": [asdict(f) for f in measured]})
    else:
        output.table(("", "WHAT", "VALUE", "UNIT", "BESIDE THE LIMIT"), table(measured), empty="")
