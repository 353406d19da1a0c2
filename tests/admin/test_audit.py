"""Audit events are recorded with their actor and without secrets, listed, and cut when old."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.admin.audit import record_audit_event
from netraven.admin.audit_chain import verify_audit_chain
from netraven.admin.audit_log import (
    count_audit_events,
    delete_old_audit_events,
    get_audit_event,
    get_audit_events,
)
from netraven.admin.settings import create_admin_setting, upsert_admin_setting
from netraven.db import Actor, ActorKind, guarded, new_id
from netraven.db.enums import EventStatus, EventType
from netraven.db.types import JsonValue
from netraven.errors import Conflict, Invalid
from netraven.models import AuditEvent
from netraven.schemas.audit import AuditEventCreate, AuditEventFilter, AuditEventRead
from netraven.schemas.setting import AdminSettingCreate
from tests.conftest import Database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def record(database: Database, name: str = "login", **fields: Any) -> UUID:  # noqa: ANN401
    now = fields.pop("now", NOON)
    wanted = {"event_type": "auth", "event_name": name, "description": f"{name} of ana", **fields}
    event = AuditEventCreate.model_validate(wanted)
    return database.run(record_audit_event, event, now=now).id


def read(database: Database, event_id: UUID) -> AuditEvent:
    row = database.run(get_audit_event, event_id)
    assert row is not None
    return row


def listed(database: Database, **wanted: Any) -> list[str]:  # noqa: ANN401
    filter_params = AuditEventFilter.model_validate(wanted)
    rows = database.run(get_audit_events, 0, 100, filter_params)
    assert database.run(count_audit_events, filter_params) == len(rows)
    return [row.event_name for row in rows]


def test_an_event_names_who_acted_and_from_where(database: Database) -> None:
    ana = new_id()
    actor = Actor(ActorKind.USER, "ana", ana, "192.0.2.9", "web", "request-7")
    event = AuditEventCreate(event_type=EventType.AUTH, event_name="login", description="ana")

    with database.unit(actor=actor) as db:
        event_id = record_audit_event(db, event, now=NOON.replace(tzinfo=None)).id

    shown = AuditEventRead.model_validate(read(database, event_id))
    assert (shown.actor_kind, shown.actor_name, shown.actor_id) == (ActorKind.USER, "ana", ana)
    assert (shown.ip_address, shown.client, shown.request_id) == ("192.0.2.9", "web", "request-7")
    assert (shown.created_at, shown.status, shown.seq) == (NOON, EventStatus.SUCCESS, 1)


def test_secrets_in_changes_are_masked_whatever_their_shape(database: Database) -> None:
    changes: dict[str, JsonValue] = {
        "password": {"before": "canary", "after": ["canary", {"old": "canary"}]},
        "rows": [{"api_key": "canary", "name": "plain"}],
        "enable_secret": "canary",
        "has_password": True,
        "token": None,
        "username": {"before": "ana", "after": "anna"},
    }
    event = AuditEventCreate(
        event_type=EventType.DATA, event_name="x", description="x", changes=changes
    )

    event_id = record(database, changes=changes)

    assert "canary" not in repr(event)
    assert read(database, event_id).changes == {
        "password": {"before": "***", "after": ["***", {"old": "***"}]},
        "rows": [{"api_key": "***", "name": "plain"}],
        "enable_secret": "***",
        "has_password": True,
        "token": None,
        "username": {"before": "ana", "after": "anna"},
    }


def test_what_no_database_can_hold_is_replaced(database: Database) -> None:
    event_id = record(
        database,
        description="login of a\0b\udc80",
        target_name="a\0b",
        changes={"na\0me": ["\ud800"]},
    )

    row = read(database, event_id)
    assert (row.description, row.target_name) == ("login of a\ufffdb\ufffd", "a\ufffdb")
    assert row.changes == {"na\ufffdme": ["\ufffd"]}
    assert database.run(verify_audit_chain).ok


@pytest.mark.parametrize("absent", ["", "not-a-uuid", "00000000-0000-7000-8000-000000000000"])
def test_an_absent_event_is_none(database: Database, absent: str) -> None:
    assert database.run(get_audit_event, absent) is None


def test_filters_are_joined_by_and(database: Database) -> None:
    ana, sw_1 = new_id(), new_id()
    with database.unit(actor=Actor(ActorKind.USER, "ana", ana)) as db:
        event = AuditEventCreate(
            event_type=EventType.DATA,
            event_name="backup_read",
            target_type="device",
            target_id=str(sw_1),
            description="read 100% of sw-1",
        )
        record_audit_event(db, event, now=NOON + timedelta(hours=1))
    record(database, "login", status="failure")
    record(database, "logout", now=NOON + timedelta(hours=2))

    assert listed(database) == ["logout", "login", "backup_read"]
    assert listed(database, event_type="auth") == ["logout", "login"]
    assert listed(database, event_type="auth", status="failure") == ["login"]
    assert listed(database, event_name=" login ", search="") == ["login"]
    assert listed(database, actor_id=ana) == ["backup_read"]
    assert listed(database, actor_id="not-a-uuid") == []
    assert listed(database, target_type="device", target_id=sw_1) == ["backup_read"]
    assert listed(database, target_id=new_id()) == []
    assert listed(database, search="100%") == ["backup_read"]
    assert listed(database, search="LOG") == ["logout", "login"]
    assert listed(database, start_date=NOON + timedelta(hours=1)) == ["logout", "backup_read"]
    assert listed(database, end_date=NOON + timedelta(hours=1)) == ["login", "backup_read"]
    assert listed(database, event_name="a\0") == []
    with pytest.raises(ValidationError):
        AuditEventFilter.model_validate({"status": "maybe"})


def test_reading_adds_no_event(database: Database) -> None:
    record(database)

    listed(database)
    database.run(verify_audit_chain)

    assert database.run(count_audit_events) == 1


def test_pages_do_not_overlap(database: Database) -> None:
    for name in ("a", "b", "c"):
        record(database, name)

    pages = [database.run(get_audit_events, skip, 2) for skip in (0, 2)]

    assert [[row.event_name for row in page] for page in pages] == [["c", "b"], ["a"]]
    with pytest.raises(Invalid, match="limit"):
        database.run(get_audit_events, 0, 0)


def test_the_newest_event_is_first_also_before_its_commit(database: Database) -> None:
    record(database, "before")

    def names(db: Session) -> list[str]:
        event = AuditEventCreate(event_type=EventType.AUTH, event_name="now", description="x")
        record_audit_event(db, event)
        return [row.event_name for row in get_audit_events(db)]

    assert database.run_body(names) == ["now", "before"]


def test_an_operation_within_another_adds_no_event(database: Database) -> None:
    create = AdminSettingCreate(key="a.b", value="x")

    database.run(upsert_admin_setting, create)
    database.run(upsert_admin_setting, create)

    assert listed(database) == ["setting_created"]


def test_a_failed_operation_adds_no_event(database: Database) -> None:
    create = AdminSettingCreate(key="a.b", value="x")

    def fail_and_go_on(db: Session) -> None:
        create_admin_setting(db, create)
        with pytest.raises(Conflict):
            create_admin_setting(db, create)

    database.run_body(fail_and_go_on)

    assert listed(database) == ["setting_created"]
    assert database.run(verify_audit_chain).ok


def test_only_a_prefix_of_old_events_goes(database: Database) -> None:
    for name, age_days in (("a", 50), ("b", 40), ("c", 31), ("d", 33), ("e", 1)):
        record(database, name, now=NOON - timedelta(days=age_days))

    assert database.run(delete_old_audit_events, 32, now=NOON) == 2

    assert listed(database) == ["audit_events_deleted", "e", "d", "c"]
    assert database.run(verify_audit_chain).ok


@pytest.mark.parametrize(("late", "left"), [(timedelta(0), 1), (timedelta(microseconds=1), 0)])
def test_exactly_as_old_as_said_stays(database: Database, late: timedelta, left: int) -> None:
    record(database, now=NOON - timedelta(days=30))

    removed = database.run(delete_old_audit_events, 30, now=NOON + late)

    assert removed == 1 - left
    assert len(listed(database, event_name="login")) == left


def test_deletion_is_one_event_and_deletion_of_nothing_none(database: Database) -> None:
    record(database, now=NOON - timedelta(days=90))

    assert database.run(delete_old_audit_events, 30, now=NOON) == 1
    assert database.run(delete_old_audit_events, 30, now=NOON) == 0

    (event,) = database.run(get_audit_events)
    assert event.changes == {"removed": 1, "last_seq": 1, "days": 30}


def test_young_events_are_out_of_reach(database: Database) -> None:
    with pytest.raises(Invalid) as caught:
        database.run(delete_old_audit_events, 29)

    assert caught.value.field == "days"


def test_a_deletion_that_was_taken_back_moves_no_anchor(database: Database) -> None:
    record(database, now=NOON - timedelta(days=90))

    def delete_and_regret(db: Session) -> None:
        with suppress(Invalid), guarded(db):
            delete_old_audit_events(db, 30, now=NOON)
            raise Invalid("days", "regretted")

    database.run_body(delete_and_regret)

    assert listed(database) == ["login"]
    assert database.run(verify_audit_chain).ok


def stored(database: Database) -> list[AuditEvent]:
    with database.unit() as db:
        return list(db.scalars(select(AuditEvent).order_by(AuditEvent.seq)))


@pytest.mark.parametrize(
    "call",
    [
        lambda database: record(database, target_name="x" * 256),
        lambda database: record(database, name=""),
    ],
)
def test_names_have_their_length(
    sqlite_database: Database, call: Callable[[Database], object]
) -> None:
    with pytest.raises(ValidationError):
        call(sqlite_database)

    assert stored(sqlite_database) == []
