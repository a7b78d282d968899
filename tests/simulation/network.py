"""What lies between the nodes: requests and answers that take time, get lost, come twice or come late."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from mainspring.clock import SECOND
from mainspring.errors import MainspringError, ServerUnavailable
from mainspring.testing.plays.universe import Node, Universe

MILLISECOND = 1_000
#: Of requests whose loss nobody tells the sender, so that only its timeout does.
SILENT = 0.25
#: How late a second copy of a request may come.
LATEST = 8 * SECOND

#: Called with the environment of who asks, and the message.
Verb = Callable[[str, Any], Awaitable[Any]]


@dataclass
class Weather:
    """How bad the network is for one node at the moment: probabilities."""

    loses: float = 0.0
    doubles: float = 0.0
    #: Cut off altogether.
    is_cut: bool = False
    #: Answers only are lost: the request is carried out.
    is_deaf: bool = False
    #: Added to every message, microseconds.
    delay: int = 0


@dataclass
class Endpoint:
    """A server copy as the others reach it."""

    node: Node
    #: By verb, called on the server's node.
    verbs: dict[str, Verb]
    exchanges: dict["Exchange", None] = field(default_factory=dict)


@dataclass(eq=False)
class Exchange:
    """One request and its answer."""

    network: "Network"
    asker: Node
    verb: str
    message: Any
    answer: "asyncio.Future[Any]"
    endpoint: Endpoint | None = None
    answering: "asyncio.Task[Any] | None" = None
    is_over: bool = False

    def settle(self, act: Callable[["asyncio.Future[Any]"], None]) -> None:
        """On the asker's node: the answer, or the news that there will be none."""
        if self.is_over or self.asker.is_dead:
            return
        self.is_over = True
        self.asker.loop.call_soon(_unless_done, self.answer, act)

    def fail(self, why: str) -> None:
        self.settle(lambda future: future.set_exception(ServerUnavailable(why, mend="Send it again.")))


def _unless_done(future: "asyncio.Future[Any]", act: Callable[["asyncio.Future[Any]"], None]) -> None:
    if not future.done():
        act(future)


class Network:
    """`ask` is all there is."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._random = universe.random
        self.endpoints: list[Endpoint] = []
        self.weather: dict[str, Weather] = {}
        #: Faults stop: from now on everything arrives, once.
        self.is_calm = False
        self._favourite: dict[str, Endpoint] = {}

    def open(self, endpoint: Endpoint) -> None:
        self.endpoints.append(endpoint)
        endpoint.node.on_death.append(lambda: self._closed(endpoint))

    def _closed(self, endpoint: Endpoint) -> None:
        self.endpoints.remove(endpoint)
        for exchange in endpoint.exchanges:
            if self._random.random() >= SILENT:
                self._universe.after(self._span(), lambda one=exchange: one.fail("the server went away"))  # type: ignore[misc]

    async def ask(self, asker: Node, verb: str, message: Any, timeout: int) -> Any:
        """The answer; raises what the server raised, or `ServerUnavailable`. Cancelling hangs up."""
        exchange = Exchange(self, asker, verb, message, asker.loop.create_future())
        weather = self._weather(asker)
        self._universe.after(self._span() + weather.delay, lambda: self._arrive(exchange, weather))
        if weather.doubles and self._random.random() < weather.doubles:
            self._universe.note("doubled", asker.name, verb)
            copy = Exchange(self, asker, verb, message, asker.loop.create_future(), is_over=True)
            self._universe.after(self._random.randrange(LATEST), lambda: self._arrive(copy, Weather()))
        timer = asker.loop.call_later(timeout / SECOND, exchange.fail, "no answer in time")
        try:
            return await exchange.answer
        except asyncio.CancelledError:
            exchange.is_over = True
            if self._random.random() >= weather.loses:
                self._universe.after(self._span(), lambda: _hang_up(exchange))
            raise
        finally:
            timer.cancel()

    def _weather(self, asker: Node) -> Weather:
        return Weather() if self.is_calm else self.weather.get(asker.process.name, Weather())

    def _span(self) -> int:
        return self._random.randrange(20, 3 * MILLISECOND)

    def _arrive(self, exchange: Exchange, weather: Weather) -> None:
        """The request is at a server, if there is one and it got there."""
        endpoint = self._endpoint(exchange.asker)
        lost = weather.is_cut or self._random.random() < weather.loses
        if endpoint is None or lost:
            self._universe.note("lost", exchange.asker.name, exchange.verb)
            if not self._is_silent(weather):
                self._universe.after(self._span(), lambda: exchange.fail("the connection broke"))
            return
        exchange.endpoint = endpoint
        endpoint.exchanges[exchange] = None
        endpoint.node.loop.call_soon(self._answer, exchange, endpoint, weather)

    def _is_silent(self, weather: Weather) -> bool:
        return (weather.is_cut or weather.loses > 0) and self._random.random() < SILENT

    def _endpoint(self, asker: Node) -> Endpoint | None:
        """Connections are kept: mostly the one asked before."""
        if not self.endpoints:
            return None
        favourite = self._favourite.get(asker.name)
        if favourite not in self.endpoints or self._random.random() < 0.1:
            favourite = self._favourite[asker.name] = self._random.choice(self.endpoints)
        return favourite

    def _answer(self, exchange: Exchange, endpoint: Endpoint, weather: Weather) -> None:
        verb = endpoint.verbs[exchange.verb]
        exchange.answering = endpoint.node.loop.create_task(self._carry_out(exchange, verb, weather))  # type: ignore[arg-type]

    async def _carry_out(self, exchange: Exchange, verb: Verb, weather: Weather) -> None:
        endpoint = exchange.endpoint
        assert endpoint is not None
        try:
            answer: Any = await verb(exchange.asker.process.environment_id, exchange.message)
        except MainspringError as error:
            refusal = error if error.status < 500 and error.status != 429 else _unwell(error)
            self._send_back(exchange, weather, lambda future: future.set_exception(refusal))
        else:
            self._send_back(exchange, weather, lambda future: future.set_result(answer))
        finally:
            endpoint.exchanges.pop(exchange, None)

    def _send_back(
        self, exchange: Exchange, weather: Weather, act: Callable[["asyncio.Future[Any]"], None]
    ) -> None:
        if weather.is_deaf or self._random.random() < weather.loses:
            self._universe.note("answer lost", exchange.asker.name, exchange.verb)
            if not self._is_silent(weather):
                self._universe.after(self._span(), lambda: exchange.fail("the connection broke"))
            return
        self._universe.after(self._span() + weather.delay, lambda: exchange.settle(act))


def _unwell(error: MainspringError) -> ServerUnavailable:
    return ServerUnavailable(f"the server could not answer: {error.message}", mend="Send it again.")


def _hang_up(exchange: Exchange) -> None:
    """The asker does not wait any more, which withdraws a claim."""
    if (
        exchange.answering is not None
        and exchange.endpoint is not None
        and not exchange.endpoint.node.is_dead
    ):
        exchange.endpoint.node.loop.call_soon(exchange.answering.cancel)
