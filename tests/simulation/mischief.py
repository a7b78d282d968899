"""What goes wrong in a seed: deaths, freezes, bad networks, clocks, and the fault points of the real code."""

from typing import Any

from mainspring import faults
from mainspring.clock import SECOND
from mainspring.engine.commands import EndWorkers
from mainspring.errors import DatabaseUnavailable, TransactionConflict
from mainspring.testing.plays.universe import Killed
from simulation.crew import Crew
from simulation.network import Weather
from simulation.plan import Entry
from simulation.platform import Platform


class Mischief:
    """Does what the plan says, to whomever it names."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        #: Point, effect, and how many times it is passed until it strikes.
        self._armed: list[list[Any]] = []

    def ends(self) -> None:
        """Faults stop: the network is well, the frozen are thawed, there is somebody of each kind."""
        platform = self._platform
        platform.network.is_calm = True
        platform.board.loses = 0.0
        self._armed.clear()
        for node in platform.universe.nodes:
            node.frozen_until = min(node.frozen_until, platform.universe.now)
        if not platform.live_servers():
            platform.start_server()
        served = {crew.node.environment_id for crew in platform.live_crews()}
        for environment_id in platform.environment_ids:
            if environment_id not in served:
                platform.start_worker(environment_id)

    def happens(self, entry: Entry) -> None:
        self._platform.universe.note(entry.kind, *entry.values)
        acts = {
            "kill worker": self._kill_worker,
            "kill server": self._kill_server,
            "kill all": self._kill_all,
            "freeze worker": lambda pick, span: self._freeze(self._platform.live_crews(), pick, span),
            "freeze server": lambda pick, span: self._freeze(self._platform.live_servers(), pick, span),
            "block": self._block,
            "give up": self._give_up,
            "drain": self._drain,
            "retire": self._retire,
            "weather": self._weather,
            "hints": self._hints,
            "server's clock": lambda pick, jump: self._jump(self._platform.live_servers(), pick, jump),
            "worker's clock": lambda pick, jump: self._jump(self._platform.live_crews(), pick, jump),
            "everybody's clock": self._set_ahead,
            "point": lambda point, effect, count: self._armed.append([point, effect, count]),
        }
        act = acts.get(entry.kind)
        if entry.kind == "neighbour":
            self._platform.people[-1].does(*entry.values)
        elif act is None:
            self._platform.people[0].does(entry.kind, entry.values)
        else:
            act(*entry.values)

    def _kill_worker(self, pick: float, is_seen: bool, back_in: int) -> None:
        crew = _picked(self._platform.live_crews(), pick)
        if crew is not None:
            crew.node.kill()
            self._buried(crew, is_seen)
            self._replaced(crew, back_in)

    def _replaced(self, crew: Crew, within: int) -> None:
        """Somebody is started in its place."""
        environment_id = crew.node.environment_id
        self._platform.universe.after(within, lambda: self._platform.start_worker(environment_id))

    def _buried(self, crew: Crew, is_seen: bool, fault: str = "") -> None:
        """Its supervisor may notice, and see a fault for what it is; else its silence will."""
        if is_seen:
            environment_id = crew.node.environment_id
            command = EndWorkers(
                "exited", environment_id=environment_id, worker_id=crew.worker.worker_id, fault=fault
            )
            people = self._platform.people[self._platform.environment_ids.index(environment_id)]
            people.node.spawn(people.ask("end_workers", command))

    def _kill_server(self, pick: float, back_in: int) -> None:
        server = _picked(self._platform.live_servers(), pick)
        if server is not None:
            server.node.kill()
            self._platform.universe.after(back_in, self._platform.start_server)

    def _kill_all(self, back_in: int) -> None:
        crews, servers = self._platform.live_crews(), self._platform.live_servers()
        for one in (*crews, *servers):
            one.node.kill()
        self._platform.universe.after(back_in, self._platform.start_server)
        for crew in crews:
            self._replaced(crew, back_in)

    def _freeze(self, among: Any, pick: float, span: int) -> None:
        one = _picked(among, pick)
        if one is not None:
            one.freeze(self._platform.universe.now + span)

    def _block(self, pick: float, span: int) -> None:
        """User code keeps the loop to itself; the worker's heart goes on beating."""
        crew = _picked(self._platform.live_crews(), pick)
        if crew is not None:
            crew.node.freeze(self._platform.universe.now + span)

    def _give_up(self, pick: float) -> None:
        """Taken for dead, and alive."""
        crew = _picked(self._platform.live_crews(), pick)
        if crew is not None:
            self._buried(crew, True)

    def _drain(self, pick: float) -> None:
        crew = _picked(self._platform.live_crews(), pick)
        if crew is not None and hasattr(crew.worker, "_claims"):
            crew.node.loop.call_soon(crew.worker.drain)
            self._replaced(crew, SECOND)

    def _retire(self, pick: float) -> None:
        """An operator drains it, who does not know whether it hears."""
        crew = _picked(self._platform.live_crews(), pick)
        if crew is not None:
            environment_id = crew.node.environment_id
            people = self._platform.people[self._platform.environment_ids.index(environment_id)]
            people.node.spawn(people.ask("drain_worker", crew.worker.worker_id))
            self._replaced(crew, SECOND)

    def _weather(self, pick: float, span: int, kind: str, value: Any) -> None:
        nodes = [one.node for one in (*self._platform.live_crews(), *self._platform.people)]
        node = nodes[int(pick * len(nodes))]
        weather = {
            "loses": Weather(loses=value),
            "doubles": Weather(doubles=value),
            "cut": Weather(is_cut=True),
            "deaf": Weather(is_deaf=True),
            "slow": Weather(delay=value),
        }[kind]
        self._platform.network.weather[node.name] = weather
        self._platform.universe.after(span, lambda: self._clears(node.name, weather))

    def _clears(self, name: str, weather: Weather) -> None:
        if self._platform.network.weather.get(name) is weather:
            del self._platform.network.weather[name]

    def _hints(self, span: int, loses: float, is_silent: bool) -> None:
        self._platform.board.loses, self._platform.board.is_silent = loses, is_silent
        self._platform.universe.after(span, lambda: setattr(self._platform.board, "loses", 0.0))

    def _jump(self, among: Any, pick: float, jump: int) -> None:
        one = _picked(among, pick)
        if one is not None:
            one.node.offset += jump

    def _set_ahead(self, jump: int) -> None:
        """All servers' clocks are set: minutes that never were."""
        self._platform.ahead += jump
        for server in self._platform.live_servers():
            server.node.offset += jump

    # ── fault points ─────────────────────────────────────────────────────────────────────────────────
    def passes(self, point: faults.Point) -> None:
        """The code of the node that goes now is at this point."""
        for arm in self._armed:
            if arm[0] == point:
                arm[2] -= 1
                if arm[2] == 0:
                    self._armed.remove(arm)
                    self._strike(point, arm[1])
                return

    def _strike(self, point: faults.Point, effect: str) -> None:
        node = self._platform.universe.current
        assert node is not None
        self._platform.universe.note("strikes", point, effect, node.name)
        if effect == "kill":
            self.dies()
        if effect == "conflict":
            raise TransactionConflict("another server was faster")
        error = DatabaseUnavailable("the database went away")
        error.nothing_committed = effect == "nothing"
        raise error

    def dies(self, fault: str = "") -> None:
        """Whoever goes now; `fault`: through what it does."""
        node = self._platform.universe.current
        assert node is not None
        node.kill()
        within = self._platform.random.randrange(3 * SECOND)
        crew = self._platform.crew_at_work()
        if crew is None:
            self._platform.universe.after(within, self._platform.start_server)
        else:
            self._buried(crew, self._platform.random.random() < 0.6, fault)
            self._replaced(crew, within)
        raise Killed(node.name)


def _picked(among: list[Any], pick: float) -> Any:
    return among[int(pick * len(among))] if among else None
