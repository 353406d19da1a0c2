"""How many runs go on at a time, in all workers together."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from netraven.admin.settings import get_number
from netraven.db import operation
from netraven.db.enums import RunStatus
from netraven.models import AdminSetting, JobLog

_SETTING = "system.jobs.max_concurrent_jobs"


@operation
def has_room_for_run(db: Session) -> bool:
    """Tell whether one more run may begin: fewer are running than the setting allows.

    The setting is read at each call, so a change acts at once. Until the unit ends nobody else
    gets an answer: of two workers who ask at the same time, the second one counts the run that
    the first has begun.
    """
    setting = select(AdminSetting.id).where(AdminSetting.key == _SETTING)
    db.execute(setting.with_for_update())
    running = select(func.count()).select_from(JobLog).where(JobLog.status == RunStatus.RUNNING)
    return db.scalars(running).one() < get_number(db, _SETTING)
