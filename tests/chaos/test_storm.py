"""A small storm, in minutes: what `make chaos` does for longer. Nothing is lost, kept twice, or done again unasked."""

from pathlib import Path

import postgres
from chaos.storm import Weather, braved
from chaos.verdict import judge

#: The spans are half the defaults, and so is what waits for them.
SMALL = Weather(
    runs=120,
    rate=10,
    kills_database_every=12,
    resets_every=7,
    delay=0.005,
    workers=3,
    spares=1,
    heartbeat_every="1500ms",
    lease_timeout="5s",
    patience=240,
)


def test_all_runs_finish_once_while_workers_servers_and_the_database_are_killed(tmp_path: Path) -> None:
    postgres.require_programs()
    with braved(SMALL, tmp_path, print) as storm:
        verdict = judge(storm)
    print("\n".join(verdict.lines()))
    assert verdict.wrong == []
    killed = {kill.name.split("-")[0] for kill in storm.kills}
    assert killed == {"worker", "server"}
    assert storm.outages
    assert verdict.recoveries, "no kill fell where it hurts: this storm shows nothing"
