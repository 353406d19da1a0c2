"""Locks that processes of one PostgreSQL hold on names, gone with the process however it ends."""

from __future__ import annotations

from sqlalchemy import Boolean, Connection, Engine, Select, bindparam, func, select
from sqlalchemy.exc import DBAPIError


class NameLocks:
    """The names that this process holds, by one connection of its own.

    Not for several threads at once. Where the connection is lost, so is everything held.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None
        self._held: set[str] = set()

    def take(self, name: str) -> bool:
        """Tell whether the name is this process's now; False while another has it."""
        if name not in self._held and self._ask(_TAKE, name):
            self._held.add(name)
        return name in self._held

    def give_back(self, name: str) -> None:
        """Let others have the name."""
        if name in self._held:
            self._held.discard(name)
            self._ask(_GIVE_BACK, name)

    def close(self) -> None:
        """Give everything back."""
        self._held.clear()
        if self._connection is not None:
            # Not into the pool: with it the locks would go on.
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _ask(self, question: Select[bool], name: str) -> bool:
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            return bool(self._connection.scalar(question, {"name": f"netraven {name}"}))
        except DBAPIError:  # away: whoever needs the name asks again
            self.close()
            return False


_NUMBER = func.hashtextextended(bindparam("name"), 0)
_TAKE = select(func.pg_try_advisory_lock(_NUMBER, type_=Boolean()))
_GIVE_BACK = select(func.pg_advisory_unlock(_NUMBER, type_=Boolean()))
