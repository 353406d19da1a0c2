"""Logins that devices refused, remembered in the runs' logs: what keeps accounts unlocked."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.db import operation
from netraven.db.enums import LogLevel
from netraven.models import JobLog, JobLogEntry
from netraven.schemas.job import JobLogEntryCreate

LOGIN_REFUSED = "login_refused"

_LONGEST_RUN = timedelta(days=1)


def refusal_entry(device_id: UUID, hostname: str, credential: str) -> JobLogEntryCreate:
    """Return the line that remembers one refusal."""
    return JobLogEntryCreate(
        level=LogLevel.WARNING,
        category=LOGIN_REFUSED,
        device_id=device_id,
        message=f"{hostname} refused the credential {credential}",
        details={"credential": credential},
    )


@operation
def get_login_refusals(db: Session, *, since: datetime) -> Counter[tuple[UUID, str]]:
    """Return how often each device has refused each credential, by its name, since then.

    Runs that began more than a day before `since` are not looked at.
    """
    recent = select(JobLog.id).where(JobLog.start_time >= since - _LONGEST_RUN)
    refused = select(JobLogEntry.device_id, JobLogEntry.details).where(
        JobLogEntry.job_log_id.in_(recent),
        JobLogEntry.category == LOGIN_REFUSED,
        JobLogEntry.timestamp >= since,
        JobLogEntry.device_id.is_not(None),
    )
    return Counter(
        (device_id, str((details or {}).get("credential")))
        for device_id, details in db.execute(refused)
        if device_id is not None
    )
