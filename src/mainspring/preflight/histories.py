"""Histories of runs, as `GET /api/v1/runs/{id}/checkpoints` shows them, read into what a worker is given."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mainspring.clock import Instant, from_iso
from mainspring.codec import encode
from mainspring.errors import BadRequest, MainspringError
from mainspring.model.protocol import ClaimedRun
from mainspring.model.tasks import Checkpoint
from mainspring.sdk.sealing import Sealing
from mainspring.worker.sealing import opened_run

_MEND = "Save one with `mainspring runs checkpoints RUN --json > run.json`."


@dataclass(frozen=True, slots=True)
class History:
    """A run, with all that a replay of it needs."""

    claimed: ClaimedRun
    project: str
    environment: str
    status: str
    queue: str
    pinned_version: str | None
    #: Why it stopped, where the code did not fit it.
    drift: str | None
    #: When workers were given it.
    given_at: tuple[Instant, ...]
    #: By key: what each task is called, when it began, and when it had finished.
    names: Mapping[str, str]
    began: Mapping[str, Instant]
    finished: Mapping[str, Instant]

    @property
    def run_id(self) -> str:
        return self.claimed.run_id


def read_history(shown: Any, sealing: Sealing | None = None) -> History:
    """The history of an answer of the API, opened where `sealing` has the key. Raises `BadRequest`."""
    try:
        return _read(shown, sealing)
    except (KeyError, TypeError, AttributeError, ValueError, MainspringError) as error:
        raise BadRequest(
            f"this is no history of a run ({type(error).__name__}: {error})", mend=_MEND
        ) from None


def load_history(source: Mapping[str, Any] | str | Path, sealing: Sealing | None = None) -> History:
    """The same from a decoded document, its text, or the path of its file."""
    if isinstance(source, Mapping):
        return read_history(source, sealing)
    text = str(source)
    try:
        if isinstance(source, Path) or not text.lstrip().startswith("{"):
            text = Path(source).read_text(encoding="utf-8")
        return read_history(json.loads(text), sealing)
    except (OSError, json.JSONDecodeError) as error:
        raise BadRequest(f"no history of a run could be read: {error}", mend=_MEND) from None


def _read(shown: Mapping[str, Any], sealing: Sealing | None) -> History:
    tasks = shown["checkpoints"]
    created_at = from_iso(shown["created_at"])
    claimed = ClaimedRun(
        run_id=shown["run_id"],
        lease=len(shown["given_at"]) + 1,
        job_id=shown["job_id"],
        job_version=shown["job_version"],
        payload=_text(shown["payload"]),
        attempt=shown["attempt"],
        max_attempts=shown["max_attempts"],
        is_test=shown["is_test"],
        created_at=created_at,
        started_at=_instant(shown["started_at"]) or created_at,
        deadline_at=_instant(shown["deadline_at"]),
        tags=_text(shown["tags"]),
        metadata=_text(shown["metadata"]),
        checkpoints=tuple(_checkpoint(one) for one in tasks),
        event=None if shown["event"] is None else _text(shown["event"]),
        cancel_requested=shown["is_cancelling"],
        replay_of=shown["replay_of"],
        schedule_id=shown["schedule_id"],
    )
    return History(
        claimed=claimed if sealing is None else opened_run(claimed, sealing),
        project=shown["project"],
        environment=shown["environment"],
        status=shown["status"],
        queue=shown["queue"],
        pinned_version=shown["pinned_version"],
        drift=shown["drift"],
        given_at=tuple(from_iso(text) for text in shown["given_at"]),
        names={one["key"]: one["name"] for one in tasks},
        began={one["key"]: from_iso(one["started_at"]) for one in tasks},
        finished={one["key"]: from_iso(one["finished_at"]) for one in tasks if one["finished_at"]},
    )


def _checkpoint(one: Mapping[str, Any]) -> Checkpoint:
    is_over = one["status"] == "SUCCESS"
    return Checkpoint(
        key=one["key"],
        kind=one["kind"],
        status=one["status"],
        attempt=one["attempt"],
        fingerprint=one["fingerprint"],
        output=_text(one["output"]) if is_over else None,
        failure=None if one["failure"] is None else _text(one["failure"]),
        position=one["position"],
        kept_from=one["kept_from"],
    )


def _text(value: Any) -> str:
    return encode(value, what="a history")


def _instant(text: str | None) -> Instant | None:
    return None if text is None else from_iso(text)
