"""Everybody who plays in a seed: the database, server copies, workers, people, and the network between them."""

import random
from functools import cache
from typing import Any

from mainspring.clock import SECOND
from mainspring.engine.accounts import ensure_environment
from mainspring.engine.commands import Commit
from mainspring.engine.timing import Timing
from mainspring.ids import IdSource
from mainspring.model.runs import FINAL_RUN_STATUSES
from mainspring.storage.migrate import upgrade
from mainspring.storage.sqlite import SqliteDatabase
from mainspring.testing.plays.universe import BEGIN, Universe
from simulation import jobs
from simulation.crew import Crew
from simulation.laws import Laws, violations
from simulation.network import Network
from simulation.people import People
from simulation.servers import Board, Options, Server
from simulation.tables import Tables
from simulation.witness import Witness

#: A timer that nothing disturbs is looked at within this.
LATE = 3 * SECOND


class Platform:
    """The players, and the laws that are held against every commit of a server."""

    def __init__(self, seed: int) -> None:
        self.universe = Universe(f"run {seed}")
        violations.clear()
        self.universe.violations = violations
        self.random = self.universe.random
        self.ids = IdSource(lambda: BEGIN + self.universe.now, random.Random(f"ids {seed}"))
        self.database = fresh_database()
        #: Tenants: the second one, where there is one, uses the same names, ids and keys for its own things.
        self.environment_ids = [
            ensure_environment(self.database, BEGIN, self.ids, f"key-{name}", project=name)
            for name in ("first", "second")[: self.random.choice((1, 1, 2))]
        ]
        self.tables = Tables(self.database)
        self.laws = Laws(self.tables, expected_jobs)
        self.network = Network(self.universe)
        self.board = Board(self.universe)
        self.witness = Witness()
        self.people = [
            People(self.universe, self.network, self.tables, self.ids, self.witness, environment_id)
            for environment_id in self.environment_ids
        ]
        self.servers: list[Server] = []
        self.crews: list[Crew] = []
        #: How far the clocks of all servers were set ahead, those to come included.
        self.ahead = 0
        self._numbers = {"server": 0, "worker": 0}

    def is_registered(self) -> bool:
        """Whether a worker is known to the server, and with it every job."""
        known = {crew.node.environment_id for crew in self.crews if crew.is_registered()}
        return len(known) == len(self.environment_ids)

    def left(self) -> list[Any]:
        """What is not over."""
        runs = [run for run in self.tables.runs.values() if run.status not in FINAL_RUN_STATUSES]
        events = [
            event
            for event in self.tables.events.values()
            if event.delivered_at is None and event.cancelled_at is None
        ]
        return [*runs, *events, *[one.node.name for one in self.people if one.asking]]

    def late(self) -> list[Any]:
        """What is due for long by every server's clock, and was not looked at."""
        now = min(server.clock.now() for server in self.live_servers()) - LATE
        waits = [wait for wait in self.tables.waits.values() if wait.due_at is not None and wait.due_at < now]
        runs = [run for run in self.tables.runs.values() if run.timer_at is not None and run.timer_at < now]
        slots = [one for one in self.laws.slots.schedules() if one.next_at is None or one.next_at < now]
        bells = [one for one in self.laws.bells.breakers() if one.timer_at is not None and one.timer_at < now]
        asked = [
            one
            for one in (*self.laws.questions.tokens(), *self.laws.questions.approvals())
            if one.timer_at is not None and one.timer_at < now
        ]
        return [*waits, *runs, *slots, *bells, *asked]

    # ── processes ────────────────────────────────────────────────────────────────────────────────────
    def start_server(self) -> None:
        self._numbers["server"] += 1
        options = Options(f"server-{self._numbers['server']}", Timing(), self.ids, self._committed)
        server = Server(self.universe, self.network, self.board, self.database, options)
        server.node.offset = self.ahead
        self.servers.append(server)
        committer: Any = server.engine._committer
        transact = committer._transact

        def observed(submissions: Any) -> Any:
            commits = [s.command.request for s in submissions if isinstance(s.command, Commit)]
            applied = self.laws.commit_seqs({request.worker_id for request in commits}) if commits else {}
            settled, wake = transact(submissions)
            for submission, answer in settled:
                command = submission.command
                if isinstance(command, Commit) and not isinstance(answer, Exception):
                    request = command.request
                    is_first = request.commit_seq > applied.get(request.worker_id, 0)
                    applied[request.worker_id] = max(applied.get(request.worker_id, 0), request.commit_seq)
                    self.laws.answered(request, answer, is_first)
            return settled, wake

        committer._transact = observed

    def _committed(self, server: Server) -> None:
        self.universe.note("commit", server.node.name)
        self.laws.committed(server.clock.now(), self.universe.now)

    def start_worker(self, environment_id: str) -> None:
        self._numbers["worker"] += 1
        pick = self.random.choice
        options = {
            "name": f"worker-{self._numbers['worker']}",
            "slots": pick((1, 2, 5, 10)),
            "parked_runs": pick((0, 2, 1_000)),
            "always_replay": pick((False, False, False, True)),
        }
        crew = Crew(self.universe, self.network, self.witness, jobs.client, options)
        crew.node.environment_id = environment_id
        crew.is_newer = pick((False, False, True))
        self.crews.append(crew)

    def crew_at_work(self) -> Crew | None:
        """The worker whose code goes now."""
        return next((crew for crew in self.crews if crew.node is self.universe.current), None)

    def live_servers(self) -> list[Server]:
        return [server for server in self.servers if not server.node.is_dead]

    def live_crews(self) -> list[Crew]:
        return [crew for crew in self.crews if not crew.node.is_dead and not crew.working.done()]


def expected_jobs(name: str, payload: Any) -> set[str]:
    """Who listens to an event."""
    if name == "order":
        return {"order", "big"} if payload["n"] >= 50 else {"order"}
    listens = {"request": "approve", "saved": "index", "paid": "ledger"}
    return {listens[name]} if name in listens else set()


@cache
def _template() -> bytes:
    """An empty database with the schema, to begin from."""
    database = SqliteDatabase(None)
    upgrade(database, BEGIN)
    content = database._writer.serialize()
    database.close()
    return content


def fresh_database() -> SqliteDatabase:
    database = SqliteDatabase(None)
    database._writer.deserialize(_template())
    return database
