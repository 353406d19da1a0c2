"""How many runs go on at a time, in all workers together."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.admin.settings import get_number
from netraven.db import operation
from netraven.models import AdminSetting

_SETTING = "system.jobs.max_concurrent_jobs"


@operation
def hold_run_limit(db: Session) -> int:
    """Return how many runs may go on at a time, held until the unit ends.

    Of two processes that ask at once, the second one has its answer when the first one's runs are
    begun, and counts them. The setting is read at each call, so a change acts at once.
    """
    setting = select(AdminSetting.id).where(AdminSetting.key == _SETTING)
    db.execute(setting.with_for_update())
    return get_number(db, _SETTING)
