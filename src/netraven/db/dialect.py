"""The few places where SQLite and PostgreSQL differ."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Float, cast, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from netraven import clock
from netraven.db.base import Base
from netraven.db.types import UtcDateTime


def insert_into(db: Session, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if is_postgresql(db):
        return postgresql.insert(table)
    return sqlite.insert(table)


def is_postgresql(db: Session) -> bool:
    """Tell whether the session speaks to PostgreSQL; else it is SQLite."""
    return db.get_bind().dialect.name == "postgresql"


def seconds_between(
    db: Session,
    earlier: InstrumentedAttribute[datetime | None],
    later: InstrumentedAttribute[datetime | None],
) -> ColumnElement[float]:
    """Return how many seconds lie between two columns; NULL where one of them is."""
    if is_postgresql(db):
        return cast(func.extract("epoch", later - earlier), Float)
    return (func.julianday(later) - func.julianday(earlier)) * 86_400.0


def present_time(db: Session) -> datetime:
    """Return the time by the clock that all processes of this database share.

    That of the server, else that of this machine, which is the only one: so what several
    hosts' clocks disagree on makes nobody look dead and lets nobody take a lease too early.
    """
    if not is_postgresql(db):
        return clock.now()
    return db.scalars(_SERVERS_TIME).one()


_SERVERS_TIME = select(func.clock_timestamp(type_=UtcDateTime()))
