"""Acceptance check 12 of the data contract: of two that want the same, one wins, by constraint.

Every unique rule of the tables is broken by two connections at once; a new rule without its line
here fails.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeAlias

import pytest
from pydantic import SecretStr
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Enum,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    func,
    insert,
    select,
)
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from netraven.crud import (
    create_admin_setting,
    create_credential,
    create_device,
    create_tag,
    create_tag_rule,
    create_user,
    initialize_default_tag,
)
from netraven.db import Base, new_id
from netraven.errors import Conflict
from netraven.schemas.credential import CredentialCreate
from netraven.schemas.device import DeviceCreate
from netraven.schemas.setting import AdminSettingCreate
from netraven.schemas.tag import TagCreate
from netraven.schemas.tag_rule import TagRuleCreate
from netraven.schemas.user import UserCreate
from tests.conftest import Database

Rule: TypeAlias = UniqueConstraint | PrimaryKeyConstraint | Index
Row: TypeAlias = dict[str, Any]

# What a program is told is taken, for each rule: its table, its columns.
FIELDS = {
    "admin_settings(key)": "key",
    "audit_events(seq)": "seq",
    "audit_head(only)": "only",
    "backup_change(backup_id)": "backup_id",
    "backup_counters(device_id, config_type)": "device_id",
    "backups(device_id, config_type, version)": "version",
    "blackouts(name_key)": "name",
    "contents(hash)": "hash",
    "credential_tags(credential_id, tag_id)": "credential_id",
    "credentials(name_key)": "name",
    "device_leases(device_id)": "device_id",
    "device_tags(device_id, tag_id, source, rule_key)": "device_id",
    "devices(hostname_key)": "hostname",
    "devices(jump_key, ip_address, port)": "ip_address",
    "history(device_id, config_type)": "device_id",
    "history_past(device_id, config_type, last_version)": "device_id",
    "host_keys(device_id, public_key)": "public_key",
    "job_log_entries(job_log_id, seq)": "seq",
    "job_logs(scheduled_job_id, scheduled_for)": "scheduled_for",
    "job_results(job_log_id, device_id)": "device_id",
    "job_shards(job_log_id, number)": "number",
    "key_canary(only)": "only",
    "login_throttles(subject)": "subject",
    "recovery_codes(user_id, code_hash)": "user_id",
    "schedule_waits(scheduled_job_id, device_id)": "scheduled_job_id",
    "scheduled_job_devices(scheduled_job_id, device_id)": "scheduled_job_id",
    "scheduled_job_tags(scheduled_job_id, tag_id)": "scheduled_job_id",
    "scheduled_jobs(job_type)": "job_type",
    "second_factors(user_id)": "user_id",
    "setup_tokens(only)": "only",
    "tag_rules(name_key)": "name",
    "tags(is_default)": "is_default",
    "tags(name_key)": "name",
    "transcripts(backup_id)": "backup_id",
    "user_identities(digest)": "identity",
    "user_identities(user_id)": "user_id",
    "user_tags(user_id, tag_id)": "user_id",
    "users(email_key)": "email",
    "users(username_key)": "username",
}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

numbers = count(1)
VALUES: dict[type[TypeEngine[Any]], Callable[[], object]] = {
    Integer: lambda: next(numbers),
    DateTime: lambda: NOON,
    Uuid: new_id,
    JSON: dict,
    LargeBinary: lambda: b"bytes",
    String: lambda: f"t{next(numbers)}",
}
PASSWORD = SecretStr("correct horse 7 Battery")


def unique_rules() -> Iterator[tuple[str, Rule]]:
    for table in Base.metadata.sorted_tables:
        indexes = (index for index in table.indexes if index.unique)
        for rule in (*table.constraints, *indexes):
            if isinstance(rule, Rule):
                columns = [column.name for column in rule.columns]
                if columns != ["id"]:
                    yield f"{table.name}({', '.join(columns)})", rule


RULES = dict(unique_rules())


class AtOnce:
    """Two units of work on connections of their own, at the same time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together = threading.Barrier(2)
        self._is_postgresql = database.url.startswith("postgresql")

    def conflicts(self, first: Callable[[Session], Any], second: Callable[[Session], Any]) -> Row:
        """Return how many of the two were kept, and the fields of the conflicts of the others."""
        outcomes: list[str | None] = []
        threads = [
            threading.Thread(target=self._work, args=(body, outcomes)) for body in (first, second)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {
            "kept": outcomes.count(None),
            "refused": [field for field in outcomes if field is not None],
        }

    def _work(self, body: Callable[[Session], Any], outcomes: list[str | None]) -> None:
        def in_unit(db: Session) -> None:
            if self._is_postgresql:
                self._together.wait()
            body(db)

        # SQLite's writers take turns: two units that write are never open together.
        if not self._is_postgresql:
            self._together.wait()
        try:
            self._database.run_body(in_unit)
        except Conflict as refused:
            outcomes.append(refused.field)
        else:
            outcomes.append(None)


@pytest.fixture
def at_once(database: Database) -> AtOnce:
    return AtOnce(database)


def test_acceptance_12_every_unique_rule_is_checked() -> None:
    assert set(RULES) == set(FIELDS)


@pytest.mark.parametrize("rule", FIELDS)
def test_acceptance_12_one_of_two_rows_wins(database: Database, at_once: AtOnce, rule: str) -> None:
    table = RULES[rule].table
    assert table is not None
    with database.unit() as db:
        first = _row(db, RULES[rule])
        second = _row(db, RULES[rule]) | {c.name: first[c.name] for c in RULES[rule].columns}

    outcome = at_once.conflicts(
        lambda db: db.execute(insert(table).values(first)),
        lambda db: db.execute(insert(table).values(second)),
    )

    assert outcome == {"kept": 1, "refused": [FIELDS[rule]]}
    with database.unit() as db:
        same = [column == first[column.name] for column in RULES[rule].columns]
        assert db.scalar(select(func.count()).select_from(table).where(*same)) == 1


CREATIONS: dict[str, tuple[Callable[..., Any], Any, Any]] = {
    "username": (
        create_user,
        UserCreate(username="ana", email="ana@example.net", password=PASSWORD),
        UserCreate(username="ANA", email="a.b@example.net", password=PASSWORD),
    ),
    "email": (
        create_user,
        UserCreate(username="ana", email="ana@example.net", password=PASSWORD),
        UserCreate(username="ben", email="Ana@Example.NET", password=PASSWORD),
    ),
    "hostname": (
        create_device,
        DeviceCreate(hostname="core-1", ip_address="192.0.2.1", device_type="cisco_ios"),
        DeviceCreate(hostname="CORE-1", ip_address="192.0.2.2", device_type="cisco_ios"),
    ),
    "ip_address": (
        create_device,
        DeviceCreate(hostname="core-1", ip_address="2001:db8::1", device_type="cisco_ios"),
        DeviceCreate(hostname="core-2", ip_address="2001:DB8:0::1", device_type="cisco_ios"),
    ),
    "name of a tag": (create_tag, TagCreate(name="core"), TagCreate(name="Core")),
    "name of a credential": (
        create_credential,
        CredentialCreate(name="core", username="backup", password=PASSWORD),
        CredentialCreate(name="CORE", username="backup", password=PASSWORD),
    ),
    "key": (
        create_admin_setting,
        AdminSettingCreate(key="site.motto", value="one"),
        AdminSettingCreate(key="site.motto", value="two"),
    ),
}


@pytest.mark.parametrize("field", CREATIONS)
def test_acceptance_12_one_of_two_creations_wins(
    database: Database, at_once: AtOnce, field: str
) -> None:
    create, first, second = CREATIONS[field]
    database.run(initialize_default_tag)

    outcome = at_once.conflicts(lambda db: create(db, first), lambda db: create(db, second))

    assert outcome == {"kept": 1, "refused": [field.partition(" ")[0]]}


def test_acceptance_12_one_of_two_rules_of_a_name_wins(database: Database, at_once: AtOnce) -> None:
    core = database.run(create_tag, TagCreate(name="core")).id
    condition = {"field": "site", "operator": "equals", "value": "zurich"}
    first, second = (
        TagRuleCreate.model_validate({"name": name, "tag_id": core, "rule_criteria": condition})
        for name in ("cores", "CORES")
    )

    outcome = at_once.conflicts(
        lambda db: create_tag_rule(db, first), lambda db: create_tag_rule(db, second)
    )

    assert outcome == {"kept": 1, "refused": ["name"]}


def _row(db: Session, rule: Rule | None, table: Table | None = None) -> Row:
    """Return values for a row that the rule concerns, with the rows it refers to stored."""
    table = table if rule is None else rule.table
    assert table is not None
    concerned = {column.name for column in rule.columns} if rule is not None else set()
    if isinstance(rule, Index):
        # A partial rule concerns the rows for which its condition is true.
        condition = str(rule.dialect_options["sqlite"]["where"])
        concerned |= {column.name for column in table.columns if column.name in condition.split()}
    return {
        column.name: _value(db, column, is_concerned=column.name in concerned)
        for column in table.columns
        if column.name in concerned or not column.nullable
    }


def _value(db: Session, column: Column[Any], *, is_concerned: bool) -> object:
    for key in column.foreign_keys:
        parent = _row(db, None, key.column.table)
        db.execute(insert(key.column.table).values(parent))
        return parent[key.column.name]
    kind = column.type
    while isinstance(kind, TypeDecorator):
        kind = kind.impl_instance
    if isinstance(kind, Enum):
        assert kind.enum_class is not None
        return next(iter(kind.enum_class))
    if isinstance(kind, Boolean):
        return is_concerned
    return next(value() for known, value in VALUES.items() if isinstance(kind, known))
