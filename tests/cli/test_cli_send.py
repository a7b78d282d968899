"""`send` and `trigger`: data on stdout, talk on stderr, the runs' result as exit code, one line for bad input."""

import json
from pathlib import Path

from ports import free_port
from processes import Dev, run_cli


def test_send_prints_the_runs_it_started(dev: Dev) -> None:
    done = dev.cli("send", "hello.world", '{"who": "Ada"}')
    assert done.returncode == 0, done.stderr
    run_id, job_id = done.stdout.split()
    assert job_id == "hello"
    assert dev.finished(run_id)["output"] == {"greeting": "Hello, Ada!"}
    assert "event hello.world is kept as evt_" in done.stderr


def test_the_payload_may_be_left_out_or_come_from_a_file_or_stdin(dev: Dev) -> None:
    def greeting(*arguments: str, stdin: str | None = None) -> str:
        done = dev.cli("send", "hello.world", *arguments, "--wait", "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        text: str = json.loads(done.stdout)["runs"][0]["output"]["greeting"]
        return text

    (dev.folder / "grace.json").write_text('{"who": "Grace"}')
    assert greeting() == "Hello, world!"
    assert greeting("@grace.json") == "Hello, Grace!"
    assert greeting("-", stdin='{"who": "Mary"}') == "Hello, Mary!"


def test_wait_tells_what_happens_and_leaves_stdout_to_data(dev: Dev) -> None:
    done = dev.cli("send", "fetch.wanted", "--wait")
    assert done.returncode == 0
    assert done.stderr.count("the line is dead") == 2
    assert "attempt 1 failed" in done.stderr
    assert "attempt 2 failed" in done.stderr
    assert "SUCCESS" in done.stderr
    assert "SUCCESS" not in done.stdout


def test_wait_mirrors_a_failure(dev: Dev) -> None:
    done = dev.cli("send", "break.wanted", "--wait")
    assert done.returncode == 1
    assert "no such card" in done.stderr
    assert "(task charge)" in done.stderr


def test_trigger_prints_the_run_and_with_wait_its_output(dev: Dev) -> None:
    done = dev.cli("trigger", "price", '{"amount": 7}')
    assert done.returncode == 0, done.stderr
    assert dev.finished(done.stdout.strip())["output"] == 7
    done = dev.cli("trigger", "price", '{"amount": 8}', "--wait", "--tag", "a", "--tag", "b")
    assert done.returncode == 0
    assert json.loads(done.stdout) == 8


def test_a_trigger_that_starts_nothing_says_so(dev: Dev) -> None:
    first, again = [dev.cli("trigger", "price", '{"amount": 7}', "--idempotency-key", "k") for _ in range(2)]
    assert "started run_" in first.stderr
    assert "nothing is started: this call is answered with run_" in again.stderr
    assert again.stdout == first.stdout


def test_wait_mirrors_a_time_out(dev: Dev) -> None:
    done = dev.cli("trigger", "slow", "--wait")
    assert done.returncode == 124, done.stderr
    assert "TIMED_OUT" in done.stderr
    assert done.stdout == ""


def test_a_run_that_takes_too_long_is_left_alone_after_the_timeout(dev: Dev) -> None:
    done = dev.cli("send", "approval.wanted", '{"about": "timeout"}', "--wait", "--timeout", "300ms")
    assert done.returncode == 124
    assert "mainspring runs get run_" in done.stderr
    assert dev.read("runs", "get", done.stdout.split()[0])["status"] in ("RUNNING", "WAITING")


def test_an_idempotency_key_sends_once(dev: Dev) -> None:
    first = dev.read("send", "hello.world", "--idempotency-key", "only-once")
    second = dev.read("send", "hello.world", "--idempotency-key", "only-once")
    assert first["event_id"] == second["event_id"]
    assert [run["id"] for run in first["runs"]] == [run["id"] for run in second["runs"]]


def test_a_delayed_event_says_when(dev: Dev) -> None:
    done = dev.cli("send", "hello.world", "--delay", "1 hour")
    assert done.returncode == 0
    assert "delivered at" in done.stderr
    assert dev.cli("send", "hello.world", "--delay", "1 hour", "--wait").returncode == 2


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────
def test_a_refused_event_names_job_path_and_reason_and_is_kept(dev: Dev) -> None:
    done = dev.cli("send", "price.changed", '{"amount": "many"}')
    assert done.returncode == 1
    assert "price" in done.stderr
    assert "amount" in done.stderr
    kept = dev.read("events", "--name", "price.changed")["data"][0]
    assert kept["rejected"][0]["job_id"] == "price"
    assert kept["rejected"][0]["errors"][0]["path"] == "amount"
    assert kept["runs"] == []


def test_malformed_json_is_a_usage_error_with_the_place(dev: Dev) -> None:
    done = dev.cli("send", "hello.world", '{"who": }')
    assert done.returncode == 2
    assert "line 1" in done.stderr
    assert done.stderr.count("\n") == 1
    assert dev.cli("send", "hello.world", "@nowhere.json").returncode == 2


def test_an_event_nobody_listens_to_is_kept_and_the_near_miss_named(dev: Dev) -> None:
    done = dev.cli("send", "hello.wrld")
    assert done.returncode == 0
    assert done.stdout == ""
    assert "Did you mean 'hello.world'?" in done.stderr
    assert dev.cli("send", "hello.wrld", "--wait").returncode == 3


def test_an_unknown_job_is_not_found(dev: Dev) -> None:
    done = dev.cli("trigger", "no-such-job")
    assert done.returncode == 3
    assert "no-such-job" in done.stderr


def test_a_payload_that_is_too_large_names_size_and_setting(dev: Dev) -> None:
    (dev.folder / "large.json").write_text(json.dumps({"who": "x" * 1_100_000}))
    done = dev.cli("send", "hello.world", "@large.json")
    assert done.returncode == 2
    assert "max_payload_bytes" in done.stderr


def test_a_wrong_key_is_an_auth_error_and_not_shown(dev: Dev) -> None:
    done = dev.cli("send", "hello.world", "--api-key", "tr_dev_wrong123")
    assert done.returncode == 4
    assert "tr_dev_wrong123" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_a_server_it_says_how_to_start_one(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = run_cli("--api-url", url, "--api-key", "tr_dev_key1", "send", "hello.world", cwd=tmp_path)
    assert done.returncode == 6
    assert "mainspring dev" in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_a_key_it_says_where_one_comes_from(tmp_path: Path) -> None:
    done = run_cli("send", "hello.world", cwd=tmp_path)
    assert done.returncode == 4
    assert "MAINSPRING_API_KEY" in done.stderr
    assert done.stderr.count("\n") == 1
