"""`mainspring doctor --audit` and `--repair` on a database, beside a server or alone."""

import json
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path

import pytest
import typer

import postgres
from audit.scene import Scene
from engine.world import World
from mainspring.cli import doctor_audit
from processes import run_cli


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    own = (
        postgres.server().database()
        if request.param == "postgres"
        else nullcontext(f"sqlite:///{tmp_path / 'kept.db'}")
    )
    with own as url:
        yield url


def spoil(url: str) -> Scene:
    """Two things that can be mended, and one that cannot."""
    with closing(World(url)) as world:
        scene = Scene(world)
        scene.spoil(
            "update runs set worker_id = 'wrk_unknown' where id = '{running}';"
            "update runs set timer_at = 5 where id = '{finished}';"
            "update runs set output = null where id = '{finished}'"
        )
    return scene


def test_it_says_what_is_wrong_and_what_a_repair_would_do(url: str, tmp_path: Path) -> None:
    scene = spoil(url)
    done = run_cli("doctor", "--audit", "--database-url", url, "--json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    assert {(one["rule"], one["run_id"], one["is_repairable"]) for one in said["findings"]} == {
        ("lease-without-holder", scene.runs["running"], True),
        ("end-not-clean", scene.runs["finished"], True),
        ("end-contradicts", scene.runs["finished"], False),
    }
    assert all(one["repair"] for one in said["findings"])
    assert said["repairs"] == []
    assert said["left"] == said["findings"]

    told = run_cli("doctor", "--audit", "--database-url", url, cwd=tmp_path)
    assert told.returncode == 1
    assert scene.runs["running"] in told.stdout
    assert "Puts the run back at the head of its queue" in told.stderr
    assert "--repair" in told.stderr


def test_it_mends_what_is_safe_and_leaves_the_rest(url: str, tmp_path: Path) -> None:
    scene = spoil(url)
    done = run_cli("doctor", "--audit", "--repair", "--database-url", url, "--json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr  # one thing is still wrong
    said = json.loads(done.stdout)
    assert {(one["run_id"], tuple(one["rules"])) for one in said["repairs"]} == {
        (scene.runs["running"], ("lease-without-holder",)),
        (scene.runs["finished"], ("end-not-clean",)),
    }
    assert [one["rule"] for one in said["left"]] == ["end-contradicts"]

    again = run_cli("doctor", "--audit", "--repair", "--database-url", url, cwd=tmp_path)
    assert again.returncode == 1
    assert "Not mended: look at the run's history" in again.stderr
    with closing(World(url)) as world:
        assert [entry.kind for entry in world.history(scene.runs["running"])][-2:] == [
            "WORKER_LOST",
            "RUN_REPAIRED",
        ]


def test_a_whole_database_is_told_to_be_whole(url: str, tmp_path: Path) -> None:
    with closing(World(url)) as world:
        Scene(world)
    done = run_cli("doctor", "--audit", "--database-url", url, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing is wrong" in done.stderr
    repaired = run_cli("doctor", "--audit", "--repair", "--database-url", url, "--json", cwd=tmp_path)
    assert repaired.returncode == 0
    assert json.loads(repaired.stdout)["findings"] == []


def test_it_looks_beside_a_running_server_but_mends_no_sqlite_under_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kept.db'}"
    with closing(World(url)) as world:
        Scene(world)
        assert run_cli("doctor", "--audit", "--database-url", url, cwd=tmp_path).returncode == 0
        refused = run_cli("doctor", "--audit", "--repair", "--database-url", url, cwd=tmp_path)
    assert refused.returncode == 5
    assert "kept.db" in refused.stderr


def test_a_rule_that_is_broken_everywhere_hides_no_other(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(World(url)) as world:
        Scene(world).spoil(
            "update runs set output = null, finished_at = null where status = 'SUCCESS';"
            "update runs set timer_at = 5 where status = 'SUCCESS'"
        )
    monkeypatch.setattr(doctor_audit, "MOST", 1)
    with pytest.raises(typer.Exit):
        doctor_audit.run_audit(url, repairs=False, as_json=True)
    said = capsys.readouterr()
    assert sorted(one["rule"] for one in json.loads(said.out)["findings"]) == [
        "count-differs",
        "end-contradicts",
        "end-not-clean",
    ]
    assert "end-contradicts: the first 1 of 2 findings" in said.err


def test_it_makes_no_database_and_mends_only_what_it_audits(tmp_path: Path) -> None:
    missing = run_cli("doctor", "--audit", cwd=tmp_path)
    assert missing.returncode == 6
    assert list(tmp_path.iterdir()) == []
    assert run_cli("doctor", "--repair", cwd=tmp_path).returncode == 2


def test_doctor_tells_which_database_it_reached(url: str, tmp_path: Path) -> None:
    with closing(World(url)):
        pass
    done = run_cli("doctor", "--database-url", url, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["database"]["verdict"] == "ok"
    assert ("PostgreSQL" if url.startswith("postgres") else "SQLite") in checks["database"]["found"]
