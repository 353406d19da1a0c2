"""How an installation stands, as one operation tells it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, event, update

from netraven.archive.devices import delete_device
from netraven.db import new_id
from netraven.db.enums import BackupStatus
from netraven.inventory.tags import delete_tag
from netraven.jobs.cutting import cut_runs
from netraven.jobs.firing import update_job_last_run
from netraven.jobs.runs import start_job_log
from netraven.jobs.status import get_status
from netraven.jobs.workers import register_worker
from netraven.models import Backup, Credential, Device, JobShard, ScheduledJob
from netraven.schemas.status import Health, Status
from tests.conftest import Database
from tests.planner import NINE, Planner, at


def test_empty_installation_is_well(planner: Planner) -> None:
    told = status(planner)

    assert told.health is Health.OK
    assert (told.fleet.enabled, told.fleet.swept_at, told.fleet.oldest_good) == (0, None, None)
    assert (told.problems, told.workers, told.schedules) == ((), (), ())


def test_fleet_is_told_in_numbers(planner: Planner) -> None:
    fine = tried(planner, "fine", BackupStatus.COMPLETED, at("02 03:00"))
    tried(planner, "later", BackupStatus.COMPLETED, at("02 04:00"))
    failing = tried(planner, "failing", BackupStatus.FAILED, at("02 05:00"))
    keep_good(planner, failing, at("01 02:00"))
    tried(planner, "doubtful", BackupStatus.QUARANTINED, at("02 06:00"))
    planner.add_device("off", enabled=False)
    with planner.database.unit() as db:
        db.execute(update(Device).where(Device.id == fine).values(is_reachable=False))

    fleet = status(planner).fleet

    assert (fleet.enabled, fleet.disabled, fleet.unreachable, fleet.untried) == (4, 1, 1, 0)
    assert fleet.by_status == {"completed": 2, "failed": 1, "quarantined": 1}
    assert fleet.swept_at == at("02 03:00")
    assert fleet.oldest_good is not None
    assert (fleet.oldest_good.hostname, fleet.oldest_good.at) == ("failing", at("01 02:00"))
    assert fleet.without_good == 1
    assert fleet.quarantined == ("doubtful",)


def test_sweep_is_complete_only_when_every_device_was_tried(planner: Planner) -> None:
    tried(planner, "fine", BackupStatus.COMPLETED, at("02 03:00"))
    planner.add_device("new")

    told = status(planner)

    assert (told.fleet.swept_at, told.fleet.untried) == (None, 1)
    assert "1 of 2 devices was never tried; no sweep was complete yet" in sentences(told)


@pytest.mark.parametrize(
    ("age", "health"),
    [
        (timedelta(hours=36), Health.OK),
        (timedelta(hours=37), Health.WARNING),
        (timedelta(hours=73), Health.CRITICAL),
    ],
)
def test_late_sweep_is_told(sqlite_planner: Planner, age: timedelta, health: Health) -> None:
    tried(sqlite_planner, "fine", BackupStatus.COMPLETED, NINE - age)

    assert status(sqlite_planner).health is health


def test_queue_is_told(planner: Planner) -> None:
    device, other = planner.add_device("sw-1"), planner.add_device("sw-2")
    running = planner.add_run(device, other)
    planner.database.run(start_job_log, running)
    planner.add_run(device)
    planner.database.run(cut_runs)

    queue = status(planner, now=datetime.now(NINE.tzinfo)).queue

    assert (queue.running_runs, queue.queued_runs, queue.open_devices) == (1, 1, 3)
    assert sum(queue.shards.values()) == 1
    assert queue.oldest_wait is not None


def test_living_and_silent_workers_are_told(planner: Planner) -> None:
    planner.database.run(register_worker, "old", queues=["sweep"], now=NINE - timedelta(minutes=5))
    planner.database.run(register_worker, "new", queues=["sweep"], now=NINE)

    told = status(planner)

    assert [(worker.name, worker.is_silent) for worker in told.workers] == [
        ("old", True),
        ("new", False),
    ]
    assert told.health is Health.WARNING


def test_workers_of_several_versions_are_told(sqlite_planner: Planner) -> None:
    for version in ("1.2.0", "1.3.0"):
        sqlite_planner.database.run(register_worker, "host", version=version, now=NINE)

    told = status(sqlite_planner)

    assert "workers of several versions run (1.2.0, 1.3.0); let all run one" in sentences(told)
    assert told.health is Health.WARNING


def test_nobody_to_fire_schedules_is_critical(sqlite_planner: Planner) -> None:
    sqlite_planner.add()

    told = status(sqlite_planner)

    assert told.health is Health.CRITICAL
    assert told.health.exit_code == 2
    assert "start `netraven serve`" in sentences(told)


def test_schedules_with_something_wrong_are_told(planner: Planner) -> None:
    planner.database.run(register_worker, "host", queues=["sweep"], now=at("02 10:40"))
    planner.add(name="fine", schedule_time="12:00")
    planner.add(name="overdue", schedule_time="10:30")
    failing = planner.add(name="failing", schedule_time="12:00")
    planner.database.run(update_job_last_run, failing, success=False, now=at("02 09:30"))
    lost = planner.add(name="lost", schedule_time="12:00")
    with planner.database.unit() as db:
        db.execute(update(ScheduledJob).where(ScheduledJob.id == lost).values(timezone="Mars/Base"))

    told = status(planner, now=at("02 10:40"))

    assert {one.name for one in told.schedules} == {"overdue", "failing", "lost"}
    text = sentences(told)
    assert "the schedule overdue is overdue for 10 min" in text
    assert "the schedule failing failed the last time; see `netraven run list`" in text
    assert "the time zone of the schedule lost is not known any more" in text
    assert told.health is Health.WARNING


def test_schedule_whose_targets_are_gone_is_told(planner: Planner) -> None:
    planner.database.run(register_worker, "host", queues=["sweep"], now=at("02 10:20"))
    device, tag = planner.add_device("sw-1"), planner.add_tag("core")
    planner.add(name="few", device_ids=[device])
    planner.add(name="core", tag_ids=[tag])
    done = planner.add(schedule_type="one_time", run_at=at("02 09:10"), device_ids=[device])
    planner.database.run(update_job_last_run, done, now=at("02 09:15"))
    planner.database.run(delete_device, device)
    planner.database.run(delete_tag, tag)

    told = status(planner, now=at("02 10:20"))

    assert {one.name for one in told.schedules if not one.has_targets} == {"few", "core"}
    assert "the schedule core is off, since all that it listed is gone" in sentences(told)
    assert told.health is Health.WARNING


@pytest.mark.parametrize(
    ("queue", "remedy"),
    [
        ("interactive", "start `netraven worker --queues interactive`"),
        ("site:berlin", "start `netraven worker --queues site:berlin`"),
        ("platform:acme_ros", "start a worker whose home declares the platform acme_ros"),
    ],
)
def test_queue_that_nobody_serves_is_critical(
    sqlite_planner: Planner, queue: str, remedy: str
) -> None:
    device = sqlite_planner.add_device("sw-1")
    now = datetime.now(NINE.tzinfo)
    sqlite_planner.database.run(register_worker, "host", queues=["sweep"], now=now)
    sqlite_planner.add_run(device)
    sqlite_planner.database.run(cut_runs)
    with sqlite_planner.database.unit() as db:
        db.execute(update(JobShard).values(queue=queue))

    told = status(sqlite_planner, now=now)

    sentence = f"1 part of a run waits in the queue {queue}, which nobody serves; {remedy}"
    assert sentence in sentences(told)
    assert told.health is Health.CRITICAL


def test_frozen_credential_and_waiting_devices_are_told(planner: Planner) -> None:
    core = planner.add_tag("core")
    planner.add_device("inside", core)
    planner.add_blackout(core)
    planner.add(schedule_time="10:30")
    planner.tick(at("02 10:30"))
    with planner.database.unit() as db:
        db.add(
            Credential(
                id=new_id(),
                name="old",
                name_key="old",
                username="backup",
                frozen_at=NINE,
                frozen_reason="refused",
            )
        )

    told = status(planner, now=at("02 11:00"))

    assert (told.waiting_devices, told.frozen_credentials) == (1, 1)
    assert "1 credential is frozen after refusals" in sentences(told)


def test_number_of_statements_does_not_go_with_the_fleet(sync_database: Database) -> None:
    planner = Planner(sync_database)
    tried(planner, "first", BackupStatus.QUARANTINED, NINE)
    with counted_statements(sync_database) as few:
        status(planner)

    for number in range(20):
        tried(planner, f"sw-{number}", BackupStatus.QUARANTINED, NINE)
        planner.add(name=f"job {number}", schedule_time="08:00")
    with counted_statements(sync_database) as many:
        status(planner, now=at("05 12:00"))

    assert few[0] == many[0] < 25


def status(planner: Planner, *, now: datetime = NINE) -> Status:
    return planner.database.run(get_status, now=now)


def sentences(told: Status) -> str:
    return "\n".join(problem.sentence for problem in told.problems)


def tried(planner: Planner, hostname: str, outcome: BackupStatus, when: datetime) -> UUID:
    """Return a device whose last capture ended so."""
    device = planner.add_device(hostname)
    values = {"last_backup_status": outcome, "last_backup_at": when}
    with planner.database.unit() as db:
        db.execute(update(Device).where(Device.id == device).values(values))
    return device


def keep_good(planner: Planner, device_id: UUID, when: datetime) -> None:
    with planner.database.unit() as db:
        db.add(
            Backup(
                id=new_id(),
                device_id=device_id,
                status=BackupStatus.COMPLETED,
                config_type="running",
                device_type="cisco_ios",
                version=1,
                last_seen_at=when,
                created_at=when,
            )
        )


@contextmanager
def counted_statements(database: Database) -> Iterator[list[int]]:
    count = [0]

    def add(_connection: Connection, *_: object) -> None:
        count[0] += 1

    engine = database.sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", add)
    try:
        yield count
    finally:
        event.remove(engine, "before_cursor_execute", add)
