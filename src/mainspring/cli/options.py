"""Options and arguments that several commands share, spelled once."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
JsonLines = Annotated[bool, typer.Option("--json", help="Print NDJSON: one JSON object a line.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many at most.")]
Wait = Annotated[bool, typer.Option("--wait", "-w", help="Follow to the end; the exit code is the result.")]
Timeout = Annotated[
    str | None, typer.Option("--timeout", help='With --wait: give up following after this long, e.g. "30s".')
]
Payload = Annotated[
    str | None,
    typer.Argument(metavar="[JSON|@FILE|-]", help="JSON text, @file, or - for stdin.", show_default=False),
]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.", show_default=False)]
MaybeRunId = Annotated[str | None, typer.Argument(metavar="[RUN]", help="The run's id.", show_default=False)]
ManyStatus = Annotated[
    str | None, typer.Option("--status", help="Many runs: of this status, or several with commas.")
]
ManyJob = Annotated[str | None, typer.Option("--job", help="Many runs: of this job.")]
ManyTag = Annotated[str | None, typer.Option("--tag", help="Many runs: with this tag.")]
ManyError = Annotated[str | None, typer.Option("--error", help="Many runs: that failed with this error.")]
ManySince = Annotated[str | None, typer.Option("--since", help="Many runs: made since then, or 2h back.")]
ManyUntil = Annotated[str | None, typer.Option("--until", help="Many runs: made before then.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count the many runs.")]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Where database and key are kept.", show_default=".mainspring"),
]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database-url", help="E.g. sqlite:///shop.db.", show_default="in the data dir")
]
