"""Deleting devices: all that is kept of them goes, their history and others' contents stay."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import func, select

from netraven.archive.devices import delete_device
from netraven.db import Base, Id, new_id
from netraven.db.enums import (
    HostKeyState,
    JobType,
    LinkSource,
    LogLevel,
    ResultStatus,
    RunStatus,
    ScheduleType,
    TargetKind,
)
from netraven.errors import Corrupt, InUse
from netraven.models import (
    AuditEvent,
    Backup,
    BackupCounter,
    Content,
    Device,
    DeviceLease,
    DeviceTag,
    HostKey,
    JobLog,
    JobLogEntry,
    JobResult,
    ScheduledJob,
    ScheduledJobDevice,
    Tag,
)
from tests.archive.conftest import NOON, Archive
from tests.archive.test_chains import versions


def add(archive: Archive, *rows: Base) -> None:
    with archive.database.unit() as db:
        for row in rows:
            db.add(row)
            db.flush()


def run_of(device_id: UUID | None, status: RunStatus) -> JobLog:
    return JobLog(
        id=new_id(), job_type=JobType.BACKUP, status=status, device_id=device_id, actor_name="alice"
    )


def schedule(name: str, targets: TargetKind = TargetKind.DEVICES) -> ScheduledJob:
    return ScheduledJob(
        id=new_id(),
        name=name,
        job_type=JobType.BACKUP,
        schedule_type=ScheduleType.DAILY,
        schedule_time="02:00",
        timezone="UTC",
        targets=targets,
        next_run=NOON,
        created_by_name="alice",
    )


def rows_about(archive: Archive, device_id: UUID) -> Iterator[str]:
    """Yield the names of the columns that still name the device."""
    with archive.database.unit() as db:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                refers = any(key.column.table.name == "devices" for key in column.foreign_keys)
                found = select(func.count()).where(column == device_id)
                if refers and db.scalar(found.select_from(table)):
                    yield f"{table.name}.{column.name}"


def test_nothing_of_a_device_stays_but_its_history(archive: Archive) -> None:
    device_id, other, _ = archive.devices
    texts = versions(6)
    archive.store_all(texts[:4], device_id)
    archive.store_all(texts[3:], other)
    tag = Tag(id=new_id(), name="core", name_key="core")
    done = run_of(device_id, RunStatus.SUCCEEDED)
    backup_id = archive.rows(device_id)[0].id
    add(
        archive,
        tag,
        DeviceTag(device_id=device_id, tag_id=tag.id, source=LinkSource.MANUAL),
        HostKey(
            device_id=device_id,
            algorithm="ssh-ed25519",
            public_key="AAAA",
            state=HostKeyState.TRUSTED,
            last_seen_at=NOON,
        ),
        DeviceLease(device_id=device_id, owner="w", token=1, expires_at=NOON),
        done,
        JobResult(
            job_log_id=done.id,
            device_id=device_id,
            device_hostname="core-1",
            status=ResultStatus.SUCCEEDED,
            backup_id=backup_id,
        ),
        JobLogEntry(
            job_log_id=done.id,
            seq=1,
            timestamp=NOON,
            level=LogLevel.INFO,
            device_id=device_id,
            message="stored",
        ),
    )

    assert archive.database.run(delete_device, device_id)

    assert list(rows_about(archive, device_id)) == []
    assert archive.check() == 3
    assert [archive.read(row.id) for row in archive.rows(other)] == texts[3:]
    with archive.database.unit() as db:
        assert db.get(Device, device_id) is None
        assert db.scalars(select(BackupCounter.device_id)).all() == [other]
        assert db.scalars(select(JobLog.device_hostname)).all() == ["core-1"]
        result = db.scalars(select(JobResult)).one()
        assert (result.device_hostname, result.device_id, result.backup_id) == (
            "core-1",
            None,
            None,
        )
        assert db.scalars(select(JobLogEntry.message)).all() == ["stored"]


def test_one_event_says_that_it_went(archive: Archive) -> None:
    archive.store_all(versions(3))

    archive.database.run(delete_device, archive.devices[0])

    with archive.database.unit() as db:
        event = db.scalars(select(AuditEvent)).one()
        assert (event.event_name, event.target_name) == ("device_deleted", "core-1")
        assert event.target_id == str(archive.devices[0])


@pytest.mark.parametrize("nothing", [new_id(), "not-a-uuid", ""])
def test_an_absent_device_is_not_deleted(archive: Archive, nothing: Id) -> None:
    assert archive.database.run(delete_device, nothing) is False


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.RUNNING])
@pytest.mark.parametrize("named", ["by the run", "by a result"])
def test_an_active_run_protects_it(archive: Archive, status: RunStatus, named: str) -> None:
    archive.store_all(versions(2))
    device_id = archive.devices[0]
    run = run_of(device_id if named == "by the run" else None, status)
    add(archive, run)
    if named == "by a result":
        add(archive, JobResult(job_log_id=run.id, device_id=device_id, device_hostname="core-1"))

    with pytest.raises(InUse, match="not finished"):
        archive.database.run(delete_device, device_id)

    assert archive.check() == 2


def test_a_pinned_backup_protects_it(archive: Archive) -> None:
    archive.store("1", pinned=True)
    archive.store("2", minutes=1)

    with pytest.raises(InUse, match="pinned"):
        archive.database.run(delete_device, archive.devices[0])

    assert archive.count(Backup) == archive.count(Content) == 2


def test_a_jump_host_is_protected(archive: Archive) -> None:
    jump, behind, _ = archive.devices
    with archive.database.unit() as db:
        db.get_one(Device, behind).jump_device_id = jump

    with pytest.raises(InUse, match="reached through it"):
        archive.database.run(delete_device, jump)

    assert archive.database.run(delete_device, behind)
    assert archive.database.run(delete_device, jump)


def test_a_schedule_left_without_devices_is_disabled(archive: Archive) -> None:
    one, two, _ = archive.devices
    alone, shared = schedule("alone"), schedule("shared")
    tagged, off = schedule("tagged", TargetKind.TAGS), schedule("off")
    off.enabled = False
    add(archive, alone, shared, tagged, off)
    listed = [(alone, one), (shared, one), (shared, two), (off, one)]
    add(archive, *(ScheduledJobDevice(scheduled_job_id=job.id, device_id=d) for job, d in listed))

    archive.database.run(delete_device, one)

    with archive.database.unit() as db:
        left = {job.name: job for job in db.scalars(select(ScheduledJob))}
        targets = db.scalars(select(ScheduledJobDevice.device_id)).all()
    assert targets == [two]
    assert (left["alone"].enabled, left["alone"].next_run, left["alone"].revision) == (
        False,
        None,
        1,
    )
    assert (left["shared"].enabled, left["shared"].next_run) == (True, NOON)
    assert (left["tagged"].enabled, left["off"].revision) == (True, 0)


def test_a_damaged_device_can_still_be_deleted(archive: Archive) -> None:
    archive.store_all(versions(5))
    with archive.database.unit() as db:
        for content in db.scalars(select(Content)):
            content.data = b"garbage"

    assert archive.database.run(delete_device, archive.devices[0])

    assert archive.count(Content) == 0


def test_what_others_need_is_not_lost_where_it_cannot_be_kept(archive: Archive) -> None:
    one, two, _ = archive.devices
    texts = versions(3)
    archive.store_all(texts[:2], one)
    archive.store_all(texts[1:], two)
    shared = archive.rows(two)[0].content_hash
    with archive.database.unit() as db:
        db.get_one(Content, shared).data = b"garbage" * 20

    with pytest.raises(Corrupt):
        archive.database.run(delete_device, one)

    assert archive.count(Device) == 3
    assert archive.count(Backup) == 4
