"""The stage: one play of a job, from its start to its end, as one schedule has it.

The real engine and real workers, each on a loop of its own; which of them goes next is not up to chance: a run goes
on until it has to wait, unless the schedule says otherwise at one of the moments that it passes.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from mainspring import faults
from mainspring.clock import SECOND
from mainspring.codec import decode
from mainspring.engine.commands import EndWorkers, SettleTask
from mainspring.engine.views import RunView
from mainspring.errors import DefinitionError
from mainspring.model.effects import EffectBegun, TaskInDoubt
from mainspring.model.protocol import ClaimAnswer, CommitAnswer, CommitRequest, Registered, TaskSucceeded
from mainspring.model.runs import FINAL_RUN_STATUSES
from mainspring.sdk.client import Client
from mainspring.sdk.context import current_scope, current_task
from mainspring.sdk.handle import Run
from mainspring.sdk.job import Job
from mainspring.testing.plays.crew import Crew
from mainspring.testing.plays.disk import Ground
from mainspring.testing.plays.ending import Ending
from mainspring.testing.plays.moments import Moment, When, is_left, key_of, told_in, words_of
from mainspring.testing.plays.outside import Outside, StagedDoor, use_door
from mainspring.testing.plays.probe import Effects, Place, Probe
from mainspring.testing.plays.results import list_all_runs, read_ending, why_stuck
from mainspring.testing.plays.schedule import Schedule
from mainspring.testing.plays.server import AGES, Server
from mainspring.testing.plays.threads import Errands
from mainspring.testing.plays.universe import Node, NodeClock, Universe
from mainspring.worker.strands import current_strands

#: Turns of loops after which a play counts as going round in circles.
_MOST_TURNS = 200_000
#: One that waits for another in memory must not be in its way.
_FEWEST_WORKERS = 2

Drive = Callable[[Outside], Awaitable[Any]]


class InjectedFailure(Exception):
    """Raised in place of a task's function, where a schedule says that it fails."""


@dataclass(frozen=True)
class Play:
    """What is played: the same under every schedule."""

    job: Job[..., Any, Any]
    payload: Any
    runs: int = 1
    drive: Drive | None = None
    effects: Effects | None = None
    ground: Ground = field(default_factory=Ground, compare=False)

    @property
    def client(self) -> Client:
        client = self.job._shared
        if not isinstance(client, Client):
            raise DefinitionError(f"{self.job!r} belongs to no client", mend="Define it with `@client.job`.")
        return client


class _Theatre(Universe):
    """Time, and whose turn it is: the server's, then people's, then that of the run which went on last."""

    def __init__(self, prefers: Callable[[list[Node]], Node]) -> None:
        super().__init__("play")
        self._prefers = prefers
        self.most_turns = _MOST_TURNS
        self.errands = Errands()
        self.asked = self.errands.asked  # type: ignore[method-assign]
        self.rest = self.errands.wait  # type: ignore[method-assign]

    def choose(self, ready: list[Node]) -> Node:
        return self._prefers(ready)


class Stage:
    """Implements `crew.Stage`. `play` is all there is."""

    def __init__(self, play: Play, schedule: Schedule, salt: str, *, in_turn: bool = False) -> None:
        """`salt`: of the ids and whatever else is made by chance; another one for every play, or a fake that goes by
        idempotency keys would take its runs for those of the play before. `in_turn`: runs go one after the other."""
        self._play, self.schedule, self.salt = play, schedule, salt
        self.client = play.client
        self._is_in_turn = in_turn
        self.universe = _Theatre(self._whose_turn)
        self.server = Server(self.universe, play.ground, salt)
        self._person = self.universe.node("people")
        self._door = StagedDoor(self.server, self._sends)
        self._crews: dict[Node, Crew] = {}
        self._goes_on: Node | None = None
        self._started = 0
        #: Runs by id, in the order in which they were met.
        self._numbers: dict[str, int] = {}
        self._counts: Counter[tuple[int, str, str]] = Counter()
        self._at_work: list[Place] = []
        self.moments: list[Moment] = []
        self.probe = Probe(play.effects)
        self.ending = Ending(effects=self.probe.by_place)
        #: All runs, once all have ended.
        self._seen: list[RunView] | None = None
        #: What tasks in doubt came to, where somebody knows.
        self.known: dict[Place, str] = {}

    def play(self) -> Ending:
        """To the end of every run. Raises what `drive` raised."""
        client, universe = self.client, self.universe
        before = use_door(client, self._door)
        try:
            crews = [self._hire() for _ in range(max(_FEWEST_WORKERS, self._play.runs))]
            if not self.server.ground.registered:
                self._lay_ground(crews)
            for crew in crews:
                crew.start()
            universe.run(AGES // 2, self._is_served)
            self._goes_on = None
            conducting = self._person.spawn(self._conduct())
            try:
                if universe.run(AGES // 2, conducting.done):
                    universe.run(universe.now)  # who reported the end hears of it
                else:
                    self.ending.stuck = why_stuck(list_all_runs(self.server), self._number)
            except AssertionError as error:
                self.ending.stuck = str(error)
            if conducting.done():
                conducting.result()
            seen = list_all_runs(self.server) if self.ending.stuck or self._seen is None else self._seen
            read_ending(self.ending, self.server, client, seen, self._number)
        finally:
            use_door(client, before)
            universe.close()
        return self.ending

    def _is_served(self) -> bool:
        """Whether the workers are registered, and with them the jobs. Raises why the server refused them."""
        for crew in self._crews.values():
            if crew.working is not None and crew.working.done():
                crew.working.result()
        return all(crew.is_registered for crew in self._crews.values())

    def _hire(self) -> Crew:
        self._started += 1
        crew = Crew(self.universe, self.server, self, self._play.client, self._started)
        self._crews[crew.node] = crew
        return crew

    def _lay_ground(self, crews: list[Crew]) -> None:
        """What registering costs grows with the app: the first play does it for all. Raises why it was refused."""

        async def register() -> dict[str, Registered]:
            engine, environment_id = self.server.engine, self.server.environment_id
            forms = [crew.worker._registration() for crew in crews]
            return {form.worker_id: await engine.register(environment_id, form) for form in forms}

        registering = self._person.spawn(register())
        self.universe.run(AGES // 2, registering.done)
        self.server.ground.lay(registering.result())

    # ── who goes on ──────────────────────────────────────────────────────────────────────────────────
    def _whose_turn(self, ready: list[Node]) -> Node:
        if ready[0] not in self._crews:
            return ready[0]  # the server and people were there before all workers
        idle = next((node for node in ready if not self._crews[node].run), None)
        if idle is not None:
            return idle  # whoever has no run is on its way to one
        current = self._goes_on if self._goes_on in ready else None
        if current is not None and len(ready) > 1:
            current = self._perhaps_another(current, ready)
        self._goes_on = current or ready[0]
        return self._goes_on

    def _perhaps_another(self, current: Node, ready: list[Node]) -> Node:
        """User code has let go of its loop: another may be faster."""
        crew = self._crews[current]
        key = _yielding(current) if crew.run else None
        if key is None:
            return current
        choice = self._choose(crew.run, key, "yields", self._others(crew, ready))
        return self._node_of(choice) or current

    def _others(self, crew: Crew, ready: list[Node] | None = None) -> list[str]:
        """Runs that could go on instead."""
        others = [one for one in self._crews.values() if one is not crew and one.run and not one.node.is_dead]
        if ready is None:
            ready = [one.node for one in others if self._is_ready(one.node)]
        return [f"> {one.run}" for one in others if one.node in ready]

    def _is_ready(self, node: Node) -> bool:
        at = node.loop.next_at()
        return at is not None and at <= self.universe.now

    def _node_of(self, choice: str | None) -> Node | None:
        if choice is None or not choice.startswith("> "):
            return None
        number = int(choice[2:])
        return next(
            (one.node for one in self._crews.values() if one.run == number and not one.node.is_dead), None
        )

    # ── moments ──────────────────────────────────────────────────────────────────────────────────────
    def _choose(self, run: int, key: str, when: When, options: list[str]) -> str | None:
        self._counts[run, key, when] += 1
        moment = Moment(run, key, when, self._counts[run, key, when])
        self.moments.append(moment)
        return self.schedule.choose(str(moment), options)

    async def _passes(self, crew: Crew, run: int, key: str, when: When) -> None:
        choice = self._choose(run, key, when, [*self._others(crew), "crash"])
        if choice == "crash":
            self._crash(crew)
            await crew.node.loop.create_future()  # the dead wait for ever
        elif (node := self._node_of(choice)) is not None:
            self._goes_on = node
            turned = crew.node.loop.create_future()
            crew.node.loop.call_soon(turned.set_result, None)
            await turned

    def taken(self, crew: Crew, answer: ClaimAnswer) -> bool:
        for claimed in answer.runs:
            crew.run = self._number(claimed.run_id)
            if self._choose(crew.run, "", "taken", ["crash"]) == "crash":
                self._crash(crew)
                return False
        return True

    async def asks(self, crew: Crew, request: CommitRequest) -> None:
        told = told_in(request)
        if told is not None:
            self._look(crew, outside_tasks=True)
            await self._passes(crew, self._number(told[0].run_id), told[1], "asked")

    async def heard(self, crew: Crew, request: CommitRequest, answer: CommitAnswer) -> None:
        for report, heard in zip(request.reports, answer.reports, strict=False):
            if heard.status != "ok":
                continue
            outputs = {one.index: one.output for one in heard.items}
            for index, item in enumerate(report.items):
                self._keep(self._number(report.run_id), report.run_id, item, outputs.get(index))
        told = told_in(request)
        if told is not None:
            await self._passes(crew, self._number(told[0].run_id), told[1], "kept")
        if any(
            is_left(report, heard) for report, heard in zip(request.reports, answer.reports, strict=False)
        ):
            crew.run = 0

    def _keep(self, run: int, run_id: str, item: Any, output: str | None) -> None:
        words = words_of(run, item, decode(output) if output else {})
        if words is not None:
            self.ending.story.append(words)
        key = key_of(item)
        if isinstance(item, TaskSucceeded):
            self.ending.kept[run, item.task.key] += 1
            self.ending.outputs[run, item.task.key] = item.output
        elif isinstance(item, EffectBegun):
            self.ending.guarded.add((run, item.task.key))
        elif isinstance(item, TaskInDoubt):
            self._person.spawn(self._settle(run, run_id, item))
        if key is not None and (run, key) in self._at_work:
            self._at_work.remove((run, key))

    async def _settle(self, run: int, run_id: str, item: TaskInDoubt) -> None:
        """The person who is asked looks, and knows."""
        place = (run, item.task.key)
        self.ending.in_doubt.append(place)
        was_done = self.ending.ran[place] > 0
        output = self.known.get(place, "null") if was_done else None
        verdict: Any = "done" if was_done else "retry"
        self.ending.kept[place] += was_done
        await self.server.engine.settle_task(
            SettleTask(self.server.environment_id, run_id, item.task.key, verdict, output)
        )

    def _number(self, run_id: str) -> int:
        return self._numbers.setdefault(run_id, len(self._numbers) + 1)

    # ── tasks' functions ─────────────────────────────────────────────────────────────────────────────
    def passes(self, point: faults.Point) -> Awaitable[None] | None:
        """The code of the node that goes now is at this point; what it waits for before it goes on."""
        crew = self._crews.get(self.universe.current) if self.universe.current else None
        scope, task = current_scope.get(), current_task.get()
        if crew is None or scope is None or task is None:
            return None
        place = (self._number(scope.context.run.id), task.key)
        if point == "task.starting":
            self._look(crew)
            self._at_work.append(place)
            if task.idempotency_key:
                self.ending.guarded.add(place)
            self._tell("'{key}' of run {run} begins", place)
            options = ["fail"] if task.attempt < task.max_attempts else []
            if self._choose(*place, "begins", options) == "fail":
                raise InjectedFailure("the schedule says that this attempt fails")
        elif point == "task.returned":
            self.probe.look(place)
            if place in self._at_work:
                self._at_work.remove(place)
            self.ending.ran[place] += 1
            self._tell("'{key}' of run {run} is done", place)
            choice = self._choose(*place, "ran", ["crash", "slow"])
            if choice == "crash":
                self._crash(crew)
                return crew.node.loop.create_future()  # the dead wait for ever
            if choice == "slow":
                self._tell("'{key}' of run {run} takes a second to say so", place)
                return NodeClock(crew.node).sleep(SECOND)
        return None

    def asks_for_key(self) -> None:
        """User code has read its idempotency key."""
        scope, task = current_scope.get(), current_task.get()
        if scope is not None and task is not None:
            self.ending.guarded.add((self._number(scope.context.run.id), task.key))

    def _look(self, crew: Crew, *, outside_tasks: bool = False) -> None:
        """Effects that are new are of the task at work, if it is one alone, else of the body's own code."""
        at_work = [place for place in self._at_work if place[0] == crew.run]
        self.probe.look(at_work[0] if len(at_work) == 1 else (crew.run, ""))

    def _tell(self, words: str, place: Place) -> None:
        self.ending.story.append(words.format(run=place[0], key=place[1]))

    # ── deaths ───────────────────────────────────────────────────────────────────────────────────────
    def _crash(self, crew: Crew) -> None:
        """The worker is gone, as by kill -9: its supervisor sees it, and starts another."""
        self._look(crew)
        self.ending.story.append(f"the worker of run {crew.run} dies")
        self._at_work = [place for place in self._at_work if place[0] != crew.run]
        crew.node.kill()
        self._person.spawn(self._bury(crew))
        self._hire().start()

    async def _bury(self, crew: Crew) -> None:
        environment_id, worker_id = self.server.environment_id, crew.worker.worker_id
        await self.server.engine.end_workers(
            EndWorkers("exited", environment_id=environment_id, worker_id=worker_id, blames=False)
        )

    # ── people ───────────────────────────────────────────────────────────────────────────────────────
    def _sends(self, name: str, options: tuple[str, ...]) -> str | None:
        """Somebody is about to send an event."""
        if self.universe.current is not self._person:
            return None
        choice = self._choose(0, name, "asked", list(options))
        self.ending.story.append(f"'{name}' is sent" + (f", {choice}" if choice else ""))
        return choice

    async def _conduct(self) -> None:
        play = self._play
        handles: list[Run[Any]] = []
        for _ in range(play.runs):
            started = await (play.job.trigger() if play.payload is None else play.job.trigger(play.payload))
            self._number(started.id)
            handles.append(started)
            if self._is_in_turn:
                await self._all_over()
        if play.drive is not None:
            await play.drive(Outside(play.client, self.server, handles))
        await self._all_over()

    async def _all_over(self) -> None:
        """Returns when every run there is has ended."""
        left = list(self._numbers) or [one.run.id for one in list_all_runs(self.server)]
        while left:
            for run_id in left:
                await self.server.engine.wait_run(self.server.environment_id, run_id, AGES)
            self._seen = list_all_runs(self.server)
            left = [one.run.id for one in self._seen if one.run.status not in FINAL_RUN_STATUSES]


def _yielding(node: Node) -> str | None:
    """Key of the task whose code goes on next, "" for a body; None where that is code of ours."""
    for turn in node.loop._ready:  # type: ignore[attr-defined]
        if turn._context.get(current_strands) is not None and not turn._cancelled:
            task = turn._context.get(current_task)
            return task.key if task is not None else ""
    return None
