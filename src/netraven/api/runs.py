"""Runs: begun, listed, watched, cancelled and deleted."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from netraven.admin.permissions import Permission
from netraven.api.access import guarded_router
from netraven.api.replies import READ, WITH_BODY, found, refusals, require_found
from netraven.db.enums import JobType, LogLevel, ResultStatus, RunStatus
from netraven.db.types import Id, as_uuid
from netraven.errors import Invalid
from netraven.inventory.devices import get_devices, keep_visible_ids
from netraven.jobs.entries import BY_NUMBER, count_job_log_entries, get_job_log_entries
from netraven.jobs.listing import NEWEST_FIRST, count_job_logs, get_job_log, get_job_logs
from netraven.jobs.options import NEEDS_DEVICES
from netraven.jobs.removal import delete_job_log
from netraven.jobs.results import BY_HOSTNAME, count_job_results, get_job_results
from netraven.jobs.runs import cancel_job_log, create_job_log
from netraven.models import JobLog
from netraven.request.caller import Caller, Me
from netraven.request.moments import Moment
from netraven.request.pages import Page, PageAsked, page_of
from netraven.request.units import Reading, Writing, writing_in_thread
from netraven.schemas.job import (
    JobLogCreate,
    JobLogEntryRead,
    JobLogFilter,
    JobLogRead,
    JobResultRead,
    RetentionDays,
)

router = guarded_router("/runs", "Runs")


_PAGE = 1000


class RunRequest(BaseModel):
    """A run to begin: over devices, over those that carry a tag, or over all that one may see."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"job_type": "backup", "all_devices": True}]},
    )

    job_type: JobType
    device_ids: Annotated[list[Id], Field(max_length=100_000)] = []
    tag_ids: Annotated[list[Id], Field(max_length=50)] = []
    all_devices: bool = False
    job_data: dict[str, JsonValue] = {}
    retention_days: RetentionDays | None = None


@router.get("", responses=refusals(*READ, 422))
async def list_runs(
    *,
    request: Request,
    db: Reading,
    me: Me,
    paging: PageAsked,
    device_id: str | None = None,
    job_type: JobType | None = None,
    status: RunStatus | None = None,
    active: bool | None = None,
    created_by: str | None = None,
    scheduled_job_id: str | None = None,
    start_date: Moment | None = None,
    end_date: Moment | None = None,
) -> Page[JobLogRead]:
    """List runs, newest first."""
    wanted = JobLogFilter(
        device_id=device_id,
        job_type=job_type,
        status=status,
        active=active,
        created_by=created_by,
        scheduled_job_id=scheduled_job_id,
        start_date=start_date,
        end_date=end_date,
        visible_to=me.user_id,
    )
    rows = await get_job_logs(db, paging.skip, paging.limit, wanted, after=paging.after)
    total = await paging.count(rows, lambda: count_job_logs(db, wanted))
    return page_of(request, paging, JobLogRead, rows, total=total, place_of=NEWEST_FIRST.place_of)


@router.post("", status_code=202, responses=refusals(*WITH_BODY))
async def begin_run(request: Request, me: Me, given: RunRequest) -> JobLogRead:
    """Write a run down; a worker takes it up at once."""
    if given.job_type is JobType.RETENTION:
        me.require(Permission.BACKUPS_DELETE)

    def take(db: Session) -> JobLogRead:
        run = JobLogCreate(
            job_type=given.job_type,
            device_ids=_targets(db, me, given),
            job_data=given.job_data,
            retention_days=given.retention_days,
        )
        return JobLogRead.model_validate(create_job_log(db, run, me.user_id))

    return await writing_in_thread(request, take)


@router.get("/{run_id}", responses=refusals(*READ, 404))
async def show_run(db: Reading, me: Me, run_id: str) -> JobLogRead:
    """Show one run."""
    return JobLogRead.model_validate(await _seen(db, me, run_id))


@router.post("/{run_id}/cancel", responses=refusals(*READ, 404, 409))
async def cancel_run(db: Writing, me: Me, run_id: str) -> JobLogRead:
    """Cancel a queued run, or ask a running one to stop."""
    await _seen(db, me, run_id)
    return JobLogRead.model_validate(found(await cancel_job_log(db, run_id), "run"))


@router.delete("/{run_id}", status_code=204, responses=refusals(*READ, 404, 409))
async def remove_run(db: Writing, me: Me, run_id: str) -> None:
    """Delete a run that has ended; its backups stay."""
    await _seen(db, me, run_id)
    require_found(await delete_job_log(db, run_id), "run")


@router.get("/{run_id}/results", responses=refusals(*READ, 404, 422))
async def list_results(
    *,
    request: Request,
    db: Reading,
    me: Me,
    run_id: str,
    paging: PageAsked,
    status: ResultStatus | None = None,
) -> Page[JobResultRead]:
    """List what became of each device, by hostname."""
    await _seen(db, me, run_id)
    wanted: dict[str, Any] = {"status": status, "visible_to": me.user_id}
    rows = await get_job_results(
        db, run_id, paging.skip, paging.limit, **wanted, after=paging.after
    )
    total = await paging.count(rows, lambda: count_job_results(db, run_id, **wanted))
    return page_of(request, paging, JobResultRead, rows, total=total, place_of=BY_HOSTNAME.place_of)


@router.get("/{run_id}/entries", responses=refusals(*READ, 404, 422))
async def list_entries(
    *,
    request: Request,
    db: Reading,
    me: Me,
    run_id: str,
    paging: PageAsked,
    level: LogLevel | None = None,
    after_seq: Annotated[int | None, Query(ge=0, le=2**62)] = None,
) -> Page[JobLogEntryRead]:
    """List the lines of a run's log in their order; `level` is the least severe one."""
    await _seen(db, me, run_id)
    wanted: dict[str, Any] = {"level": level, "after_seq": after_seq, "visible_to": me.user_id}
    rows = await get_job_log_entries(
        db, run_id, paging.skip, paging.limit, **wanted, after=paging.after
    )
    total = await paging.count(rows, lambda: count_job_log_entries(db, run_id, **wanted))
    return page_of(request, paging, JobLogEntryRead, rows, total=total, place_of=BY_NUMBER.place_of)


async def _seen(db: AsyncSession, me: Caller, run_id: str) -> JobLog:
    return found(await get_job_log(db, run_id, visible_to=me.user_id), "run")


def _targets(db: Session, me: Caller, given: RunRequest) -> list[Id]:
    """Return the devices that are meant and that the caller may see, each once."""
    is_named = bool(given.device_ids or given.tag_ids or given.all_devices)
    if given.job_type not in NEEDS_DEVICES:
        if is_named:
            raise Invalid("device_ids", f"a run of {given.job_type} has no devices")
        return []
    if not is_named:
        raise Invalid("device_ids", "name devices or tags, or say all_devices")
    named = dict.fromkeys(map(as_uuid, given.device_ids))
    chosen = dict.fromkeys(keep_visible_ids(db, given.device_ids, visible_to=me.user_id))
    if len(chosen) < len(named):
        raise Invalid("device_ids", "names a device that is not there")
    if given.tag_ids or given.all_devices:
        tags = None if given.all_devices else given.tag_ids
        skip = 0
        while page := get_devices(
            db, skip, _PAGE, enabled=True, tag_ids=tags, visible_to=me.user_id
        ):
            chosen |= dict.fromkeys(device.id for device in page)
            skip += len(page)
    return [*chosen]
