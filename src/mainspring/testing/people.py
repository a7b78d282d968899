"""Who is asked in a test: the token or the approval that is meant, found by what the test has of it."""

import re

from mainspring.errors import DefinitionError
from mainspring.sdk.approvals import Approval
from mainspring.sdk.client import Client
from mainspring.sdk.tokens import Token
from mainspring.testing.live import LiveRun

_TOKEN_ID = re.compile(r"tok_[A-Za-z0-9]+")


async def token_of(client: Client, meant: "Token | LiveRun[object] | str") -> Token | str:
    """A token by itself, its id or its URL, or the one that a run has made and that is open still."""
    if isinstance(meant, str):
        found = _TOKEN_ID.search(meant)
        return meant if found is None else found[0]
    if isinstance(meant, Token):
        return meant
    made = [task.output["id"] for task in meant.tasks.values() if task.kind == "token" and task.output]
    tokens = [await client.tokens.retrieve(token_id) for token_id in made]
    waiting = [token for token in tokens if token.status == "WAITING"]
    if len(waiting) != 1:
        raise DefinitionError(
            f"run {meant.id} has {len(waiting) or 'no'} open tokens; {_standing(meant)}",
            mend="Give one of them, or its id or URL.",
        )
    return waiting[0]


async def approval_of(client: Client, meant: "Approval | LiveRun[object] | str") -> Approval | str:
    """An approval by itself or its id, or the one that a run waits for."""
    if not isinstance(meant, LiveRun):
        return meant
    waiting = [one async for one in client.approvals.list(run=meant.id, status="WAITING")]
    if len(waiting) != 1:
        shown = ", ".join(f"'{one.task}'" for one in waiting)
        raise DefinitionError(
            f"run {meant.id} waits for {shown or 'no approval'}; {_standing(meant)}",
            mend="Give one of them (`client.approvals.list`), or its id."
            if waiting
            else "Bring it there first: advance to the end of its waits, or see why it ended.",
        )
    return waiting[0]


def _standing(run: "LiveRun[object]") -> str:
    """How it stands, and at what: what is wanted of it may be still to come, or over."""
    places = [
        f"'{task.key}' ({task.kind.replace('_', ' ')})"
        for task in run.tasks.values()
        if task.status in ("WAITING", "RETRYING", "RUNNING")
    ]
    return f"it is {run.status}" + (f" at {', '.join(places)}" if places else "")
