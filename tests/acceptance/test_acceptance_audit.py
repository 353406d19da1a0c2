"""Acceptance check 39 of the data contract: one event for each action, none for anything else.

Each runs on both databases with both kinds of session; what was written is read back by a session
of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeAlias

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from netraven import clock, crud
from netraven.db import new_id
from netraven.db.enums import EventType
from netraven.db.types import JsonValue
from netraven.errors import NetRavenError
from netraven.models import AuditEvent, JobLog
from netraven.schemas.audit import AuditEventCreate
from netraven.schemas.backup import BackupCreate, BackupUpdate
from netraven.schemas.credential import CredentialTagCreate, CredentialUpdate
from netraven.schemas.device import DeviceUpdate
from netraven.schemas.job import JobLogCreate
from netraven.schemas.retention import RetentionPolicy
from netraven.schemas.schedule import ScheduledJobCreate, ScheduledJobUpdate
from netraven.schemas.setting import AdminSettingCreate, AdminSettingUpdate
from netraven.schemas.tag import TagCreate, TagUpdate
from netraven.schemas.tag_rule import TagRuleCreate, TagRuleUpdate
from netraven.schemas.user import UserUpdate
from tests.conftest import Database
from tests.estate import PASSWORD, Estate, add_credential, add_device, add_user

Action: TypeAlias = Callable[[Session, Estate], object]

LEAF: dict[str, JsonValue] = {"field": "hostname", "operator": "startswith", "value": "ana"}
LIMIT = "security.login.max_failed_attempts"
NEW_PASSWORD = "Battery-staple-8"


# Each is called once, in this order, on the same estate.
AUDITED: dict[str, Action] = {
    "create_user": lambda db, _: add_user(db, "carl"),
    "update_user": lambda db, at: crud.update_user(
        db, at.ana.user, UserUpdate(full_name="Ana", tag_ids=[at.tag])
    ),
    "change_password": lambda db, at: crud.change_password(db, at.ana.user, PASSWORD, NEW_PASSWORD),
    "reset_password": lambda db, at: crud.reset_password(db, at.ana.user, PASSWORD),
    "create_device": lambda db, _: add_device(db, "spare"),
    "update_device": lambda db, at: crud.update_device(
        db, at.ana.device, DeviceUpdate(site="berlin", tag_ids=[at.tag])
    ),
    "update_backup": lambda db, at: crud.update_backup(
        db, at.ana.backup, BackupUpdate(comment="as delivered")
    ),
    "create_tag": lambda db, _: crud.create_tag(db, TagCreate(name="edge")),
    "update_tag": lambda db, at: crud.update_tag(db, at.tag, TagUpdate(color="#000000")),
    "add_tag_to_device": lambda db, at: crud.add_tag_to_device(
        db, at.bob.device, tag_named(db, "edge")
    ),
    "remove_tag_from_device": lambda db, at: crud.remove_tag_from_device(
        db, at.bob.device, tag_named(db, "edge")
    ),
    "bulk_add_tags_to_devices": lambda db, at: crud.bulk_add_tags_to_devices(
        db, device_ids=[at.ana.device, at.bob.device], tag_ids=[tag_named(db, "edge")]
    ),
    "bulk_remove_tags_from_devices": lambda db, at: crud.bulk_remove_tags_from_devices(
        db, device_ids=[at.ana.device, at.bob.device], tag_ids=[tag_named(db, "edge")]
    ),
    "create_tag_rule": lambda db, _: crud.create_tag_rule(
        db, TagRuleCreate(name="anas", tag_id=tag_named(db, "edge"), rule_criteria=LEAF)
    ),
    "apply_rule": lambda db, _: crud.apply_rule(db, crud.get_tag_rules(db)[0].id),
    "update_tag_rule": lambda db, at: crud.update_tag_rule(
        db, at.rule, TagRuleUpdate(description="all switches")
    ),
    "delete_tag_rule": lambda db, at: crud.delete_tag_rule(db, at.rule),
    "delete_tag": lambda db, _: crud.delete_tag(db, tag_named(db, "edge")),
    "create_credential": lambda db, _: add_credential(db, "spare"),
    "update_credential": lambda db, at: crud.update_credential(
        db, at.credential, CredentialUpdate(username="other")
    ),
    "associate_credential_with_tag": lambda db, at: crud.associate_credential_with_tag(
        db, CredentialTagCreate(credential_id=at.credential, tag_id=at.tag, priority=7)
    ),
    "remove_credential_from_tag": lambda db, at: crud.remove_credential_from_tag(
        db, at.credential, at.tag
    ),
    "bulk_associate_credentials_with_tags": (
        lambda db, at: crud.bulk_associate_credentials_with_tags(
            db, credential_ids=[at.credential], tag_ids=[at.tag]
        )
    ),
    "optimize_credential_priorities": lambda db, at: crud.optimize_credential_priorities(
        db, at.tag
    ),
    "bulk_remove_credentials_from_tags": lambda db, at: crud.bulk_remove_credentials_from_tags(
        db, credential_ids=[at.credential], tag_ids=[at.tag]
    ),
    "reveal_credential": lambda db, at: crud.reveal_credential(db, at.credential, purpose="x"),
    "delete_credential": lambda db, at: crud.delete_credential(db, at.credential),
    "create_admin_setting": lambda db, _: crud.create_admin_setting(
        db, AdminSettingCreate(key="site.other", value="x")
    ),
    "upsert_admin_setting": lambda db, _: crud.upsert_admin_setting(
        db, AdminSettingCreate(key="site.other", value="y")
    ),
    "update_admin_setting": lambda db, at: crud.update_admin_setting(
        db, at.setting, AdminSettingUpdate(value="there")
    ),
    "update_admin_setting_value": lambda db, _: crud.update_admin_setting_value(db, LIMIT, 7),
    "reset_admin_settings": lambda db, _: crud.reset_admin_settings(db),
    "delete_admin_setting": lambda db, at: crud.delete_admin_setting(db, at.setting),
    "create_scheduled_job": lambda db, at: crud.create_scheduled_job(db, schedule("new"), at.admin),
    "update_scheduled_job": lambda db, at: crud.update_scheduled_job(
        db, at.ana.schedule, ScheduledJobUpdate(name="renamed")
    ),
    "toggle_scheduled_job": lambda db, at: crud.toggle_scheduled_job(
        db, at.ana.schedule, enabled=False
    ),
    "delete_scheduled_job": lambda db, at: crud.delete_scheduled_job(db, at.ana.schedule),
    "delete_job_log": lambda db, at: crud.delete_job_log(db, at.ana.run),
    "delete_old_job_logs": lambda db, _: crud.delete_old_job_logs(
        db, 1, now=clock.now() + timedelta(days=2)
    ),
    "delete_backup": lambda db, at: crud.delete_backup(db, at.ana.backup),
    "apply_backup_retention": lambda db, _: crud.apply_backup_retention(
        db,
        policy=RetentionPolicy(keep_days=1, keep_last=1),
        now=clock.now() + timedelta(days=9),
    ),
    "delete_device": lambda db, at: crud.delete_device(db, at.ana.device),
    "delete_user": lambda db, at: crud.delete_user(db, at.ana.user),
    "record_audit_event": lambda db, _: crud.record_audit_event(db, event("login")),
    "delete_old_audit_events": lambda db, _: crud.delete_old_audit_events(
        db, 30, now=clock.now() + timedelta(days=60)
    ),
}

# Nothing changes, or what changes is bookkeeping.
QUIET: dict[str, Action] = {
    "update_user": lambda db, at: crud.update_user(db, at.ana.user, UserUpdate(username="ana")),
    "update_user_last_login": lambda db, at: crud.update_user_last_login(db, at.ana.user),
    "record_failed_login": lambda db, at: crud.record_failed_login(db, at.ana.user),
    "update_device": lambda db, at: crud.update_device(
        db, at.ana.device, DeviceUpdate(hostname="ana-sw")
    ),
    "update_device_backup_status": lambda db, at: crud.update_device_backup_status(
        db, at.ana.device, "failed"
    ),
    "update_device_reachability": lambda db, at: crud.update_device_reachability(
        db,
        at.ana.device,
        False,  # noqa: FBT003  the contract fixes this signature
    ),
    "store_backup": lambda db, at: crud.store_backup(
        db, BackupCreate(device_id=at.ana.device), content="! another\n"
    ),
    "update_backup": lambda db, at: crud.update_backup(db, at.ana.backup, BackupUpdate()),
    "initialize_default_tag": lambda db, _: crud.initialize_default_tag(db),
    "add_tag_to_device": lambda db, at: crud.add_tag_to_device(
        db, at.ana.device, tag_named(db, "default")
    ),
    "apply_rule": lambda db, at: crud.apply_rule(db, at.rule),
    "test_rule": lambda db, _: crud.test_rule(db, LEAF),
    "update_credential": lambda db, at: crud.update_credential(
        db, at.credential, CredentialUpdate(name="lab")
    ),
    "update_credential_status": lambda db, at: crud.update_credential_status(db, at.credential),
    "get_setting_value": lambda db, _: crud.get_setting_value(db, LIMIT),
    "initialize_default_settings": lambda db, _: crud.initialize_default_settings(db),
    "initialize_system_jobs": lambda db, _: crud.initialize_system_jobs(db),
    "update_admin_setting_value": lambda db, _: crud.update_admin_setting_value(db, LIMIT, 5),
    "update_job_last_run": lambda db, at: crud.update_job_last_run(db, at.ana.schedule),
    "toggle_scheduled_job": lambda db, at: crud.toggle_scheduled_job(
        db, at.ana.schedule, enabled=True
    ),
    "enqueue_due_jobs": lambda db, _: crud.enqueue_due_jobs(
        db, now=clock.now() + timedelta(hours=2)
    ),
    "acquire_device_lease": lambda db, at: crud.acquire_device_lease(db, at.bob.device, "worker"),
    "create_job_log": lambda db, at: crud.create_job_log(
        db, JobLogCreate.model_validate({"job_type": "verify"}), at.bob.user
    ),
    "cancel_job_log": lambda db, _: crud.cancel_job_log(
        db, db.scalars(select(JobLog.id).where(JobLog.status == "queued")).all()[-1]
    ),
    "register_worker": lambda db, _: crud.register_worker(db, "one"),
    "apply_backup_retention": lambda db, _: crud.apply_backup_retention(db, dry_run=True),
    "verify_backups": lambda db, _: crud.verify_backups(db),
    "verify_audit_chain": lambda db, _: crud.verify_audit_chain(db),
    "get_audit_events": lambda db, _: crud.get_audit_events(db),
    "delete_old_audit_events": lambda db, _: crud.delete_old_audit_events(db, 30),
    "delete_old_job_logs": lambda db, _: crud.delete_old_job_logs(db, 1),
    "delete_user": lambda db, _: crud.delete_user(db, new_id()),
}

# Each is refused.
FAILED: dict[str, Action] = {
    "create_user": lambda db, _: add_user(db, "ANA"),
    "update_user": lambda db, at: crud.update_user(db, at.admin, UserUpdate(is_active=False)),
    "change_password": lambda db, at: crud.change_password(db, at.admin, "wrong", NEW_PASSWORD),
    "delete_user": lambda db, at: crud.delete_user(db, at.ana.user),
    "create_device": lambda db, _: add_device(db, "ANA-sw"),
    "delete_tag": lambda db, _: crud.delete_tag(db, tag_named(db, "default")),
    "create_credential": lambda db, _: add_credential(db, "LAB"),
    "reveal_credential": lambda db, at: crud.reveal_credential(db, at.credential, purpose=" "),
    "update_admin_setting_value": lambda db, _: crud.update_admin_setting_value(db, LIMIT, 0),
    "reset_admin_settings": lambda db, _: crud.reset_admin_settings(db, [LIMIT, "no.such"]),
    "create_scheduled_job": lambda db, _: crud.create_scheduled_job(
        db, schedule("x", schedule_interval=None)
    ),
    "delete_old_audit_events": lambda db, _: crud.delete_old_audit_events(db, 29),
    "create_backup": lambda db, at: crud.create_backup(db, BackupCreate(device_id=at.ana.device)),
}


def test_acceptance_39_each_action_adds_exactly_one_event(database: Database) -> None:
    estate = Estate(database)

    for name, action in AUDITED.items():
        before = crud_events(database)
        database.run_body(lambda db, action=action: action(db, estate))  # type: ignore[misc]
        added = [one for one in crud_events(database) if one not in before]
        assert len(added) == 1, f"{name} added {added}"

    assert database.run(crud.verify_audit_chain).ok


def test_acceptance_39_anything_else_adds_none(database: Database) -> None:
    estate = Estate(database)
    before = crud_events(database)

    for name, action in QUIET.items():
        database.run_body(lambda db, action=action: action(db, estate))  # type: ignore[misc]
        assert crud_events(database) == before, name


def test_acceptance_39_a_failed_action_adds_none(database: Database) -> None:
    estate = Estate(database)
    before = crud_events(database)

    for name, action in FAILED.items():

        def fail_and_go_on(db: Session, name: str = name, action: Action = action) -> None:
            try:
                action(db, estate)
            except NetRavenError:
                return
            pytest.fail(f"{name} was not refused")

        database.run_body(fail_and_go_on)
        assert crud_events(database) == before, name

    assert database.run(crud.verify_audit_chain).ok


def test_acceptance_39_one_altered_row_is_found(database: Database) -> None:
    Estate(database)
    with database.unit() as db:
        db.execute(update(AuditEvent).where(AuditEvent.seq == 7).values(description="nothing"))

    report = database.run(crud.verify_audit_chain)

    assert (report.ok, report.first_bad_seq) == (False, 7)


def crud_events(database: Database) -> list[tuple[int | None, str]]:
    with database.unit() as db:
        rows = db.execute(select(AuditEvent.seq, AuditEvent.event_name).order_by(AuditEvent.seq))
        return [(row.seq, row.event_name) for row in rows]


def tag_named(db: Session, name: str) -> Any:  # noqa: ANN401  an id
    tag = crud.get_tag_by_name(db, name)
    assert tag is not None
    return tag.id


def event(name: str) -> AuditEventCreate:
    return AuditEventCreate(event_type=EventType.AUTH, event_name=name, description="x")


def schedule(name: str, **fields: object) -> ScheduledJobCreate:
    wanted = {
        "name": name,
        "job_type": "backup",
        "schedule_type": "interval",
        "schedule_interval": 3600,
        "targets": "all",
        **fields,
    }
    return ScheduledJobCreate.model_validate(wanted)
