"""Retention: what the rules no longer keep goes, in units that hold nobody up, then its space."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from netraven import clock
from netraven.admin.audit_log import delete_old_audit_events
from netraven.admin.settings import get_number
from netraven.archive.retention import apply_backup_retention, get_retention_policy
from netraven.db import unit_of_work
from netraven.db.enums import LogLevel
from netraven.db.space import give_back_space
from netraven.jobs.removal import count_old_job_logs, delete_some_old_job_logs, forget_dead_workers
from netraven.schemas.retention import RetentionPolicy, RetentionReport
from netraven.tasks.steps import say, step
from netraven.tasks.task import Work
from netraven.tasks.words import counted

_DEVICES_A_UNIT: Final = 500
_RUNS_A_UNIT: Final = 5
_KEEP_FINISHED: Final = timedelta(days=1)


async def retain(work: Work) -> str:
    """Prune backups, runs, audit events, the engine's finished rows and dead workers.

    With the option `dry_run` nothing changes, and the message says what would. What was removed
    before a stop stays removed; the next run goes on.
    """
    is_dry = work.options.get("dry_run") is True
    backups = await _prune_backups(work, is_dry=is_dry)
    if is_dry:
        runs = await step(_count_runs, work)
        return f"{backups} and {counted(runs, 'run')} would go; nothing was changed"
    runs = await _prune_runs(work)
    events = await step(_prune_events, work)
    finished = await step(_clean_engine, work)
    workers = await step(_forget_workers, work)
    await say(
        work,
        f"{counted(runs, 'run')}, {counted(events, 'audit event')}, "
        f"{counted(finished, 'finished row')} of the engine and {counted(workers, 'dead worker')}"
        " removed",
    )
    await _give_back(work)
    return f"{backups}, {counted(runs, 'run')} and {counted(events, 'audit event')} went"


async def _prune_backups(work: Work, *, is_dry: bool) -> str:
    policy = await step(_policy, work)
    removed = freed_bytes = blocked = 0
    after_id: UUID | None = None
    while not work.stop.is_set():
        report = await step(_prune, work, policy, after_id, is_dry=is_dry)
        removed += report.removed
        freed_bytes += report.bytes_freed
        blocked += len(report.blocked_ids)
        after_id = report.last_device_id
        if after_id is None:
            break
    if blocked:
        message = f"{counted(blocked, 'backup')} could not go: what rests on them is damaged"
        await say(work, f"{message}; see `netraven verify`", level=LogLevel.WARNING)
    return f"{counted(removed, 'backup')} with {freed_bytes / 1_000_000:.1f} MB of text"


def _policy(work: Work) -> RetentionPolicy:
    with work.reading() as db:
        return get_retention_policy(db)


def _prune(
    work: Work, policy: RetentionPolicy, after_id: UUID | None, *, is_dry: bool
) -> RetentionReport:
    with work.reading() if is_dry else work.writing() as db:
        return apply_backup_retention(
            db,
            policy=policy,
            after_device_id=after_id,
            limit_devices=_DEVICES_A_UNIT,
            dry_run=is_dry,
        )


def _count_runs(work: Work) -> int:
    with work.reading() as db:
        return count_old_job_logs(db)


async def _prune_runs(work: Work) -> int:
    """Delete old runs, few in a unit: one alone may have as many results as there are devices."""
    removed = 0
    while not work.stop.is_set() and (gone := await step(_prune_some_runs, work)):
        removed += gone
    return removed


def _prune_some_runs(work: Work) -> int:
    with work.writing() as db:
        return delete_some_old_job_logs(db, most=_RUNS_A_UNIT)


def _prune_events(work: Work) -> int:
    with work.writing() as db:
        return delete_old_audit_events(db, get_number(db, "security.audit.retention_days"))


def _clean_engine(work: Work) -> int:
    return work.clean_engine(clock.now() - _KEEP_FINISHED)


def _forget_workers(work: Work) -> int:
    with work.writing() as db:
        return forget_dead_workers(db)


async def _give_back(work: Work) -> None:
    while not work.stop.is_set() and await step(_give_back_some, work) > 0:
        pass


def _give_back_some(work: Work) -> int:
    with unit_of_work(work.sessions, actor=work.actor) as db:
        return give_back_space(db)
