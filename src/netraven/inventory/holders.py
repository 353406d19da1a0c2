"""Which device has the hostname or the address that another one is to get."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from netraven.admin.visibility import visible_devices
from netraven.db import get_actor, operation
from netraven.errors import Conflict
from netraven.models import Device


@operation
def naming_holder(
    db: Session, conflict: Conflict, wanted: Mapping[str, object], row: Device | None = None
) -> Conflict:
    """Return the conflict with the device that has it already, where whoever acts may see that.

    `wanted` are the columns' new values, `row` has the others.
    """
    columns = {name: wanted.get(name, getattr(row, name, None)) for name in _COLUMNS}
    if conflict.field == "hostname":
        holder = _holder(db, Device.hostname_key == columns["hostname_key"])
        if holder is None:
            return conflict
        shown = f"{holder.ip_address} port {holder.port}"
        message = f"the hostname {holder.hostname} is already taken, by the device at {shown}"
        return Conflict(conflict.field, message)
    if conflict.field != "ip_address":
        return conflict
    holder = _holder(db, *(getattr(Device, name) == columns[name] for name in _ADDRESS))
    whose = "another device" if holder is None else f"the device {holder.hostname}"
    shown = f"{columns['ip_address']} port {columns['port']}"
    return Conflict(conflict.field, f"the ip_address {shown} is already taken, by {whose}")


_ADDRESS = ("ip_address", "port", "jump_key")
_COLUMNS = ("hostname_key", *_ADDRESS)


def _holder(db: Session, *conditions: ColumnElement[bool]) -> Device | None:
    wanted = select(Device).where(*conditions)
    user_id = get_actor(db).user_id
    if user_id is not None:
        wanted = wanted.where(visible_devices(user_id))
    return db.scalar(wanted)
