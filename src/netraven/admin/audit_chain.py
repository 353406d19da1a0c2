"""The chain of audit events: each hash covers the one before, and a keyed head ends it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.installation import find_installation_key, get_installation_key
from netraven.db import at_commit, get_keyring, insert_into, operation
from netraven.db.types import JsonValue
from netraven.models import AuditEvent, AuditHead
from netraven.schemas.audit import AuditChainReport

GENESIS_HASH = "0" * 64

_COLUMNS = AuditEvent.__table__.columns
_UNHASHED = {"hash", "prev_hash"}
_BATCH = 500
# From here on a float cannot tell whole numbers apart, and databases write them differently.
_EXACT = 2**53

_WAITING = "audit_events_waiting"
_REMOVED = "audit_events_removed"


@operation
def chain_at_commit(db: Session, event_id: UUID) -> None:
    """Give the event its place in the chain just before this session's outermost commit."""
    db.info.setdefault(_WAITING, []).append(event_id)
    at_commit(db, _write_chain)


@operation
def anchor_at_commit(db: Session, seq: int, last_hash: str) -> None:
    """Let the chain begin behind event `seq`, whose hash this is, once this session commits."""
    db.info[_REMOVED] = (seq, last_hash)
    at_commit(db, _write_chain)


@operation
def verify_audit_chain(db: Session, *, from_seq: int | None = None) -> AuditChainReport:
    """Re-read the chain from its anchor, or from that event on, to its end.

    With a key ring the head must be one that was made with it. Raises KeyUnavailable for a ring
    that does not fit the database.
    """
    head = _head(db)
    while True:
        first = min(max(head.anchor_seq, (from_seq or 1) - 1), head.last_seq) + 1
        checked, bad_seq = _first_fault(db, head, first)
        now = _head(db)
        # Events may have been deleted as too old while they were read.
        if bad_seq is None or now.anchor_seq < bad_seq:
            break
        head = now
    if bad_seq is None:
        bad_seq = _stranger(db)
    if bad_seq is None and not _is_ours(db, head):
        bad_seq = first
    return AuditChainReport(ok=bad_seq is None, checked=checked, first_bad_seq=bad_seq)


def event_hash(event: AuditEvent | Row[*tuple[object, ...]], prev_hash: str) -> str:
    """Return the SHA-256 hex digest over the hash before and the event's canonical JSON."""
    facts = {
        column.key: _canonical(getattr(event, column.key))
        for column in _COLUMNS
        if column.key not in _UNHASHED
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(prev_hash.encode() + text.encode("utf-8", "surrogatepass")).hexdigest()


def head_mac(head: AuditHead, installation_key: bytes) -> bytes:
    """Return the HMAC that a cut tail or a chain computed anew does not have."""
    facts = f"{head.last_seq}:{head.last_hash}:{head.anchor_seq}:{head.anchor_hash}"
    return hmac.digest(installation_key, b"netraven audit head" + facts.encode(), "sha256")


def _write_chain(db: Session) -> None:
    """Number and chain this unit's events: the last lock a unit takes."""
    db.flush()
    values = {"only": 1, **_BEGINNING}
    db.execute(insert_into(db, AuditHead).values(values).on_conflict_do_nothing())
    head = db.scalars(
        select(AuditHead).with_for_update().execution_options(populate_existing=True)
    ).one()
    for event in _waiting(db):
        head.last_seq += 1
        event.seq = head.last_seq
        event.prev_hash = head.last_hash
        event.hash = head.last_hash = event_hash(event, event.prev_hash)
    _move_anchor(db, head)
    if get_keyring(db) is not None:
        head.mac = head_mac(head, get_installation_key(db))
    db.flush()


_BEGINNING = {
    "last_seq": 0,
    "last_hash": GENESIS_HASH,
    "anchor_seq": 0,
    "anchor_hash": GENESIS_HASH,
}


def _waiting(db: Session) -> Iterator[AuditEvent]:
    """Yield the events of this unit in their order; what others slip in stays without a place."""
    ids = sorted(db.info.pop(_WAITING, []))
    for start in range(0, len(ids), _BATCH):
        chunk = AuditEvent.id.in_(ids[start : start + _BATCH])
        unchained = select(AuditEvent).where(chunk, AuditEvent.seq.is_(None))
        yield from db.scalars(unchained.order_by(AuditEvent.id)).all()


def _move_anchor(db: Session, head: AuditHead) -> None:
    removed = db.info.pop(_REMOVED, None)
    if removed is None or removed[0] <= head.anchor_seq:
        return
    # A savepoint that was taken back has brought the events back with it.
    left = select(func.count()).select_from(AuditEvent).where(AuditEvent.seq <= removed[0])
    if not db.scalars(left).one():
        head.anchor_seq, head.anchor_hash = removed


def _head(db: Session) -> AuditHead:
    stored = db.scalar(select(AuditHead).execution_options(populate_existing=True))
    head = AuditHead(only=1, mac=None, **_BEGINNING)
    if stored is not None:
        for name in (*_BEGINNING, "mac"):
            setattr(head, name, getattr(stored, name))
    return head


def _first_fault(db: Session, head: AuditHead, first: int) -> tuple[int, int | None]:
    """Return how many events fit together, and the number of the first that does not."""
    last_hash = _hash_before(db, head, first)
    if last_hash is None:
        return 0, first - 1
    checked = 0
    for event in _events(db, first, head.last_seq):
        expected = first + checked
        fits = event.seq == expected and event.prev_hash == last_hash
        if not fits or event.hash != event_hash(event, last_hash):
            return checked, expected
        last_hash, checked = event.hash, checked + 1
    end = first + checked - 1
    is_whole = (end, last_hash) == (head.last_seq, head.last_hash)
    return checked, None if is_whole else end + 1


def _hash_before(db: Session, head: AuditHead, first: int) -> str | None:
    if first == head.anchor_seq + 1:
        return head.anchor_hash
    return db.scalar(select(AuditEvent.hash).where(AuditEvent.seq == first - 1))


def _events(db: Session, first: int, last: int) -> Iterator[Row[*tuple[object, ...]]]:
    while rows := db.execute(
        select(*_COLUMNS)
        .where(_COLUMNS.seq.between(first, last))
        .order_by(_COLUMNS.seq)
        .limit(_BATCH)
    ).all():
        yield from rows
        first = rows[-1].seq + 1


def _stranger(db: Session) -> int | None:
    """Return a number for events that no unit of NetRaven put where they are, None without any."""
    anchor_seq = _head(db).anchor_seq
    lowest = db.scalars(select(func.min(AuditEvent.seq))).one()
    if lowest is not None and lowest <= anchor_seq:
        return lowest
    mine = db.info.get(_WAITING, [])
    slipped_in = select(AuditEvent.id).where(AuditEvent.seq.is_(None), AuditEvent.id.not_in(mine))
    highest = db.scalars(select(func.max(AuditEvent.seq))).one() or 0
    # Read last: events that are committed meanwhile move the head with them.
    last_seq = _head(db).last_seq
    is_strange = highest > last_seq or db.scalar(slipped_in.limit(1)) is not None
    return last_seq + 1 if is_strange else None


def _is_ours(db: Session, head: AuditHead) -> bool:
    if get_keyring(db) is None:
        return True
    key = find_installation_key(db)
    if key is None or head.mac is None:
        # Before the first event there is nothing that a head could end.
        return head.last_seq == 0 and head.mac is None
    return hmac.compare_digest(head.mac, head_mac(head, key))


def _canonical(value: object) -> JsonValue:
    """Return a value as JSON that reads the same from every database."""
    match value:
        case None | bool() | str():
            return value
        case int() | float():
            return _canonical_number(value)
        case datetime():
            return clock.as_utc(value).isoformat(timespec="microseconds")
        case dict():
            return {str(key): _canonical(item) for key, item in value.items()}
        case list():
            return [_canonical(item) for item in value]
        case _:
            return str(value)


def _canonical_number(value: float) -> JsonValue:
    if abs(value) < _EXACT:
        return int(value) if value == int(value) else value
    try:
        return repr(float(value))
    except OverflowError:
        return str(value)
