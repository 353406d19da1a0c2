"""Schedules: kept, explained, tried out, and begun beside their plan."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from netraven import clock
from netraven.api.access import guarded_router
from netraven.api.replies import READ, WITH_BODY, found, refusals, require_found
from netraven.db.enums import JobType, ScheduleType
from netraven.jobs.due import run_scheduled_job_now
from netraven.jobs.explaining import explain_schedule
from netraven.jobs.schedule_listing import (
    count_scheduled_jobs,
    get_scheduled_job,
    get_scheduled_jobs,
)
from netraven.jobs.schedules import (
    create_scheduled_job,
    delete_scheduled_job,
    update_scheduled_job,
)
from netraven.models import ScheduledJob
from netraven.nextrun import Timing, jitter_offset
from netraven.request.caller import Caller, Me
from netraven.request.pages import Page, PageAsked, page_of
from netraven.request.units import Reading, Writing, writing_in_thread
from netraven.schemas.job import JobLogRead
from netraven.schemas.schedule import (
    Line,
    ScheduledJobCreate,
    ScheduledJobFilter,
    ScheduledJobRead,
    ScheduledJobUpdate,
    Seconds,
    WallTime,
)

router = guarded_router("/schedules", "Schedules")

Count = Annotated[int, Query(ge=1, le=100)]


class TimingGiven(BaseModel):
    """A timing to try out, with the fields of a schedule."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"schedule_type": "daily", "schedule_time": "02:30"}]},
    )

    schedule_type: ScheduleType
    schedule_time: WallTime | None = None
    schedule_day: int | Line | None = None
    schedule_interval: Seconds | None = None
    run_at: datetime | None = None
    month: int | Line | None = None
    cron: Line | None = None
    timezone: Line = "UTC"


class NextTimes(BaseModel):
    """When a schedule would run next, in UTC."""

    times: list[datetime]


class SentenceRead(BaseModel):
    """One thing to know of a schedule; a warning keeps it from doing what it is for."""

    model_config = ConfigDict(from_attributes=True)

    topic: str
    text: str
    is_warning: bool


class ExplanationRead(BaseModel):
    """What a schedule does next and why."""

    model_config = ConfigDict(from_attributes=True)

    next_run: datetime | None
    sentences: list[SentenceRead]


@router.get("", responses=refusals(*READ, 422))
async def list_schedules(
    *,
    request: Request,
    db: Reading,
    me: Me,
    paging: PageAsked,
    device_id: str | None = None,
    tag_id: str | None = None,
    job_type: JobType | None = None,
    schedule_type: ScheduleType | None = None,
    enabled: bool | None = None,
    created_by: str | None = None,
) -> Page[ScheduledJobRead]:
    """List schedules, newest first."""
    wanted = ScheduledJobFilter(
        device_id=device_id,
        tag_id=tag_id,
        job_type=job_type,
        schedule_type=schedule_type,
        enabled=enabled,
        created_by=created_by,
        visible_to=me.viewer,
    )
    rows = await get_scheduled_jobs(db, paging.skip, paging.limit, wanted)
    total = await count_scheduled_jobs(db, wanted)
    return page_of(request, paging, ScheduledJobRead, rows, total=total)


@router.post("", status_code=201, responses=refusals(*WITH_BODY))
async def make_schedule(db: Writing, me: Me, given: ScheduledJobCreate) -> ScheduledJobRead:
    """Keep a schedule; whoever makes it sees its devices, now and when it runs."""
    return ScheduledJobRead.model_validate(await create_scheduled_job(db, given, me.user_id))


@router.post("/next-times", responses=refusals(*WITH_BODY))
async def try_timing(given: TimingGiven, count: Count = 5) -> NextTimes:
    """Tell when a schedule with this timing would run next, and keep nothing."""
    timing = Timing(**given.model_dump())
    return NextTimes(times=await asyncio.to_thread(_next_times, timing, count))


@router.get("/{schedule_id}", responses=refusals(*READ, 404))
async def show_schedule(db: Reading, me: Me, schedule_id: str) -> ScheduledJobRead:
    """Show one schedule."""
    return ScheduledJobRead.model_validate(await _seen(db, me, schedule_id))


@router.patch("/{schedule_id}", responses=refusals(*WITH_BODY, 404))
async def change_schedule(
    db: Writing, me: Me, schedule_id: str, change: ScheduledJobUpdate
) -> ScheduledJobRead:
    """Change a schedule, or switch it on or off; fields left out stay."""
    await _seen(db, me, schedule_id)
    row = await update_scheduled_job(db, schedule_id, change)
    return ScheduledJobRead.model_validate(found(row, "schedule"))


@router.delete("/{schedule_id}", status_code=204, responses=refusals(*READ, 404, 409))
async def remove_schedule(db: Writing, me: Me, schedule_id: str) -> None:
    """Delete a schedule; its runs stay."""
    await _seen(db, me, schedule_id)
    require_found(await delete_scheduled_job(db, schedule_id), "schedule")


@router.get("/{schedule_id}/next-times", responses=refusals(*READ, 404, 422))
async def list_next_times(db: Reading, me: Me, schedule_id: str, count: Count = 5) -> NextTimes:
    """List when a schedule runs next; none while it is switched off."""
    row = await _seen(db, me, schedule_id)
    if not row.enabled:
        return NextTimes(times=[])
    timing = Timing(
        schedule_type=row.schedule_type,
        schedule_time=row.schedule_time,
        schedule_day=row.schedule_day,
        schedule_interval=row.schedule_interval,
        run_at=row.run_at,
        month=row.month,
        cron=row.cron,
        timezone=row.timezone,
        offset=jitter_offset(row.id, row.jitter_seconds),
    )
    return NextTimes(times=await asyncio.to_thread(_next_times, timing, count))


@router.get("/{schedule_id}/explanation", responses=refusals(*READ, 404))
async def explain(db: Reading, me: Me, schedule_id: str) -> ExplanationRead:
    """Say in words when and why a schedule runs next, or why it does not."""
    told = await explain_schedule(db, schedule_id, visible_to=me.viewer)
    return ExplanationRead.model_validate(found(told, "schedule"))


@router.post("/{schedule_id}/run", status_code=202, responses=refusals(*READ, 404, 409))
async def run_now(request: Request, me: Me, schedule_id: str) -> JobLogRead:
    """Begin a run beside the plan."""

    def take(db: Session) -> JobLogRead:
        found(get_scheduled_job(db, schedule_id, visible_to=me.viewer), "schedule")
        run = run_scheduled_job_now(db, schedule_id, me.user_id)
        return JobLogRead.model_validate(found(run, "schedule"))

    return await writing_in_thread(request, take)


async def _seen(db: AsyncSession, me: Caller, schedule_id: str) -> ScheduledJob:
    return found(await get_scheduled_job(db, schedule_id, visible_to=me.viewer), "schedule")


def _next_times(timing: Timing, count: int) -> list[datetime]:
    moment = clock.now()
    if timing.schedule_type == ScheduleType.IMMEDIATE:
        return [moment]
    times: list[datetime] = []
    while len(times) < count and (found_at := timing.next_run(moment)) is not None:
        times.append(found_at)
        moment = found_at
    return times
