"""What is known of a run's tasks from before, handed out by key; whether the code still fits it, and how far
the code has come again."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from mainspring.model.tasks import FINAL_TASK_STATUSES, Checkpoint, TaskKind
from mainspring.worker.keys import parents_of

_WORDS: dict[TaskKind, str] = {
    "task": "a task",
    "wait": "a wait for a time",
    "event_wait": "a wait for an event",
    "send_event": "a sending of events",
    "trigger": "a start of another job",
    "run_wait": "a wait for another run",
    "token": "a token that is made",
    "token_wait": "a wait for a token",
    "approval": "an approval that is asked for",
    "approval_wait": "a wait for an approval",
    "store": "a use of the store",
    "value": "a value taken once",
}


class Drift(Exception):
    """The code asks for something else than what was kept under this key."""

    def __init__(self, message: str, key: str) -> None:
        super().__init__(message)
        self.message = message
        self.key = key


def is_untouched(checkpoints: Collection[Checkpoint]) -> bool:
    """Whether nothing is known but what was kept of another run: what the code shows is not shown in this one yet."""
    return bool(checkpoints) and all(one.kept_from is not None for one in checkpoints)


class Replay:
    """One passage's view of the checkpoints. `caught_up` is called once, when the code goes on beyond them."""

    def __init__(self, checkpoints: Mapping[str, Checkpoint], caught_up: Callable[[], None]) -> None:
        self._checkpoints = checkpoints
        self._caught_up = caught_up
        #: Keys not asked for yet; tasks nested in a finished one are never asked for.
        self._unvisited = {key for key in checkpoints if not self._is_inside_finished(key)}
        #: Of these, how many were kept from each run that is replayed.
        self._kept_from: dict[str, int] = {}
        for key in self._unvisited:
            origin = checkpoints[key].kept_from
            if origin:
                self._kept_from[origin] = self._kept_from.get(origin, 0) + 1
        #: Results asked for whose turn has not come.
        self._outstanding = 0
        self.is_replaying = bool(self._unvisited)
        self.is_untouched = is_untouched(checkpoints.values())

    def visit(self, key: str, kind: TaskKind, fingerprint: str) -> Checkpoint | None:
        """What is known of the task, None when it is new. Raises `Drift`."""
        kept = self._checkpoints.get(key)
        if kept is None:
            return None
        if kept.kept_from is not None and key in self._unvisited:
            self._kept_from[kept.kept_from] -= 1
        self._unvisited.discard(key)
        if kept.kind != kind:
            raise Drift(f"'{key}' was {_WORDS[kept.kind]} when it ran first; now it is {_WORDS[kind]}", key)
        if kept.fingerprint and fingerprint and kept.fingerprint != fingerprint:
            raise Drift(f"'{key}', {_WORDS[kind]}, was given something else when it ran first", key)
        return kept

    def expected_positions(self) -> Iterator[int]:
        """Positions whose results are handed out in turn. Values are not: they are answered where they stand."""
        for key in self._unvisited:
            kept = self._checkpoints[key]
            if kept.position is not None and kept.kind != "value" and kept.status in ("SUCCESS", "FAILED"):
                yield kept.position

    @contextmanager
    def handing_out(self) -> Iterator[None]:
        """Around the hand-out of a result known from before: perhaps it is the last one."""
        self._outstanding += 1
        try:
            yield
        finally:
            self._outstanding -= 1
            self.check_caught_up()

    def check_caught_up(self) -> None:
        """Goes on live once everything known was asked for, and handed out if it was finished."""
        if self.is_replaying and not self._unvisited and not self._outstanding:
            self.catch_up()

    def catch_up(self) -> None:
        """From here on the code does what it has not done before."""
        if self.is_replaying:
            self.is_replaying = False
            self._caught_up()

    def origin(self) -> str | None:
        """The run that came by here first, where this one replays it: as long as a task kept from it is to come.

        Of several, which replay one another, the first; ids sort by time.
        """
        return min((run_id for run_id, count in self._kept_from.items() if count > 0), default=None)

    def is_through(self) -> bool:
        """Whether everything that was known has been asked for."""
        return not self.is_replaying and not self._unvisited

    def left_out(self) -> list[str]:
        """Finished tasks that the code did not ask for."""
        return [
            key
            for key in self._checkpoints
            if key in self._unvisited and self._checkpoints[key].status in ("SUCCESS", "FAILED")
        ]

    def _is_inside_finished(self, key: str) -> bool:
        if "/" not in key:
            return False
        above = (self._checkpoints.get(parent) for parent in parents_of(key))
        return any(one is not None and one.status in FINAL_TASK_STATUSES for one in above)
