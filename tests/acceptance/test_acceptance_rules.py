"""Acceptance checks 6, 9 and 11 of the data contract: what holds for every operation alike."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from uuid import UUID

import pytest
from pydantic import BaseModel, SecretStr, ValidationError
from sqlalchemy.orm import Session

from netraven import crud
from netraven.crud import (
    count_admin_settings,
    count_audit_events,
    count_credentials,
    count_devices,
    count_tags,
    count_users,
    create_admin_setting,
    create_backup,
    create_credential,
    create_device,
    create_job_log,
    create_scheduled_job,
    create_tag,
    create_tag_rule,
    create_user,
    get_admin_setting,
    get_admin_settings,
    get_audit_events,
    get_backup,
    get_credential,
    get_credentials,
    get_device,
    get_devices,
    get_scheduled_job,
    get_tag,
    get_tag_rule,
    get_tags,
    get_user,
    get_users,
    record_audit_event,
    update_admin_setting,
    update_backup,
    update_credential,
    update_device,
    update_scheduled_job,
    update_tag,
    update_tag_rule,
    update_user,
)
from netraven.db import Base, Id, new_id
from netraven.db.enums import EventType, JobType, LogLevel, ResultStatus, ScheduleType
from netraven.errors import Invalid
from netraven.schemas.audit import AuditEventCreate, AuditEventFilter
from netraven.schemas.backup import BackupCreate, BackupUpdate
from netraven.schemas.credential import CredentialCreate, CredentialUpdate
from netraven.schemas.device import DeviceCreate, DeviceUpdate
from netraven.schemas.job import JobLogCreate, JobLogEntryCreate, JobResultCreate
from netraven.schemas.schedule import ScheduledJobCreate, ScheduledJobUpdate
from netraven.schemas.setting import AdminSettingCreate, AdminSettingUpdate
from netraven.schemas.tag import TagCreate, TagUpdate
from netraven.schemas.tag_rule import TagRuleCreate, TagRuleUpdate
from netraven.schemas.user import UserCreate, UserUpdate
from tests.conftest import Database

PASSWORD = "correct horse 7 Battery"

# What operations need beside ids to be called at all.
OTHERS: dict[str, object] = {
    "owner": "collector",
    "entries": [JobLogEntryCreate(level=LogLevel.INFO, message="read")],
    "current_password": PASSWORD,
    "new_password": PASSWORD,
    "result": JobResultCreate(status=ResultStatus.RUNNING),
    "token": 1,
    "purpose": "run 7",
    "enabled": False,
    "setting_update": AdminSettingUpdate(description="x"),
    "backup_update": BackupUpdate(comment="x"),
    "credential": CredentialUpdate(name="x"),
    "device_update": DeviceUpdate(site="x"),
    "status": "failed",
    "is_reachable": True,
    "job_data": ScheduledJobUpdate(name="x"),
    "tag": TagUpdate(name="x"),
    "rule": TagRuleUpdate(name="x"),
    "user_update": UserUpdate(full_name="x"),
}
PRIVATE_KEY = "private_key"
# Creates by their nature: a row that they refer to must be there.
CREATING = {"append_job_log_entries": "job_log_id"}


@dataclass(frozen=True)
class Estate:
    """One row of each kind, with every field set that a person may set."""

    tag: UUID
    user: UUID
    credential: UUID
    device: UUID
    rule: UUID
    backup: UUID
    setting: UUID
    schedule: UUID
    run: UUID


def make_estate(db: Session) -> Estate:
    tag = create_tag(db, TagCreate(name="core", description="Backbone", color="#123456")).id
    links = [{"tag_id": tag}]
    user = UserCreate(
        username="ann",
        email="ann@example.net",
        password=SecretStr(PASSWORD),
        full_name="Ann",
        tag_ids=[tag],
    )
    login = {"name": "login", "username": "backup", "password": "one", "enable_secret": "two"}
    texts = {"description": "core", "aaa_domain": "tacacs", "tags": links}
    credential = create_credential(db, CredentialCreate.model_validate({**login, **texts})).id
    wanted = {"hostname": "jump-1", "ip_address": "192.0.2.1", "device_type": "linux"}
    jump = create_device(db, DeviceCreate.model_validate(wanted)).id
    device = DeviceCreate(
        hostname="core-1",
        ip_address="192.0.2.2",
        device_type="cisco_ios",
        jump_device_id=jump,
        description="old",
        serial_number="FOC1",
        model="C9300",
        site="Berlin",
        notes="rack 7",
        credential_id=credential,
        tag_ids=[tag],
    )
    user_id = create_user(db, user).id
    device_id = create_device(db, device, user_id).id
    criteria = {"field": "site", "operator": "equals", "value": "Zürich"}
    rule = TagRuleCreate.model_validate(
        {"name": "rule", "tag_id": tag, "rule_criteria": criteria, "description": "x"}
    )
    setting = AdminSettingCreate(key="own.thing", value="on", description="x")
    schedule = ScheduledJobCreate(
        name="nightly",
        job_type=JobType.BACKUP,
        schedule_type=ScheduleType.DAILY,
        schedule_time="02:00",
        device_ids=[device_id],
    )
    backup = BackupCreate(device_id=device_id, comment="first")
    return Estate(
        tag=tag,
        user=user_id,
        credential=credential,
        device=device_id,
        rule=create_tag_rule(db, rule).id,
        backup=create_backup(db, backup, content="hostname core-1\n").id,
        setting=create_admin_setting(db, setting).id,
        schedule=create_scheduled_job(db, schedule).id,
        run=create_job_log(db, JobLogCreate(job_type=JobType.BACKUP, device_ids=[device_id])).id,
    )


def of_kind(estate: Estate, parameter: str) -> UUID | None:
    """Return the row of the kind that this parameter names."""
    kinds = {"device_id": estate.device, "tag_id": estate.tag, "credential_id": estate.credential}
    runs = {"job_log_id": estate.run, "a": estate.backup, "b": estate.backup}
    return {**kinds, **runs}.get(parameter)


def by_id() -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Yield each operation that needs an id, with its ids and its other needed parameters."""
    for name in sorted(crud.__all__):
        parameters = list(inspect.signature(getattr(crud, name)).parameters.values())[1:]
        needed = [each for each in parameters if each.default is each.empty]
        ids = tuple(each.name for each in needed if each.annotation == "Id")
        if ids and name not in CREATING:
            yield name, ids, tuple(each.name for each in needed if each.annotation != "Id")


@pytest.mark.parametrize("absent", ["01890000-0000-7000-8000-000000000000", "not-a-uuid", ""])
def test_acceptance_06_an_absent_row_is_none_false_nothing_or_zero(
    database: Database, absent: str
) -> None:
    operations = list(by_id())

    def call_each(db: Session) -> dict[str, object]:
        estate = make_estate(db)
        results: dict[str, object] = {}
        for name, ids, others in operations:
            more = {other: OTHERS[other] for other in others}
            for missing in ids:
                present = {each: of_kind(estate, each) for each in ids if each != missing}
                given = {**present, missing: absent, **more}
                results[f"{name}({missing})"] = getattr(crud, name)(db, **given)
            results[name] = getattr(crud, name)(db, **dict.fromkeys(ids, absent), **more)
        return results

    results = database.run_body(call_each)

    assert len(operations) >= 69
    assert {name: result for name, result in results.items() if result} == {}


def test_acceptance_06_a_create_needs_the_row_that_it_refers_to(database: Database) -> None:
    for name, field in CREATING.items():
        with pytest.raises(Invalid) as refused:
            database.run(getattr(crud, name), new_id(), OTHERS["entries"])
        assert refused.value.field == field


def test_acceptance_06_ids_of_nothing_in_filters_find_nothing(database: Database) -> None:
    filters = [
        (name, parameter.name)
        for name in sorted(crud.__all__)
        if name.startswith(("get_", "count_")) and name not in dict.fromkeys(n for n, *_ in by_id())
        for parameter in inspect.signature(getattr(crud, name)).parameters.values()
        if parameter.annotation == "Id | None"
    ]

    def call_each(db: Session) -> dict[str, object]:
        make_estate(db)
        return {
            f"{name}({parameter}={absent})": getattr(crud, name)(db, **{parameter: absent})
            for name, parameter in filters
            for absent in (str(new_id()), "not-a-uuid")
        }

    results = database.run_body(call_each)
    stats = {name: found for name, found in results.items() if name.startswith("get_credential_st")}
    runs = {name: found for name, found in results.items() if name.startswith("get_job_log_stat")}

    plain = results.keys() - stats.keys() - runs.keys()
    assert {name: results[name] for name in plain if results[name]} == {}
    assert all(isinstance(found, dict) and found["total"] == 0 for found in stats.values())
    assert len(plain) >= 20


class Find(Protocol):
    """Returns the texts that a search found, and the count of the same search."""

    def __call__(self, db: Session, search: str) -> tuple[list[str], int]: ...


MARKED = ("a%b", "a_b", "a\\b", "axb")


@dataclass(frozen=True)
class Searched:
    """A list with a search: how a row with a text comes about, and where it is found."""

    make: Callable[[Session, str], object]
    find: Find


def _device(db: Session, text: str) -> None:
    # No host name holds these signs; the list's other searched column takes one of them.
    if "%" not in text and "\\" not in text:
        wanted = {"hostname": text, "ip_address": f"{text}.example.net", "device_type": "linux"}
        create_device(db, DeviceCreate.model_validate(wanted))


def _user(db: Session, text: str) -> None:
    number = MARKED.index(text)
    email = f"{text}@example.net" if "\\" not in text else f"{number}\\@example.net"
    user = {"username": f"user-{number}", "email": email, "password": PASSWORD, "full_name": text}
    create_user(db, UserCreate.model_validate(user))


def _credential(db: Session, text: str) -> None:
    login = {"name": text, "username": "backup", "password": "x"}
    create_credential(db, CredentialCreate.model_validate(login))


def _setting(db: Session, text: str) -> None:
    key = f"own.number{MARKED.index(text)}"
    create_admin_setting(db, AdminSettingCreate(key=key, value="x", description=text))


def _event(db: Session, text: str) -> None:
    event = AuditEventCreate(event_type=EventType.AUTH, event_name="login", description=text)
    record_audit_event(db, event)


def _events(db: Session, search: str) -> tuple[list[str], int]:
    wanted = AuditEventFilter(event_type=EventType.AUTH, search=search)
    rows = get_audit_events(db, filter_params=wanted)
    return [row.description for row in rows], count_audit_events(db, wanted)


SEARCHED: dict[str, Searched] = {
    "devices": Searched(
        _device,
        lambda db, search: (
            [row.hostname for row in get_devices(db, search=search)],
            count_devices(db, search=search),
        ),
    ),
    "tags": Searched(
        lambda db, text: create_tag(db, TagCreate(name=text)),
        lambda db, search: (
            [row.name for row in get_tags(db, search=search)],
            count_tags(db, search=search),
        ),
    ),
    "credentials": Searched(
        _credential,
        lambda db, search: (
            [row.name for row in get_credentials(db, search=search)],
            count_credentials(db, search=search),
        ),
    ),
    "users": Searched(
        _user,
        lambda db, search: (
            [str(row.full_name) for row in get_users(db, search=search)],
            count_users(db, search=search),
        ),
    ),
    "settings": Searched(
        _setting,
        lambda db, search: (
            [str(row.description) for row in get_admin_settings(db, search=search)],
            count_admin_settings(db, search=search),
        ),
    ),
    "events": Searched(_event, _events),
}


@pytest.mark.parametrize("kind", SEARCHED)
def test_acceptance_09_signs_of_patterns_match_only_themselves(
    database: Database, kind: str
) -> None:
    searched = SEARCHED[kind]

    def fill(db: Session) -> None:
        for text in MARKED:
            searched.make(db, text)

    database.run_body(fill)
    kept, _ = database.run_body(partial(searched.find, search=" "))
    # Users have other columns that are searched, so their underscores are looked at by full name.
    for sign in ("%", "_", "\\", "%%", "\\_", "a_b", "A%"):
        found, count = database.run_body(partial(searched.find, search=sign))
        assert sorted(found) == sorted(text for text in kept if sign.lower() in text), sign
        assert count == len(found)


def test_acceptance_09_each_list_with_a_search_is_looked_at() -> None:
    searching = {
        name
        for name in crud.__all__
        if name.startswith("get_") and "search" in inspect.signature(getattr(crud, name)).parameters
    }

    plain = {f"get_{kind}" for kind in SEARCHED if kind not in {"settings", "events"}}
    assert searching == {*plain, "get_admin_settings"}


@dataclass(frozen=True)
class Updated:
    """A row that is updated in part, and the columns that its request's fields stand for."""

    schema: type[BaseModel]
    update: Callable[[Session, Id, Any], object]
    read: Callable[[Session, Id], Base | None]
    row: Callable[[Estate], UUID]
    # Fields that are no columns, or whose null means something of its own.
    special: frozenset[str] = frozenset()


UPDATED: dict[str, Updated] = {
    "device": Updated(DeviceUpdate, update_device, get_device, lambda estate: estate.device),
    "tag": Updated(TagUpdate, update_tag, get_tag, lambda estate: estate.tag),
    "rule": Updated(TagRuleUpdate, update_tag_rule, get_tag_rule, lambda estate: estate.rule),
    "user": Updated(UserUpdate, update_user, get_user, lambda estate: estate.user),
    "backup": Updated(
        BackupUpdate, update_backup, get_backup, lambda estate: estate.backup, frozenset({"reason"})
    ),
    "credential": Updated(
        CredentialUpdate,
        update_credential,
        get_credential,
        lambda estate: estate.credential,
        frozenset({"frozen", "private_key_passphrase", PRIVATE_KEY}),
    ),
    "setting": Updated(
        AdminSettingUpdate, update_admin_setting, get_admin_setting, lambda estate: estate.setting
    ),
    "schedule": Updated(
        ScheduledJobUpdate,
        update_scheduled_job,
        get_scheduled_job,
        lambda estate: estate.schedule,
    ),
}


def columns_of(row: Base | None) -> dict[str, object]:
    """Return the columns of a row that were read, but those of its secrets."""
    assert row is not None
    names = row.__table__.columns.keys()
    return {name: row.__dict__[name] for name in names if name in row.__dict__}


def test_acceptance_11_each_partial_update_is_looked_at() -> None:
    updates = {
        name
        for name in crud.__all__
        for parameter in inspect.signature(getattr(crud, name)).parameters.values()
        if str(parameter.annotation).split(" |")[0].endswith("Update")
    }

    assert updates == {each.update.__name__ for each in UPDATED.values()}


@pytest.mark.parametrize("kind", UPDATED)
def test_acceptance_11_left_out_keeps_and_null_clears_or_is_refused(
    database: Database, kind: str
) -> None:
    updated = UPDATED[kind]
    estate = database.run_body(make_estate)
    row_id = updated.row(estate)

    def stored() -> dict[str, object]:
        return database.run_body(lambda db: columns_of(updated.read(db, row_id)))

    def change(request: BaseModel) -> None:
        database.run_body(lambda db: updated.update(db, row_id, request))

    before = stored()
    change(updated.schema())
    assert stored() == before
    for field in updated.schema.model_fields.keys() - updated.special:
        before = stored()
        try:
            change(updated.schema.model_validate({field: None}))
        except (ValidationError, Invalid):
            assert stored() == before, field
            continue
        after = stored()
        moved = {name for name, value in after.items() if value != before[name]}
        cleared = moved - {"updated_at", "jump_key", f"has_{field}"}
        assert cleared <= {field}, field
        assert after.get(field) is None, field


@pytest.mark.parametrize("kind", [kind for kind in UPDATED if kind != "backup"])
def test_acceptance_11_a_change_of_nothing_leaves_the_time_of_change(
    database: Database, kind: str
) -> None:
    updated = UPDATED[kind]
    estate = database.run_body(make_estate)
    row_id = updated.row(estate)
    before = database.run_body(lambda db: columns_of(updated.read(db, row_id)))
    same = _same(updated.schema, before)
    events = database.run(count_audit_events)

    database.run_body(lambda db: updated.update(db, row_id, updated.schema.model_validate(same)))

    assert len(same) >= 3
    assert database.run_body(lambda db: columns_of(updated.read(db, row_id))) == before
    assert database.run(count_audit_events) == events


def _same(schema: type[BaseModel], columns: Mapping[str, object]) -> dict[str, object]:
    """Return a request that says of each field what is stored already."""
    fields = schema.model_fields.keys() & columns.keys()
    return {field: columns[field] for field in fields if columns[field] is not None}
