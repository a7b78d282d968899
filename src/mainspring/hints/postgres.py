"""Several servers on one PostgreSQL: one NOTIFY per committed batch, sent in its transaction.

A message that PostgreSQL would not take (8,000 bytes), a lost connection and a reconnect all become "look at
everything", so nobody depends on a message having arrived.
"""

import json
import logging
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg

from mainspring.model.wake import Wake
from mainspring.storage.database import Transaction
from mainspring.storage.postgres import KEEPALIVE

log = logging.getLogger("mainspring.hints")

CHANNEL = "mainspring"
#: PostgreSQL takes up to 8,000 bytes.
MAX_MESSAGE = 7_500
_RECONNECT_AFTER = 1.0
#: How long a stop waits for a listener that is just connecting. Seconds.
_STOP_WITHIN = 1.0


class PostgresHints:
    """Announces in the batch's transaction, listens on a connection and thread of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sender = uuid4().hex[:12]
        self._stopping = threading.Event()
        #: What is written to the one end wakes the listener at the other.
        self._stop_sender, self._stop_receiver = socket.socketpair()
        self._thread: threading.Thread | None = None

    def announce(self, tx: Transaction, wake: Wake) -> None:
        """Tells the other servers if and when the transaction commits."""
        if not wake.is_empty():
            with tx.together():  # nobody waits for the answer
                tx.run("announce", channel=CHANNEL, message=self._message(wake))

    def start(self, on_wake: Callable[[Wake], None]) -> None:
        """Calls `on_wake`, on a thread of its own, with what other servers committed."""
        self._thread = threading.Thread(
            target=self._listen, args=(on_wake,), name="mainspring-hints", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """May be called twice."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._stop_sender.close()
        if self._thread is not None:
            self._thread.join(_STOP_WITHIN)
        self._stop_receiver.close()

    # ── messages ─────────────────────────────────────────────────────────────────────────────────────
    def _message(self, wake: Wake) -> str:
        said = {
            "from": self._sender,
            "ready": sorted(wake.ready),
            "attention": sorted(wake.attention),
            "finished": sorted(wake.finished),
            "grown": sorted(wake.grown - wake.finished),
            "timer_at": wake.timer_at,
        }
        message = json.dumps({name: value for name, value in said.items() if value}, separators=(",", ":"))
        if len(message) > MAX_MESSAGE:
            return json.dumps({"from": self._sender, "everything": True, "timer_at": wake.timer_at})
        return message

    def _read(self, message: str) -> Wake | None:
        """None for our own message, and for one that is not ours to understand."""
        try:
            said = json.loads(message)
            if said.get("from") == self._sender:
                return None
            finished = set(said.get("finished", ()))
            return Wake(
                ready=set(said.get("ready", ())),
                attention=set(said.get("attention", ())),
                finished=finished,
                grown=finished | set(said.get("grown", ())),
                timer_at=said.get("timer_at"),
                is_everything=bool(said.get("everything")),
            )
        except (ValueError, AttributeError, TypeError):
            log.warning("a hint that cannot be read is taken as: look at everything")
            return Wake(is_everything=True)

    # ── listening ────────────────────────────────────────────────────────────────────────────────────
    def _listen(self, on_wake: Callable[[Wake], None]) -> None:
        is_told = False
        while not self._stopping.is_set():
            try:
                with self._connection() as connection:
                    is_told = False
                    on_wake(Wake(is_everything=True))  # whatever was said while nobody listened
                    self._hear(connection, on_wake)
            except psycopg.Error as error:
                if not is_told:
                    log.warning("hints are lost until the database answers again: %s", type(error).__name__)
                is_told = True
                self._stopping.wait(_RECONNECT_AFTER)

    @contextmanager
    def _connection(self) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
        with psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=5,
            application_name="mainspring-hints",
            **KEEPALIVE,
        ) as connection:
            connection.execute(f"listen {CHANNEL}")
            yield connection

    def _hear(
        self, connection: "psycopg.Connection[tuple[object, ...]]", on_wake: Callable[[Wake], None]
    ) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            selector.register(self._stop_receiver, selectors.EVENT_READ)
            while not self._stopping.is_set():
                for notification in connection.notifies(timeout=0):
                    wake = self._read(notification.payload)
                    if wake is not None:
                        on_wake(wake)
                selector.select()
