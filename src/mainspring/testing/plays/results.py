"""What is in the database at the end of a play: its runs and its store, or why it has no end."""

from collections.abc import Callable, Sequence
from typing import Any

from mainspring.codec import decode
from mainspring.engine.inspect import list_runs, list_store
from mainspring.engine.views import RunQuery, RunView
from mainspring.model.runs import FINAL_RUN_STATUSES
from mainspring.sdk.client import Client
from mainspring.testing.plays.ending import Ending, RunEnd
from mainspring.testing.plays.server import Server

#: Of runs, and of keys in the store.
_MOST = 1_000

#: A run's number, by its id.
Number = Callable[[str], int]


def list_all_runs(server: Server) -> list[RunView]:
    with server.database.read() as tx:
        return list_runs(tx, server.environment_id, RunQuery(limit=_MOST), server.clock.now()).data


def why_stuck(views: Sequence[RunView], number: Number) -> str:
    """In words, with the mend."""
    for view in views:
        if view.run.status in FINAL_RUN_STATUSES:
            continue
        who = f"run {number(view.run.id)} ('{view.run.job_id}')"
        waits = ", ".join(f"'{wait.task_key}'" for wait in view.waiting_for)
        if waits:
            return f"{who} waits for {waits}, and nobody ends that: let `drive=` send what it waits for"
        return f"{who} is {view.run.status} and nothing goes on"
    return "all runs have ended, and `drive` has not returned"


def read_ending(
    ending: Ending, server: Server, client: Client, views: Sequence[RunView], number: Number
) -> None:
    """Fills in how the runs ended, and what the store has."""

    def read(text: str | None) -> Any:
        value = None if text is None else decode(text)
        return value if client.sealing is None else client.sealing.open(value)

    for view in sorted(views, key=lambda view: number(view.run.id)):
        run, failure = view.run, read(view.run.failure)
        error = failure["message"] if isinstance(failure, dict) else None
        ending.runs.append(RunEnd(number(run.id), run.job_id, run.status, read(run.output), error))
    with server.database.read() as tx:
        kept = list_store(tx, server.environment_id, ("environment", ""), limit=_MOST).data
    ending.store = {entry.key: read(entry.value) for entry in kept}
