"""The audit log: read, and cut where it is old."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, false, func, select
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.audit import audit
from netraven.admin.audit_chain import anchor_at_commit
from netraven.db import Id, as_uuid, operation
from netraven.db.enums import EventType
from netraven.db.paging import Order, Place, check_page, contains
from netraven.db.types import is_storable
from netraven.errors import Invalid
from netraven.models import AuditEvent
from netraven.schemas.audit import AuditEventFilter

LEAST_DAYS = 30
MAX_SEQ = 2**63 - 1

# An event without a number is one of the running unit's own; no list of them goes on elsewhere.
NEWEST_FIRST: Order[AuditEvent] = Order(
    (AuditEvent.seq,), lambda event: (event.seq or MAX_SEQ,), is_descending=True
)


@operation
def get_audit_event(db: Session, event_id: Id) -> AuditEvent | None:
    """Return the event, or None."""
    return db.scalar(select(AuditEvent).where(AuditEvent.id == as_uuid(event_id)))


@operation
def get_audit_event_by_seq(db: Session, seq: int) -> AuditEvent | None:
    """Return the event with this number in the chain, or None."""
    return db.scalar(select(AuditEvent).where(AuditEvent.seq == seq)) if seq <= MAX_SEQ else None


@operation
def get_audit_events(
    db: Session,
    skip: int = 0,
    limit: int = 100,
    filter_params: AuditEventFilter | None = None,
    *,
    after: Place | None = None,
) -> list[AuditEvent]:
    """Return a page of events, the newest first; reading them adds none.

    With `after`, a place in `NEWEST_FIRST`, the page begins behind it.
    """
    check_page(skip, limit)
    wanted = select(AuditEvent).where(*_matching(filter_params))
    # An event of this unit has its number only at the commit, and is the newest. Asked for apart,
    # so that the numbers' index gives the rest in order.
    unnumbered = wanted.where(AuditEvent.seq.is_(None)).order_by(AuditEvent.id.desc())
    newest = [] if after is not None else list(db.scalars(unnumbered))
    page = newest[skip : skip + limit]
    if len(page) == limit:
        return page
    rest = NEWEST_FIRST.page(
        wanted.where(AuditEvent.seq.is_not(None)),
        skip=max(0, skip - len(newest)),
        limit=limit - len(page),
        after=after,
    )
    return page + list(db.scalars(rest))


@operation
def count_audit_events(db: Session, filter_params: AuditEventFilter | None = None) -> int:
    """Return how many events `get_audit_events` would list without paging."""
    wanted = select(func.count()).select_from(AuditEvent)
    return db.scalars(wanted.where(*_matching(filter_params))).one()


@operation
def delete_old_audit_events(db: Session, days: int, *, now: datetime | None = None) -> int:
    """Remove the first events up to one that is not older than `days`, and return how many.

    The hash of the last one removed stays as the chain's anchor. Raises Invalid("days") below 30.
    """
    if days < LEAST_DAYS:
        raise Invalid("days", f"must be {LEAST_DAYS} or more, not {days}")
    kept_from = clock.moment(now) - timedelta(days=days)
    last = _last_before(db, kept_from)
    if last is None:
        return 0
    seq, last_hash = last
    old = AuditEvent.seq <= seq
    count = db.scalars(select(func.count()).select_from(AuditEvent).where(old)).one()
    # Without looking for rows in hand, of which there may be a million.
    db.execute(delete(AuditEvent).where(old).execution_options(synchronize_session=False))
    anchor_at_commit(db, seq, last_hash)
    audit(
        db,
        event_type=EventType.ADMIN,
        event_name="audit_events_deleted",
        target_type="audit_event",
        target_id=None,
        target_name="old audit events",
        description=f"deleted {count} audit event(s) older than {days} days",
        changes={"removed": count, "last_seq": seq, "days": days},
    )
    return count


def _last_before(db: Session, kept_from: datetime) -> tuple[int, str] | None:
    """Return number and hash of the last event of the prefix that is older than this."""
    young = select(func.min(AuditEvent.seq)).where(AuditEvent.created_at >= kept_from)
    first_young = db.scalars(young).one()
    prefix = select(AuditEvent.seq, AuditEvent.hash).where(AuditEvent.seq.is_not(None))
    if first_young is not None:
        prefix = prefix.where(AuditEvent.seq < first_young)
    row = db.execute(prefix.order_by(AuditEvent.seq.desc()).limit(1)).one_or_none()
    return None if row is None or row.seq is None or row.hash is None else (row.seq, row.hash)


def _matching(wanted: AuditEventFilter | None) -> list[ColumnElement[bool]]:
    if wanted is None:
        return []
    exact = {
        AuditEvent.event_type: wanted.event_type,
        AuditEvent.event_name: wanted.event_name,
        AuditEvent.status: wanted.status,
        AuditEvent.target_type: wanted.target_type,
        AuditEvent.target_id: wanted.target_id,
    }
    conditions = [
        column == (text if is_storable(text) else "")
        for column, value in exact.items()
        if value is not None and (text := str(value).strip())
    ]
    if wanted.actor_id is not None and str(wanted.actor_id).strip():
        actor = as_uuid(wanted.actor_id)
        # Events of the system have no actor's id, and a malformed one is not theirs.
        conditions.append(false() if actor is None else AuditEvent.actor_id == actor)
    if wanted.start_date is not None:
        conditions.append(AuditEvent.created_at >= wanted.start_date)
    if wanted.end_date is not None:
        conditions.append(AuditEvent.created_at <= wanted.end_date)
    if wanted.search and (text := wanted.search.strip()):
        conditions.append(contains(AuditEvent.description, text))
    return conditions
