"""What a tick asks first: one statement that is built once, since it is asked again and again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from netraven import clock
from netraven.db import UtcDateTime, is_postgresql, operation
from netraven.jobs.cutting import uncut
from netraven.jobs.due import due_at
from netraven.jobs.waits import waited_for
from netraven.models import JobLog, ScheduledJob


@dataclass(frozen=True, slots=True)
class Pending:
    """Whether `enqueue_due_jobs` and `cut_runs` have something to do."""

    is_due: bool
    is_uncut: bool


@operation
def get_pending(db: Session, *, now: datetime | None = None) -> Pending:
    """Return what waits for a tick, which locks nothing.

    Without `now`, the time is the one that all processes of the database share.
    """
    if now is None and is_postgresql(db):
        row = db.execute(_BY_THE_SERVERS_CLOCK).one()
    else:
        row = db.execute(_AT, {"now": clock.moment(now)}).one()
    return Pending(is_due=bool(row[0]), is_uncut=bool(row[1]))


def _pending(now: ColumnElement[datetime]) -> Select[bool, bool]:
    due = select(ScheduledJob.id).where(*due_at(now))
    is_uncut = select(JobLog.id).where(*uncut()).exists()
    return select(or_(due.exists(), waited_for(now).exists()), is_uncut)


_AT: Final = _pending(bindparam("now", type_=UtcDateTime()))
# Asked for once a statement, not once a row.
_BY_THE_SERVERS_CLOCK: Final = _pending(
    select(func.clock_timestamp(type_=UtcDateTime())).scalar_subquery()
)
