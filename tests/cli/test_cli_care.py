"""`db`, `doctor`, `config`, `version`: the set-up seen and mended."""

import json
from pathlib import Path

from mainspring.version import __version__
from processes import Dev, run_cli


def test_db_status_and_upgrade(tmp_path: Path) -> None:
    missing = run_cli("db", "status", cwd=tmp_path)
    assert missing.returncode == 6
    assert "mainspring db upgrade" in missing.stderr
    assert not (tmp_path / ".mainspring").exists()

    done = run_cli("db", "upgrade", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["applied"]
    again = run_cli("db", "upgrade", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["applied"] == []
    status = json.loads(run_cli("db", "status", "--json", cwd=tmp_path).stdout)
    assert status["pending"] == []
    assert status["current"] == status["newest"]
    assert "nothing" in run_cli("db", "status", cwd=tmp_path).stdout


def test_db_status_looks_past_a_running_server(dev: Dev) -> None:
    status = dev.read("db", "status")
    assert status["pending"] == []
    refused = dev.cli("db", "upgrade")
    assert refused.returncode == 5


def test_doctor_is_content_beside_a_running_server(dev: Dev) -> None:
    checks = {check["name"]: check["verdict"] for check in dev.read("doctor")["checks"]}
    assert (
        checks["python"]
        == checks["sqlite"]
        == checks["database"]
        == checks["key"]
        == checks["server"]
        == "ok"
    )
    assert "takes the key" in dev.cli("doctor").stdout


def test_doctor_in_an_empty_folder_finds_nothing_broken(tmp_path: Path) -> None:
    done = run_cli("doctor", "--json", cwd=tmp_path, env={"MAINSPRING_API_KEY": "tr_dev_abc"})
    assert done.returncode == 0, done.stdout
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["database"]["verdict"] == "note"
    assert list(tmp_path.iterdir()) == []


def test_doctor_fails_on_a_key_the_server_does_not_take(dev: Dev) -> None:
    done = dev.cli("doctor", "--api-key", "tr_dev_wrong1", "--json")
    assert done.returncode == 1
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["server"]["verdict"] == "fail"


def test_config_shows_every_value_with_its_source_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MAINSPRING_PORT=4000\n")
    env = {"MAINSPRING_API_KEY": "tr_dev_verysecretindeed0123456789"}
    done = run_cli("config", "--json", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    settings = json.loads(done.stdout)
    assert settings["port"] == {"value": "4000", "source": "MAINSPRING_PORT in .env"}
    assert settings["host"]["source"] == "default"
    assert env["MAINSPRING_API_KEY"] not in done.stdout
    assert "max_payload_bytes" in run_cli("config", cwd=tmp_path).stdout


def test_a_wrong_setting_names_itself(tmp_path: Path) -> None:
    done = run_cli("config", cwd=tmp_path, env={"MAINSPRING_PORT": "eighty"})
    assert done.returncode == 2
    assert "MAINSPRING_PORT" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_misspelt_setting_is_noticed(tmp_path: Path) -> None:
    done = run_cli("config", cwd=tmp_path, env={"MAINSPRING_PROT": "80"})
    assert done.returncode == 0
    assert "MAINSPRING_PROT" in done.stderr


def test_version(tmp_path: Path) -> None:
    assert json.loads(run_cli("version", "--json", cwd=tmp_path).stdout)["mainspring"] == __version__
