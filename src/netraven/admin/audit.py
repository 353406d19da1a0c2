"""Audit events: who did what to what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.audit_chain import chain_at_commit
from netraven.db import get_actor, is_outermost, new_id, operation
from netraven.db.enums import EventStatus, EventType
from netraven.db.types import JsonValue
from netraven.models import AuditEvent
from netraven.schemas.audit import AuditEventCreate

MASK = "***"

_SECRET_NAME = re.compile(
    r"password|secret|passphrase|private_key|token|community|api_?key|content", re.IGNORECASE
)


@operation
def record_audit_event(
    db: Session, event: AuditEventCreate, *, now: datetime | None = None
) -> AuditEvent:
    """Store what no operation records itself: logins, refused access, content downloads.

    Values of secret-named keys in `changes` are masked, whatever their shape.
    """
    actor = get_actor(db)
    row = AuditEvent(
        id=new_id(),
        created_at=clock.moment(now),
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
    chain_at_commit(db, row.id)
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


def _masked(changes: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {
        name: _masked_value(value, is_secret=bool(_SECRET_NAME.search(name)))
        for name, value in changes.items()
    }


def _masked_value(value: JsonValue, *, is_secret: bool) -> JsonValue:
    match value:
        case dict():
            return {
                name: _masked_value(inner, is_secret=is_secret or bool(_SECRET_NAME.search(name)))
                for name, inner in value.items()
            }
        case list():
            return [_masked_value(inner, is_secret=is_secret) for inner in value]
        case None | bool():
            return value
        case _ if is_secret:
            return MASK
        case _:
            return value
