"""A large installation, written in minutes: what lists and counts are measured on.

Rows go in past the operations, in the shapes that the operations leave: 50 000 devices with
1 000 000 backups, 1 000 000 lines of runs' logs, tags, users, schedules and audit events.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.orm import Session, sessionmaker

from netraven.archive.codec import content_hash
from netraven.db import Base, name_key, new_id, unit_of_work
from netraven.db.actor import ActorKind
from netraven.db.enums import (
    BackupStatus,
    EventStatus,
    EventType,
    Grade,
    JobType,
    LinkSource,
    LogLevel,
    ResultStatus,
    Role,
    RunStatus,
    ScheduleType,
    TargetKind,
)
from netraven.models import (
    AuditEvent,
    Backup,
    Content,
    Credential,
    CredentialTag,
    Device,
    DeviceTag,
    JobLog,
    JobLogEntry,
    JobResult,
    ScheduledJob,
    ScheduledJobDevice,
    Tag,
    User,
    UserTag,
)

Row = dict[str, Any]

NOON: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
_CHUNK: Final = 10_000
_PLATFORMS: Final = ("cisco_ios", "arista_eos", "juniper_junos", "aruba_aoscx", "cisco_asa")
_SITES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many rows of each kind; runs share the entries and the results evenly."""

    devices: int = 50_000
    backups: int = 1_000_000
    runs: int = 2_000
    entries: int = 1_000_000
    results: int = 200_000
    tags: int = 200
    users: int = 200
    credentials: int = 300
    schedules: int = 300
    events: int = 200_000


SMALL = Size(
    devices=300,
    backups=1_500,
    runs=20,
    entries=1_000,
    results=400,
    tags=10,
    users=10,
    credentials=10,
    schedules=10,
    events=300,
)


@dataclass(slots=True)
class Estate:
    """The ids of what was written, to ask for."""

    size: Size
    devices: list[UUID] = field(default_factory=list)
    tags: list[UUID] = field(default_factory=list)
    users: list[UUID] = field(default_factory=list)
    limited_user: UUID | None = None
    backups: list[UUID] = field(default_factory=list)
    runs: list[UUID] = field(default_factory=list)
    schedules: list[UUID] = field(default_factory=list)
    credentials: list[UUID] = field(default_factory=list)


def build(sessions: sessionmaker[Session], size: Size) -> Estate:
    """Fill an empty database and bring its statistics up to date."""
    estate = Estate(size)
    chance = random.Random(7)
    parts: tuple[tuple[type[Base], Callable[[Estate, random.Random], Iterator[Row]]], ...] = (
        (User, _users),
        (Tag, _tags),
        (UserTag, _user_tags),
        (Credential, _credentials),
        (Device, _devices),
        (DeviceTag, _device_tags),
        (CredentialTag, _credential_tags),
        (Content, _contents),
        (ScheduledJob, _schedules),
        (ScheduledJobDevice, _targets),
        (JobLog, _runs),
        (Backup, _backups),
        (JobResult, _results),
        (JobLogEntry, _entries),
        (AuditEvent, _events),
    )
    for table, rows in parts:
        _write(sessions, table, rows(estate, chance))
    with unit_of_work(sessions) as db:
        db.execute(text("ANALYZE"))
    return estate


def _write(sessions: sessionmaker[Session], table: type[Base], rows: Iterator[Row]) -> None:
    while chunk := list(islice(rows, _CHUNK)):
        with unit_of_work(sessions) as db:
            db.connection().execute(insert(table.__table__), chunk)  # type: ignore[arg-type]


def _stamped(**values: object) -> Row:
    return {"created_at": NOON, "updated_at": NOON, **values}


def _users(estate: Estate, _: random.Random) -> Iterator[Row]:
    for number in range(estate.size.users):
        estate.users.append(new_id())
        name = f"user-{number:04}"
        mail = f"{name}@example.com"
        yield _stamped(
            id=estate.users[-1],
            username=name,
            username_key=name,
            email=mail,
            email_key=mail,
            password_hash="-",
            role=Role.ADMIN if number == 0 else Role.OPERATOR,
            is_active=True,
            limited_to_tags=number == 1,
            failed_logins=0,
            session_epoch=0,
            notification_preferences={},
        )
    estate.limited_user = estate.users[1]


def _tags(estate: Estate, _: random.Random) -> Iterator[Row]:
    for number in range(estate.size.tags):
        estate.tags.append(new_id())
        name = "default" if number == 0 else f"tag-{number:03}"
        yield _stamped(
            id=estate.tags[-1],
            name=name,
            name_key=name,
            color="#6366F1",
            is_default=number == 0,
        )


def _user_tags(estate: Estate, _: random.Random) -> Iterator[Row]:
    yield {"user_id": estate.limited_user, "tag_id": estate.tags[1]}


def _credentials(estate: Estate, _: random.Random) -> Iterator[Row]:
    for number in range(estate.size.credentials):
        estate.credentials.append(new_id())
        name = f"login-{number:03}"
        yield _stamped(
            id=estate.credentials[-1],
            name=name,
            name_key=name,
            username="backup",
            has_password=True,
            has_private_key=False,
            has_private_key_passphrase=False,
            has_enable_secret=False,
            success_count=number,
            failure_count=number % 7,
        )


def _devices(estate: Estate, chance: random.Random) -> Iterator[Row]:
    for number in range(estate.size.devices):
        estate.devices.append(new_id())
        name = f"Sw-{number % _SITES:02}-{number:05}"
        yield _stamped(
            id=estate.devices[-1],
            hostname=name,
            hostname_key=name_key(name),
            ip_address=f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
            port=22,
            device_type=chance.choice(_PLATFORMS),
            protocol="ssh",
            legacy_ssh=False,
            jump_key="",
            site=f"site-{number % _SITES:02}",
            enabled=number % 50 != 0,
            last_backup_at=NOON,
            last_backup_status=BackupStatus.FAILED if number % 40 == 0 else BackupStatus.COMPLETED,
            owner_id=chance.choice(estate.users) if number % 3 == 0 else None,
        )


def _device_tags(estate: Estate, chance: random.Random) -> Iterator[Row]:
    for device_id in estate.devices:
        own = chance.sample(estate.tags[1:], k=2)
        for tag_id, source in ((estate.tags[0], LinkSource.DEFAULT), *((one, None) for one in own)):
            yield {
                "device_id": device_id,
                "tag_id": tag_id,
                "source": source or LinkSource.MANUAL,
                "rule_key": "",
            }


def _credential_tags(estate: Estate, chance: random.Random) -> Iterator[Row]:
    for credential_id in estate.credentials:
        yield {
            "credential_id": credential_id,
            "tag_id": chance.choice(estate.tags),
            "priority": chance.randrange(1_000),
            "success_count": 10,
            "failure_count": 1,
            "created_at": NOON,
        }


def _contents(estate: Estate, _: random.Random) -> Iterator[Row]:
    for device_id in estate.devices:
        yield {
            "hash": content_hash(device_id.bytes),
            "size": 60_000,
            "depth": 0,
            "data": device_id.bytes * 16,
            "created_at": NOON,
        }


def _schedules(estate: Estate, _: random.Random) -> Iterator[Row]:
    for number in range(estate.size.schedules):
        estate.schedules.append(new_id())
        yield _stamped(
            id=estate.schedules[-1],
            name=f"schedule-{number:03}",
            job_type=JobType.BACKUP,
            schedule_type=ScheduleType.DAILY,
            schedule_time="03:30",
            timezone="UTC",
            targets=TargetKind.DEVICES,
            enabled=number % 5 != 0,
            is_system=False,
            overlap="skip",
            jitter_seconds=0,
            job_data={},
            next_run=NOON + timedelta(minutes=number) if number % 5 else None,
            consecutive_failures=0,
            missed_runs=0,
            revision=0,
            created_by=estate.users[number % len(estate.users)],
            created_by_name="somebody",
        )


def _targets(estate: Estate, chance: random.Random) -> Iterator[Row]:
    for schedule_id in estate.schedules:
        for device_id in chance.sample(estate.devices, k=20):
            yield {"scheduled_job_id": schedule_id, "device_id": device_id}


def _runs(estate: Estate, chance: random.Random) -> Iterator[Row]:
    statuses = (RunStatus.SUCCEEDED, RunStatus.PARTIAL, RunStatus.FAILED)
    for number in range(estate.size.runs):
        estate.runs.append(new_id())
        began = NOON - timedelta(hours=estate.size.runs - number)
        yield {
            "id": estate.runs[-1],
            "job_type": JobType.BACKUP,
            "status": chance.choice(statuses),
            "start_time": began,
            "end_time": began + timedelta(minutes=5),
            "job_data": {},
            "created_by": chance.choice(estate.users),
            "actor_name": "somebody",
            "attempts": 1,
            "last_seq": estate.size.entries // estate.size.runs,
            "created_at": began,
        }


def _backups(estate: Estate, _: random.Random) -> Iterator[Row]:
    each = estate.size.backups // estate.size.devices
    for version in range(1, each + 1):
        seen = NOON - timedelta(days=each - version)
        for place, device_id in enumerate(estate.devices):
            backup_id = new_id()
            if place % 50 == 0:
                estate.backups.append(backup_id)
            yield {
                "id": backup_id,
                "device_id": device_id,
                "status": BackupStatus.COMPLETED,
                "config_type": "running",
                "device_type": "cisco_ios",
                "content_hash": content_hash(device_id.bytes),
                "normal_hash": f"1-0:{version:064}",
                "size": 60_000,
                "version": version,
                "grade": Grade.A,
                "evidence": {"sections": 200},
                "last_seen_at": seen + timedelta(seconds=place % 3_600),
                "created_at": seen + timedelta(seconds=place % 3_600),
                "is_automatic": True,
                "pinned": False,
                "job_log_id": estate.runs[version % len(estate.runs)],
            }


def _results(estate: Estate, chance: random.Random) -> Iterator[Row]:
    each = estate.size.results // estate.size.runs
    for run_id in estate.runs:
        for place in chance.sample(range(estate.size.devices), k=each):
            yield _stamped(
                id=new_id(),
                job_log_id=run_id,
                device_id=estate.devices[place],
                device_hostname=f"Sw-{place % _SITES:02}-{place:05}",
                status=ResultStatus.FAILED if place % 20 == 0 else ResultStatus.SUCCEEDED,
                attempts=1,
                duration_ms=1_000,
            )


def _entries(estate: Estate, chance: random.Random) -> Iterator[Row]:
    levels = (*(LogLevel.INFO for _ in range(8)), LogLevel.WARNING, LogLevel.ERROR)
    for run_id in estate.runs:
        for seq in range(1, estate.size.entries // estate.size.runs + 1):
            yield {
                "id": new_id(),
                "job_log_id": run_id,
                "seq": seq,
                "timestamp": NOON,
                "level": chance.choice(levels),
                "category": "collect",
                "device_id": chance.choice(estate.devices),
                "message": "a device was backed up",
                "created_at": NOON,
            }


def _events(estate: Estate, chance: random.Random) -> Iterator[Row]:
    for seq in range(1, estate.size.events + 1):
        place = chance.randrange(len(estate.devices))
        yield {
            "id": new_id(),
            "event_type": EventType.DATA,
            "event_name": "device_updated",
            "status": EventStatus.SUCCESS,
            "actor_kind": ActorKind.USER,
            "actor_id": chance.choice(estate.users),
            "actor_name": "somebody",
            "target_type": "device",
            "target_id": str(estate.devices[place]),
            "target_name": f"Sw-{place % _SITES:02}-{place:05}",
            "description": f"updated the device number {place}",
            "changes": {},
            "seq": seq,
            "prev_hash": "0" * 64,
            "hash": "0" * 64,
            "created_at": NOON - timedelta(seconds=estate.size.events - seq),
        }
