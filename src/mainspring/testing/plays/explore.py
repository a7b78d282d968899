"""`explore`: one job under many schedules, each from a seed; one that breaks something is made as short as it gets."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from mainspring.model.runs import RunStatus
from mainspring.sdk.job import Job
from mainspring.testing.plays.checks import Expected, Invariant, Problem
from mainspring.testing.plays.ending import Ending
from mainspring.testing.plays.probe import Effects
from mainspring.testing.plays.schedule import (
    Mischief,
    Schedule,
    SeededSchedule,
    read_schedule,
    sooner,
    write_schedule,
)
from mainspring.testing.plays.shrink import shrunk
from mainspring.testing.plays.stage import Drive, Play, Stage
from mainspring.testing.plays.surroundings import beside, play_on

#: Lines of what happened that a message shows.
_MOST_LINES = 60


class BrokenSchedule(AssertionError):
    """A schedule that breaks what must hold. `str()` tells what happened, and the line that repeats it."""

    def __init__(self, message: str, problem: str, story: list[str], schedule: str, seed: int | None) -> None:
        super().__init__(message)
        #: What does not hold.
        self.problem = problem
        #: What happened, in words, in order.
        self.story = story
        self.schedule = schedule
        self.seed = seed


@dataclass(frozen=True)
class Exploration:
    """What came of it: every schedule held."""

    seeds: int
    #: How many of them were different from all others.
    schedules: int
    #: Of the machine's time.
    seconds: float
    notes: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """For people."""
        found = (
            f"{self.seeds} seeds, {self.schedules} different schedules, {self.seconds:.1f} s: every one held"
        )
        return "\n".join([found, *self.notes])


@dataclass(frozen=True)
class Search:
    """All that `explore` was asked for."""

    play: Play
    seeds: int
    invariant: Invariant | None
    reset: Callable[[], Any] | None
    same_output: bool | None
    seed: int | None
    schedule: str | None
    without: Collection[Mischief] = ()
    ends: RunStatus = "SUCCESS"


async def explore(
    job: Job[..., Any, Any],
    payload: Any = None,
    *,
    seeds: int = 200,
    runs: int = 2,
    drive: Drive | None = None,
    effects: Effects | None = None,
    invariant: Invariant | None = None,
    reset: Callable[[], Any] | None = None,
    same_output: bool | None = None,
    seed: int | None = None,
    schedule: str | None = None,
    without: Collection[Mischief] = (),
    ends: RunStatus = "SUCCESS",
) -> Exploration:
    """Run the job under `seeds` schedules: other orders, crashes, failing tasks, events that come late or twice.

    `runs` of it start at once; `drive` (a coroutine function, given an `Outside`) does what others do meanwhile: send
    events, start more runs. After each play: every run has ended, every task is kept once, `effects` (a list that a
    fake fills, or a function returning one) are no more than when runs go one after the other, `invariant` holds (a
    function of nothing or of the `Ending`; False or an AssertionError breaks it), and the runs come to what they come
    to one after the other. That last one is left out where a job's output differs by itself, and with `drive`, unless
    `same_output` says otherwise. `reset` is called before every play: empty there what the job shares.
    `ends`: the status of those `runs` when nothing goes wrong. `without` leaves sorts of mischief out: "crash", "fail",
    "slow", "twice", "late".

    Raises `BrokenSchedule` (an AssertionError) with the shortest schedule found and the line that repeats it: `seed`
    and `schedule` are for that line.
    """
    play = Play(job, payload, runs, drive, effects)
    search = Search(play, seeds, invariant, reset, same_output, seed, schedule, without, ends)
    return await beside(lambda: _Explorer(search).explore())


class _Explorer:
    def __init__(self, search: Search) -> None:
        self._search = search
        self._expected: Expected
        self._plays = 0

    def explore(self) -> Exploration:
        search, began = self._search, time.monotonic()
        self._expect()
        calm = Schedule(read_schedule(search.schedule or ""), search.without)
        self._check(calm, search.seed)
        if search.schedule is not None:
            return Exploration(1, 1, time.monotonic() - began, self._expected.notes)
        seeds = range(search.seeds) if search.seed is None else (search.seed,)
        found = set()
        for seed in seeds:
            schedule = SeededSchedule(seed, calm.asked, search.without)
            self._check(schedule, seed)
            found.add(write_schedule(schedule.taken))
        return Exploration(len(seeds), len(found), time.monotonic() - began, self._expected.notes)

    # ── what must come of it ─────────────────────────────────────────────────────────────────────────
    def _expect(self) -> None:
        search = self._search
        in_turn = search.play.drive is None
        ending = self._play(Schedule(), "first", in_turn=in_turn)
        notes: list[str] = []
        is_same = search.same_output if search.same_output is not None else in_turn
        if is_same and search.same_output is None and ending.stuck is None:
            again = self._play(Schedule(), "again", in_turn=in_turn)
            if again.outputs_of() != ending.outputs_of():
                is_same = False
                notes.append("The job's output differs by itself, so outputs were not compared.")
        self._expected = Expected(ending, is_same, in_turn, search.invariant, notes)
        problem = self._expected.problem(ending)
        if problem is None and (ended := ending.ended_otherwise(search.play.runs, search.ends)):
            problem = Problem("ends", ended)
        if problem is not None:
            how = "when its runs go one after the other" if in_turn else "when nothing is put in its way"
            self._fail(
                f"{search.play.job.id} does not hold even {how}: {problem.text}",
                problem.text,
                ending,
                {},
                None,
            )

    def _play(self, schedule: Schedule, salt: str, *, in_turn: bool = False) -> Ending:
        self._plays += 1
        if self._search.reset is not None:
            self._search.reset()
        stage = Stage(self._search.play, schedule, salt, in_turn=in_turn)
        if hasattr(self, "_expected"):
            stage.known = self._expected.ending.outputs
        return play_on(stage)

    # ── one schedule ─────────────────────────────────────────────────────────────────────────────────
    def _check(self, schedule: Schedule, seed: int | None) -> None:
        salt = f"seed {seed}"
        problem = self._expected.problem(self._play(schedule, salt))
        if problem is None:
            return
        sort = problem.sort

        def breaks(entries: list[tuple[str, str]]) -> bool:
            said = self._expected.problem(self._play(Schedule(dict(entries)), salt))
            return said is not None and said.sort == sort

        taken = list(schedule.taken.items())
        kept = dict(taken if self._search.schedule is not None else _shortest(taken, breaks))
        ending = self._play(Schedule(kept), salt)
        problem = self._expected.problem(ending) or problem
        came = "" if seed is None else f"seed {seed}, "
        shorter = f"; {len(kept)} of its {len(taken)} decisions are enough" if len(kept) < len(taken) else ""
        message = (
            f"{self._search.play.job.id} breaks under a schedule ({came}after {self._plays} plays{shorter}):"
        )
        self._fail(f"{message} {problem.text}", problem.text, ending, kept, seed)

    def _fail(
        self, message: str, problem: str, ending: Ending, decisions: dict[str, str], seed: int | None
    ) -> None:
        story = ending.story
        lines = story if len(story) <= _MOST_LINES else [*story[:_MOST_LINES], "..."]
        schedule = write_schedule(decisions)
        told = "\n".join(f"    {line}" for line in lines)
        raise BrokenSchedule(
            f"{message}\n{told}\nTo repeat it: {self._line(seed, schedule)}", problem, story, schedule, seed
        )

    def _line(self, seed: int | None, schedule: str) -> str:
        play = self._search.play
        payload = repr(play.payload)
        parts = [play.job.__name__, payload if len(payload) <= 80 else "payload"]
        parts += [f"runs={play.runs}"] if play.runs != 2 else []
        given = {"drive": play.drive, "effects": play.effects, "invariant": self._search.invariant}
        parts += [f"{name}=..." for name, value in given.items() if value is not None]
        parts += ["reset=..."] if self._search.reset is not None else []
        parts += [f"seed={seed}"] if seed is not None else []
        return f"await mainspring.explore({', '.join(parts)}, schedule={schedule!r})"


def _shortest(
    taken: list[tuple[str, str]], breaks: Callable[[list[tuple[str, str]]], bool]
) -> list[tuple[str, str]]:
    """What is left when nothing of it can be left out, or come sooner."""
    kept = shrunk(taken, breaks) if taken else taken
    while shorter := next((one for one in sooner(kept) if breaks(one)), None):
        kept = shrunk(shorter, breaks)
    return kept
