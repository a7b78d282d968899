"""Clients of the storm: they send each order and its payment until they are answered, and write down what they hear."""

import json
import random
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from copies import KEY
from mainspring.audit.observations import Asking, ObservationLog

#: Seconds: an answer that takes longer is given up, and asked for again.
PATIENCE = 10.0
#: Seconds until the next try.
AGAIN_AFTER = 0.2
SENDERS = 4
#: Of the payments so many are sent twice, as somebody who is not sure does.
DOUBLED = 0.2


class Senders:
    """Orders `0` to `count - 1`, so many a second."""

    def __init__(self, url: str, log: ObservationLog, count: int, rate: float, chance: random.Random) -> None:
        self._url, self._log, self._count, self._chance = url, log, count, chance
        self._pause = SENDERS / rate
        self._pausing = threading.Event()
        #: The run of each order.
        self.runs: dict[int, str] = {}
        self.unanswered = 0

    def send_all(self) -> None:
        """Returns when everything was answered."""
        with ThreadPoolExecutor(SENDERS) as threads:
            for sending in [threads.submit(self._send_some, first) for first in range(SENDERS)]:
                sending.result()

    def _send_some(self, first: int) -> None:
        for n in range(first, self._count, SENDERS):
            (run,) = self._event(n, "order.created", f"created-{n}")["runs"]
            self.runs[n] = run["id"]
            for _ in range(1 + (self._chance.random() < DOUBLED)):
                self._event(n, "order.paid", f"paid-{n}")
            self._pausing.wait(self._pause)

    def _event(self, n: int, name: str, key: str) -> Any:
        body = {"name": name, "payload": {"n": n}, "idempotency_key": key}
        if name == "order.paid":
            body["id"] = f"order-{n}"
        while True:
            asking = self._log.ask("send_event", event_id=key, name=name, idempotency_key=key)
            answer = self._asked("POST", "/api/v1/events", body, asking)
            if answer is not None:
                asking.ok(
                    event_id=answer["event_id"], runs={run["id"]: run["job_id"] for run in answer["runs"]}
                )
                return answer

    def read(self, run_id: str) -> Any:
        """The run as the API tells it."""
        while True:
            asking = self._log.ask("read_run", run_id)
            answer = self._asked("GET", f"/api/v1/runs/{run_id}", None, asking)
            if answer is not None:
                told = {"output": json.dumps(answer["output"])} if answer["status"] == "SUCCESS" else {}
                asking.ok(status=answer["status"], **told)
                return answer

    def _asked(self, method: str, path: str, body: Any, asking: Asking) -> Any:
        """None when there was no answer, or one that says nothing about this request."""
        try:
            return ask(self._url, method, path, body)
        except urllib.error.HTTPError as error:
            if error.code < 500:
                asking.refused()
                raise
        except (OSError, ValueError, EOFError):
            pass
        except Exception as error:
            if "http.client" not in type(error).__module__:
                raise
        self.unanswered += 1
        self._pausing.wait(AGAIN_AFTER)
        return None


def ask(url: str, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        url + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {KEY}"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.loads(answer.read())
