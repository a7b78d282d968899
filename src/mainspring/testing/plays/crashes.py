"""`crash_everywhere`: one clean run of a job, then one more for every boundary that it passed, with a death there."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mainspring.model.runs import RunStatus
from mainspring.sdk.job import Job
from mainspring.testing.plays.checks import Expected
from mainspring.testing.plays.ending import Ending
from mainspring.testing.plays.moments import Moment
from mainspring.testing.plays.probe import Effects
from mainspring.testing.plays.schedule import Schedule
from mainspring.testing.plays.stage import Drive, Play, Stage
from mainspring.testing.plays.surroundings import beside, play_on

_MEND = (
    "Mend: give the service the same key each time (`ctx.idempotency_key`), or declare the task "
    '`effect="once"`, with a `reconcile=` that asks the service what happened.'
)


class CrashBreaks(AssertionError):
    """A crash after which something else came of the job. `.report` has all that was found."""

    def __init__(self, message: str, report: "CrashReport") -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True)
class Repeated:
    """A task whose function ran more often than in the clean run."""

    #: Its key.
    task: str
    #: How often it ran, at most.
    times: int
    #: After which crashes, in words.
    points: tuple[str, ...]
    #: It passes an idempotency key on, or has one of its own: whoever it speaks to can tell.
    has_key: bool

    def __str__(self) -> str:
        why = "has an idempotency key" if self.has_key else "no idempotency key"
        return f"{self.task} ({why}): {', '.join(self.points)}"


@dataclass(frozen=True)
class CrashReport:
    """What `crash_everywhere` found."""

    job_id: str
    #: The boundaries at which a worker died, in words: one play each.
    points: tuple[str, ...]
    #: Tasks whose function ran twice. Those without a key are the ones that need one, unless a repetition is harmless.
    repeated: tuple[Repeated, ...]
    #: Tasks under `effect="once"` about which a person had to be asked.
    in_doubt: tuple[str, ...]
    #: By point, what came of it that should not have.
    problems: dict[str, str]
    #: Whether outputs were compared: False where the job's output differs by itself.
    is_compared: bool = True

    @property
    def text(self) -> str:
        """For people."""
        lines = [f"{self.job_id}: {len(self.points)} crashes, " + self._verdict()]
        lines += [f"  {point}: {problem}" for point, problem in self.problems.items()]
        if self.repeated:
            lines.append("Functions that ran twice:")
            lines += [f"  {one}" for one in self.repeated]
        if self.in_doubt:
            lines.append(f"A person was asked about: {', '.join(self.in_doubt)}")
        return "\n".join(lines)

    def _verdict(self) -> str:
        if not self.problems:
            same = (
                "the same end"
                if self.is_compared
                else "an end of the same status (the output differs by itself)"
            )
            return f"each came to {same}"
        return f"{len(self.problems)} of them changed what came of it"


async def crash_everywhere(
    job: Job[..., Any, Any],
    payload: Any = None,
    *,
    drive: Drive | None = None,
    effects: Effects | None = None,
    reset: Callable[[], Any] | None = None,
    strict: bool = False,
    ends: RunStatus = "SUCCESS",
) -> CrashReport:
    """Run the job once cleanly, then once per boundary with a worker that dies there, and compare.

    The boundaries: a worker has taken the run; a task's function ran and is not committed; its outcome is committed
    and the code has not gone on; the same for waits, the store, events, children, and the run's end. After each crash
    the output is the same, every finished task is kept once, and `effects` (a list that a fake fills, or a function
    returning one) has no more in it than after the clean run. `drive` (a coroutine function, given an `Outside`) sends
    what the job waits for; `reset` is called before every run: empty there what the job shares. `ends`: what status
    the run ends with when nothing goes wrong.

    Functions that ran twice are reported; with `strict` those that show nobody an idempotency key are a failure.
    Raises `CrashBreaks` (an AssertionError) naming the point and the task.
    """
    play = Play(job, payload, 1, drive, effects)
    return await beside(lambda: _Crasher(play, reset, strict).crash(ends))


class _Crasher:
    def __init__(self, play: Play, reset: Callable[[], Any] | None, strict: bool) -> None:
        self._play, self._reset, self._strict = play, reset, strict
        self._problems: dict[str, str] = {}
        self._ran_again: dict[str, list[str]] = {}
        self._most: Counter[str] = Counter()
        self._guarded: set[str] = set()
        self._doubted: dict[str, None] = {}
        self._is_doubled = False
        self._plays = 0

    def crash(self, ends: RunStatus) -> CrashReport:
        clean, moments = self._run("", None)
        again, _ = self._run("", None)
        expected = Expected(clean, outputs=again.outputs_of() == clean.outputs_of())
        wrong = clean.stuck or clean.ended_otherwise(1, ends)
        if wrong is not None:
            raise AssertionError(
                f"{self._play.job.id} does not come to its end even without a crash: {wrong}"
            )
        points = _points(moments)
        for point in points:
            ending, _ = self._run(str(point), clean)
            self._compare(point, ending, expected)
        report = self._report(points, is_compared=expected.outputs)
        if report.problems:
            raise CrashBreaks(f"{report.text}\n{_MEND}" if self._is_doubled else report.text, report)
        return report

    def _run(self, point: str, clean: Ending | None) -> tuple[Ending, list[Moment]]:
        """One with a death at a point, "" for none."""
        self._plays += 1
        if self._reset is not None:
            self._reset()
        schedule = Schedule({point: "crash"} if point else {})
        stage = Stage(self._play, schedule, f"crash {self._plays}")
        stage.known = clean.outputs if clean is not None else {}
        return play_on(stage), stage.moments

    def _compare(self, point: Moment, ending: Ending, expected: Expected) -> None:
        words = _words(point)
        found = expected.problem(ending)
        problem = None if found is None else found.text
        if found is not None and found.sort == "doubled":
            self._is_doubled = True
        if problem is None and ending.kept != expected.ending.kept:
            problem = f"other tasks were kept: {_difference(ending.kept, expected.ending.kept)}"
        if problem is not None:
            self._problems[words] = problem
        self._guarded |= {key for _, key in ending.guarded}
        self._doubted |= dict.fromkeys(key for _, key in ending.in_doubt)
        for place, count in ending.ran.items():
            if count > expected.ending.ran[place]:
                self._ran_again.setdefault(place[1], []).append(words)
                self._most[place[1]] = max(self._most[place[1]], count)

    def _report(self, points: list[Moment], *, is_compared: bool) -> CrashReport:
        repeated = tuple(
            Repeated(key, self._most[key], tuple(words), key in self._guarded)
            for key, words in self._ran_again.items()
        )
        if self._strict:
            for one in repeated:
                if not one.has_key:
                    self._is_doubled = True
                    self._problems.setdefault(
                        one.points[0], f"task '{one.task}' ran {one.times} times, without an idempotency key"
                    )
        words = tuple(_words(point) for point in points)
        return CrashReport(
            self._play.job.id, words, repeated, tuple(self._doubted), self._problems, is_compared
        )


def _points(moments: list[Moment]) -> list[Moment]:
    """Where to crash: what is asked right after a function ran is the same place."""
    points, last = [], None
    for moment in moments:
        is_same = last is not None and last.when == "ran" and (last.run, last.key) == (moment.run, moment.key)
        if moment.run and (
            moment.when in ("taken", "ran", "kept") or (moment.when == "asked" and not is_same)
        ):
            points.append(moment)
        last = moment if moment.when != "yields" else last
    return points


def _words(point: Moment) -> str:
    return point.words() + ("" if point.run == 1 else f" (run {point.run})")


def _difference(found: Counter[tuple[int, str]], expected: Counter[tuple[int, str]]) -> str:
    places = [place for place in {**found, **expected} if found[place] != expected[place]]
    return ", ".join(f"'{key}' {found[run, key]} times, not {expected[run, key]}" for run, key in places)
