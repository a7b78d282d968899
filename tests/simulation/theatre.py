"""The stage on which user code plays: all it tells is held against the laws at once."""

import asyncio
from typing import Any

from mainspring import Context, RunFailed
from mainspring.model.runs import Run
from mainspring.sdk.context import current_task
from simulation.laws import delay_of, hold
from simulation.mischief import Mischief
from simulation.platform import Platform


class Theatre:
    """`Stage` of `jobs.py`."""

    def __init__(self, platform: Platform, mischief: Mischief) -> None:
        self._platform = platform
        self.dies = lambda: mischief.dies("SIGSEGV")
        #: How often each task's function was begun, by anybody.
        self.begun: dict[tuple[str, str, str], int] = {}
        #: By idempotency key, what an outside service was asked to do, and did.
        self.bank: dict[str, int] = {}

    def _is_ours(self, ctx: Context) -> bool:
        """Whether the worker that goes now holds the newest lease of this run."""
        run = self._platform.tables.runs[ctx.run.id]
        crew = self._platform.crew_at_work()
        return (
            crew is not None
            and run.status == "RUNNING"
            and run.worker_id == crew.worker.worker_id
            and crew.holds(run.id, run.lease)
        )

    def body_begins(self, ctx: Context) -> None:
        self._platform.universe.note("body", ctx.run.id)
        crew, run = self._platform.crew_at_work(), self._platform.tables.runs[ctx.run.id]
        if self._is_ours(ctx):
            ended = self._platform.tables.tasks.get((run.id, "#outcome"))
            hold(ended is None, "I2", "its body is called again after its end", run)
        if crew is not None:
            hold(run.environment_id == crew.node.environment_id, "I12", "another's run", run)
            hold(crew.worker.running <= crew.worker._slots, "I6", "more than its slots", crew.node.name)

    def task_begins(self, ctx: Context, key: str) -> int:
        scope = current_task.get()
        place = (ctx.run.id, key if scope is None else scope.key)
        self._platform.universe.note("task", *place, key)
        self.begun[*place, key] = self.begun.get((*place, key), 0) + 1
        if self._is_ours(ctx):  # who lost its lease and does not know yet may begin what another finished
            lease = self._platform.tables.runs[ctx.run.id].lease
            self._platform.witness.log.ask("begin_task", *place, lease=lease).ok()
            task = self._platform.tables.tasks.get(place)
            is_open = task is None or task.status not in ("SUCCESS", "FAILED")
            hold(is_open, "I2", "a finished task begins again", task)
        return self.begun[*place, key]

    def rings(self, ctx: Context, key: str) -> None:
        if self._is_ours(ctx):
            task = self._platform.tables.tasks.get((ctx.run.id, key))
            is_let_in = task is not None and task.status == "RUNNING"
            hold(is_let_in, "BREAKER", "it begins, and nobody has let it in", task)

    def charges(self, ctx: Context, amount: int) -> None:
        key = ctx.idempotency_key
        hold(key not in self.bank or not self._is_ours(ctx), "I2", "charged twice", key)
        self.bank[key] = amount

    def is_charged(self, idempotency_key: str) -> bool:
        return idempotency_key in self.bank

    def is_newer(self) -> bool:
        crew = self._platform.crew_at_work()
        return crew is not None and crew.is_newer

    def task_given(self, ctx: Context, key: str, value: Any) -> None:
        task = self._platform.tables.tasks.get((ctx.run.id, key))
        hold(task is not None and task.status == "SUCCESS", "I3", "on before it was kept", key, task)

    def asks(self, ctx: Context, key: str, **what: Any) -> None:
        place = (ctx.run.id, key)
        if "delay" in what:
            self._platform.laws.delays[place] = (delay_of(what["delay"]), self._platform.universe.now)
        else:
            self._platform.laws.asked[place] = (what["name"], what["id"])

    def event_given(self, ctx: Context, key: str, event: Any) -> None:
        task = self._platform.tables.tasks.get((ctx.run.id, key))
        hold(task is not None and task.event_id == event.event_id, "I7", key, event.event_id, task)

    def wait_over(self, ctx: Context, key: str, status: str) -> None:
        self._platform.witness.log.ask("hear_wait", ctx.run.id, key).ok(status=status)

    def child_given(self, ctx: Context, result: Any) -> None:
        run = self._platform.tables.runs[result.run_id]
        hold(self._is_child(ctx, run), "I7", "another's child", result.run_id)
        hold(run.status == result.status, "I3", "a child ended otherwise", result, run)

    def child_failed(self, ctx: Context, failed: RunFailed) -> None:
        run = self._platform.tables.runs[failed.run_id]
        hold(self._is_child(ctx, run), "I7", "another's child", failed.run_id)
        hold(run.status == failed.status != "SUCCESS", "I3", "a child ended otherwise", failed, run)

    def _is_child(self, ctx: Context, run: Run) -> bool:
        """Of this run, or of the one from which it keeps the start of its children."""
        task = self._platform.tables.tasks.get((ctx.run.id, run.parent_task_key or ""))
        return run.parent_run_id in (ctx.run.id, task and task.kept_from)

    async def pause(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        loop.call_later(seconds, lambda: over.done() or over.set_result(None))
        await over
