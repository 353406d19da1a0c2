"""Whether devices answer, noted for many of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.db import operation
from netraven.db.chunks import in_chunks
from netraven.models import Device


@operation
def record_reachability(
    db: Session, found: Mapping[UUID, bool], *, now: datetime | None = None
) -> dict[UUID, bool]:
    """Note who answers and who does not; return those for whom that is news.

    News is a change, and a device that does not answer at its first check. A device that was
    checked later than `now` is left alone, as `update_device_reachability` leaves it.
    """
    moment, news = clock.moment(now), dict[UUID, bool]()
    for chunk in in_chunks(sorted(found)):
        not_later = or_(
            Device.last_reachability_check.is_(None), Device.last_reachability_check <= moment
        )
        held = select(Device.id, Device.is_reachable).where(Device.id.in_(chunk), not_later)
        before = {row[0]: row[1] for row in db.execute(held.order_by(Device.id).with_for_update())}
        for answers in (True, False):
            ids = [one for one in before if found[one] is answers]
            noted = update(Device).where(Device.id.in_(ids))
            values = {
                "is_reachable": answers,
                "last_reachability_check": moment,
                "updated_at": Device.updated_at,
            }
            db.execute(noted.values(values).execution_options(synchronize_session=False))
            news |= {one: answers for one in ids if _is_news(before[one], answers=answers)}
    return news


def _is_news(before: bool | None, *, answers: bool) -> bool:  # noqa: FBT001  a column's value
    return not answers if before is None else before is not answers
