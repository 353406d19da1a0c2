"""An installation with one or two of everything, made by the operations of the contract."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from netraven import crud
from netraven.schemas.backup import BackupCreate
from netraven.schemas.credential import CredentialCreate
from netraven.schemas.device import DeviceCreate
from netraven.schemas.job import JobLogCreate, JobLogEntryCreate, JobResultCreate
from netraven.schemas.schedule import ScheduledJobCreate
from netraven.schemas.setting import AdminSettingCreate
from netraven.schemas.tag import TagCreate
from netraven.schemas.tag_rule import TagRuleCreate
from netraven.schemas.user import UserCreate
from tests.conftest import Database

PASSWORD = "Correct-horse-7"


class Holding:
    """What one user has: a device with two versions, a run with result and entry, a schedule."""

    def __init__(self, db: Session, username: str) -> None:
        self.user = add_user(db, username)
        self.device = add_device(db, f"{username}-sw", self.user)
        stored = BackupCreate(device_id=self.device)
        texts = (f"! {username}\n", f"! {username}, changed\n")
        self.backup, self.newest = (
            crud.create_backup(db, stored, content=text).id for text in texts
        )
        self.run = self._run(db)
        wanted = {
            "name": f"{username}'s",
            "job_type": "backup",
            "schedule_type": "interval",
            "schedule_interval": 3600,
            "device_ids": [self.device],
        }
        schedule = ScheduledJobCreate.model_validate(wanted)
        self.schedule = crud.create_scheduled_job(db, schedule, self.user).id

    def _run(self, db: Session) -> UUID:
        wanted = JobLogCreate.model_validate({"job_type": "backup", "device_ids": [self.device]})
        run = crud.create_job_log(db, wanted, self.user)
        crud.start_job_log(db, run.id)
        entry = JobLogEntryCreate(message="collected", device_id=self.device)
        crud.append_job_log_entries(db, run.id, [entry])
        result = {"status": "succeeded", "backup_id": self.backup}
        crud.record_job_result(db, run.id, self.device, JobResultCreate.model_validate(result))
        crud.finish_job_log(db, run.id)
        return run.id


class Estate:
    """A database with an administrator, the users ana and bob with what they have, and the rest."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tag: UUID
        self.rule: UUID
        self.credential: UUID
        self.setting: UUID
        database.run_body(self._fill)

    def _fill(self, db: Session) -> None:
        crud.initialize_default_settings(db)
        crud.initialize_system_jobs(db)
        self.admin = add_user(db, "root", role="admin")
        self.tag = crud.create_tag(db, TagCreate(name="core")).id
        rule = {
            "name": "switches",
            "tag_id": self.tag,
            "rule_criteria": {"field": "hostname", "operator": "endswith", "value": "-sw"},
        }
        self.rule = crud.create_tag_rule(db, TagRuleCreate.model_validate(rule)).id
        self.ana, self.bob = Holding(db, "ana"), Holding(db, "bob")
        self.credential = add_credential(db, "lab", tags=[{"tag_id": self.tag}])
        setting = AdminSettingCreate(key="site.name", value="here")
        self.setting = crud.create_admin_setting(db, setting).id


def add_user(db: Session, username: str, **fields: object) -> UUID:
    wanted = {
        "username": username,
        "email": f"{username}@example.com",
        "password": PASSWORD,
        **fields,
    }
    return crud.create_user(db, UserCreate.model_validate(wanted)).id


def add_device(db: Session, hostname: str, owner_id: UUID | None = None) -> UUID:
    wanted = {
        "hostname": hostname,
        "ip_address": f"{hostname}.example.com",
        "device_type": "cisco_ios",
    }
    return crud.create_device(db, DeviceCreate.model_validate(wanted), owner_id).id


def add_credential(db: Session, name: str, **fields: Any) -> UUID:  # noqa: ANN401
    wanted = {"name": name, "username": "backup", "password": "hunter2", **fields}
    return crud.create_credential(db, CredentialCreate.model_validate(wanted)).id
