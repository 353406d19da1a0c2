"""Platforms that devices named themselves, noted on the rows of those that had none yet."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.db import operation
from netraven.inventory.devices import update_device
from netraven.models import Device
from netraven.platforms.undetermined import UNDETERMINED
from netraven.schemas.device import DeviceUpdate


@operation
def record_platforms(db: Session, platforms: Mapping[UUID, str]) -> list[UUID]:
    """Give devices the platform that they turned out to be; return those that had none yet.

    One that has been given a platform meanwhile keeps it.
    """
    wanted = select(Device.id).where(
        Device.id.in_(platforms), Device.device_type == UNDETERMINED.name
    )
    found = list(db.scalars(wanted.order_by(Device.id)))
    for device_id in found:
        update_device(db, device_id, DeviceUpdate(device_type=platforms[device_id]))
    return found
