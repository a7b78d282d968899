"""Faults planted in the real code, one at a time: what the simulator must find, or it proves nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import count
from typing import Any
from unittest import mock

from mainspring.codec import decode, encode
from mainspring.engine import (
    admission,
    approval_timers,
    approvals,
    blame,
    breakers,
    children,
    commits,
    error_groups,
    joining,
    queues,
    replays,
    runs,
    schedules,
    tokens,
    waits,
    workers,
)
from mainspring.engine.batch import Batch
from mainspring.engine.engine import Engine
from mainspring.model.breakers import Breaker, Prober
from mainspring.model.protocol import WaitStarted
from mainspring.model.replays import kept_before
from mainspring.model.timetables import Timetable
from mainspring.worker import body
from mainspring.worker.replay import Replay
from mainspring.worker.waits import WaitCalls

Plant = Callable[[], AbstractContextManager[Any]]


def commit_without_the_lease_check() -> AbstractContextManager[Any]:
    """Whoever says that it holds a run is believed."""
    return mock.patch.object(commits, "_holds", lambda run, worker_id, report: run is not None)


def a_task_completed_twice() -> AbstractContextManager[Any]:
    """Replay does not see that a task has finished: it is done again, and reported again."""
    visit = Replay.visit

    def forgetful(self: Replay, key: str, kind: Any, fingerprint: str) -> Any:
        known = visit(self, key, kind, fingerprint)
        return None if kind == "task" and known is not None and known.status == "SUCCESS" else known

    return mock.patch.object(Replay, "visit", forgetful)


def a_wake_up_that_trusts_its_message() -> AbstractContextManager[Any]:
    """Who waits for a run's end takes the hint for the fact, and does not look."""

    async def trusting(self: Engine, environment_id: str, run_id: str, timeout: int) -> Any:
        with self.ends.told_about(run_id) as told:
            view = await self.find_run(environment_id, run_id)
            await self._first(told, timeout)
        return replace(view, run=replace(view.run, status="SUCCESS")) if told.done() else view

    return mock.patch.object(Engine, "wait_run", trusting)


def an_early_event_ignored() -> AbstractContextManager[Any]:
    """A new wait does not look at what came before it."""
    return mock.patch.object(waits, "_early_event", return_value=None)


def a_wait_resolved_twice() -> AbstractContextManager[Any]:
    """A wait that was resolved by its event is still there for its timeout."""
    resolve = waits.resolve

    def forgetful(batch: Batch, resolutions: Any) -> None:
        found, later = list(resolutions), batch.later
        left = {(one.wait.run_id, one.wait.task_key) for one in found if one.event_id is not None}

        def sparing(statement: str, row: Any) -> None:
            if statement != "delete_wait" or (row["run_id"], row["task_key"]) not in left:
                later(statement, row)

        with mock.patch.object(batch, "later", sparing):
            resolve(batch, found)

    return mock.patch.object(waits, "resolve", forgetful)


def a_claim_answer_lost_and_not_undone() -> AbstractContextManager[Any]:
    """Heartbeats renew leases, and compare nothing."""
    return mock.patch.object(workers, "_undo_lost_grants", return_value=None)


def a_retried_batch_applied_twice() -> AbstractContextManager[Any]:
    """A commit that is sent again is taken for a new one."""
    found = commits._workers

    def forgetful(batch: Any, requests: Any) -> Any:
        return {key: replace(worker, commit_seq=-1) for key, worker in found(batch, requests).items()}

    return mock.patch.object(commits, "_workers", forgetful)


def a_terminal_child_that_does_not_wake_its_parent() -> AbstractContextManager[Any]:
    """A run ends, and who waits for it is not told."""
    return mock.patch.object(children, "_tell_single", return_value=None)


def time_taken_from_the_worker() -> AbstractContextManager[Any]:
    """A wait's end is reckoned by the worker's clock, which is wrong now and then, and early by the way there."""

    def _start(self: WaitCalls, label: Any, spec: Any) -> Any:
        passage = self._passage
        if spec.delay is not None:
            spec = replace(spec, delay=None, until=passage.clock.now() + spec.delay)
        waiter = passage.expect(label.key)
        passage.channel.put(WaitStarted(label, spec))
        return waiter

    return mock.patch.object(WaitCalls, "_start", _start)


def a_replay_that_keeps_too_much() -> AbstractContextManager[Any]:
    """What began before the named task is kept, and so is that."""

    def greedy(tasks: Any, key: str) -> Any:
        return [*kept_before(tasks, key), tasks[key]]

    return mock.patch.object(replays, "kept_before", greedy)


def a_slot_passed_over_when_late() -> AbstractContextManager[Any]:
    """Of several slots that are due only the last one counts, whatever the schedule says."""
    due_slots = schedules.due_slots

    def hasty(schedule: Any, now: int, limit: int) -> Any:
        return due_slots(schedule, now, limit)[-1:]

    return mock.patch.object(schedules, "due_slots", hasty)


def a_slot_fired_twice() -> AbstractContextManager[Any]:
    """A schedule is not moved on behind a slot that came this very moment, and slots have no key that says so."""
    after = Timetable.after
    numbers = count()
    stuck = mock.patch.object(Timetable, "after", lambda self, instant: after(self, instant - 1))
    keyless = mock.patch.object(
        schedules, "slot_key", lambda schedule_id, slot: f"{schedule_id}#{next(numbers)}"
    )

    @contextmanager
    def both() -> Iterator[None]:
        with stuck, keyless:
            yield

    return both()


def a_slot_that_nobody_counts() -> AbstractContextManager[Any]:
    """Admission believes that there is room, always."""

    def boundless(batch: Any, queue: Any) -> int:
        return 0 if queue.paused_at is not None else 100

    return mock.patch.object(admission, "_room", boundless)


def a_slot_that_is_kept_in_a_crash() -> AbstractContextManager[Any]:
    """Whoever gives back the runs of a dead worker tells nobody that slots are free."""
    give_back = blame.give_back

    def silent(batch: Batch, *values: Any, **options: Any) -> Any:
        with mock.patch.object(batch, "touch", return_value=None):
            return give_back(batch, *values, **options)

    return mock.patch.object(blame, "give_back", silent)


def an_end_that_is_forgotten() -> AbstractContextManager[Any]:
    """Whoever takes up a run whose end was kept, for its hooks, does not see that, and calls the body."""
    return mock.patch.object(body, "outcome_of", return_value=None)


def a_breaker_that_lets_everybody_try() -> AbstractContextManager[Any]:
    """Once an open breaker is due it takes whoever asks for its probe."""
    ask = Breaker.ask

    def lenient(self: Breaker, who: Prober, now: int) -> int | None:
        if self.probe_at is not None and self.probe_at <= now:
            self.probe_run_id, self.probe_task_key = who.run_id, who.task_key
        return ask(self, who, now)

    return mock.patch.object(Breaker, "ask", lenient)


def a_breaker_that_forgets_whom_it_held() -> AbstractContextManager[Any]:
    """When it closes, those who wait are not woken."""

    def forgetful(batch: Batch, breaker: Breaker) -> None:
        breaker.timer_at = None

    return mock.patch.object(breakers, "_wake_all", forgetful)


def a_list_that_drops_an_event() -> AbstractContextManager[Any]:
    """What a run has gathered is read before the newest of it is there."""
    gathered = joining.gathered

    def hasty(batch: Batch, run: Any, *more: str) -> str:
        return encode(decode(gathered(batch, run, *more))[:-1], what="a list")

    return mock.patch.object(joining, "gathered", hasty)


def a_list_handed_out_twice() -> AbstractContextManager[Any]:
    """Whoever closes a list hands it on, and so does whoever sees that it is closed."""
    close = joining._close

    def twice(batch: Batch, window: Any, because: str | None = None) -> None:
        close(batch, window, because)
        payload = joining.gathered(batch, window.run, *window.payloads)
        again = replace(window.run, id=batch.ids.new("run"), payload=payload, is_ready=True, timer_at=None)
        joining.insert_run(batch, again)

    return mock.patch.object(joining, "_close", twice)


def an_event_that_starts_what_it_should_join() -> AbstractContextManager[Any]:
    """Nobody looks whether a run is open for it."""
    return mock.patch.object(joining, "_find", return_value={})


def a_debounce_that_keeps_the_first_event() -> AbstractContextManager[Any]:
    """The run is put off, and what the event carries is left."""
    take = joining._take

    def forgetful(batch: Batch, window: Any, joiner: Any) -> None:
        before = window.run
        take(batch, window, joiner)
        window.run = replace(window.run, payload=before.payload)

    return mock.patch.object(joining, "_take", forgetful)


def a_debounced_call_that_loses_what_it_brought() -> AbstractContextManager[Any]:
    """The same for a call."""
    joined_run = runs.joined_run

    def forgetful(batch: Batch, windows: Any, draft: Any) -> Any:
        before, run = windows.get((draft.job_id, draft.debounce and draft.debounce.key)), None
        run = joined_run(batch, windows, draft)
        return run and replace(run, payload=before.payload)

    return mock.patch.object(runs, "joined_run", forgetful)


def a_token_that_tells_nobody() -> AbstractContextManager[Any]:
    """Its end is kept, and those who wait are not looked for."""
    return mock.patch.object(tokens, "_waits_for", return_value=[])


def a_wait_that_asks_its_token_nothing() -> AbstractContextManager[Any]:
    """What ended before it was waited for is not seen."""
    return mock.patch.object(commits, "check_token_waits", return_value=None)


def a_decision_that_tells_nobody() -> AbstractContextManager[Any]:
    """It is kept, and the run that waits for it is not looked for."""
    return mock.patch.object(approvals, "_waits_for", return_value=[])


def a_wait_that_asks_its_approval_nothing() -> AbstractContextManager[Any]:
    """What was decided before it was waited for, and news that came meanwhile, are not seen."""
    return mock.patch.object(commits, "check_approval_waits", return_value=None)


def a_quorum_that_the_first_answer_makes() -> AbstractContextManager[Any]:
    """One approval is as good as two."""

    def hasty(view: Any) -> Any:
        return "APPROVED" if any(one.decision == "approve" for one in view.answers) else None

    return mock.patch.object(approvals, "_decided", hasty)


def a_reminder_that_stops_the_clock() -> AbstractContextManager[Any]:
    """Who was reminded, or asked more people, never expires."""
    return mock.patch.object(approval_timers, "earliest", return_value=None)


def an_end_that_nobody_behind_hears_of() -> AbstractContextManager[Any]:
    """Whoever ends a run of a singleton leaves those that wait behind it where they are."""
    return mock.patch.object(children, "lead_on", return_value=None)


def a_drain_that_only_the_worker_knows_of() -> AbstractContextManager[Any]:
    """The server goes on granting runs to a drained worker that asks for them."""
    claimants = queues._claimants

    def forgetful(batch: Batch, ids: list[str]) -> Any:
        found = claimants(batch, ids)
        return {
            id: replace(one, status="ALIVE") if one.status == "DRAINING" else one for id, one in found.items()
        }

    return mock.patch.object(queues, "_claimants", forgetful)


def a_group_that_forgets_what_it_counted() -> AbstractContextManager[Any]:
    """Whoever counts the failures of a batch does not see those of before."""
    find = error_groups._find

    def forgetful(batch: Batch, ids: Any) -> Any:
        return {id: replace(group, runs=0) for id, group in find(batch, ids).items()}

    return mock.patch.object(error_groups, "_find", forgetful)


def a_failure_that_is_counted_afterwards() -> AbstractContextManager[Any]:
    """The transaction that ends a run leaves its failure to whoever looks next."""
    count = error_groups._count

    def forgetful(batch: Batch, rows: Any, *, is_new: bool) -> None:
        if not is_new:
            count(batch, rows, is_new=is_new)

    return mock.patch.object(error_groups, "_count", forgetful)


#: By what is printed beside them, each with the law that gives it away.
PLANTS: tuple[Plant, ...] = (
    a_group_that_forgets_what_it_counted,
    a_drain_that_only_the_worker_knows_of,
    a_decision_that_tells_nobody,
    a_wait_that_asks_its_approval_nothing,
    a_quorum_that_the_first_answer_makes,
    a_reminder_that_stops_the_clock,
    a_token_that_tells_nobody,
    a_wait_that_asks_its_token_nothing,
    commit_without_the_lease_check,
    a_task_completed_twice,
    a_wake_up_that_trusts_its_message,
    an_early_event_ignored,
    a_wait_resolved_twice,
    a_claim_answer_lost_and_not_undone,
    a_retried_batch_applied_twice,
    a_terminal_child_that_does_not_wake_its_parent,
    time_taken_from_the_worker,
    a_replay_that_keeps_too_much,
    a_slot_passed_over_when_late,
    a_slot_fired_twice,
    a_slot_that_nobody_counts,
    a_slot_that_is_kept_in_a_crash,
    an_end_that_is_forgotten,
    an_end_that_nobody_behind_hears_of,
    a_breaker_that_lets_everybody_try,
    a_breaker_that_forgets_whom_it_held,
    a_list_that_drops_an_event,
    a_list_handed_out_twice,
    an_event_that_starts_what_it_should_join,
    a_debounce_that_keeps_the_first_event,
    a_debounced_call_that_loses_what_it_brought,
)
