"""Whether anybody wrote to a database since the last look, for those who look often."""

from __future__ import annotations

import sqlite3
import threading

from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError

from netraven.db.failures import as_storage_failure

_VERSION = "PRAGMA data_version"


class Changes:
    """Tells of a SQLite file whether it changed, in microseconds; of PostgreSQL that it may have.

    It keeps a connection of its own, until it is closed.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._connection: PoolProxiedConnection | None = None
        self._seen: int | None = None
        self._is_closed = False

    def since_last(self) -> bool:
        """Tell whether others may have written since this was asked last; raises StorageFailed."""
        if self._engine.dialect.name != "sqlite":
            return True
        with self._lock:
            if self._is_closed:
                return True
            before, self._seen = self._seen, self._version()
            return self._seen != before

    def close(self) -> None:
        """Let go of the connection; whoever still asks hears that there may be changes."""
        with self._lock:
            self._is_closed = True
            if self._connection is not None:
                self._connection.close()

    def _version(self) -> int:
        """Return a number that others' commits change, as this one connection sees it."""
        try:
            if self._connection is None:
                self._connection = self._engine.raw_connection()
            cursor = self._connection.cursor()
            cursor.execute(_VERSION)
            (version,) = cursor.fetchone() or (0,)
            cursor.close()
        except sqlite3.Error as error:
            raise as_storage_failure(DBAPIError(_VERSION, None, error)) from error
        except DBAPIError as error:
            raise as_storage_failure(error) from error
        return int(version)
