"""Projects, environments and keys. For now one of each, made so that more are only more rows."""

import hashlib
from dataclasses import dataclass

from mainspring.clock import Instant
from mainspring.ids import IdSource
from mainspring.storage.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whom an API key belongs to."""

    key_id: str
    project_id: str
    project: str
    environment_id: str
    environment: str


def hash_key(key: str) -> str:
    """What is kept of a key. Keys are long and random, so a plain digest cannot be guessed back."""
    return hashlib.sha256(key.encode()).hexdigest()


def authenticate(tx: Transaction, key_hash: str, now: Instant) -> KeyHolder | None:
    """The holder of a key that is neither expired nor revoked."""
    row = tx.row("key_holder", hash=key_hash)
    if row is None:
        return None
    key_id, expires_at, revoked_at, project_id, project, environment_id, environment = row
    if revoked_at is not None or (expires_at is not None and expires_at <= now):
        return None
    return KeyHolder(key_id, project_id, project, environment_id, environment)


def ensure_environment(
    database: Database, now: Instant, ids: IdSource, key: str, *, project: str = "default", name: str = "dev"
) -> str:
    """Makes the project, the environment and the key, each once. Returns the environment's id."""
    with database.write() as tx:
        tx.run("insert_project", id=ids.new("proj"), name=project, now=now)
        project_id = _id(tx.row("find_project", name=project))
        tx.run("insert_environment", id=ids.new("env"), project_id=project_id, name=name, now=now)
        environment_id = _id(tx.row("find_environment", project_id=project_id, name=name))
        tx.run(
            "insert_key",
            id=ids.new("key"),
            environment_id=environment_id,
            name="first key",
            hash=hash_key(key),
            last_four=key[-4:],
            now=now,
        )
    return environment_id


def _id(row: tuple[str, ...] | None) -> str:
    assert row is not None, "it was inserted in this transaction, or before"
    return row[0]
