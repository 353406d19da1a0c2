"""What is wrong with an installation, judged from how it stands: pure, each in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from netraven.db.enums import BackupStatus
from netraven.jobs.cutting import how_to_serve
from netraven.jobs.spans import span
from netraven.schemas.status import (
    FleetStatus,
    Health,
    Problem,
    QueueStatus,
    ScheduleStatus,
    WorkerStatus,
)

LATE_FACTOR = 1.5
"""A sweep is late when it is older than so many times the spacing of automatic backups."""

LOST_FACTOR = 3.0
"""And after so many, nothing can be relied upon any more."""

_LONG_OVERDUE = timedelta(minutes=10)
_LONG_WAIT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the judgement rests on besides; `backup_every` is None where nothing is automatic."""

    backup_every: timedelta | None
    enabled_schedules: int
    frozen_credentials: int
    lost_blackouts: tuple[str, ...] = ()


def problems_of(
    fleet: FleetStatus,
    queue: QueueStatus,
    workers: Sequence[WorkerStatus],
    schedules: Sequence[ScheduleStatus],
    *,
    circumstances: Circumstances,
    now: datetime,
) -> Iterator[Problem]:
    """Yield what is wrong, the critical first."""
    found = [
        *_of_workers(workers, queue, circumstances),
        *_of_sweeps(fleet, circumstances, now),
        *_of_queue(queue, workers, now),
        *_of_schedules(schedules, now),
        *_of_fleet(fleet),
        *_of_rest(circumstances),
    ]
    yield from sorted(found, key=lambda problem: -problem.health.exit_code)


def worst_of(problems: Iterable[Problem]) -> Health:
    """Return the worst of their states, `ok` where there are none."""
    return max((one.health for one in problems), key=lambda one: one.exit_code, default=Health.OK)


def _of_workers(
    workers: Sequence[WorkerStatus], queue: QueueStatus, circumstances: Circumstances
) -> Iterator[Problem]:
    alive = [worker for worker in workers if not worker.is_silent]
    if not alive and (circumstances.enabled_schedules or queue.queued_runs or queue.running_runs):
        yield Problem(
            Health.CRITICAL,
            "workers",
            "no process is there that does runs and fires schedules; start `netraven serve`",
        )
    for worker in workers:
        if worker.is_silent:
            sentence = f"the worker on {worker.name} gives no sign of life; others take its work"
            yield Problem(Health.WARNING, "workers", sentence)
    versions = sorted({worker.version for worker in alive if worker.version})
    if len(versions) > 1:
        sentence = f"workers of several versions run ({', '.join(versions)}); let all run one"
        yield Problem(Health.WARNING, "workers", sentence)


def _of_sweeps(
    fleet: FleetStatus, circumstances: Circumstances, now: datetime
) -> Iterator[Problem]:
    every = circumstances.backup_every
    if every is None or not fleet.enabled:
        return
    if fleet.swept_at is None:
        if fleet.untried:
            were = "was" if fleet.untried == 1 else "were"
            untried = f"{fleet.untried} of {fleet.enabled} devices {were} never tried"
            sentence = f"{untried}; no sweep was complete yet"
            yield Problem(Health.WARNING, "sweep", sentence)
        return
    age = now - fleet.swept_at
    if age <= every * LATE_FACTOR:
        return
    health = Health.CRITICAL if age > every * LOST_FACTOR else Health.WARNING
    yield Problem(
        health,
        "sweep",
        f"the last complete sweep is {span(age)} old, at a spacing of {span(every)}; see what "
        "keeps runs from ending with `netraven run list`",
    )


def _of_queue(
    queue: QueueStatus, workers: Sequence[WorkerStatus], now: datetime
) -> Iterator[Problem]:
    served = {name for worker in workers if not worker.is_silent for name in worker.queues}
    for name, number in sorted(queue.shards.items()):
        if name not in served and served:
            waits = "1 part of a run waits" if number == 1 else f"{number} parts of runs wait"
            sentence = f"{waits} in the queue {name}, which nobody serves; {how_to_serve(name)}"
            yield Problem(Health.CRITICAL, "queue", sentence)
    if queue.oldest_wait is not None and now - queue.oldest_wait > _LONG_WAIT:
        sentence = f"a run waits for {span(now - queue.oldest_wait)} to begin"
        yield Problem(
            Health.WARNING, "queue", f"{sentence}; see `netraven run list --status queued`"
        )


def _of_schedules(schedules: Sequence[ScheduleStatus], now: datetime) -> Iterator[Problem]:
    for one in schedules:
        explain = f"`netraven schedule explain {one.id}` says why"
        if not one.is_zone_known:
            sentence = f"the time zone of the schedule {one.name} is not known any more"
            yield Problem(Health.WARNING, "schedule", f"{sentence}; {explain}")
        elif not one.has_targets:
            sentence = f"the schedule {one.name} is off, since all that it listed is gone"
            yield Problem(Health.WARNING, "schedule", f"{sentence}; {explain}, or delete it")
        elif one.is_overdue and one.next_run is not None:
            late = now - one.next_run
            health = Health.CRITICAL if late > _LONG_OVERDUE else Health.WARNING
            sentence = f"the schedule {one.name} is overdue for {span(late)}"
            yield Problem(health, "schedule", f"{sentence}; {explain}")
        elif one.consecutive_failures:
            number = one.consecutive_failures
            times = "the last time" if number == 1 else f"{number} times in a row"
            sentence = f"the schedule {one.name} failed {times}"
            yield Problem(Health.WARNING, "schedule", f"{sentence}; see `netraven run list`")


def _of_fleet(fleet: FleetStatus) -> Iterator[Problem]:
    quarantined = fleet.by_status.get(BackupStatus.QUARANTINED.value, 0)
    if quarantined:
        more = f" and {quarantined - len(fleet.quarantined)} more"
        named = ", ".join(fleet.quarantined)
        named += more if quarantined > len(fleet.quarantined) else ""
        sentence = f"in quarantine is the last capture of {named}; see `netraven backup why`"
        yield Problem(Health.WARNING, "quarantine", sentence)
    failed = fleet.by_status.get(BackupStatus.FAILED.value, 0)
    if failed:
        sentence = f"the last backup of {failed} of {fleet.enabled} devices failed"
        listed = "see `netraven device list --status failed`"
        yield Problem(Health.WARNING, "devices", f"{sentence}; {listed}")
    tried = fleet.without_good - fleet.untried
    if tried > 0:
        sentence = f"{tried} of {fleet.enabled} devices have no good backup at all"
        yield Problem(Health.WARNING, "devices", f"{sentence}; see `netraven device list`")


def _of_rest(circumstances: Circumstances) -> Iterator[Problem]:
    if circumstances.frozen_credentials:
        number = circumstances.frozen_credentials
        frozen = "1 credential is" if number == 1 else f"{number} credentials are"
        sentence = f"{frozen} frozen after refusals; set the secret anew, see `credential list`"
        yield Problem(Health.WARNING, "credentials", sentence)
    for name in circumstances.lost_blackouts:
        sentence = f"the time zone of the black-out {name} is not known any more; it counts in UTC"
        yield Problem(Health.WARNING, "black-out", sentence)
