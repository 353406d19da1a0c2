"""Audit events: who did what to what, in a chain that shows every later change."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.installation import get_installation_key
from netraven.db import (
    at_commit,
    get_actor,
    get_keyring,
    insert_into,
    is_outermost,
    new_id,
    operation,
)
from netraven.db.enums import EventStatus, EventType
from netraven.db.types import JsonValue
from netraven.models import AuditEvent, AuditHead
from netraven.schemas.audit import AuditEventCreate

MASK = "***"
GENESIS_HASH = "0" * 64

_SECRET_NAME = re.compile(
    r"password|secret|passphrase|private_key|token|community|api_?key|content", re.IGNORECASE
)


@operation
def record_audit_event(
    db: Session, event: AuditEventCreate, *, now: datetime | None = None
) -> AuditEvent:
    """Store what no operation records itself: logins, refused access, content downloads.

    Values of secret-named keys in `changes` are masked.
    """
    actor = get_actor(db)
    row = AuditEvent(
        id=new_id(),
        created_at=now or clock.now(),
        actor_kind=actor.kind,
        actor_id=actor.user_id,
        actor_name=actor.name,
        ip_address=actor.ip_address,
        client=actor.client,
        request_id=actor.request_id,
        **event.model_dump(exclude={"changes"}),
        changes=_masked(event.changes),
    )
    db.add(row)
    db.flush()
    at_commit(db, _chain_events)
    return row


def audit(
    db: Session,
    *,
    event_name: str,
    target_type: str,
    target_id: object,
    target_name: str,
    description: str,
    changes: Mapping[str, JsonValue] | None = None,
    event_type: EventType = EventType.DATA,
) -> None:
    """Record one successful change, unless it happens within another operation."""
    if not is_outermost(db):
        return
    event = AuditEventCreate(
        event_type=event_type,
        event_name=event_name,
        status=EventStatus.SUCCESS,
        target_type=target_type,
        target_id=None if target_id is None else str(target_id),
        target_name=target_name,
        description=description,
        changes=dict(changes or {}),
    )
    record_audit_event(db, event)


def event_hash(event: AuditEvent, prev_hash: str) -> str:
    """Return the SHA-256 hex digest over the hash before and the event's canonical JSON."""
    facts = {
        column.key: _canonical(getattr(event, column.key))
        for column in AuditEvent.__table__.columns
        if column.key not in {"hash", "prev_hash"}
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(prev_hash.encode() + text.encode("utf-8", "surrogatepass")).hexdigest()


def head_mac(head: AuditHead, installation_key: bytes) -> bytes:
    """Return the HMAC that a cut tail or a chain computed anew does not have."""
    facts = f"{head.last_seq}:{head.last_hash}:{head.anchor_seq}:{head.anchor_hash}"
    return hmac.digest(installation_key, b"netraven audit head" + facts.encode(), "sha256")


def _chain_events(db: Session) -> None:
    """Give this unit's events their place in the chain: the last lock a unit takes."""
    db.flush()
    first = {"only": 1, "last_seq": 0, "anchor_seq": 0}
    hashes = {"last_hash": GENESIS_HASH, "anchor_hash": GENESIS_HASH}
    db.execute(insert_into(db, AuditHead).values(**first, **hashes).on_conflict_do_nothing())
    head = db.scalars(
        select(AuditHead).with_for_update().execution_options(populate_existing=True)
    ).one()
    # Only this unit's events lack a number: others get theirs before they can be seen.
    waiting = select(AuditEvent).where(AuditEvent.seq.is_(None)).order_by(AuditEvent.id)
    for event in db.scalars(waiting):
        head.last_seq += 1
        event.seq = head.last_seq
        event.prev_hash = head.last_hash
        event.hash = head.last_hash = event_hash(event, event.prev_hash)
    if get_keyring(db) is not None:
        head.mac = head_mac(head, get_installation_key(db))
    db.flush()


def _canonical(value: object) -> JsonValue:
    if isinstance(value, datetime):
        return clock.as_utc(value).isoformat(timespec="microseconds")
    if value is None or isinstance(value, bool | int | dict | list):
        return value
    return str(value)


def _masked(changes: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: _masked_value(name, value) for name, value in changes.items()}


def _masked_value(name: str, value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {
            key: _masked_value(name if key in {"before", "after"} else key, inner)
            for key, inner in value.items()
        }
    if _SECRET_NAME.search(name) and value is not None and not isinstance(value, bool):
        return MASK
    return value
