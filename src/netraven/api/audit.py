"""Who did what, and whether the record is whole."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict

from netraven.admin.audit_chain import verify_audit_chain
from netraven.admin.audit_log import (
    NEWEST_FIRST,
    count_audit_events,
    get_audit_event,
    get_audit_event_by_seq,
    get_audit_events,
)
from netraven.api.access import guarded_router
from netraven.api.replies import READ, found, refusals
from netraven.db.enums import EventStatus, EventType
from netraven.request.moments import Moment
from netraven.request.pages import Page, PageAsked, page_of
from netraven.request.units import Reading, reading_in_thread
from netraven.schemas.audit import AuditEventFilter, AuditEventRead
from netraven.schemas.texts import whole_number

router = guarded_router("/audit-events", "Audit")

# No number is longer; an id of digits alone has more.

Text = Annotated[str | None, Query(max_length=255)]


class ChainReport(BaseModel):
    """What re-reading the chain of events found."""

    model_config = ConfigDict(from_attributes=True)

    ok: bool
    checked: int
    first_bad_seq: int | None


@router.get("", responses=refusals(*READ, 422))
async def list_events(
    *,
    request: Request,
    db: Reading,
    paging: PageAsked,
    event_type: EventType | None = None,
    event_name: Text = None,
    status: EventStatus | None = None,
    actor_id: Text = None,
    target_type: Text = None,
    target_id: Text = None,
    start_date: Moment | None = None,
    end_date: Moment | None = None,
    search: Text = None,
) -> Page[AuditEventRead]:
    """List events, newest first; `search` looks into the description."""
    wanted = AuditEventFilter(
        event_type=event_type,
        event_name=event_name,
        status=status,
        actor_id=actor_id,
        target_type=target_type,
        target_id=target_id,
        start_date=start_date,
        end_date=end_date,
        search=search,
    )
    rows = await get_audit_events(db, paging.skip, paging.limit, wanted, after=paging.after)
    total = await paging.count(rows, lambda: count_audit_events(db, wanted))
    return page_of(
        request, paging, AuditEventRead, rows, total=total, place_of=NEWEST_FIRST.place_of
    )


@router.get("/verification", responses=refusals(*READ, 422))
async def verify_chain(
    request: Request, from_seq: Annotated[int | None, Query(ge=1, le=2**62)] = None
) -> ChainReport:
    """Read the chain of events again, and tell whether one was changed, cut out or put in."""
    report = await reading_in_thread(request, lambda db: verify_audit_chain(db, from_seq=from_seq))
    return ChainReport.model_validate(report)


@router.get("/{event_id}", responses=refusals(*READ, 404))
async def show_event(db: Reading, event_id: str) -> AuditEventRead:
    """Show one event, by its id or its number."""
    number = whole_number(event_id)
    if number is not None:
        row = await get_audit_event_by_seq(db, number)
    else:
        row = await get_audit_event(db, event_id)
    return AuditEventRead.model_validate(found(row, "event"))
