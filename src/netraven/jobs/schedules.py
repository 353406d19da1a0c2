"""Scheduled jobs: found, made, changed, switched on and off, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import cast

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.audit import audit
from netraven.admin.changes import told_changes
from netraven.admin.settings import get_setting_value
from netraven.db import Id, as_uuid, get_actor, guarded, new_id, operation
from netraven.db.enums import ACTIVE_RUN, JobType, ScheduleType, TargetKind
from netraven.db.types import JsonValue
from netraven.errors import InUse, Invalid
from netraven.jobs.options import NEEDS_DEVICES, checked_options
from netraven.jobs.planning import (
    OPTIONAL_FIELDS,
    TIMING_FIELDS,
    USED_FIELDS,
    first_run,
    stored_timing,
)
from netraven.jobs.schedule_rows import load_schedule, lock_schedule
from netraven.jobs.targets import (
    Targets,
    check_not_gone,
    check_targets,
    get_targets,
    known_ids,
    replace_targets,
)
from netraven.models import JobLog, ScheduledJob, User
from netraven.nextrun import Timing, jitter_offset
from netraven.schemas.schedule import ScheduledJobCreate, ScheduledJobUpdate

_TARGET_FIELDS = frozenset({"targets", "device_ids", "tag_ids"})


@operation
def create_scheduled_job(
    db: Session,
    job_data: ScheduledJobCreate,
    user_id: Id | None = None,
    *,
    now: datetime | None = None,
) -> ScheduledJob:
    """Return a new schedule with its next run.

    Raises Invalid for the field of a time that is incomplete, unused or passed, of targets that
    are absent, not visible to the user or none, of unfit `job_data`, and for `created_by`.
    """
    moment = clock.moment(now)
    creator = _creator(db, user_id)
    targets = _wanted_targets(job_data)
    check_targets(db, targets, creator.id if creator else None)
    options = checked_options(db, job_data.job_type, job_data.job_data)
    given = job_data.model_dump(include=set(TIMING_FIELDS))
    given["timezone"] = given["timezone"] or get_setting_value(
        db, "system.schedule.default_timezone"
    )
    job_id = new_id()
    values = stored_timing(given, moment)
    timing = _timing(values, jitter_offset(job_id, job_data.jitter_seconds))
    next_run = first_run(timing, moment)
    job = ScheduledJob(
        id=job_id,
        **values,
        name=job_data.name,
        job_type=job_data.job_type,
        job_data=options,
        targets=targets.kind,
        enabled=job_data.enabled,
        overlap=job_data.overlap,
        jitter_seconds=job_data.jitter_seconds,
        next_run=next_run if job_data.enabled else None,
        created_by=creator.id if creator else None,
        created_by_name=creator.username if creator else get_actor(db).name,
        created_at=moment,
        updated_at=moment,
    )
    with guarded(db):
        db.add(job)
        db.flush()
        replace_targets(db, job.id, targets)
    _tell(db, "scheduled_job_created", "made", job, changes=_told(targets))
    return load_schedule(db, job)


@operation
def update_scheduled_job(
    db: Session, job_id: Id, job_data: ScheduledJobUpdate, *, now: datetime | None = None
) -> ScheduledJob | None:
    """Change the given fields; the next run moves only where a time or `enabled` really changed.

    A new `schedule_type` clears the fields that it does not use. None if there is none. Raises
    Invalid as `create_scheduled_job` and `toggle_scheduled_job` do.
    """
    given = {name: getattr(job_data, name) for name in job_data.model_fields_set}
    return _change(db, job_id, given, now)


@operation
def toggle_scheduled_job(
    db: Session,
    job_id: Id,
    enabled: bool,  # noqa: FBT001  the contract's signature
    *,
    now: datetime | None = None,
) -> ScheduledJob | None:
    """Switch the schedule on, its next run counted from now, or off; None if there is none.

    Raises Invalid("run_at") where its one time has passed, Invalid("schedule_type") for an
    immediate one that was queued, Invalid("device_ids") or Invalid("tag_ids") where all that it
    lists is gone.
    """
    return _change(db, job_id, {"enabled": enabled}, now)


@operation
def delete_scheduled_job(db: Session, job_id: Id) -> bool:
    """Delete the schedule; its runs stay. False if there is none; InUse for a built-in one."""
    # Whoever ends a run holds it before its schedule.
    active = select(JobLog.id).where(
        JobLog.scheduled_job_id == as_uuid(job_id), JobLog.status.in_(ACTIVE_RUN)
    )
    db.scalars(active.order_by(JobLog.id).with_for_update()).all()
    job = lock_schedule(db, job_id)
    if job is None:
        return False
    if job.is_system:
        raise InUse(f"{job.name} is built in; disable it instead")
    db.delete(job)
    db.flush()
    _tell(db, "scheduled_job_deleted", "deleted", job)
    return True


def _change(
    db: Session, job_id: Id, given: Mapping[str, object], now: datetime | None
) -> ScheduledJob | None:
    job = lock_schedule(db, job_id)
    if job is None:
        return None
    moment = clock.moment(now)
    before = get_targets(db, job)
    targets = _changed_targets(before, given)
    if targets != before:
        check_targets(db, targets, job.created_by)
    if given.keys() & {"job_data", "job_type"}:
        kind = cast("JobType", given.get("job_type", job.job_type))
        options = cast("Mapping[str, JsonValue]", given.get("job_data", job.job_data))
        checked_options(db, kind, options)
    values = {name: value for name, value in given.items() if name not in _TARGET_FIELDS}
    is_for_devices = values.get("job_type", job.job_type) in NEEDS_DEVICES
    if is_for_devices and values.get("enabled", False) and not job.enabled:
        check_not_gone(targets, job.name)
    values |= {"targets": targets.kind, **_changed_timing(job, given, moment)}
    values["next_run"] = _changed_next_run(db, job, values, moment)
    _apply(db, job, values, before=before, targets=targets)
    return load_schedule(db, job)


def _creator(db: Session, user_id: Id | None) -> User | None:
    if user_id is None:
        return None
    creator = db.scalar(select(User).where(User.id == as_uuid(user_id)))
    if creator is None:
        raise Invalid("created_by", f"there is no user {user_id}")
    return creator


def _wanted_targets(wanted: ScheduledJobCreate) -> Targets:
    devices = known_ids(wanted.device_ids, field="device_ids")
    tags = known_ids(wanted.tag_ids, field="tag_ids")
    kind = wanted.targets or _kind_of(devices, tags)
    if kind is None and wanted.job_type in NEEDS_DEVICES:
        raise Invalid("targets", "name devices, tags, or all devices as the target")
    return Targets(kind or TargetKind.ALL, devices, tags)


def _changed_targets(before: Targets, given: Mapping[str, object]) -> Targets:
    """Return the targets with what was given; a list that the kind does not use is emptied."""
    devices, tags = (
        known_ids(cast("list[Id]", given[field]), field=field) if field in given else None
        for field in ("device_ids", "tag_ids")
    )
    kind = cast("TargetKind | None", given.get("targets")) or _kind_of(devices, tags) or before.kind
    kept = replace(
        before,
        kind=kind,
        device_ids=before.device_ids if kind is TargetKind.DEVICES else (),
        tag_ids=before.tag_ids if kind is TargetKind.TAGS else (),
    )
    return replace(
        kept,
        device_ids=kept.device_ids if devices is None else devices,
        tag_ids=kept.tag_ids if tags is None else tags,
    )


def _kind_of(
    devices: tuple[object, ...] | None, tags: tuple[object, ...] | None
) -> TargetKind | None:
    if devices:
        return TargetKind.DEVICES
    return TargetKind.TAGS if tags else None


def _changed_timing(
    job: ScheduledJob, given: Mapping[str, object], now: datetime
) -> dict[str, object]:
    """Return all timing fields as they will be stored, none where nothing was said of them."""
    if not given.keys() & set(TIMING_FIELDS):
        return {}
    merged = {name: given.get(name, getattr(job, name)) for name in TIMING_FIELDS}
    kind = cast("ScheduleType", merged["schedule_type"])
    if kind is not job.schedule_type:
        unused = set(OPTIONAL_FIELDS) - USED_FIELDS[kind] - given.keys()
        merged |= dict.fromkeys(unused)
    if kind is ScheduleType.ONE_TIME and "schedule_time" in given and "run_at" not in given:
        is_same = given["schedule_time"] == job.schedule_time
        merged["run_at"] = merged["run_at"] if is_same else None
    return stored_timing(merged, now)


def _changed_next_run(
    db: Session, job: ScheduledJob, values: Mapping[str, object], now: datetime
) -> datetime | None:
    """Return the next run with these values; the present one where none of them moves it."""
    after = {name: values.get(name, getattr(job, name)) for name in (*TIMING_FIELDS, "enabled")}
    jitter_s = cast("int", values.get("jitter_seconds", job.jitter_seconds))
    timing = _timing(after, jitter_offset(job.id, jitter_s))
    is_enabled = after.pop("enabled")
    has_moved = timing != job.timing
    if not has_moved and is_enabled == job.enabled:
        return job.next_run
    if is_enabled and not job.enabled and not has_moved:
        _check_not_queued(db, job)
    # Where the times changed they are checked, enabled or not.
    next_run = first_run(timing, now) if has_moved or is_enabled else None
    return next_run if is_enabled else None


def _check_not_queued(db: Session, job: ScheduledJob) -> None:
    if job.schedule_type is not ScheduleType.IMMEDIATE:
        return
    planned = JobLog.scheduled_for.is_not(None)
    was_queued = exists().where(JobLog.scheduled_job_id == job.id, planned)
    if job.last_run is not None or db.scalar(select(was_queued)):
        raise Invalid("schedule_type", "an immediate job runs once; run it now, or make another")


def _timing(values: Mapping[str, object], offset: object) -> Timing:
    fields = {name: values[name] for name in TIMING_FIELDS}
    return Timing(**fields, offset=offset)  # type: ignore[arg-type]  # stored fields fit


def _apply(
    db: Session,
    job: ScheduledJob,
    values: Mapping[str, object],
    *,
    before: Targets,
    targets: Targets,
) -> None:
    old = {name: getattr(job, name) for name in values}
    changes = told_changes({**old, **_ids(before)}, {**values, **_ids(targets)})
    if not changes:
        return
    with guarded(db):
        for name, value in values.items():
            if old[name] != value:
                setattr(job, name, value)
        job.revision += 1
        if targets != before:
            replace_targets(db, job.id, targets)
    _tell(db, "scheduled_job_updated", "changed", job, changes=changes)


def _ids(targets: Targets) -> dict[str, object]:
    return {"device_ids": list(targets.device_ids), "tag_ids": list(targets.tag_ids)}


def _told(targets: Targets) -> dict[str, JsonValue]:
    return told_changes({}, {name: ids for name, ids in _ids(targets).items() if ids})


def _tell(
    db: Session,
    event_name: str,
    done: str,
    job: ScheduledJob,
    *,
    changes: Mapping[str, JsonValue] | None = None,
) -> None:
    audit(
        db,
        event_name=event_name,
        target_type="scheduled_job",
        target_id=job.id,
        target_name=job.name,
        description=f"{done} the scheduled job {job.name}",
        changes=changes,
    )
