"""What became of each device in a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, bindparam, func, or_, select, update
from sqlalchemy.orm import Session, selectinload

from netraven import clock
from netraven.admin.visibility import sees_everything, visible_devices
from netraven.db import Id, as_uuid, insert_into, new_id, operation
from netraven.db.enums import BackupStatus, ResultStatus
from netraven.db.paging import Order, Place, check_page
from netraven.errors import Invalid
from netraven.jobs.listing import visible_runs
from netraven.models import Backup, Device, JobLog, JobResult
from netraven.schemas.job import JobResultCreate

BY_HOSTNAME: Order[JobResult] = Order(
    (JobResult.device_hostname, JobResult.id), lambda row: (row.device_hostname, row.id)
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a result left behind: a backup's status and version; `is_new` if this run saw it first.

    A text seen before is a row of the run that saw it first.
    """

    status: BackupStatus
    version: int | None
    is_new: bool


@operation
def record_job_result(
    db: Session,
    job_log_id: Id,
    device_id: Id,
    result: JobResultCreate,
    *,
    now: datetime | None = None,
) -> JobResult | None:
    """Insert or replace the device's result in the run; None where either is absent."""
    run, device = as_uuid(job_log_id), as_uuid(device_id)
    if run is None or device is None or db.get(JobLog, run) is None:
        return None
    if db.get(Device, device) is None:
        return None
    record_job_results(db, run, {device: result}, now=now)
    wanted = select(JobResult).where(JobResult.job_log_id == run, JobResult.device_id == device)
    loaded = wanted.options(selectinload(JobResult.device))
    return db.scalar(loaded.execution_options(populate_existing=True))


@operation
def record_job_results(
    db: Session,
    job_log_id: UUID,
    results: Mapping[UUID, JobResultCreate],
    *,
    now: datetime | None = None,
) -> None:
    """Insert or replace many devices' results in two statements; absent devices are left out."""
    moment = clock.moment(now)
    rows = {device: _row(result, moment) for device, result in sorted(results.items())}
    of_run = JobResult.job_log_id == job_log_id
    known = select(JobResult.device_id).where(of_run, JobResult.device_id.in_(list(rows)))
    listed = set(db.scalars(known))
    replaced = [
        {"of_device": device, **{f"new_{name}": value for name, value in row.items()}}
        for device, row in rows.items()
        if device in listed
    ]
    if replaced:
        columns: dict[str, BindParameter[object]] = {
            name.removeprefix("new_"): bindparam(name) for name in replaced[0]
        }
        del columns["of_device"]
        of_device = JobResult.device_id == bindparam("of_device")
        statement = update(JobResult).where(of_run, of_device).values(columns)
        db.connection().execute(statement, replaced)
    missing = {device: row for device, row in rows.items() if device not in listed}
    _insert_missing(db, job_log_id, missing)


@operation
def get_job_results(
    db: Session,
    job_log_id: Id,
    skip: int = 0,
    limit: int = 100,
    *,
    status: str | None = None,
    visible_to: Id | None = None,
    after: Place | None = None,
) -> list[JobResult]:
    """Return the run's results by hostname, their devices loaded.

    With `after`, a place in `BY_HOSTNAME`, the page begins behind it.
    """
    check_page(skip, limit)
    wanted = select(JobResult).where(*_conditions(job_log_id, status, visible_to))
    page = BY_HOSTNAME.page(wanted, skip=skip, limit=limit, after=after)
    return list(db.scalars(page.options(selectinload(JobResult.device))))


@operation
def count_job_results(
    db: Session, job_log_id: Id, *, status: str | None = None, visible_to: Id | None = None
) -> int:
    """Return how many results `get_job_results` would list without paging."""
    wanted = select(func.count()).select_from(JobResult)
    return db.scalars(wanted.where(*_conditions(job_log_id, status, visible_to))).one()


@operation
def get_unsuccessful_devices(db: Session, job_log_id: Id) -> tuple[list[UUID], bool]:
    """Return the devices of the run that did not succeed, and whether it had any at all."""
    of_run = JobResult.job_log_id == as_uuid(job_log_id)
    rows = db.execute(select(JobResult.device_id, JobResult.status).where(of_run)).all()
    left = [
        device_id
        for device_id, status in rows
        if device_id is not None and status is not ResultStatus.SUCCEEDED
    ]
    return left, bool(rows)


@operation
def get_kept(db: Session, results: Iterable[JobResult]) -> dict[UUID, Kept]:
    """Return what each of these results of one run left behind, by the result's id."""
    of_results = {row.id: row for row in results if row.backup_id is not None}
    wanted = {row.backup_id for row in of_results.values()}
    if not wanted:
        return {}
    facts = select(Backup.id, Backup.status, Backup.version, Backup.job_log_id)
    found = {row.id: row for row in db.execute(facts.where(Backup.id.in_(wanted)))}
    return {
        result_id: Kept(backup.status, backup.version, backup.job_log_id == row.job_log_id)
        for result_id, row in of_results.items()
        if (backup := found.get(row.backup_id)) is not None
    }


@operation
def count_results_by_status(
    db: Session, job_log_id: Id, *, visible_to: Id | None = None
) -> dict[ResultStatus, int]:
    """Return how many devices of the run stand in each status; of those with none, nothing."""
    wanted = _conditions(job_log_id, None, visible_to)
    counted = select(JobResult.status, func.count()).where(*wanted).group_by(JobResult.status)
    return {row[0]: row[1] for row in db.execute(counted)}


def _row(result: JobResultCreate, moment: datetime) -> dict[str, object]:
    values = result.model_dump()
    backup_id = values.pop("backup_id")
    known = None if backup_id is None else as_uuid(backup_id)
    return {**values, "backup_id": known, "updated_at": moment}


def _insert_missing(db: Session, job_log_id: UUID, rows: Mapping[UUID, dict[str, object]]) -> None:
    if not rows:
        return
    found = db.execute(select(Device.id, Device.hostname).where(Device.id.in_(list(rows))))
    added = [
        {
            **rows[device],
            "id": new_id(),
            "job_log_id": job_log_id,
            "device_id": device,
            "device_hostname": hostname,
            "created_at": rows[device]["updated_at"],
        }
        for device, hostname in found
    ]
    if added:
        insertion = insert_into(db, JobResult).values(added)
        changed = {name: insertion.excluded[name] for name in next(iter(rows.values()))}
        keys = [JobResult.job_log_id, JobResult.device_id]
        db.execute(insertion.on_conflict_do_update(index_elements=keys, set_=changed))


def _conditions(
    job_log_id: Id, status: str | None, visible_to: Id | None
) -> list[ColumnElement[bool]]:
    conditions = [JobResult.job_log_id == as_uuid(job_log_id)]
    if status is not None and status.strip():
        if status not in {member.value for member in ResultStatus}:
            raise Invalid("status", f"{status} is not one of {', '.join(ResultStatus)}")
        conditions.append(JobResult.status == ResultStatus(status))
    if visible_to is not None:
        seen = select(Device.id).where(visible_devices(visible_to))
        runs = select(JobLog.id).where(visible_runs(visible_to))
        of_seen = or_(JobResult.device_id.in_(seen), sees_everything(visible_to))
        conditions += [of_seen, JobResult.job_log_id.in_(runs)]
    return conditions
