"""Senders and people: they ask until they are answered, with the same ids, and remember what they were told."""

from collections.abc import Callable
from typing import Any, cast

from mainspring.clock import SECOND
from mainspring.engine.approval_commands import AnswerApproval, DelegateApproval
from mainspring.engine.commands import SettleTask
from mainspring.engine.token_commands import CompleteToken
from mainspring.errors import Conflict, MainspringError, NotAsked, NotFound, ServerUnavailable
from mainspring.ids import IdSource
from mainspring.model.approvals import Decision
from mainspring.model.bulks import Bulk
from mainspring.model.events import EventDraft
from mainspring.model.protocol import RunDraft
from mainspring.model.runs import FINAL_RUN_STATUSES, DebounceSpec
from mainspring.model.waits import Wait
from mainspring.testing.plays.universe import NodeClock, Universe
from simulation import jobs
from simulation.laws import hold
from simulation.network import Network
from simulation.tables import Tables
from simulation.witness import Witness

ANSWER_TIMEOUT = 6 * SECOND


class People:
    """One node that does what the plan says."""

    def __init__(
        self,
        universe: Universe,
        network: Network,
        tables: Tables,
        ids: IdSource,
        witness: Witness,
        environment_id: str,
    ) -> None:
        self.node = universe.node(f"people of {environment_id}")
        self.node.environment_id = environment_id
        self._clock = NodeClock(self.node)
        self._universe = universe
        self._network = network
        self._tables = tables
        self._ids = ids
        self._witness = witness
        #: What was answered: events by id with their runs, runs by id, and the end of each that was watched.
        self.events: dict[str, set[str]] = {}
        self.runs: set[str] = set()
        self.ended: dict[str, str] = {}
        self.cancelled: set[str] = set()
        self._sent: list[EventDraft] = []
        self.asking = 0
        self._quiets = 0

    def does(self, kind: str, values: tuple[Any, ...]) -> None:
        acts: dict[str, Callable[..., Any]] = {
            "send": self._send,
            "delayed": self._delayed,
            "call": self._call,
            "batch": self._batch,
            "quiet": self._quiet,
            "reschedule": self._reschedule,
            "cancel": self._cancel,
            "again": self._again,
            "replay": self._replay,
            "bulk": self._bulk,
            "watch": self._watch,
            "stop": self._stop,
            "queue": self._queue,
            "breaker": self._breaker,
            "answer": self._answer,
            "vote": self._vote,
        }
        self.node.spawn(acts[kind](*values))

    async def ask(self, verb: str, message: Any, timeout: int = ANSWER_TIMEOUT) -> Any:
        """The answer or the refusal, however often it has to be asked for."""
        self.asking += 1
        try:
            while True:
                askings = self._witness.asks(verb, message, self.node.environment_id)
                try:
                    answer = await self._network.ask(self.node, verb, message, timeout)
                except ServerUnavailable:
                    await self._clock.sleep(self._universe.random.randrange(50_000, SECOND))
                    continue
                except MainspringError as refusal:
                    answer = refusal
                self._witness.answered(verb, askings, answer)
                return answer
        finally:
            self.asking -= 1

    # ── events ───────────────────────────────────────────────────────────────────────────────────────
    async def _send(self, name: str, n: int, ident: str | None, keyed: bool) -> None:
        payload = f'{{"n":{n},"id":"{ident}"}}'
        key = f"{name}-{n % 5}" if keyed else None
        await self._sends(
            EventDraft(self._ids.new("evt"), name, payload, correlation_id=ident, idempotency_key=key)
        )

    async def _delayed(self, name: str, n: int, ident: str, delay: int) -> None:
        payload = f'{{"n":{n},"id":"{ident}"}}'
        draft = EventDraft(self._ids.new("evt"), name, payload, correlation_id=ident, delay=delay)
        await self._sends(draft)

    async def _again(self, pick: float) -> None:
        if self._sent:
            await self._sends(self._sent[int(pick * len(self._sent))])

    async def _sends(self, draft: EventDraft) -> None:
        answer = await self.ask("send_events", (draft,))
        hold(not isinstance(answer, MainspringError), "I1", "an event was refused", answer)
        (sent,) = answer
        self._sent.append(draft)
        runs = {run.id for run in sent.runs}
        known = self.events.setdefault(sent.event.id, runs)
        hold(known <= runs, "I11", "the second answer is another", known, runs)

    async def _stop(self, pick: float) -> None:
        """A delayed event is cancelled, unless it was delivered."""
        held = sorted(one.id for one in self._tables.events.values() if one.delivered_at is None)
        if held:
            event_id = held[int(pick * len(held))]
            answer = await self.ask("cancel_event", event_id)
            if not self._is_ours(self._tables.events[event_id]):
                hold(isinstance(answer, NotFound), "I12", "another's event was found", answer)

    async def _queue(self, what: str) -> None:
        """An operator pauses the narrow queue, lets it go on, or limits it otherwise."""
        said: dict[str, Any] = {"paused": what == "pause"}
        if what == "reset":
            said = {"is_reset": True}
        elif what.isdigit():
            said = {"limits": {"concurrency": int(what)}}
        answer = await self.ask("change_queue", tuple(said.items()))
        hold(not isinstance(answer, MainspringError), "I1", "a queue was not found", answer)

    async def _breaker(self, what: str) -> None:
        """An operator opens the bells' breaker for a while, or closes it."""
        answer = await self.ask("change_breaker", what == "open")
        is_fine = not isinstance(answer, MainspringError) or isinstance(answer, NotFound)
        hold(is_fine, "I1", "a breaker was not changed", answer)

    async def _answer(self, pick: float, n: int) -> None:
        """Somebody completes a token, however it stands; a third of them do it twice."""
        known = self._tables.rows(
            "select id, environment_id from tokens order by created_at, run_id, task_key"
        )
        if not known:
            return
        token_id, environment_id = known[int(pick * len(known))]
        for number in range(2 if n % 3 == 0 else 1):
            env = self.node.environment_id
            key = f"{pick}-{number}"
            answer = await self.ask(
                "complete", CompleteToken(token_id, str(n + number), env, request_key=key)
            )
            if environment_id != env:
                hold(isinstance(answer, NotFound), "I12", "another's token was found", answer)
            elif isinstance(answer, MainspringError):
                hold(isinstance(answer, Conflict), "I7", "a token was not completed", answer)
            else:
                hold(answer.output == str(n + number), "I11", "completed with something else", answer)

    async def _vote(self, pick: float, n: int) -> None:
        """Somebody answers an approval or hands it on, asked or not, however it stands; some do it twice."""
        known = self._tables.rows("select id, environment_id from approvals order by created_at, run_id, id")
        if not known:
            return
        approval_id, environment_id = known[int(pick * len(known))]
        env, who = self.node.environment_id, ("ann", "bob", "cem", "dan", "eve", "mal", "fay")[n % 7]
        say: Decision = "reject" if n % 4 == 0 else "approve"
        if n % 9 == 0:
            handed = DelegateApproval(approval_id, who, "fay", "api", None, env)
            answers = [await self.ask("delegate", handed)]
        else:
            answers = [
                await self.ask(
                    "vote",
                    AnswerApproval(approval_id, say, None, None, who, "api", None, env, f"{pick}-{number}"),
                )
                for number in range(2 if n % 3 == 0 else 1)
            ]
        for answer in answers:
            if environment_id != env:
                hold(isinstance(answer, NotFound), "I12", "another's approval was found", answer)
            elif isinstance(answer, MainspringError):
                hold(isinstance(answer, Conflict | NotAsked), "I7", "an answer was refused", answer)
            else:
                hold(who not in ("eve", "mal"), "I7", "who may not answer did", who, answer)

    # ── runs ─────────────────────────────────────────────────────────────────────────────────────────
    async def _call(self, job_id: str, n: int) -> None:
        draft = RunDraft(self._ids.new("run"), job_id, f'{{"n":{n}}}')
        answer = await self.ask("trigger", (draft,))
        hold(not isinstance(answer, MainspringError), "I1", "a call was refused", answer)
        hold([run.id for run in answer] == [draft.run_id], "I11", answer)
        self.runs.add(draft.run_id)

    async def _batch(self, job_id: str, count: int) -> None:
        drafts = tuple(RunDraft(self._ids.new("run"), job_id, f'{{"n":{n}}}') for n in range(count))
        answer = await self.ask("batch", drafts)
        hold(not isinstance(answer, MainspringError), "I1", "a batch was refused", answer)
        hold([run.id for run in answer[1]] == [draft.run_id for draft in drafts], "I11", answer)
        self.runs.update(draft.run_id for draft in drafts)

    async def _quiet(self, job_id: str, key: str) -> None:
        """A debounced call. Its own key makes it harmless to ask again."""
        self._quiets += 1
        run_id, spec = self._ids.new("run"), DebounceSpec(key, 2 * SECOND, max_delay=5 * SECOND)
        payload = f'{{"n":{self._quiets},"id":"{key}"}}'
        draft = RunDraft(run_id, job_id, payload, idempotency_key=f"quiet-{run_id}", debounce=spec)
        answer = await self.ask("quiet", (draft,))
        hold(not isinstance(answer, MainspringError), "I1", "a debounced call was refused", answer)
        self.runs.add(answer[0].id)

    async def _reschedule(self, pick: float, delay: int) -> None:
        """A run that is put off starts at another time; any other stays as it is."""
        delayed = [run for run in self._tables.runs.values() if run.status == "PENDING" and not run.is_ready]
        if delayed:
            run_id = sorted(run.id for run in delayed)[int(pick * len(delayed))]
            answer = await self._ask_about("reschedule", run_id, (run_id, delay))
            is_late = isinstance(answer, Conflict)
            hold(is_late or not isinstance(answer, MainspringError), "I5", "it was not put off", answer)

    def _is_ours(self, row: Any) -> bool:
        return bool(row.environment_id == self.node.environment_id)

    async def _ask_about(self, verb: str, run_id: str, message: Any, timeout: int = ANSWER_TIMEOUT) -> Any:
        """None when it is another's run, which must not be found."""
        answer = await self.ask(verb, message, timeout)
        if self._is_ours(self._tables.runs[run_id]):
            hold(not isinstance(answer, NotFound), "I1", "a run is not found", answer)
            return answer
        hold(isinstance(answer, NotFound), "I12", "another's run was found", answer)
        return None

    def _pick(self, pick: float) -> str | None:
        known = sorted(self._tables.runs)
        return known[int(pick * len(known))] if known else None

    async def _cancel(self, pick: float) -> None:
        run_id = self._pick(pick)
        if run_id is not None:
            if self._is_ours(self._tables.runs[run_id]):
                self.cancelled.add(run_id)
            await self._ask_about("cancel", run_id, run_id)

    async def _replay(self, pick: float, pick_task: float | None = None) -> None:
        run_id = self._pick(pick)
        if run_id is None:
            return
        keys = sorted(key for one, key in self._tables.tasks if one == run_id)
        from_task = None if pick_task is None or not keys else keys[int(pick_task * len(keys))]
        has_ended = self._tables.runs[run_id].status in FINAL_RUN_STATUSES
        # A key, so that asking again is harmless: without one each asking is another replay.
        message = (run_id, f"replay-{run_id}-{from_task}", from_task)
        answer = await self._ask_about("replay", run_id, message)
        if answer is None or (isinstance(answer, Conflict) and from_task is not None and not has_ended):
            return
        hold(not isinstance(answer, MainspringError), "I1", "a replay was refused", answer)
        hold((answer.replay_of, answer.replay_from) == (run_id, from_task), "I11", answer)
        self.runs.add(answer.id)

    async def _bulk(self, job_id: str) -> None:
        """Whatever is open of a job is cancelled, chunk by chunk."""
        now = self._clock.now()
        bulk = Bulk(
            id=self._ids.new("bulk"),
            environment_id=self.node.environment_id,
            action="cancel",
            status="RUNNING",
            criteria=f'{{"statuses":["PENDING","RUNNING","WAITING"],"job_id":"{job_id}"}}',
            options='{"reason":"all of them"}',
            place=None,
            total=0,
            done=0,
            failed=0,
            failures="[]",
            created_by=None,
            created_at=now,
            next_at=now,
            finished_at=None,
        )
        answer = await self.ask("bulk", bulk)
        hold(not isinstance(answer, MainspringError) and answer.id == bulk.id, "I11", answer)

    async def _watch(self, pick: float, timeout: int) -> None:
        run_id = self._pick(pick)
        if run_id is None:
            return
        answer = await self._ask_about("wait_run", run_id, (run_id, timeout), timeout + ANSWER_TIMEOUT)
        if answer is None:
            return
        hold(not isinstance(answer, MainspringError), "I1", answer)
        answer = getattr(answer, "run", answer)
        if answer.status in FINAL_RUN_STATUSES:
            self.ended[run_id] = answer.status
            hold(
                self._tables.runs[run_id].status == answer.status, "I3", "told an end that is not so", answer
            )

    # ── calm ─────────────────────────────────────────────────────────────────────────────────────────
    def helps(self) -> None:
        """Whatever is still waited for is sent, once more."""
        for ident in ("a", "b"):
            self.node.spawn(self._send("go", 1, ident, False))
        self.node.spawn(self._send("won", 1, "race", False))
        self.node.spawn(self._queue("resume"))
        for wait in list(self._tables.waits.values()):
            if wait.kind == "in_doubt" and self._is_ours(wait):
                self.node.spawn(self._settle(wait))

    async def _settle(self, wait: Wait) -> None:
        """A person looks into the bank's books."""
        key = f"{wait.run_id}/{wait.task_key}"
        booked = cast(Any, jobs.stage).bank.get(key)
        known = ("done", str(booked)) if booked is not None else ("retry", None)
        command = SettleTask(wait.environment_id, wait.run_id, wait.task_key, *known)  # type: ignore[arg-type]  # a verdict and its output
        answer = await self.ask("settle", command)
        hold(not isinstance(answer, MainspringError) or isinstance(answer, Conflict), "I1", answer)
