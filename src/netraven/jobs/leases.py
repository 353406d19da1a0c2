"""Leases: one running collection per device at a time, whoever runs it.

A lease carries a fencing token that only grows, so what a holder does after it lost its lease
can be told from what the present holder does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.db import Id, as_uuid, insert_into, operation
from netraven.models import Device, DeviceLease

DEFAULT_LEASE_S = 60

# No clock's present: one that goes ahead would keep the lease, and a renewal that waited for the
# release to commit would find it alive.
_GIVEN_BACK: Final = datetime(1970, 1, 1, tzinfo=UTC)


@operation
def acquire_device_lease(
    db: Session,
    device_id: Id,
    owner: str,
    *,
    lease_seconds: int = DEFAULT_LEASE_S,
    now: datetime | None = None,
) -> int | None:
    """Return the fencing token, larger than any before, or None while another holds the lease."""
    device = as_uuid(device_id)
    if device is None:
        return None
    taken = acquire_device_leases(db, [device], owner, lease_seconds=lease_seconds, now=now)
    return taken.get(device)


@operation
def acquire_device_leases(
    db: Session,
    device_ids: Collection[UUID],
    owner: str,
    *,
    lease_seconds: int = DEFAULT_LEASE_S,
    now: datetime | None = None,
) -> dict[UUID, int]:
    """Return the tokens of the leases that could be had, by one statement in id order."""
    moment = clock.moment(now)
    present = set(db.scalars(select(Device.id).where(Device.id.in_(device_ids))))
    if not present:
        return {}
    expires_at = moment + timedelta(seconds=lease_seconds)
    rows = [
        {"device_id": device_id, "owner": owner, "token": 1, "expires_at": expires_at}
        for device_id in sorted(present)
    ]
    insertion = insert_into(db, DeviceLease)
    taken = insertion.on_conflict_do_update(
        index_elements=[DeviceLease.device_id],
        set_={
            "owner": insertion.excluded.owner,
            "token": DeviceLease.token + 1,
            "expires_at": insertion.excluded.expires_at,
        },
        where=or_(DeviceLease.expires_at <= moment, DeviceLease.owner == owner),
    ).returning(DeviceLease.device_id, DeviceLease.token)
    # Rows apart from the statement: it is compiled once, whatever their number.
    return {row[0]: row[1] for row in db.connection().execute(taken, rows)}


@operation
def renew_device_lease(
    db: Session,
    device_id: Id,
    token: int,
    *,
    lease_seconds: int = DEFAULT_LEASE_S,
    now: datetime | None = None,
) -> bool:
    """Lengthen the lease; False for a token that is not the present one."""
    expires_at = clock.moment(now) + timedelta(seconds=lease_seconds)
    return _change(db, device_id, token, expires_at)


@operation
def renew_leases(
    db: Session,
    owners: Collection[str],
    *,
    lease_seconds: int = DEFAULT_LEASE_S,
    now: datetime | None = None,
) -> None:
    """Lengthen all leases that these owners still hold, by one statement."""
    moment = clock.moment(now)
    db.execute(
        update(DeviceLease)
        .where(DeviceLease.owner.in_(owners), DeviceLease.expires_at > moment)
        .values(expires_at=moment + timedelta(seconds=lease_seconds))
        .execution_options(synchronize_session=False)
    )


@operation
def release_leases_of(db: Session, owner: str) -> None:
    """Give back all leases that the owner still holds."""
    db.execute(
        update(DeviceLease)
        .where(DeviceLease.owner == owner, DeviceLease.expires_at > _GIVEN_BACK)
        .values(expires_at=_GIVEN_BACK)
        .execution_options(synchronize_session=False)
    )


@operation
def release_device_lease(db: Session, device_id: Id, token: int) -> bool:
    """Give the lease back; False for a token that is not the present one."""
    return _change(db, device_id, token, _GIVEN_BACK)


@operation
def release_device_leases(db: Session, tokens: Mapping[UUID, int]) -> None:
    """Give many leases back; those that passed on are left alone."""
    if not tokens:
        return
    # The row stays: it remembers the token, which must never come again.
    released = (
        update(DeviceLease)
        .where(DeviceLease.device_id == bindparam("of_device"))
        .where(DeviceLease.token == bindparam("held_token"))
        .values(expires_at=_GIVEN_BACK)
    )
    db.connection().execute(
        released,
        [
            {"of_device": device_id, "held_token": token}
            for device_id, token in sorted(tokens.items())
        ],
    )


def _change(db: Session, device_id: Id, token: int, expires_at: datetime) -> bool:
    device = as_uuid(device_id)
    changed = db.execute(
        update(DeviceLease)
        .where(DeviceLease.device_id == device, DeviceLease.token == token)
        .values(expires_at=expires_at)
        .returning(DeviceLease.device_id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None
