"""`python witnessed.py APP`: a worker as `mainspring worker` starts it, that writes down what it hears from the server.

The messages are the real ones over real sockets; only a line is written when one is sent and when it is answered,
into a file of this process's own in the folder `OBSERVATIONS`.
"""

import os
import sys
from pathlib import Path

from chaos.app import now
from mainspring.audit.observations import ObservationLog
from mainspring.client.backend import HttpBackend
from mainspring.model.protocol import ClaimAnswer, ClaimRequest, CommitAnswer, CommitRequest
from mainspring.settings import load_settings
from mainspring.worker.process import ProcessOptions, run_worker_process
from simulation.witness import Witness


class Scribe(Witness):
    """A witness of real time, whose every word is in a file at once: whoever writes it will be killed."""

    def __init__(self, log: ObservationLog) -> None:
        super().__init__()
        self.log, self.now = log, now

    def granted(self, asked: int, request: ClaimRequest, answer: ClaimAnswer) -> None:
        for run in answer.runs:
            ended = (one for one in run.checkpoints if one.status in ("SUCCESS", "FAILED"))
            asking = self.log.ask("claim", run.run_id, worker_id=request.worker_id)
            asking.ok(lease=run.lease, finished={one.key: one.output for one in ended})


class WitnessedBackend(HttpBackend):
    """The way to the server, and what was seen on it."""

    def __init__(self, url: str, key: str, log: ObservationLog) -> None:
        super().__init__(url, key)
        self._witness = Scribe(log)

    async def claim(self, request: ClaimRequest) -> ClaimAnswer:
        asked = now()
        answer = await super().claim(request)
        self._witness.granted(asked, request, answer)
        return answer

    async def commit(self, request: CommitRequest) -> CommitAnswer:
        askings = self._witness.reports(request)
        answer = await super().commit(request)
        self._witness.reported(askings, answer)
        return answer


def main() -> int:
    name = f"worker-{os.getpid()}"
    with (Path(os.environ["OBSERVATIONS"]) / f"{name}.jsonl").open("a") as lines:
        log = ObservationLog(lines, now=now, name=name)
        return run_worker_process(
            sys.argv[1],
            load_settings({}),
            connect=lambda url, key: WitnessedBackend(url, key, log),
            options=ProcessOptions(echoes=False, on_report=lambda report: print(report["kind"], flush=True)),
        )


if __name__ == "__main__":
    sys.exit(main())
