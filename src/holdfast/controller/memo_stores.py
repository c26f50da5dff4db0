"""Where renderings last beyond a restart: a file of this machine, or a Redis that replicas share.

In and out: bytes by key. Losing any of it costs a rendering and nothing else, so every failure means "not there", is told once in
the log, and a store that is away is left alone for a while.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import zlib
from pathlib import Path
from typing import Any

from holdfast.base.clock import Clock
from holdfast.base.errors import Stop

log = logging.getLogger(__name__)

MOST = 20_000
"""Renderings kept in a file; the oldest go first."""
REDIS_SECONDS = 1.0
AWAY_SECONDS = 30.0
EXPIRE_SECONDS = 14 * 24 * 3600
_PREFIX = "holdfast:render:"


class FileStore:
    """One SQLite file. A damaged one is begun anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._failed = False
        self._written = 0

    def get(self, key: str) -> bytes | None:
        with self._lock:
            try:
                row = self._open().execute("SELECT value FROM memo WHERE key = ?", (key,)).fetchone()
                return zlib.decompress(row[0]) if row else None
            except (sqlite3.Error, OSError, zlib.error) as error:
                self._trouble(error)
                return None

    def put(self, key: str, value: bytes) -> None:
        with self._lock:
            try:
                database = self._open()
                with database:
                    database.execute("INSERT OR REPLACE INTO memo VALUES (?, ?)", (key, zlib.compress(value, 1)))
                    self._written += 1
                    if self._written % 500 == 1:
                        database.execute("DELETE FROM memo WHERE rowid <= (SELECT MAX(rowid) FROM memo) - ?", (MOST,))
            except (sqlite3.Error, OSError) as error:
                self._trouble(error)

    def close(self) -> None:
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self._path, check_same_thread=False, timeout=5)
            self._path.chmod(0o600)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA cache_size = -256")  # KiB: what is read once is not read again
            self._database.execute("PRAGMA synchronous = OFF")  # what a crash takes is rendered again
            self._database.execute("CREATE TABLE IF NOT EXISTS memo (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
        return self._database

    def _trouble(self, error: Exception) -> None:
        if not self._failed:
            log.warning("renderings are not kept in %s: %s", self._path, error)
        self._failed = True
        if self._database is not None:
            self._database.close()
            self._database = None
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            self._path.unlink(missing_ok=True)


class RedisStore:
    """A Redis by URL (``redis://``, ``rediss://``, ``unix://``)."""

    def __init__(self, url: str, clock: Clock) -> None:
        try:
            import redis
        except ImportError:
            raise Stop("the redis library is not installed", hint="pip install 'holdfast[redis]'") from None
        self._errors: Any = redis.RedisError
        self._redis: Any = redis.Redis.from_url(
            url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS, decode_responses=False
        )
        self._clock = clock
        self._away_until = 0.0

    def get(self, key: str) -> bytes | None:
        raw = self._try(lambda: self._redis.get(_PREFIX + key))
        try:
            return zlib.decompress(raw) if raw else None
        except zlib.error:
            return None

    def put(self, key: str, value: bytes) -> None:
        self._try(lambda: self._redis.set(_PREFIX + key, zlib.compress(value, 1), ex=EXPIRE_SECONDS))

    def close(self) -> None:
        self._try(self._redis.close)

    def _try(self, call: Any) -> Any:
        """None while it is away: work goes on without it."""
        now = self._clock.monotonic()
        if now < self._away_until:
            return None
        try:
            return call()
        except (self._errors, OSError) as error:
            log.warning("the shared memory of renderings is away, going on without it: %s", error)
            self._away_until = now + AWAY_SECONDS
            return None
