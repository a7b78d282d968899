"""Hints between servers: what is said is heard as it was meant, and what cannot be said means everything."""

import queue

import pytest

import postgres
from mainspring.hints.postgres import MAX_MESSAGE, PostgresHints
from mainspring.model.wake import Wake
from mainspring.storage.database import Database
from mainspring.storage.open import open_database

URL = "postgresql://nobody@nowhere/nothing"
FULL = Wake(
    ready={"env_1"},
    attention={"wrk_1", "wrk_2"},
    finished={"run_1"},
    grown={"run_1", "run_2"},
    timer_at=5,
)


@pytest.mark.parametrize(
    "wake",
    [FULL, Wake(ready={"env_1"}), Wake(grown={"run_1"}), Wake(timer_at=7)],
    ids=["full", "ready", "grown", "timer"],
)
def test_what_is_said_is_heard(wake: Wake) -> None:
    assert PostgresHints(URL)._read(PostgresHints(URL)._message(wake)) == wake


def test_nobody_hears_himself() -> None:
    hints = PostgresHints(URL)
    assert hints._read(hints._message(FULL)) is None


def test_too_much_to_name_is_everything() -> None:
    wake = Wake(grown={f"run_{number:026}" for number in range(1_000)}, timer_at=5)
    message = PostgresHints(URL)._message(wake)
    assert len(message) <= MAX_MESSAGE
    heard = PostgresHints(URL)._read(message)
    assert heard == Wake(is_everything=True, timer_at=5)


@pytest.mark.parametrize("message", ["", "{", "[]", "1", '{"ready": 3}'])
def test_what_cannot_be_read_is_everything(message: str) -> None:
    assert PostgresHints(URL)._read(message) == Wake(is_everything=True)


def _announce_and_stumble(database: Database, speaker: PostgresHints) -> None:
    with database.write() as tx:
        speaker.announce(tx, Wake(ready={"env_never"}))
        raise RuntimeError


def test_a_hint_goes_out_with_its_commit_and_only_then() -> None:
    heard: queue.SimpleQueue[Wake] = queue.SimpleQueue()
    with postgres.server().database() as url:
        speaker, listener = PostgresHints(url), PostgresHints(url)
        database = open_database(url)
        listener.start(heard.put)
        assert heard.get(timeout=20) == Wake(is_everything=True), "what was said before it listened"
        with pytest.raises(RuntimeError):
            _announce_and_stumble(database, speaker)
        with database.write() as tx:
            speaker.announce(tx, FULL)
        assert heard.get(timeout=20) == FULL
        postgres.cut(url, application="mainspring-hints")
        assert heard.get(timeout=20) == Wake(is_everything=True), "it listens again, and has missed something"
        listener.stop()
        database.close()
    assert listener._thread is not None
    assert not listener._thread.is_alive()
