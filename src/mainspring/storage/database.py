"""The contract every database fulfils: named statements inside transactions, nothing else."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

#: A statement and its values.
Question = tuple[str, Mapping[str, Any]]


class Transaction(Protocol):
    """Runs named statements. Lists are passed as lists and read with `each(...)`."""

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]: ...

    def row(self, statement: str, **values: Any) -> tuple[Any, ...] | None:
        """The first row, None when there is none."""
        ...

    def ask(self, *questions: Question) -> list[list[tuple[Any, ...]]]:
        """The rows of several statements, in order, for one round trip."""
        ...

    def run(self, statement: str, **values: Any) -> int:
        """Returns how many rows changed."""
        ...

    def run_many(self, statement: str, batch: Sequence[Any]) -> int:
        """Once per element: mappings, objects with attributes, or tuples of the values in the order in which the
        statement has them. Returns how many rows changed in all."""
        ...

    def together(self) -> AbstractContextManager[object]:
        """Inside, statements whose results nobody reads go to the database in one round trip."""
        ...

    def be_alone(self) -> None:
        """From the beginning of this transaction to its end no other one writes. Where that has to be asked for
        before it begins it raises `TransactionConflict`, and the next one is alone."""
        ...

    def script(self, sql: str) -> None:
        """Several statements as they stand: for migrations only."""
        ...


class Database(Protocol):
    """One database. `write` is for the committer alone; `read` may be used from any thread.

    Raises `DatabaseUnavailable` when it cannot be reached or cannot write (disk full, read-only).
    """

    dialect: str
    #: Shown to people; never with a password.
    label: str

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that commits at the end of the block, rolls back when the block raises."""
        ...

    def read(self) -> AbstractContextManager[Transaction]:
        """A consistent view that cannot write."""
        ...

    def close(self) -> None: ...
