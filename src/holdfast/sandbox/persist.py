"""The store on disk: one SQLite file in WAL mode. A change is committed before anybody is told about it.

In: records; out: the same records after a restart, whatever ended the process before. Never keeps history: watches from
before a restart are told to list again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import orjson

from holdfast.base.errors import Stop
from holdfast.sandbox.store import Key, Record, Store

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    revision INTEGER NOT NULL, version TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (resource, namespace, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
_PUT = "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)"
_DROP = "DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?"
_REVISION = "INSERT OR REPLACE INTO state VALUES ('revision', ?)"


class SqliteJournal:
    """One file, one writer: a second sandbox on the same folder is refused."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._database = sqlite3.connect(folder / "state.db", isolation_level=None, timeout=1.0)
        try:
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode = WAL")
            # A killed process loses nothing in this mode; only a power cut may take the last moments.
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            raise Stop(
                f"{folder} is in use by another sandbox: {error}", hint="stop that one, or choose another --data"
            ) from None

    def write(self, table: str, record: Record) -> None:
        row = (table, *record.key, record.revision, record.version, record.raw)
        self._database.execute(_PUT, row)

    def write_all(self, records: Iterable[tuple[str, Record]], revision: int) -> None:
        """One transaction: a process that is killed meanwhile has written nothing."""
        self._database.execute("BEGIN")
        rows = ((table, *r.key, r.revision, r.version, r.raw) for table, r in records)
        self._database.executemany(_PUT, rows)
        self._database.execute(_REVISION, (revision,))
        self._database.execute("COMMIT")

    def delete(self, table: str, key: Key, revision: int) -> None:
        # The deletion's revision is in no object any more, and must not be given out a second time.
        self._database.execute("BEGIN")
        self._database.execute(_DROP, (table, *key))
        self._database.execute(_REVISION, (revision,))
        self._database.execute("COMMIT")

    def restore(self, store: Store) -> None:
        """Fills an empty store."""
        rows = self._database.execute("SELECT * FROM objects ORDER BY resource, namespace, name")
        for resource, namespace, name, revision, version, body in rows:
            store.load(resource, _record((namespace, name), revision, version, body))
        found = self._database.execute("SELECT value FROM state WHERE name = 'revision'").fetchone()
        store.restored(found[0] if found else 0)

    def close(self) -> None:
        self._database.close()


def _record(key: Key, revision: int, version: str, body: bytes) -> Record:
    meta = orjson.loads(body)["metadata"]
    return Record(key, revision, body, meta.get("uid") or "", dict(meta.get("labels") or {}), version)
