"""A schedule explained in words: when and why it fires next, or why it does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.settings import get_setting_value
from netraven.db import Id, operation
from netraven.db.enums import ACTIVE_RUN, HoldBack, JobType, Overlap, WorkerState
from netraven.errors import Invalid
from netraven.jobs.blackouts import HeldBack, get_held_back
from netraven.jobs.clock_changes import affected_time, clock_changes, is_by_wall_clock
from netraven.jobs.firing import RUNS_ONCE
from netraven.jobs.options import NEEDS_DEVICES
from netraven.jobs.schedule_listing import get_scheduled_job
from netraven.jobs.schedule_words import targets_in_words, timing_in_words
from netraven.jobs.spans import span
from netraven.jobs.targets import all_gone, count_unseen_targets, get_target_ids
from netraven.jobs.waits import count_waits
from netraven.jobs.workers import DEFAULT_SILENCE_S
from netraven.models import JobLog, ScheduledJob, Worker
from netraven.nextrun import Timing, checked_zone
from netraven.schemas.schedule import ScheduledJobRead

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing to know of a schedule; a warning keeps it from doing what it is for."""

    topic: str
    text: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a schedule does next and why, a sentence for each thing."""

    job_id: UUID
    name: str
    next_run: datetime | None
    sentences: tuple[Sentence, ...]


@operation
def explain_schedule(
    db: Session, job_id: Id, *, visible_to: Id | None = None, now: datetime | None = None
) -> Explanation | None:
    """Return when and why the schedule fires next, in words; None if there is none."""
    job = get_scheduled_job(db, job_id, visible_to=visible_to)
    if job is None:
        return None
    return Explanation(
        job_id=job.id,
        name=job.name,
        next_run=job.next_run,
        sentences=tuple(_sentences(db, job, clock.moment(now))),
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """A schedule looked at: its row, what doors show of it, when, and in which zone."""

    job: ScheduledJob
    told: ScheduledJobRead
    now: datetime
    zone: ZoneInfo | None

    def shown(self, moment: datetime) -> str:
        """Return a moment in the schedule's zone, in UTC where it is not known."""
        return _shown(moment, self.zone or UTC)


def _sentences(db: Session, job: ScheduledJob, now: datetime) -> Iterator[Sentence]:
    case = _Case(job, ScheduledJobRead.model_validate(job), now, _zone_of(job))
    yield Sentence("When", f"{_capital(timing_in_words(case.told))}.")
    if case.zone is None:
        yield Sentence(
            "Zone",
            f"{job.timezone} is a time zone that this program no longer knows, so no time after "
            "the next one can be found; `netraven schedule change --timezone` gives it another.",
            is_warning=True,
        )
    yield from _next(db, case)
    if case.zone is not None:
        yield from _clock(job.timing, case.zone, now)
    yield from _jitter(job)
    yield from _targets(db, case)
    yield from _overlap(db, case)
    yield from _past(case)


def _next(db: Session, case: _Case) -> Iterator[Sentence]:
    job, now = case.job, case.now
    if not job.enabled or job.next_run is None:
        yield Sentence("Next", f"It does not fire: {_why_off(db, job, now)}.", is_warning=True)
        return
    shown = case.shown(job.next_run)
    if job.next_run > now:
        yield Sentence("Next", f"It fires on {shown}, in {span(job.next_run - now)}.")
    else:
        yield Sentence(
            "Next",
            f"It is due since {shown}, {span(now - job.next_run)} ago: the next tick fires it "
            "once and counts what passed since as missed.",
        )
    alive = select(func.count()).select_from(Worker)
    since = now - timedelta(seconds=DEFAULT_SILENCE_S)
    if not db.scalar(alive.where(Worker.state == WorkerState.LIVE, Worker.heartbeat_at > since)):
        yield Sentence(
            "Process",
            "No process is there to fire it; start `netraven serve`, or `netraven worker`.",
            is_warning=True,
        )


def _why_off(db: Session, job: ScheduledJob, now: datetime) -> str:
    """Return why a schedule is switched off, as far as its row tells."""
    if job.schedule_type in RUNS_ONCE and _has_fired(db, job):
        when = f"on {_shown(job.last_run, UTC)}" if job.last_run else "already"
        return f"it fires once, and did {when}"
    if job.job_type in NEEDS_DEVICES and _lists_nothing(job):
        return f"it is switched off, since {all_gone(job.targets, job.name)}"
    if _zone_of(job) is None:
        return "it is switched off, since its time zone is not known any more"
    follows_setting = job.is_system and job.job_type is JobType.BACKUP
    if follows_setting and get_setting_value(db, "system.backup.enabled") is not True:
        return "the setting system.backup.enabled is false"
    try:
        job.timing.next_run(now)
    except Invalid as error:
        return f"its times cannot be found any more ({error})"
    return f"it is switched off; `netraven schedule enable {job.name}` switches it on"


def _has_fired(db: Session, job: ScheduledJob) -> bool:
    planned = exists().where(JobLog.scheduled_job_id == job.id, JobLog.scheduled_for.is_not(None))
    return job.last_run is not None or bool(db.scalar(select(planned)))


def _clock(timing: Timing, zone: ZoneInfo, now: datetime) -> Iterator[Sentence]:
    """Tell what daylight saving does to the schedule within a year."""
    changes = clock_changes(zone, now)
    if timing.schedule_type in RUNS_ONCE or not changes:
        return
    if not is_by_wall_clock(timing):
        text = "It counts elapsed time, so its time of day moves when the clock changes."
        yield Sentence("Clock", f"{text} {timing.timezone} does so next on {_day(changes[0].at)}.")
        return
    is_touched = False
    for change in changes:
        wall = affected_time(timing, change)
        if wall is None:
            continue
        is_touched = True
        day, at = f"{wall:%a %Y-%m-%d}", f"{wall:%H:%M}"
        if change.is_forward:
            fires = timing.next_run(change.at + timing.offset - timedelta(microseconds=1))
            then = f"{fires.astimezone(zone):%H:%M}" if fires else "afterwards"
            yield Sentence("Clock", f"On {day} the clock jumps over {at}; it fires at {then}.")
        else:
            yield Sentence(
                "Clock", f"On {day} the clock shows {at} twice; it fires the first time only."
            )
    if not is_touched:
        days = " and ".join(_day(change.at) for change in changes[:2])
        text = f"Its wall time stays when the clock of {timing.timezone} changes ({days})"
        yield Sentence("Clock", f"{text}; in UTC it moves by as much.")


def _jitter(job: ScheduledJob) -> Iterator[Sentence]:
    if not job.jitter_seconds or job.schedule_type in RUNS_ONCE:
        return
    offset_s = round(job.timing.offset.total_seconds())
    yield Sentence(
        "Jitter",
        f"Every time is moved by {offset_s} s, its part of up to {job.jitter_seconds} s; the "
        "part follows from its id and stays.",
    )


def _targets(db: Session, case: _Case) -> Iterator[Sentence]:
    job = case.job
    if job.job_type not in NEEDS_DEVICES:
        yield Sentence("For", f"A job of type {job.job_type} is for no devices.")
        return
    device_ids = get_target_ids(db, job)
    number = len(device_ids)
    if number:
        counted = "1 enabled device" if number == 1 else f"{number} enabled devices"
        yield Sentence("For", f"{_capital(targets_in_words(case.told))}: {counted} now.")
    else:
        yield Sentence("For", _why_nobody(db, case), is_warning=True)
    at = max(job.next_run, case.now) if job.enabled and job.next_run else case.now
    held = get_held_back(db, device_ids, now=at)
    for why, count in _counted(held):
        yield Sentence("Black-out", _held(case, why, count, number))
    waiting, first = count_waits(db, job.id)
    if waiting and first is not None:
        devices = "1 device waits" if waiting == 1 else f"{waiting} devices wait"
        text = f"{devices} for a black-out to end; the first has its turn on {case.shown(first)}."
        yield Sentence("Waiting", text)


def _why_nobody(db: Session, case: _Case) -> str:
    job = case.job
    skipped = "a run now would be skipped (no_targets)"
    if _lists_nothing(job):
        return f"What it listed is gone; {skipped}."
    unseen = count_unseen_targets(db, job)
    if unseen:
        return (
            f"{job.created_by_name}, who made it, may see none of its {unseen} devices any more; "
            f"{skipped}."
        )
    return f"{_capital(targets_in_words(case.told))}: no enabled device now; {skipped}."


def _counted(held: dict[UUID, HeldBack]) -> list[tuple[HeldBack, int]]:
    counts = Counter(held.values())
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0].name))[:_MOST_NAMED]


def _held(case: _Case, why: HeldBack, count: int, number: int) -> str:
    who = "All devices are" if count == number else f"{count} of {number} devices are"
    end = case.shown(why.until)
    if why.hold_back is HoldBack.WAIT:
        return f"{who} in the black-out {why.name} then; they have their turn on {end}."
    return f"{who} in the black-out {why.name} then, until {end}; the run leaves them out."


def _overlap(db: Session, case: _Case) -> Iterator[Sentence]:
    job = case.job
    active = select(JobLog.created_at).where(
        JobLog.scheduled_job_id == job.id, JobLog.status.in_(ACTIVE_RUN)
    )
    since = db.scalar(active.order_by(JobLog.created_at).limit(1))
    does = "is skipped" if job.overlap is Overlap.SKIP else "waits until that one has ended"
    if since is not None:
        yield Sentence(
            "Overlap", f"A run of it goes since {case.shown(since)}; one that is due now {does}."
        )
    elif job.schedule_type not in RUNS_ONCE:
        yield Sentence("Overlap", f"A run that is due while the one before still goes {does}.")


def _past(case: _Case) -> Iterator[Sentence]:
    job = case.job
    if job.last_run is not None:
        how = f" and {job.last_status}" if job.last_status else ""
        last = f"Its last run ended on {case.shown(job.last_run)}{how}"
        failures = job.consecutive_failures
        tail = f"; {failures} failed in a row" if failures > 1 else ""
        yield Sentence("Last", f"{last}{tail}.", is_warning=failures > 0)
    if job.missed_runs:
        times = "1 time" if job.missed_runs == 1 else f"{job.missed_runs} times"
        yield Sentence(
            "Missed",
            f"{times} passed while nothing was there to fire it; after such a gap it runs once.",
        )


def _lists_nothing(job: ScheduledJob) -> bool:
    return (job.targets == "devices" and not job.devices) or (
        job.targets == "tags" and not job.tags
    )


def _zone_of(job: ScheduledJob) -> ZoneInfo | None:
    try:
        return checked_zone(job.timezone)
    except Invalid:
        return None


def _shown(moment: datetime, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    shown = f"{local:%a %Y-%m-%d %H:%M %Z}"
    return shown if local.tzname() == "UTC" else f"{shown} ({moment.astimezone(UTC):%H:%M} UTC)"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
