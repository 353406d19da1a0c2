"""Host keys that devices showed: which are believed, which were offered, which are past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.audit import audit
from netraven.db import Id, as_uuid, get_actor, insert_into, new_id, operation
from netraven.db.enums import HostKeyState
from netraven.errors import Conflict
from netraven.models import Device, HostKey


@operation
def get_host_keys(db: Session, device_id: Id) -> list[HostKey]:
    """Return the keys that the device showed, the newest sight first."""
    of_device = HostKey.device_id == as_uuid(device_id)
    wanted = select(HostKey).where(of_device)
    return list(db.scalars(wanted.order_by(HostKey.last_seen_at.desc(), HostKey.id.desc())))


@operation
def get_trusted_host_keys(db: Session, device_ids: Sequence[UUID]) -> dict[UUID, tuple[str, ...]]:
    """Return the believed public keys of many devices, as OpenSSH lines."""
    wanted = select(HostKey.device_id, HostKey.public_key).where(
        HostKey.device_id.in_(device_ids), HostKey.state == HostKeyState.TRUSTED
    )
    keys: dict[UUID, tuple[str, ...]] = {}
    for device_id, public_key in db.execute(wanted.order_by(HostKey.id)):
        keys[device_id] = (*keys.get(device_id, ()), public_key)
    return keys


@operation
def record_host_keys(
    db: Session,
    shown: Mapping[UUID, str],
    state: HostKeyState,
    *,
    now: datetime | None = None,
) -> None:
    """Remember the key that each device showed: believed (its first) or only offered.

    A key that is known already keeps its state; only its last sight moves.
    """
    moment = clock.moment(now)
    rows = [
        {
            "id": new_id(),
            "device_id": device_id,
            "algorithm": public_key.split(" ", 1)[0],
            "public_key": public_key,
            "state": state,
            "last_seen_at": moment,
            "created_at": moment,
        }
        for device_id, public_key in sorted(shown.items())
    ]
    keys = [HostKey.device_id, HostKey.public_key]
    insertion = insert_into(db, HostKey)
    seen = {"last_seen_at": insertion.excluded.last_seen_at}
    if rows:
        # Rows apart from the statement: it is compiled once, whatever their number.
        noted = insertion.on_conflict_do_update(index_elements=keys, set_=seen)
        db.connection().execute(noted, rows)


@operation
def accept_host_key(db: Session, host_key_id: Id) -> HostKey | None:
    """Believe this key of the device instead of those believed before; None without a row.

    Raises Conflict("state") for a key that is believed already.
    """
    # The device is locked, not the key: of two keys accepted at a time the later one stands.
    of_key = select(HostKey.device_id).where(HostKey.id == as_uuid(host_key_id))
    locked = select(Device.hostname).where(Device.id.in_(of_key))
    hostname = db.scalar(locked.with_for_update(key_share=True))
    wanted = select(HostKey).where(HostKey.id == as_uuid(host_key_id))
    row = db.scalar(wanted.execution_options(populate_existing=True))
    if hostname is None or row is None:
        return None
    if row.state is HostKeyState.TRUSTED:
        raise Conflict("state", "this host key is trusted already")
    trusted = (HostKey.device_id == row.device_id, HostKey.state == HostKeyState.TRUSTED)
    replacing = update(HostKey).where(*trusted).values(state=HostKeyState.REPLACED)
    replaced = db.scalars(replacing.returning(HostKey.public_key)).all()
    row.state = HostKeyState.TRUSTED
    row.accepted_by = get_actor(db).name
    db.flush()
    audit(
        db,
        event_name="host_key_accepted",
        target_type="device",
        target_id=row.device_id,
        target_name=hostname,
        description=f"accepted another host key of {hostname}",
        changes={"public_key": {"before": list(replaced), "after": row.public_key}},
    )
    return row
