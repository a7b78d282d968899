"""A database that can stall, and lose its power: what was not committed by then never is."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from mainspring.storage.database import Database, Transaction


class Disk:
    """Implements `Database` over a real one."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.dialect = inner.dialect
        self.label = inner.label
        self.has_power = True
        self.commits = 0
        self._moves = threading.Event()
        self._moves.set()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        self._go_on()
        with self._inner.write() as tx:
            yield tx
            self._go_on()  # gone while the transaction was open: it is rolled back
        self.commits += 1

    def read(self) -> AbstractContextManager[Transaction]:
        return self._inner.read()

    def stall(self) -> None:
        """Nothing is written any more; whoever writes waits."""
        self._moves.clear()

    def cut(self) -> None:
        """The power goes."""
        self.has_power = False
        self._moves.set()

    def close(self) -> None:
        self._inner.close()

    def _go_on(self) -> None:
        """Ends the thread that writes when the power is gone: nobody hears of it, as if it had never been."""
        self._moves.wait()
        if not self.has_power:
            raise SystemExit
