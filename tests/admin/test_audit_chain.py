"""The audit chain shows every row that was changed, removed or slipped in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import NullPool, delete, func, select, update
from sqlalchemy.orm import Session

from netraven.admin.audit import record_audit_event
from netraven.admin.audit_chain import GENESIS_HASH, event_hash, verify_audit_chain
from netraven.admin.audit_log import delete_old_audit_events
from netraven.db import KeyRing, make_sessions, new_id, unit_of_work
from netraven.db.enums import EventStatus, EventType
from netraven.db.types import JsonValue
from netraven.errors import KeyUnavailable
from netraven.models import AuditEvent, AuditHead
from netraven.schemas.audit import AuditChainReport, AuditEventCreate
from tests.conftest import Database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EVENTS = 5


def event(name: str, **fields: Any) -> AuditEventCreate:  # noqa: ANN401
    return AuditEventCreate.model_validate(
        {"event_type": "auth", "event_name": name, "description": "x", **fields}
    )


def fill(database: Database, events: int = EVENTS) -> None:
    for number in range(1, events + 1):
        age = timedelta(days=100 - number)
        database.run(record_audit_event, event(f"e{number}"), now=NOON - age)


def check(database: Database, *, from_seq: int | None = None) -> AuditChainReport:
    return database.run(verify_audit_chain, from_seq=from_seq)


@pytest.fixture
def chained(database: Database) -> Database:
    fill(database)
    return database


def test_an_untouched_chain_verifies(chained: Database) -> None:
    assert check(chained) == AuditChainReport(ok=True, checked=EVENTS, first_bad_seq=None)


def test_an_empty_chain_verifies(database: Database) -> None:
    assert check(database) == AuditChainReport(ok=True, checked=0, first_bad_seq=None)


@pytest.mark.parametrize(
    ("from_seq", "checked"), [(1, 5), (-3, 5), (0, 5), (3, 3), (5, 1), (6, 0), (99, 0)]
)
def test_a_part_of_the_chain_can_be_verified(
    chained: Database, from_seq: int, checked: int
) -> None:
    assert check(chained, from_seq=from_seq) == AuditChainReport(
        ok=True, checked=checked, first_bad_seq=None
    )


CHANGES: dict[str, object] = {
    "event_type": EventType.KEY,
    "event_name": "other",
    "status": EventStatus.FAILURE,
    "actor_id": new_id(),
    "actor_name": "mallory",
    "target_type": "device",
    "target_id": "x",
    "target_name": "x",
    "description": "nothing happened",
    "ip_address": "192.0.2.1",
    "client": "x",
    "request_id": "x",
    "changes": {"a": 1},
    "created_at": NOON,
    "hash": "0" * 64,
    "prev_hash": "0" * 64,
}


@pytest.mark.parametrize("column", CHANGES)
def test_a_changed_row_is_found(chained: Database, column: str) -> None:
    with chained.unit() as db:
        db.execute(update(AuditEvent).where(AuditEvent.seq == 3).values({column: CHANGES[column]}))

    report = check(chained)

    assert (report.ok, report.first_bad_seq, report.checked) == (False, 3, 2)
    assert not check(chained, from_seq=2).ok


def test_every_column_is_part_of_the_hash() -> None:
    covered = CHANGES.keys() | {"id", "seq", "actor_kind"}

    assert covered == {column.key for column in AuditEvent.__table__.columns}


@pytest.mark.parametrize("seq", [1, 3])
def test_a_removed_row_is_found(chained: Database, seq: int) -> None:
    with chained.unit() as db:
        db.execute(delete(AuditEvent).where(AuditEvent.seq == seq))

    report = check(chained)

    assert (report.ok, report.first_bad_seq) == (False, seq)


def test_a_cut_tail_is_found(chained: Database) -> None:
    with chained.unit() as db:
        db.execute(delete(AuditEvent).where(AuditEvent.seq > 3))

    assert check(chained).first_bad_seq == 4


def test_a_cut_tail_is_found_also_when_the_head_was_made_to_fit(chained: Database) -> None:
    with chained.unit() as db:
        db.execute(delete(AuditEvent).where(AuditEvent.seq > 3))
        last = db.scalars(select(AuditEvent.hash).where(AuditEvent.seq == 3)).one()
        db.execute(update(AuditHead).values(last_seq=3, last_hash=last))

    assert check(chained) == AuditChainReport(ok=False, checked=3, first_bad_seq=1)


def test_a_chain_computed_anew_is_found(chained: Database) -> None:
    with chained.unit() as db:
        last_hash = GENESIS_HASH
        for row in db.scalars(select(AuditEvent).order_by(AuditEvent.seq)):
            row.description = "nothing happened"
            row.prev_hash, row.hash = last_hash, event_hash(row, last_hash)
            last_hash = row.hash
        db.execute(update(AuditHead).values(last_hash=last_hash))

    assert check(chained) == AuditChainReport(ok=False, checked=EVENTS, first_bad_seq=1)


@pytest.mark.parametrize("mac", [None, b"x" * 32])
def test_a_head_without_its_proof_is_found(chained: Database, mac: bytes | None) -> None:
    with chained.unit() as db:
        db.execute(update(AuditHead).values(mac=mac))

    assert not check(chained).ok


def slip_in(db: Session, seq: int | None) -> None:
    db.execute(
        AuditEvent.__table__.insert().values(  # type: ignore[attr-defined]
            id=new_id(),
            event_type=EventType.AUTH,
            event_name="slipped_in",
            status=EventStatus.SUCCESS,
            actor_kind="user",
            actor_name="mallory",
            description="x",
            changes={},
            created_at=NOON,
            seq=seq,
            prev_hash="0" * 64,
            hash="0" * 64,
        )
    )


@pytest.mark.parametrize("seq", [0, EVENTS + 1, EVENTS + 2, None])
def test_an_inserted_row_is_found(chained: Database, seq: int | None) -> None:
    with chained.unit() as db:
        slip_in(db, seq)

    report = check(chained)

    assert (report.ok, report.first_bad_seq) == (False, 0 if seq == 0 else EVENTS + 1)


def test_a_row_slipped_in_without_a_number_gets_none(chained: Database) -> None:
    with chained.unit() as db:
        slip_in(db, None)

    chained.run(record_audit_event, event("ours"))

    with chained.unit() as db:
        assert db.scalars(select(func.max(AuditEvent.seq))).one() == EVENTS + 1
    assert check(chained).first_bad_seq == EVENTS + 2


def test_after_deletion_the_rest_verifies(chained: Database) -> None:
    assert chained.run(delete_old_audit_events, 97, now=NOON) == 2

    assert check(chained) == AuditChainReport(ok=True, checked=4, first_bad_seq=None)
    with chained.unit() as db:
        db.execute(delete(AuditEvent).where(AuditEvent.seq == 3))
    assert check(chained).first_bad_seq == 3


def test_after_deletion_of_all_the_chain_goes_on(chained: Database) -> None:
    assert chained.run(delete_old_audit_events, 30, now=NOON) == EVENTS

    chained.run(record_audit_event, event("after"))

    assert check(chained) == AuditChainReport(ok=True, checked=2, first_bad_seq=None)


def test_without_a_key_ring_the_chain_is_checked_and_the_head_not_demanded(
    chained: Database,
) -> None:
    keyless = make_sessions(chained.url, None, pool=NullPool)
    with unit_of_work(keyless, read_only=True) as db:
        assert verify_audit_chain(db).ok
    with unit_of_work(keyless) as db:
        record_audit_event(db, event("keyless"))

    with unit_of_work(keyless) as db:
        assert verify_audit_chain(db).ok
    assert not check(chained).ok


def test_a_wrong_key_ring_is_told_as_such(chained: Database) -> None:
    other = make_sessions(chained.url, KeyRing.generate(), pool=NullPool)

    with unit_of_work(other, read_only=True) as db, pytest.raises(KeyUnavailable):
        verify_audit_chain(db)


NUMBERS: list[JsonValue] = [1e20, 10**30, -0.0, 1.0, 0.1 + 0.2, 1.5e-7, 2**53, 2**63, 1e308]


@pytest.mark.parametrize("value", [*NUMBERS, {"deep": [NUMBERS]}, "é\u2028", {"": None}])
def test_any_json_reads_back_as_it_was_hashed(database: Database, value: JsonValue) -> None:
    database.run(record_audit_event, event("numbers", changes={"value": value}))

    assert check(database).ok


def test_events_of_one_unit_are_chained_in_their_order(database: Database) -> None:
    def many(db: Session) -> None:
        for number in range(1, 1101):
            record_audit_event(db, event(f"e{number}"))

    database.run_body(many)

    with database.unit() as db:
        rows = db.execute(select(AuditEvent.seq, AuditEvent.event_name).order_by(AuditEvent.seq))
        assert [tuple(row) for row in rows] == [(n, f"e{n}") for n in range(1, 1101)]
    assert check(database).checked == 1100


def test_writers_at_the_same_time_leave_no_gap(sync_database: Database) -> None:
    def write(name: str) -> None:
        for number in range(10):
            sync_database.run(record_audit_event, event(f"{name}{number}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))

    assert check(sync_database) == AuditChainReport(ok=True, checked=40, first_bad_seq=None)


def test_verifying_beside_writers_and_a_deletion_finds_nothing(sync_database: Database) -> None:
    fill(sync_database, 60)

    def write(number: int) -> None:
        sync_database.run(record_audit_event, event(f"w{number}"), now=NOON)
        if number % 5 == 0:
            sync_database.run(delete_old_audit_events, 99 - number, now=NOON)

    with ThreadPoolExecutor(3) as pool:
        written = [pool.submit(write, number) for number in range(40)]
        reports = [check(sync_database) for _ in range(40)]
        for one in written:
            one.result()

    assert all(report.ok for report in reports)
    assert check(sync_database).ok


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


def test_whatever_json_an_event_holds_its_chain_verifies(sync_database: Database) -> None:
    @settings(max_examples=100, deadline=None, database=None)
    @given(changes=st.dictionaries(st.text(max_size=9), JSON_VALUES, max_size=4))
    def record_and_forget(changes: dict[str, JsonValue]) -> None:
        sync_database.run(record_audit_event, event("any", changes=changes))

    record_and_forget()

    report = check(sync_database)
    assert (report.first_bad_seq, report.checked >= 100) == (None, True)
