"""Acceptance checks 8, 10 and 16 of the data contract: lists, what is loaded, and time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from pydantic import BaseModel
from sqlalchemy.orm import Session

from netraven import crud
from netraven.errors import Invalid
from netraven.schemas.audit import AuditEventCreate, AuditEventRead
from netraven.schemas.backup import BackupCreate, BackupRead
from netraven.schemas.credential import CredentialRead, CredentialTagCreate, CredentialTagRead
from netraven.schemas.device import DeviceRead
from netraven.schemas.job import (
    JobLogCreate,
    JobLogEntryCreate,
    JobLogEntryRead,
    JobLogRead,
    JobResultRead,
)
from netraven.schemas.schedule import ScheduledJobCreate, ScheduledJobRead
from netraven.schemas.setting import AdminSettingCreate, AdminSettingRead
from netraven.schemas.tag import TagCreate, TagRead
from netraven.schemas.tag_rule import TagRuleCreate, TagRuleRead
from netraven.schemas.user import UserRead
from tests.conftest import Database
from tests.estate import Estate, add_credential, add_device, add_user

ROWS = 25
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

Arguments = tuple[object, ...]


class Listing(NamedTuple):
    """A list with its count, and what makes 25 rows for it and returns its first arguments."""

    rows: Any
    count: Any
    fill: Callable[[Session], Arguments]


def _devices(db: Session) -> Arguments:
    for number in range(ROWS):
        add_device(db, f"sw-{number}")
    return ()


def _backups(db: Session) -> Arguments:
    device_id = add_device(db, "sw")
    for number in range(ROWS):
        text = f"hostname sw-{number}\n"
        crud.create_backup(db, BackupCreate(device_id=device_id), content=text, now=NOON)
    return ()


def _users(db: Session) -> Arguments:
    for number in range(ROWS):
        add_user(db, f"user-{number}")
    return ()


def _settings(db: Session) -> Arguments:
    for number in range(ROWS):
        wanted = AdminSettingCreate(key=f"site.number_{number}", value="same")
        crud.create_admin_setting(db, wanted)
    return ()


def _run(db: Session, *device_ids: UUID) -> UUID:
    wanted = {"job_type": "backup", "device_ids": list(device_ids)}
    return crud.create_job_log(db, JobLogCreate.model_validate(wanted), now=NOON).id


def _runs(db: Session) -> Arguments:
    device_id = add_device(db, "sw")
    for _ in range(ROWS):
        _run(db, device_id)
    return ()


def _entries(db: Session) -> Arguments:
    run_id = _run(db, add_device(db, "sw"))
    entries = [JobLogEntryCreate(message="the same") for _ in range(ROWS)]
    crud.append_job_log_entries(db, run_id, entries, now=NOON)
    return (run_id,)


def _results(db: Session) -> Arguments:
    return (_run(db, *(add_device(db, f"sw-{number}") for number in range(ROWS))),)


def _schedules(db: Session) -> Arguments:
    device_id = add_device(db, "sw")
    wanted = {
        "name": "the same",
        "job_type": "backup",
        "schedule_type": "daily",
        "schedule_time": "12:00",
        "device_ids": [device_id],
    }
    for _ in range(ROWS):
        crud.create_scheduled_job(db, ScheduledJobCreate.model_validate(wanted), now=NOON)
    return ()


def _tags(db: Session) -> Arguments:
    for number in range(ROWS):
        crud.create_tag(db, TagCreate(name=f"tag-{number}"))
    return ()


def _tagged(db: Session) -> Arguments:
    tag_id = crud.create_tag(db, TagCreate(name="core")).id
    for number in range(ROWS):
        crud.add_tag_to_device(db, add_device(db, f"sw-{number}"), tag_id)
    return (tag_id,)


def _rules(db: Session) -> Arguments:
    tag_id = crud.create_tag(db, TagCreate(name="core")).id
    leaf = {"field": "hostname", "operator": "equals", "value": "sw"}
    for number in range(ROWS):
        wanted = {"name": f"rule-{number}", "tag_id": tag_id, "rule_criteria": leaf}
        crud.create_tag_rule(db, TagRuleCreate.model_validate(wanted))
    return ()


def _credentials(db: Session) -> Arguments:
    for number in range(ROWS):
        add_credential(db, f"login-{number}")
    return ()


def _events(db: Session) -> Arguments:
    wanted = {"event_type": "auth", "event_name": "login", "description": "the same"}
    for _ in range(ROWS):
        crud.record_audit_event(db, AuditEventCreate.model_validate(wanted), now=NOON)
    return ()


LISTS: Mapping[str, Listing] = {
    "devices": Listing(crud.get_devices, crud.count_devices, _devices),
    "backups": Listing(crud.get_backups, crud.count_backups, _backups),
    "users": Listing(crud.get_users, crud.count_users, _users),
    "settings": Listing(crud.get_admin_settings, crud.count_admin_settings, _settings),
    "runs": Listing(crud.get_job_logs, crud.count_job_logs, _runs),
    "entries": Listing(crud.get_job_log_entries, crud.count_job_log_entries, _entries),
    "results": Listing(crud.get_job_results, crud.count_job_results, _results),
    "schedules": Listing(crud.get_scheduled_jobs, crud.count_scheduled_jobs, _schedules),
    "tags": Listing(crud.get_tags, crud.count_tags, _tags),
    "devices of a tag": Listing(crud.get_devices_for_tag, crud.count_devices_for_tag, _tagged),
    "rules": Listing(crud.get_tag_rules, crud.count_tag_rules, _rules),
    "credentials": Listing(crud.get_credentials, crud.count_credentials, _credentials),
    "events": Listing(crud.get_audit_events, crud.count_audit_events, _events),
}


@pytest.mark.parametrize("name", LISTS)
def test_acceptance_08_pages_give_each_row_once_and_the_count_is_their_number(
    database: Database, name: str
) -> None:
    listing = LISTS[name]
    first = database.run_body(listing.fill)
    whole = [row.id for row in database.run(listing.rows, *first, limit=1000)]

    for size in (1, 2, 7):
        paged: list[UUID] = []
        while page := database.run(listing.rows, *first, skip=len(paged), limit=size):
            paged += [row.id for row in page]
        assert paged == whole

    assert len(set(whole)) == len(whole) >= ROWS
    assert database.run(listing.count, *first) == len(whole)


@pytest.mark.parametrize("name", LISTS)
def test_acceptance_08_impossible_pages_are_refused(sync_database: Database, name: str) -> None:
    listing = LISTS[name]
    first = sync_database.run_body(listing.fill)

    for page, field in (
        ({"skip": -1}, "skip"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
    ):
        with pytest.raises(Invalid) as refusal:
            sync_database.run(listing.rows, *first, **page)
        assert refusal.value.field == field


def test_acceptance_10_read_models_are_built_after_the_session_is_closed(
    database: Database,
) -> None:
    estate = Estate(database)
    ana = estate.ana
    link = CredentialTagCreate(credential_id=estate.credential, tag_id=estate.tag)
    rows: list[tuple[type[BaseModel], object]] = [
        (DeviceRead, database.run(crud.get_device, ana.device)),
        (BackupRead, database.run(crud.get_backup, ana.backup)),
        (UserRead, database.run(crud.get_user, ana.user)),
        (TagRead, database.run(crud.get_tag, estate.tag)),
        (TagRuleRead, database.run(crud.get_tag_rule, estate.rule)),
        (CredentialRead, database.run(crud.get_credential, estate.credential)),
        (CredentialTagRead, database.run(crud.associate_credential_with_tag, link)),
        (JobLogRead, database.run(crud.get_job_log, ana.run)),
        (JobResultRead, database.run(crud.get_job_results, ana.run)[0]),
        (JobLogEntryRead, database.run(crud.get_job_log_entries, ana.run)[0]),
        (ScheduledJobRead, database.run(crud.get_scheduled_job, ana.schedule)),
        (AdminSettingRead, database.run(crud.get_admin_setting, estate.setting)),
        (AuditEventRead, database.run(crud.get_audit_events)[0]),
    ]

    for model, row in rows:
        read = model.model_validate(row)
        assert read.model_dump(mode="json")


@pytest.mark.parametrize(
    ("update", "status", "at"),
    [
        (
            crud.update_device_backup_status,
            ("completed", "failed"),
            ("last_backup_status", "last_backup_at"),
        ),
        (
            crud.update_device_reachability,
            (True, False),
            ("is_reachable", "last_reachability_check"),
        ),
    ],
)
def test_acceptance_16_a_devices_status_never_moves_backwards(
    database: Database,
    update: Callable[..., Any],
    status: tuple[object, object],
    at: tuple[str, str],
) -> None:
    device_id = database.run_body(lambda db: add_device(db, "sw"))
    before = database.run(crud.get_device, device_id)
    later, earlier = status

    database.run(update, device_id, later, NOON)
    row = database.run(update, device_id, earlier, NOON - timedelta(seconds=1))

    with database.unit() as db:
        fresh = crud.get_device(db, device_id)
    assert fresh is not None
    assert row is not None
    assert before is not None
    for each in (row, fresh):
        assert (getattr(each, at[0]), getattr(each, at[1])) == (later, NOON)
    assert fresh.updated_at == before.updated_at

    database.run(update, device_id, earlier, NOON.astimezone(timezone(timedelta(hours=5))))

    with database.unit() as db:
        moved = crud.get_device(db, device_id)
    assert (getattr(moved, at[0]), getattr(moved, at[1])) == (earlier, NOON)


def test_acceptance_16_storing_an_older_capture_leaves_the_devices_status(
    database: Database,
) -> None:
    device_id = database.run_body(lambda db: add_device(db, "sw"))
    completed = BackupCreate(device_id=device_id)
    failed = BackupCreate.model_validate({"device_id": device_id, "status": "failed"})

    database.run(crud.store_backup, completed, content="hostname sw\n", now=NOON)
    database.run(crud.store_backup, failed, now=NOON - timedelta(minutes=1))

    with database.unit() as db:
        device = crud.get_device(db, device_id)
    assert device is not None
    assert (device.last_backup_status, device.last_backup_at) == ("completed", NOON)
