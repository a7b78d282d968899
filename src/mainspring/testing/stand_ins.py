"""Fake connectors: what a test says that outside services answer. Without a word no real action is called."""

import inspect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from mainspring.errors import DefinitionError
from mainspring.sdk.client import Client
from mainspring.sdk.connected import Action, Connected
from mainspring.sdk.context import current_task, require_scope
from mainspring.sdk.job import Job
from mainspring.sdk.names import near

AnyJob = Job[..., Any, Any]


@dataclass(frozen=True, slots=True)
class ConnectorCall:
    """An attempt at an action."""

    action: str
    #: By name, as it was checked: defaults too.
    input: dict[str, Any]
    #: Of the task.
    key: str
    run_id: str
    #: The same for every attempt of this task in this run.
    idempotency_key: str


class FakeConnector:
    """Stands for the connector of one name. Made by `mainspring.connector("slack")`."""

    def __init__(self, name: str, door: str) -> None:
        """`door`: what the test calls it by: "mainspring"."""
        self.name = name
        #: All attempts, in order; of all actions.
        self.calls: list[ConnectorCall] = []
        self._door = door
        self._answers: dict[str, Any] = {}
        self._errors: dict[str, tuple[Any, int | None]] = {}
        #: How often each answered, and raised, in this play; and raised in all of them.
        self._answered: Counter[str] = Counter()
        self._raised: Counter[str] = Counter()
        self._came: Counter[str] = Counter()
        self._is_real = False
        self._met: list[Connected] = []
        #: Whether the test spoke of it.
        self.is_asked = False

    def __repr__(self) -> str:
        return f"<fake connector {self.name}: {len(self.calls)} calls>"

    def returns(self, **answers: Any) -> "FakeConnector":
        """What actions answer from now on: a value; a list, one after another; or a function of the input, `async`
        too. An answer that is an exception is raised. Checked against the real action's output."""
        self._answers.update(answers)
        for name in answers:
            self._answered[name] = 0
        self.check_names()
        return self

    def raises(
        self, *, times: int | None = None, **errors: BaseException | type[BaseException]
    ) -> "FakeConnector":
        """Errors that actions raise instead: the next so many `times`, or always. A test in which they did not come so
        often fails at its end."""
        for name, error in errors.items():
            if not (
                isinstance(error, Exception) or (isinstance(error, type) and issubclass(error, Exception))
            ):
                raise DefinitionError(f"raises() got {name}={error!r:.80}", mend="Give an exception.")
            if times is not None and (not isinstance(times, int) or times < 1):
                raise DefinitionError(f"raises() got times={times!r:.80}", mend="Give 1 or more.")
            self._errors[name] = (error, times)
            self._raised[name] = self._came[name] = 0
        self.check_names()
        return self

    def real(self) -> "FakeConnector":
        """Let the test call the real actions of this connector, where nothing else is said."""
        self._is_real = True
        return self

    # ── what it stands for ───────────────────────────────────────────────────────────────────────────
    def meet(self, connector: Connected) -> None:
        """It stands for this one."""
        if not any(connector is one for one in self._met):
            self._met.append(connector)

    def check_names(self) -> None:
        """`DefinitionError` for actions that no real connector has, `PayloadInvalid` for answers that do not fit."""
        known = {name: action for one in self._met for name, action in one.actions.items()}
        if not self._met:
            return
        for name in [*self._answers, *self._errors]:
            if name not in known:
                raise DefinitionError(
                    f"the connector '{self.name}' has no action '{name}'{near(name, known)}",
                    mend=f"Name actions of {self._met[0]!r}.",
                )
        for name, answer in self._answers.items():
            for one in answer if isinstance(answer, list) else [answer]:
                if not _is_error(one) and not callable(one):
                    known[name].read_output(one)

    def actions_for(self, connector: Connected | None) -> Mapping[str, Action]:
        """Those of a real connector, answered here; what the test named, where there is none."""
        if connector is None:
            named = dict.fromkeys([*self._answers, *self._errors])
            return {name: Action(name, dict, partial(self._call, name, None), _as_it_is) for name in named}
        return {
            name: replace(action, call=partial(self._call, name, action))
            for name, action in connector.actions.items()
        }

    async def _call(self, name: str, action: Action | None, /, **given: Any) -> Any:
        run, task = require_scope(self.name).context.run, current_task.get()
        key = "" if task is None else task.key
        # Not asked of `ctx`: a play notes there which tasks show somebody their key.
        shown = (task.idempotency_key if task is not None else "") or f"{run.id}/{key}"
        self.calls.append(ConnectorCall(name, given, key, run.id, shown))
        error, times = self._errors.get(name, (None, 0))
        if error is not None and (times is None or self._raised[name] < times):
            self._raised[name] += 1
            self._came[name] += 1
            raise error
        if name in self._answers:
            return await self._answer(name, given)
        if self._is_real and action is not None:
            return await action.call(**given)
        raise DefinitionError(
            f"io.{self.name}.{name} was called, and a test does not call the real one",
            mend=f'Say what it answers, {self._door}.connector("{self.name}").returns({name}=...), '
            "or let it be called: .real().",
        )

    async def _answer(self, name: str, given: dict[str, Any]) -> Any:
        answer, number = self._answers[name], self._answered[name]
        self._answered[name] += 1
        if isinstance(answer, list):
            if number >= len(answer):
                raise DefinitionError(
                    f"io.{self.name}.{name} was called {number + 1} times and has {len(answer)} answers",
                    mend="Give a longer list, or one value or a function for all calls.",
                )
            answer = answer[number]
        if _is_error(answer):
            raise answer
        if not callable(answer):
            return answer
        came = answer(**given)
        return await came if inspect.isawaitable(came) else came

    # ── plays, and the end ───────────────────────────────────────────────────────────────────────────
    def rewind(self) -> None:
        """Another play begins: its answers begin anew."""
        self._answered.clear()
        self._raised.clear()

    def check(self, known: Iterable[str]) -> None:
        """`AssertionError` for a name that no job knows, and for errors that did not come."""
        said = f"mainspring.connector({self.name!r})"
        if self.is_asked and not self._met:
            raise AssertionError(f"{said}: no job of the test has such a connector{near(self.name, known)}")
        for name, (_, times) in self._errors.items():
            if times is not None and self._came[name] < times:
                raise AssertionError(
                    f"{said}.raises({name}=...) came {self._came[name]} times, and not {times} as planned"
                )


class Faked:
    """Implements `Connected`: a fake in the place of a real connector, or of one that nobody knows."""

    def __init__(self, fake: FakeConnector, real: Connected | None) -> None:
        self.fake, self.real = fake, real
        self.id: str = fake.name if real is None else real.id
        self.name: str = fake.name if real is None else real.name
        self.version: str = "fake" if real is None else real.version

    @property
    def actions(self) -> Mapping[str, Action]:
        return self.fake.actions_for(self.real)


class Fakes:
    """Those of one test."""

    def __init__(self, door: str = "mainspring") -> None:
        self._door = door
        self._named: dict[str, FakeConnector] = {}
        #: Jobs, with the connectors that they really have.
        self._taken: dict[AnyJob, Mapping[str, Connected]] = {}

    def named(self, name: str) -> FakeConnector:
        """The fake of this name, of which the test speaks."""
        fake = self._fake(name)
        fake.is_asked = True
        return fake

    def _fake(self, name: str) -> FakeConnector:
        if not isinstance(name, str) or not name.isidentifier():
            raise DefinitionError(
                f"connector() got {name!r:.80}", mend='Give its name in connectors={...}: "slack".'
            )
        return self._named.setdefault(name, FakeConnector(name, self._door))

    def over(self, connectors: Mapping[str, Connected]) -> dict[str, Connected]:
        """Fakes in place of these; what is fake already stays."""
        faked: dict[str, Connected] = {}
        for name, one in connectors.items():
            if not isinstance(one, Faked):
                self._fake(name).meet(one)
            faked[name] = one if isinstance(one, Faked) else Faked(self._fake(name), one)
        for name in faked:
            if name in self._named:
                self._named[name].check_names()
        return faked

    def alone(self) -> dict[str, Connected]:
        """Those of which the test spoke."""
        return {name: Faked(fake, fake._met[0] if fake._met else None) for name, fake in self._named.items()}

    def take(self, client: Client) -> None:
        """From now on the jobs of this client have fakes."""
        for job in client.registered.values():
            if job not in self._taken and job.connectors:
                self._taken[job] = job.connectors
                job.connectors = self.over(job.connectors)

    def give_back(self) -> None:
        """The jobs have what they had before."""
        for job, connectors in self._taken.items():
            job.connectors = connectors
        self._taken.clear()

    def check(self) -> None:
        """See `FakeConnector.check`."""
        known = [name for name, fake in self._named.items() if fake._met]
        for fake in self._named.values():
            fake.check(known)


@contextmanager
def faked_for_play(client: Client) -> Iterator[None]:
    """No play calls a real action unasked: the fakes of the test answer, each from its beginning."""
    fakes = Fakes()
    fakes.take(client)
    for job in client.registered.values():
        for one in job.connectors.values():
            if isinstance(one, Faked):
                one.fake.rewind()
    try:
        yield
    finally:
        fakes.give_back()


def _is_error(answer: Any) -> bool:
    return isinstance(answer, BaseException) or (
        isinstance(answer, type) and issubclass(answer, BaseException)
    )


def _as_it_is(value: Any) -> Any:
    return value
