"""A database in which something of everything has happened, and a hand that spoils it behind the engine's back."""

from dataclasses import dataclass, field

from engine.items import (
    await_run,
    await_runs,
    done,
    job,
    listen,
    parked,
    sleep,
    started,
    succeeded,
    triggered,
)
from engine.puppet import Puppet
from engine.world import World
from mainspring.audit.data import check_database
from mainspring.audit.findings import Finding
from mainspring.clock import SECOND
from mainspring.engine.commands import CancelRun, ReplayRun
from mainspring.model.protocol import ClaimedRun, RunDraft
from mainspring.storage.shapes import RUN

JOBS = (
    job("bill", "order", max_duration=3600 * SECOND),
    job("big", "order", filter={"amount": [{"$gte": 5}]}),
    job("wait"),
    job("child"),
)


@dataclass
class Scene:
    """Runs by what they do: `finished`, `running`, `pending`, `delayed`, and those that wait: `sleeping`,
    `listening`, `parent` (for one child), `family` (for several)."""

    world: World
    runs: dict[str, str] = field(default_factory=dict)
    children: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        world = self.world
        self.worker = world.worker(*JOBS)
        world.advance(1)
        world.send("order", '{"amount":1}')
        self._finish()
        self.park("sleeping", sleep("nap", 600))
        self.park("listening", listen("answer", "go", "c-1", timeout=900))
        self._park_on_children("parent", 1)
        self._park_on_children("family", 3)
        self._run()
        self.runs["delayed"] = world.call("bill", delay=300 * SECOND).id
        self.runs["pending"] = world.call("bill").id

    # ── what happens ─────────────────────────────────────────────────────────────────────────────────
    def _finish(self) -> None:
        run = self.worker.take_one()
        self.worker.report(
            run, started("a"), succeeded("a", '"one"'), started("b"), succeeded("b", position=2)
        )
        self.worker.report(run, done())
        self.runs["finished"] = run.run_id

    def park(self, name: str, *items: object) -> None:
        run = self._begin(name)
        keys = [item.task.key for item in items]  # type: ignore[attr-defined]  # waits
        self.worker.report(run, *items, parked(*keys))  # type: ignore[arg-type]

    def _begin(self, name: str) -> ClaimedRun:
        self.runs[name] = self.world.call("wait", priority=9).id
        return self.worker.take_one()

    def _park_on_children(self, name: str, count: int) -> None:
        run = self._begin(name)
        drafts = [RunDraft(self.world.ids.new("run"), "child", "{}") for _ in range(count)]
        ids = tuple(draft.run_id for draft in drafts)
        self.children[name] = ids
        self.worker.report(run, triggered("call", *drafts))
        wait = await_run("result", *ids) if count == 1 else await_runs("result", *ids)
        self.worker.report(run, wait, parked("result"))

    def _run(self) -> None:
        run = self._begin("running")
        self.worker.report(run, started("a"), succeeded("a", '"one"'), started("b"))

    def replay(self) -> None:
        """`replayed`: keeps task `a` of `finished`, and stands at task `b`."""
        run_id = self.runs["replayed"] = self.world.ids.new("run")
        self.world.do(ReplayRun(self.world.env, self.runs["finished"], run_id, from_task="b"))

    # ── what is spoilt, and what is found ────────────────────────────────────────────────────────────
    def spoil(self, sql: str, **places: str) -> None:
        """Changes rows by hand; `{finished}` and the like stand for the ids of runs."""
        with self.world.database.write() as tx:
            for part in sql.format(**self.runs, worker=self.worker.id, **places).split(";"):
                if part.strip():
                    tx.script(part)

    @property
    def newline(self) -> str:
        """A line's end as the database spells it."""
        return "char(10)" if self.world.url.startswith("sqlite") else "chr(10)"

    def event_id(self) -> str:
        """Of the event that started a run."""
        with self.world.database.read() as tx:
            (row,) = tx.rows("runs_by_ids", ids=[self.runs["finished"]])
        event_id = RUN.value(row).event_id
        assert event_id is not None
        return event_id

    def end_unnoticed(self, run_id: str) -> None:
        """A run comes to its end, and nobody who waits for it is told."""
        self.spoil(
            "update runs set status = 'CANCELLED', finished_at = 1, is_ready = (1 = 0), timer_at = null "
            "where id = '{run_id}'; insert into history (environment_id, run_id, at, kind) "
            "select environment_id, id, 1, 'JOB_CANCELLED' from runs where id = '{run_id}'",
            run_id=run_id,
        )

    def cancel(self, name: str) -> None:
        self.world.do(CancelRun(self.world.env, self.runs[name]))

    def audit(self) -> list[Finding]:
        return list(check_database(self.world.database, grace=0))

    def found(self) -> set[tuple[str, str | None]]:
        """Rules and the runs (or events) they were broken in."""
        return {(f.rule.id, f.run_id or f.event_id) for f in self.audit()}

    def honest_worker(self) -> Puppet:
        return self.world.worker(*JOBS)
