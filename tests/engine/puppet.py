"""A worker that does what the test says, one message at a time, and remembers what a worker must."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from mainspring.engine.commands import Beat, Claim, Command, Commit, EndWorkers, Leave
from mainspring.model.protocol import (
    ClaimAnswer,
    ClaimedRun,
    ClaimRequest,
    CommitAnswer,
    CommitRequest,
    Farewell,
    Heartbeat,
    HeartbeatAnswer,
    Item,
    ReportAnswer,
    RunAttemptFailed,
    RunCancelConfirmed,
    RunDrifted,
    RunParked,
    RunReleased,
    RunReport,
    RunSucceeded,
)

#: After one of these the worker lets go of the run.
LAST_ITEMS = (RunSucceeded, RunAttemptFailed, RunParked, RunDrifted, RunReleased, RunCancelConfirmed)


class Doer(Protocol):
    """Applies a command alone and returns its result."""

    def do(self, command: Command) -> Any: ...


@dataclass
class Puppet:
    world: Doer
    id: str
    environment_id: str
    claims: int = 0
    commits: int = 0
    #: What it believes to hold: lease by run.
    held: dict[str, int] = field(default_factory=dict)

    # ── claims ───────────────────────────────────────────────────────────────────────────────────────
    def claim_command(self, slots: int = 10, noticed: tuple[tuple[str, int], ...] = ()) -> Claim:
        """The next claim, not sent yet."""
        self.claims += 1
        return Claim(self.environment_id, ClaimRequest(self.id, self.claims, slots, noticed))

    def claim(self, slots: int = 10, noticed: tuple[tuple[str, int], ...] = ()) -> ClaimAnswer | None:
        """None where the claim would stay open."""
        answer: ClaimAnswer | None = self.world.do(self.claim_command(slots, noticed))
        self.receive(answer)
        return answer

    def receive(self, answer: ClaimAnswer | None) -> None:
        """Takes the runs of an answer for its own."""
        for run in answer.runs if answer else ():
            self.held[run.run_id] = run.lease

    def take(self, slots: int = 10) -> tuple[ClaimedRun, ...]:
        """The runs that it is granted now."""
        answer = self.claim(slots)
        return answer.runs if answer else ()

    def take_one(self) -> ClaimedRun:
        (run,) = self.take(1)
        return run

    # ── commits ──────────────────────────────────────────────────────────────────────────────────────
    def commit_command(self, *reports: RunReport) -> Commit:
        """The next commit, not sent yet."""
        self.commits += 1
        return Commit(self.environment_id, CommitRequest(self.id, self.commits, reports))

    def commit(self, *reports: RunReport) -> CommitAnswer:
        answer: CommitAnswer = self.world.do(self.commit_command(*reports))
        for said, told in zip(reports, answer.reports, strict=False):
            last = any(isinstance(item, LAST_ITEMS) for item in said.items)
            if told.status == "lost" or told.parked or (last and not asks_to_park(said)):
                self.held.pop(said.run_id, None)
        return answer

    def report(self, run: ClaimedRun, *items: Item) -> ReportAnswer:
        """A commit about one run; it is `ok`, or the test should use `commit`."""
        (answer,) = self.commit(report(run, *items)).reports
        assert answer.status == "ok", "the lease was lost"
        return answer

    # ── the rest ─────────────────────────────────────────────────────────────────────────────────────
    def beat_command(self, **options: Any) -> Beat:
        options.setdefault("held", tuple(self.held.items()))
        options.setdefault("claims_done", self.claims)
        options.setdefault("progress", self.claims + self.commits)
        return Beat(self.environment_id, Heartbeat(self.id, **options))

    def beat(self, **options: Any) -> HeartbeatAnswer:
        answer: HeartbeatAnswer = self.world.do(self.beat_command(**options))
        return answer

    def leave(self) -> None:
        self.world.do(Leave(self.environment_id, Farewell(self.id)))

    def die(self, *, blames: bool = True, fault: str = "") -> int:
        """It is known to be gone; `fault` is what its supervisor saw it end of. Returns how many runs it held."""
        count: int = self.world.do(
            EndWorkers(
                "exited", environment_id=self.environment_id, worker_id=self.id, blames=blames, fault=fault
            )
        )
        self.held.clear()
        return count


def report(run: ClaimedRun, *items: Item) -> RunReport:
    return RunReport(run.run_id, run.lease, items)


def asks_to_park(said: RunReport) -> bool:
    return any(isinstance(item, RunParked) for item in said.items)
