"""What every database must do, whatever it is: transactions, isolation, named statements, an orderly end."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from mainspring.errors import DatabaseUnavailable
from mainspring.model.events import Event
from mainspring.storage.database import Database
from mainspring.storage.shapes import EVENT
from storage.places import Place, entry, find, keys_in, save


class Stumble(Exception):
    pass


def write_and_stumble(database: Database, key: str) -> None:
    with database.write() as tx:
        save(tx, entry(key))
        assert find(tx, key)
        raise Stumble


def read_and_stumble(database: Database) -> None:
    with database.read() as tx:
        find(tx, "a")
        raise Stumble


def write_and_break_a_rule(database: Database, key: str) -> None:
    with database.write() as tx:
        save(tx, entry(key))
        tx.run("insert_project", id="proj_1", name="another", now=2)


# ── transactions ─────────────────────────────────────────────────────────────────────────────────────
def test_what_was_written_is_read(database: Database) -> None:
    with database.write() as tx:
        save(tx, entry("a"), entry("b", '{"x": 1}', 7))
    with database.read() as tx:
        assert find(tx, "a", "b", "c") == {"a": entry("a"), "b": entry("b", '{"x": 1}', 7)}


def test_a_block_that_raises_writes_nothing(database: Database) -> None:
    with pytest.raises(Stumble):
        write_and_stumble(database, "a")
    assert keys_in(database) == []
    with database.write() as tx:
        save(tx, entry("b"))
    assert keys_in(database) == ["b"]


def test_a_statement_that_fails_undoes_the_whole_block(database: Database) -> None:
    with database.write() as tx:
        tx.run("insert_project", id="proj_1", name="one", now=1)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each driver has its own
        write_and_break_a_rule(database, "a")
    assert not isinstance(caught.value, DatabaseUnavailable), "a broken rule is a bug, not an outage"
    assert keys_in(database) == []


def test_a_bug_in_a_statement_is_no_outage(database: Database) -> None:
    with pytest.raises(Exception) as caught, database.write() as tx:  # noqa: PT011 - each driver has its own
        tx.script("select nothing from nowhere")
    assert not isinstance(caught.value, DatabaseUnavailable)
    with pytest.raises(KeyError), database.write() as tx:
        tx.run("no_such_statement")
    with pytest.raises(KeyError), database.write() as tx:
        tx.run("find_project")  # its value is missing
    with database.write() as tx:
        save(tx, entry("a"))
    assert keys_in(database) == ["a"]


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable), database.read() as tx:
        save(tx, entry("a"))
    assert keys_in(database) == []
    with database.write() as tx:
        save(tx, entry("b"))
    assert keys_in(database) == ["b"]


def test_a_reader_that_raises_leaves_the_others_alone(database: Database) -> None:
    for _ in range(20):
        with pytest.raises(Stumble):
            read_and_stumble(database)
    assert keys_in(database) == []


# ── isolation ────────────────────────────────────────────────────────────────────────────────────────
def test_a_reader_never_sees_half_a_transaction(database: Database, place: Place) -> None:
    seen: list[list[str]] = []
    with database.write() as tx:
        save(tx, entry("a"))
        reader = threading.Thread(target=lambda: seen.append(keys_in(database)))
        reader.start()
        if place.readers_go_on:
            reader.join()
        save(tx, entry("b"))
    reader.join()
    assert seen == [[]] if place.readers_go_on else seen in ([[]], [["a", "b"]])
    assert keys_in(database) == ["a", "b"]


def test_a_reader_keeps_its_view(database: Database, place: Place) -> None:
    def write() -> None:
        with database.write() as tx:
            save(tx, entry("b"))

    with database.write() as tx:
        save(tx, entry("a"))
    writer = threading.Thread(target=write)
    with database.read() as tx:
        assert list(find(tx, "a", "b")) == ["a"]
        writer.start()
        if place.readers_go_on:
            writer.join()
        assert list(find(tx, "a", "b")) == ["a"]
    writer.join()
    assert keys_in(database) == ["a", "b"]


def test_many_readers_beside_a_writer_see_whole_transactions_only(database: Database) -> None:
    """The writer moves two entries together; nobody ever sees them apart."""
    stop = threading.Event()
    torn: list[object] = []
    reads: list[int] = []

    def look() -> None:
        count = 0
        while not stop.is_set() or count == 0:
            try:
                with database.read() as tx:
                    versions = {found.version for found in find(tx, "a", "b").values()}
                if len(versions) != 1:
                    torn.append(versions)
            except Exception as error:
                torn.append(error)
            count += 1
        reads.append(count)

    with database.write() as tx:
        save(tx, entry("a"), entry("b"))
    readers = [threading.Thread(target=look) for _ in range(8)]
    for reader in readers:
        reader.start()
    for version in range(2, 60):
        with database.write() as tx:
            save(tx, entry("a", version=version))
            save(tx, entry("b", version=version))
    stop.set()
    for reader in readers:
        reader.join()
    assert torn == []
    assert len(reads) == 8


def test_writers_take_turns(database: Database) -> None:
    def raise_by_one() -> None:
        for _ in range(25):
            with database.write() as tx:
                found = find(tx, "a")["a"]
                save(tx, replace(found, version=found.version + 1))

    with database.write() as tx:
        save(tx, entry("a", version=0))
    writers = [threading.Thread(target=raise_by_one) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with database.read() as tx:
        assert find(tx, "a")["a"].version == 100


# ── statements ───────────────────────────────────────────────────────────────────────────────────────
def test_run_tells_how_many_rows_changed(database: Database) -> None:
    def forget(tx_keys: str) -> int:
        with database.write() as tx:
            return tx.run(
                "delete_store_entry", environment_id="env_1", scope="environment", owner="", key=tx_keys
            )

    with database.write() as tx:
        save(tx, entry("a"))
    assert [forget("a"), forget("a")] == [1, 0]


def test_run_many_takes_objects_and_mappings(database: Database) -> None:
    with database.write() as tx:
        assert save(tx, entry("a"), entry("b"), entry("c")) == 3
        rows = [{"environment_id": "env_1", "scope": "environment", "owner": "", "key": key} for key in "abx"]
        assert tx.run_many("delete_store_entry", rows) == 2
        assert tx.run_many("delete_store_entry", []) == 0
    assert keys_in(database) == ["c"]


@pytest.mark.parametrize("is_tuple", [False, True], ids=["mappings", "tuples"])
@pytest.mark.parametrize("count", [1, 2, 31, 33, 100])
def test_rows_sent_together_all_arrive_in_their_order(database: Database, count: int, is_tuple: bool) -> None:
    row = {"environment_id": "env_1", "run_id": "run_1", "at": 1, "kind": "RUN_CREATED", "data": None}
    rows: list[Any] = [{**row, "task_key": f"t{number}", "attempt": number} for number in range(count)]
    if is_tuple:
        names = ("environment_id", "run_id", "at", "kind", "task_key", "attempt", "data")
        rows = [tuple(map(one.get, names)) for one in rows]
    with database.write() as tx:
        assert tx.run_many("insert_entry", rows) == count
    with database.read() as tx:
        found = tx.rows("history_of_run", environment_id="env_1", run_id="run_1", after=0, limit=1_000)
    assert [one[-2] for one in found] == list(range(count))


def test_several_questions_are_answered_in_their_order(database: Database) -> None:
    with database.write() as tx, tx.together():
        tx.run("insert_project", id="proj_1", name="one", now=1)
        save(tx, entry("a"))
        first, second, third = tx.ask(
            ("find_project", {"name": "one"}),
            ("find_project", {"name": "two"}),
            ("count_history", {"after": 0, "until": 9}),
        )
        assert (first, second, third) == ([("proj_1",)], [], [(0,)])


ODD = [
    "",
    "NULL",
    "None",
    None,
    'a "quoted" word',
    "a,b",
    "{}",
    "back\\slash",
    "é☃𝄞\n",
    "'",
    "$1",
    ":name",
    "%s",
]


def test_many_rows_keep_their_order_and_every_value(database: Database) -> None:
    """Texts with whatever means something to somebody, and numbers among which some are missing."""
    rows = [
        {
            "environment_id": "env_1",
            "run_id": "run_1",
            "at": number,
            "kind": "TASK_FAILED",
            "task_key": text,
            "attempt": None if number % 3 else number,
            "data": None,
        }
        for number, text in enumerate(ODD)
    ]
    with database.write() as tx:
        assert tx.run_many("insert_entry", rows) == len(rows)
        assert tx.run_many("insert_entry", rows[:1]) == 1
    with database.read() as tx:
        found = tx.rows("history_of_run", environment_id="env_1", run_id="run_1", after=0, limit=99)
    kept = [(at, key, attempt, data) for _, _, _, at, _, key, attempt, data in found]
    assert kept == [(r["at"], r["task_key"], r["attempt"], None) for r in [*rows, rows[0]]]


def test_row_is_the_first_or_none(database: Database) -> None:
    with database.write() as tx:
        assert tx.row("find_project", name="one") is None
        tx.run("insert_project", id="proj_1", name="one", now=1)
        assert tx.row("find_project", name="one") == ("proj_1",)


@pytest.mark.parametrize(
    "keys",
    [[], ["a"], ["a", "a"], ["a", "nowhere"], ["it's", 'a "quoted" key', "a,b", "{}", "日本語 ☃", "a\\b"]],
    ids=str,
)
def test_each_takes_any_texts(database: Database, keys: list[str]) -> None:
    with database.write() as tx:
        save(tx, *(entry(key) for key in dict.fromkeys([*keys, "other"]) if key != "nowhere"))
    with database.read() as tx:
        assert sorted(find(tx, *keys)) == sorted({*keys} - {"nowhere"})


def test_each_takes_many(database: Database) -> None:
    keys = [f"key-{number}" for number in range(5_000)]
    with database.write() as tx:
        save(tx, *map(entry, keys))
    with database.read() as tx:
        assert len(find(tx, *keys)) == 5_000


def test_values_come_back_as_they_went_in(database: Database) -> None:
    """Flags, empty fields, the largest numbers and long texts of any script."""
    event = Event(
        id="evt_1",
        environment_id="env_1",
        name="order.created",
        payload='{"text":"' + "é☃𝄞" * 50_000 + '"}',
        correlation_id=None,
        idempotency_key=None,
        source="",
        context="null",
        is_test=True,
        received_at=2**62,
        deliver_at=-1,
        delivered_at=None,
        cancelled_at=0,
        rejections="[]",
    )
    with database.write() as tx:
        tx.run_many("insert_event", [event, replace(event, id="evt_2", is_test=False)])
    with database.read() as tx:
        found = {e.id: e for e in EVENT.values(tx.rows("events_by_ids", ids=["evt_1", "evt_2"]))}
    assert found == {"evt_1": event, "evt_2": replace(event, id="evt_2", is_test=False)}
    assert found["evt_1"].is_test is True


# ── the end ──────────────────────────────────────────────────────────────────────────────────────────
def test_what_was_committed_survives_a_reopening(place: Place, database: Database) -> None:
    if not place.is_kept:
        pytest.skip("it lives as long as its process")
    with database.write() as tx:
        save(tx, entry("a"))
    with pytest.raises(Stumble):
        write_and_stumble(database, "b")
    database.close()
    assert keys_in(place.open()) == ["a"]


def test_a_closed_database_says_so(database: Database) -> None:
    keys_in(database)
    database.close()
    database.close()
    with pytest.raises(DatabaseUnavailable, match="closed"), database.write():
        pass
    for _ in range(10):
        with pytest.raises(DatabaseUnavailable, match="closed"):
            keys_in(database)


def test_closing_wakes_those_who_wait_for_a_reader(database: Database, place: Place) -> None:
    if not place.readers_go_on:
        pytest.skip("its readers wait for the writer alone")
    release = threading.Event()
    reading = threading.Barrier(5)
    outcomes: list[object] = []

    def hold() -> None:
        with database.read() as tx:
            find(tx, "a")
            reading.wait()
            release.wait()

    def ask() -> None:
        try:
            keys_in(database)
            outcomes.append("read")
        except DatabaseUnavailable:
            outcomes.append("closed")

    holders = [threading.Thread(target=hold) for _ in range(4)]
    for holder in holders:
        holder.start()
    reading.wait()
    waiting = [threading.Thread(target=ask) for _ in range(3)]
    for thread in waiting:
        thread.start()
    database.close()
    release.set()
    for thread in (*holders, *waiting):
        thread.join()
    assert len(outcomes) == 3
