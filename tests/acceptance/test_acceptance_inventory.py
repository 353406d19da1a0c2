"""Acceptance checks 14, 15 and 33 to 35 of the data contract: devices, tags and rules."""

from __future__ import annotations

import inspect
import time
from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import ColumnElement, ForeignKeyConstraint, func, select
from sqlalchemy.orm import Session

from netraven import crud
from netraven.crud import (
    add_tag_to_device,
    apply_rule,
    bulk_add_tags_to_devices,
    bulk_associate_credentials_with_tags,
    bulk_remove_tags_from_devices,
    create_backup,
    create_credential,
    create_device,
    create_job_log,
    create_scheduled_job,
    create_tag,
    create_tag_rule,
    create_user,
    delete_tag,
    delete_user,
    finish_job_log,
    get_scheduled_job,
    get_tags_for_device,
    initialize_default_tag,
    record_job_result,
    remove_tag_from_device,
    start_job_log,
    update_device,
    update_tag_rule,
)
from netraven.db import Base, new_id
from netraven.db.enums import JobType, ResultStatus, ScheduleType
from netraven.errors import InUse, Invalid
from netraven.inventory.criteria import RULE_FIELDS
from netraven.inventory.device_import import import_devices
from netraven.inventory.importers.csv import read_devices
from netraven.models import (
    AuditEvent,
    Content,
    Credential,
    CredentialTag,
    Device,
    DeviceTag,
    JobLog,
    JobResult,
    ScheduledJobDevice,
    ScheduledJobTag,
    TagRule,
    UserTag,
)
from netraven.schemas.backup import BackupCreate
from netraven.schemas.credential import CredentialCreate
from netraven.schemas.device import DeviceCreate, DeviceUpdate
from netraven.schemas.job import JobLogCreate, JobResultCreate
from netraven.schemas.schedule import ScheduledJobCreate
from netraven.schemas.tag import TagCreate
from netraven.schemas.tag_rule import RuleCriteria, TagRuleCreate, TagRuleUpdate
from netraven.schemas.user import UserCreate
from tests.conftest import Database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def device(name: str, **fields: object) -> DeviceCreate:
    known = {"hostname": name, "ip_address": f"{name}.example.net", "device_type": "cisco_ios"}
    return DeviceCreate.model_validate({**known, **fields})


def login(name: str, **fields: object) -> CredentialCreate:
    known = {"name": name, "username": "backup", "password": "one"}
    return CredentialCreate.model_validate({**known, **fields})


def rule(name: str, tag_id: UUID, condition: str) -> TagRuleCreate:
    """Return a rule of one condition, written FIELD OPERATOR VALUE."""
    wanted = {"name": name, "tag_id": tag_id, "rule_criteria": criteria(condition)}
    return TagRuleCreate.model_validate(wanted)


def criteria(condition: str) -> RuleCriteria:
    field, operator, value = condition.split()
    return {"field": field, "operator": operator, "value": value}


def tags_of(database: Database, device_id: UUID) -> list[str]:
    return [tag.name for tag in database.run(get_tags_for_device, device_id)]


def count(database: Database, table: type[Base], *conditions: ColumnElement[bool]) -> int:
    with database.unit() as db:
        return db.scalars(select(func.count()).select_from(table).where(*conditions)).one()


@pytest.mark.parametrize("way", ["create", "import", "initialize"])
def test_acceptance_14_a_new_device_has_the_default_tag_on_every_way_in(
    database: Database, way: str
) -> None:
    def enter(db: Session) -> None:
        if way == "create":
            create_device(db, device("core-1"))
        elif way == "import":
            import_devices(db, read_devices("hostname,ip_address,device_type\ncore-1,a.b,ios\n"))
        else:
            plain = {"hostname": "core-1", "hostname_key": "core-1", "ip_address": "a.b"}
            db.add(Device(id=new_id(), device_type="cisco_ios", **plain))
            db.flush()
            initialize_default_tag(db)

    database.run_body(enter)

    with database.unit() as db:
        device_id = db.scalars(select(Device.id)).one()
    assert tags_of(database, device_id) == ["default"]


def test_acceptance_14_the_default_tag_cannot_be_taken_off(database: Database) -> None:
    device_id = database.run(create_device, device("core-1")).id
    default = database.run(initialize_default_tag)

    with pytest.raises(InUse):
        database.run(remove_tag_from_device, device_id, default.id)
    bulk = database.run(bulk_remove_tags_from_devices, device_ids=[device_id], tag_ids=[default.id])
    database.run(update_device, device_id, DeviceUpdate(tag_ids=[]))
    with pytest.raises(InUse):
        database.run(delete_tag, default.id)

    assert (bulk["success"], bulk["successful_operations"]) == (False, 0)
    assert bulk["failures"][0]["tag_id"] == default.id
    assert tags_of(database, device_id) == ["default"]


def test_acceptance_15_an_unknown_driver_is_refused(database: Database) -> None:
    device_id = database.run(create_device, device("core-1")).id

    with pytest.raises(Invalid) as created:
        database.run(create_device, device("core-2", device_type="cisco_iso"))
    with pytest.raises(Invalid) as updated:
        database.run(update_device, device_id, DeviceUpdate(device_type="cisco_iso"))
    imported = database.run(
        import_devices, read_devices("hostname,ip_address,device_type\ncore-3,a.b,cisco_iso\n")
    )

    assert (created.value.field, updated.value.field) == ("device_type", "device_type")
    assert [verdict.action.value for verdict in imported] == ["refuse"]
    assert count(database, Device) == 1
    with database.unit() as db:
        assert db.get_one(Device, device_id).device_type == "cisco_ios"


def test_acceptance_15_no_column_of_a_device_holds_a_credential() -> None:
    columns = Device.__table__.columns
    secrets = set(Credential.__table__.columns.keys()) - {"id", "description", "created_at"}

    shared = set(columns.keys()) & (secrets - {"updated_at"})

    assert shared == set()
    assert [key.target_fullname for key in columns["credential_id"].foreign_keys] == [
        "credentials.id"
    ]


class Estate:
    """A device, a tag, a credential, a schedule and a user, all tied to each other."""

    def __init__(self, database: Database) -> None:
        self.database = database
        database.run_body(self._build)

    def _build(self, db: Session) -> None:
        self.tag = create_tag(db, TagCreate(name="core")).id
        self.user = self._user(db, "ann")
        self.heir = self._user(db, "bob")
        self.credential = create_credential(db, login("login", tags=[{"tag_id": self.tag}])).id
        self.device = create_device(db, device("core-1", tag_ids=[self.tag]), self.user).id
        create_tag_rule(db, rule("rule", self.tag, "hostname startswith core"))
        self.schedule = self._schedule(db, "by tag", tag_ids=[self.tag])
        self.by_device = self._schedule(db, "by device", device_ids=[self.device])
        run = JobLogCreate(job_type=JobType.BACKUP, device_ids=[self.device])
        self.run = create_job_log(db, run).id
        start_job_log(db, self.run)
        backup = BackupCreate(device_id=self.device, job_log_id=self.run)
        create_backup(db, backup, content="hostname core-1\n")
        succeeded = JobResultCreate(status=ResultStatus.SUCCEEDED)
        record_job_result(db, self.run, self.device, succeeded)
        finish_job_log(db, self.run)

    def _user(self, db: Session, name: str) -> UUID:
        password = SecretStr("correct horse 7 Battery")
        email = f"{name}@example.net"
        wanted = UserCreate(username=name, email=email, password=password, tag_ids=[self.tag])
        return create_user(db, wanted).id

    def _schedule(self, db: Session, name: str, **targets: list[UUID]) -> UUID:
        nightly = {"name": name, "job_type": JobType.BACKUP, "schedule_time": "02:00"}
        wanted = {**nightly, "schedule_type": ScheduleType.DAILY, **targets}
        made = create_scheduled_job(db, ScheduledJobCreate.model_validate(wanted), self.user)
        return made.id

    def delete(self, kind: str) -> bool:
        if kind == "user":
            return self.database.run(delete_user, self.user, reassign_to=self.heir)
        operation = getattr(crud, f"delete_{'scheduled_job' if kind == 'schedule' else kind}")
        row_id = self.by_device if kind == "schedule" else getattr(self, kind)
        is_gone: bool = self.database.run(operation, row_id)
        return is_gone

    def history(self) -> dict[str, object]:
        """Return what must outlive everything: runs, results with their names, events."""
        with self.database.unit() as db:
            results = select(JobResult.job_log_id, JobResult.device_hostname, JobResult.status)
            return {
                "runs": db.scalars(select(JobLog.id)).all(),
                "results": db.execute(results).all(),
                "events": set(db.scalars(select(AuditEvent.id))),
            }

    def dangling(self) -> list[str]:
        """Return the foreign keys that lead nowhere, looked at one by one."""
        found = []
        with self.database.unit() as db:
            for table in Base.metadata.sorted_tables:
                for key in table.constraints:
                    if isinstance(key, ForeignKeyConstraint):
                        (element,) = key.elements
                        near, far = element.parent, element.column
                        lost = (
                            select(func.count())
                            .select_from(table)
                            .where(near.is_not(None), near.not_in(select(far)))
                        )
                        if db.scalar(lost):
                            found.append(f"{table.name}.{near.name}")
        return found


@pytest.mark.parametrize("kind", ["device", "tag", "credential", "schedule", "user"])
def test_acceptance_33_deletion_leaves_nothing_dangling_and_all_history(
    database: Database, kind: str
) -> None:
    estate = Estate(database)
    before = estate.history()

    assert estate.delete(kind)
    assert not estate.delete(kind)

    after = estate.history()
    assert estate.dangling() == []
    assert (after["runs"], after["results"]) == (before["runs"], before["results"])
    assert isinstance(before["events"], set)
    assert isinstance(after["events"], set)
    assert before["events"] < after["events"]
    gone: dict[str, list[int]] = {
        "device": [
            count(database, DeviceTag),
            count(database, ScheduledJobDevice),
            count(database, Content),
        ],
        "tag": [
            count(database, DeviceTag, DeviceTag.tag_id == estate.tag),
            count(database, CredentialTag),
            count(database, ScheduledJobTag),
            count(database, UserTag),
            count(database, TagRule),
        ],
        "credential": [count(database, CredentialTag)],
        "schedule": [count(database, ScheduledJobDevice)],
        "user": [
            count(database, UserTag, UserTag.user_id == estate.user),
            count(database, Device, Device.owner_id == estate.user),
        ],
    }
    assert gone[kind] == [0] * len(gone[kind])


@pytest.mark.parametrize("kind", ["device", "tag"])
def test_acceptance_33_a_schedule_without_targets_is_disabled(
    database: Database, kind: str
) -> None:
    estate = Estate(database)

    estate.delete(kind)

    emptied, other = estate.by_device, estate.schedule
    if kind == "tag":
        emptied, other = other, emptied
    ended, running = (database.run(get_scheduled_job, each) for each in (emptied, other))
    assert ended is not None
    assert running is not None
    assert (ended.enabled, ended.next_run) == (False, None)
    assert running.enabled
    assert running.next_run is not None


def test_acceptance_34_rules_know_the_listed_fields_only(database: Database) -> None:
    tag_id = database.run(create_tag, TagCreate(name="core")).id
    others = set(Device.__table__.columns.keys()) | {"password", "tags", "credential", "owner"}

    for field in sorted(others - set(RULE_FIELDS)):
        wanted = rule("any", tag_id, f"{field} equals x")
        with pytest.raises(Invalid) as stored:
            database.run(create_tag_rule, wanted)
        with pytest.raises(Invalid) as tested:
            database.run(crud.test_rule, wanted.rule_criteria)
        assert (stored.value.field, tested.value.field) == ("rule_criteria", "rule_criteria")
    assert count(database, TagRule) == 0
    assert set(RULE_FIELDS) == {
        *("hostname", "ip_address", "device_type", "description", "serial_number", "model"),
        *("site", "port", "enabled"),
    }


def test_acceptance_34_networks_hold_addresses_of_both_kinds(database: Database) -> None:
    addresses = {"v4": "10.1.2.3", "v6": "2001:db8:1::1", "name": "core.example.net"}
    for name, address in addresses.items():
        database.run(create_device, device(name, ip_address=address))

    def matching(network: str) -> list[str]:
        result = database.run(crud.test_rule, criteria(f"ip_address cidr {network}"))
        return [row["hostname"] for row in result["matching_devices"]]

    assert matching("10.1.0.0/16") == ["v4"]
    assert matching("2001:db8::/32") == ["v6"]
    assert matching("10.2.0.0/16") == matching("2001:db9::/32") == []
    assert (matching("0.0.0.0/0"), matching("::/0")) == (["v4"], ["v6"])


def test_acceptance_34_a_slow_pattern_ends_in_time(database: Database) -> None:
    tag_id = database.run(create_tag, TagCreate(name="slow")).id
    wanted = rule("slow", tag_id, "description regex (a+)+$")
    database.run(create_tag_rule, wanted)
    database.run(create_device, device("core-1", description="a" * 9_999 + "b"))

    began = time.process_time()
    result = database.run(crud.test_rule, wanted.rule_criteria)

    assert time.process_time() - began < 1
    assert (result["total_devices"], result["matching_count"]) == (1, 0)


def test_acceptance_34_a_rule_takes_back_only_its_own_tags(database: Database) -> None:
    tag_id = database.run(create_tag, TagCreate(name="core")).id
    first = database.run(create_tag_rule, rule("first", tag_id, "hostname contains 1")).id
    database.run(create_tag_rule, rule("second", tag_id, "hostname startswith both"))
    by_hand = database.run(create_device, device("hand-1")).id
    by_both = database.run(create_device, device("both-1")).id
    by_rule = database.run(create_device, device("rule-1")).id
    database.run(add_tag_to_device, by_hand, tag_id)

    database.run(update_device, by_rule, DeviceUpdate(hostname="rule-2"))
    renamed = tags_of(database, by_rule)
    database.run(update_tag_rule, first, TagRuleUpdate(is_active=False))
    inactive = database.run(apply_rule, first)

    assert renamed == ["default"]
    assert inactive is not None
    assert inactive["error"] == "inactive"
    assert tags_of(database, by_hand) == ["core", "default"]
    assert tags_of(database, by_both) == ["core", "default"]


BULK = {
    "bulk_add_tags_to_devices": ("device", "already_present"),
    "bulk_remove_tags_from_devices": ("device", "not_present"),
    "bulk_associate_credentials_with_tags": ("credential", "already_present"),
    "bulk_remove_credentials_from_tags": ("credential", "not_present"),
}


def test_acceptance_35_bulk_functions_take_keywords_only(database: Database) -> None:
    assert {name for name in crud.__all__ if name.startswith("bulk_")} == BULK.keys()

    for name in BULK:
        operation = getattr(crud, name)
        parameters = list(inspect.signature(operation).parameters.values())[1:]
        assert {each.kind for each in parameters} == {inspect.Parameter.KEYWORD_ONLY}
        with pytest.raises(TypeError):
            database.run(operation, [new_id()], [new_id()])


@pytest.mark.parametrize("name", BULK)
def test_acceptance_35_bulk_functions_count_pairs_and_are_repeatable(
    database: Database, name: str
) -> None:
    kind, idle = BULK[name]
    operation = getattr(crud, name)
    tags = [database.run(create_tag, TagCreate(name=each)).id for each in ("a", "b", "c")]
    if kind == "device":
        rows = [database.run(create_device, device(each)).id for each in ("d-1", "d-2")]
        database.run(bulk_add_tags_to_devices, device_ids=rows[:1], tag_ids=tags[:2])
    else:
        rows = [database.run(create_credential, login(each)).id for each in ("c-1", "c-2")]
        database.run(
            bulk_associate_credentials_with_tags, credential_ids=rows[:1], tag_ids=tags[:2]
        )
    wanted = {f"{kind}_ids": [*rows, str(rows[0]), new_id()], "tag_ids": [*tags, "no-uuid"]}

    first = database.run(operation, **wanted)
    second = database.run(operation, **wanted)

    assert (first[f"{kind}_count"], first["tag_count"]) == (2, 3)
    assert first["successful_operations"] + first[idle] == 6
    assert first["successful_operations"] == (4 if idle == "already_present" else 2)
    assert (first["success"], first["failed_operations"], len(first["failures"])) == (False, 2, 2)
    assert (second["successful_operations"], second[idle]) == (0, 6)
