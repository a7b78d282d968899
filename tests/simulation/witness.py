"""Writes down what clients and workers saw, message by message, for the auditor: asked, answered, refused, unknown."""

from itertools import count
from typing import Any

from mainspring.audit.observations import Asking, Observation, ObservationLog
from mainspring.errors import MainspringError
from mainspring.model.protocol import (
    ClaimAnswer,
    ClaimRequest,
    CommitAnswer,
    CommitRequest,
    Item,
    RunCancelConfirmed,
    RunReport,
    RunSucceeded,
    TaskAttemptFailed,
    TaskSucceeded,
)


class Witness:
    """One per seed; everybody tells it."""

    def __init__(self) -> None:
        self.now = count(1).__next__
        self.log = ObservationLog(now=self.now)
        self._grants: list[Observation] = []

    def observations(self) -> list[Observation]:
        """All that was seen by anybody."""
        return [*self.log.observations(), *self._grants]

    # ── workers ──────────────────────────────────────────────────────────────────────────────────────
    def granted(self, asked: int, request: ClaimRequest, answer: ClaimAnswer) -> None:
        """The answer to a claim that was `asked` then has arrived: only now is it known which runs it is about."""
        for run in answer.runs:
            ended = (one for one in run.checkpoints if one.status in ("SUCCESS", "FAILED"))
            finished = {one.key: one.output for one in ended}
            told = {"lease": run.lease, "finished": finished}
            said = {"worker_id": request.worker_id}
            self._grants.append(
                Observation("claim", asked, self.now(), "ok", run.run_id, said=said, answer=told)
            )

    def reports(self, request: CommitRequest) -> list[tuple[int, Asking]]:
        """A commit is sent: what it says has ended, each with the number of its report."""
        return [
            (number, asking)
            for number, report in enumerate(request.reports)
            for item in report.items
            if (asking := self._ends(report, item)) is not None
        ]

    def _ends(self, report: RunReport, item: Item) -> Asking | None:
        ask, run_id, lease = self.log.ask, report.run_id, report.lease
        if isinstance(item, TaskSucceeded):
            key = item.task.key
            return ask("finish_task", run_id, key, lease=lease, status="SUCCESS", output=item.output)
        if isinstance(item, TaskAttemptFailed) and item.retry_in is None:
            return ask("finish_task", run_id, item.task.key, lease=lease, status="FAILED")
        if isinstance(item, RunSucceeded):
            return ask("end_run", run_id, lease=lease, status="SUCCESS", output=item.output)
        if isinstance(item, RunCancelConfirmed):
            return ask("end_run", run_id, lease=lease, status="CANCELLED")
        return None

    @staticmethod
    def reported(askings: list[tuple[int, Asking]], answer: CommitAnswer) -> None:
        for number, asking in askings:
            if answer.unknown_worker or answer.reports[number].status == "lost":
                asking.refused()
            else:
                asking.ok()

    # ── people ───────────────────────────────────────────────────────────────────────────────────────
    def asks(self, verb: str, message: Any, environment_id: str) -> list[Asking]:
        """A person's request is sent."""
        ask = self.log.ask
        if verb == "send_events":
            return [
                ask(
                    "send_event",
                    event_id=one.id,
                    name=one.name,
                    idempotency_key=one.idempotency_key,
                    environment_id=environment_id,
                )
                for one in message
            ]
        if verb in ("trigger", "batch", "quiet"):
            return [ask("trigger_run", one.run_id, job_id=one.job_id) for one in message]
        if verb == "cancel":
            return [ask("cancel_run", message)]
        if verb == "wait_run":
            return [ask("read_run", message[0])]
        return []

    @staticmethod
    def answered(verb: str, askings: list[Asking], answer: Any) -> None:
        if isinstance(answer, MainspringError):
            for asking in askings:
                asking.refused()
        elif verb == "send_events":
            for asking, sent in zip(askings, answer, strict=True):
                asking.ok(event_id=sent.event.id, runs={run.id: run.job_id for run in sent.runs})
        elif verb in ("trigger", "batch", "quiet"):
            runs = answer[1] if verb == "batch" else answer
            for asking, run in zip(askings, runs, strict=True):
                asking.ok(run_id=run.id)
        else:
            for asking in askings:
                run = getattr(answer, "run", answer)
                asking.ok(status=run.status, output=run.output)
